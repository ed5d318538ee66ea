#include "debug/options.h"

#include <string.h>

#include "base/knobs.h"
#include "base/text.h"
#include "debug/stack.h"

struct debug_options debug_options;

#define RED_ZONE_LIMIT_BYTES (64 * KIB)

struct part { /* of the text: NAME[=VALUE] */
    const char *name;
    size_t name_length;
    const char *value; /* NULL: none */
    const char *end;
};

static const struct {
    const char *name;
    size_t *value;
    size_t least, most;
} numbers[] = {
    {"redzone", &debug_options.red_zone_bytes, 16, RED_ZONE_LIMIT_BYTES},
    {"quarantine", &debug_options.quarantine_bytes, 0, REQUEST_LIMIT_BYTES},
    {"depth", &debug_options.depth, 1, DEBUG_STACK_FRAMES},
    {"align", &debug_options.guard_alignment, 1, ALIGNMENT_BYTES},
    {"leaks", &debug_options.leaks, 0, 1},
    {"mismatch", &debug_options.mismatch, 0, 1},
    {"exitcode", &debug_options.exit_code, 0, 255},
};

static struct part part_at(const char *text)
{
    const size_t length = strcspn(text, ",=");
    const char *const value = text[length] == '=' ? text + length + 1 : NULL;
    return (struct part){text, length, value, text + strcspn(text, ",")};
}

static bool part_is(const struct part *part, const char *name)
{
    return strlen(name) == part->name_length &&
           strncmp(name, part->name, part->name_length) == 0;
}

/* The part has a value; SIZE_MAX: that is not a number. */
static size_t part_number(const struct part *part)
{
    return text_to_number(part->value, (size_t)(part->end - part->value));
}

static bool set_path(const struct part *part, char *path)
{
    const size_t length = part->value != NULL ? (size_t)(part->end - part->value) : 0;
    if (length == 0 || length >= DEBUG_PATH_BYTES) {
        return false;
    }
    memcpy(path, part->value, length);
    path[length] = '\0';
    return true;
}

static bool set_option(const struct part *part)
{
    if (part_is(part, "log")) {
        return set_path(part, debug_options.log);
    }
    if (part_is(part, "suppress")) {
        return set_path(part, debug_options.suppress);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (!part_is(part, numbers[i].name)) {
            continue;
        }
        const size_t number = part->value != NULL ? part_number(part) : 1;
        if (number < numbers[i].least || number > numbers[i].most) {
            return false;
        }
        *numbers[i].value = number;
        return true;
    }
    return false;
}

static void complain(const struct part *part)
{
    knobs_complain("SNUG_DEBUG", part->name, (size_t)(part->end - part->name));
}

/* Not as initial values, which would lie on the page that each start touches. */
static void set_defaults(void)
{
    debug_options.red_zone_bytes = 16;
    debug_options.quarantine_bytes = MIB;
    debug_options.depth = 12; /* as valgrind */
    debug_options.guard_alignment = ALIGNMENT_BYTES;
    debug_options.leaks = 1;
    debug_options.mismatch = 1;
}

enum debug_mode debug_options_parse(const char *text)
{
    set_defaults();
    struct part part = part_at(text);
    enum debug_mode mode = DEBUG_OFF;
    if (part_is(&part, "guard") && part.value == NULL) {
        mode = DEBUG_GUARD;
        debug_options.leaks = 0;
    } else if (part_is(&part, "check")) {
        mode = DEBUG_CHECK;
        debug_options.check_every = part.value != NULL ? part_number(&part) : 0;
    }
    if (mode == DEBUG_OFF || debug_options.check_every == SIZE_MAX) {
        if (part.name_length > 0 && !part_is(&part, "off") && !part_is(&part, "0")) {
            complain(&part);
        }
        return DEBUG_OFF;
    }
    while (*part.end == ',') {
        part = part_at(part.end + 1);
        if (part.name_length > 0 && !set_option(&part)) {
            complain(&part);
        }
    }
    debug_options.red_zone_bytes =
        align_up(debug_options.red_zone_bytes, ALIGNMENT_BYTES);
    while (!is_power_of_two(debug_options.guard_alignment)) {
        debug_options.guard_alignment--;
    }
    return mode;
}
