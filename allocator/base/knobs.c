#include "base/knobs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/output.h"

static struct knobs knobs = {
    .preallocate_bytes = PREALLOCATE_BYTES,
    .mmap_threshold_bytes = MMAP_THRESHOLD_BYTES,
};

void knobs_complain(const char *variable, const char *value, size_t length)
{
    output_print("snug: %s: not understood, see snug.h: %.*s\n", variable, (int)length,
                 value);
}

/* Whether the environment has a variable that begins with "SNUG_". */
static bool are_any_set(void)
{
    for (char **variables = environ; variables != NULL && *variables; variables++) {
        const char *const name = *variables;
        if (name[0] == 'S' && name[1] == 'N' && name[2] == 'U' && name[3] == 'G' &&
            name[4] == '_') {
            return true;
        }
    }
    return false;
}

/* Not libc's getenv: another library's may stand in its place, and allocate. */
static const char *environment_value(const char *variable)
{
    const size_t length = strlen(variable);
    for (char **variables = environ; *variables != NULL; variables++) {
        const char *const name = *variables;
        if (strncmp(name, variable, length) == 0 && name[length] == '=') {
            return name + length + 1;
        }
    }
    return NULL;
}

const char *knobs_value(const char *variable)
{
    const char *const value =
        are_any_set() && getauxval(AT_SECURE) == 0 ? environment_value(variable) : NULL;
    return value != NULL && *value != '\0' ? value : NULL;
}

static void read_purge(void)
{
    const char *const value = knobs_value("SNUG_PURGE");
    if (value == NULL) {
        return;
    }
    if (strcmp(value, "never") == 0) {
        knobs.purge = KNOBS_PURGE_NEVER;
    } else if (strcmp(value, "always") == 0) {
        knobs.purge = KNOBS_PURGE_ALWAYS;
    } else {
        knobs_complain("SNUG_PURGE", value, strlen(value));
    }
}

static void read_size(const char *variable, size_t most, size_t *value)
{
    const char *const text = knobs_value(variable);
    const size_t number = text != NULL ? text_to_number(text, strlen(text)) : *value;
    if (number <= most) {
        *value = number;
    } else {
        knobs_complain(variable, text, strlen(text));
    }
}

const struct knobs *knobs_get(void)
{
    static bool read;
    if (!read && environ != NULL) {
        read = true;
        read_size("SNUG_PREALLOCATE", REQUEST_LIMIT_BYTES / 2,
                  &knobs.preallocate_bytes);
        read_size("SNUG_MMAP_THRESHOLD", REQUEST_LIMIT_BYTES,
                  &knobs.mmap_threshold_bytes);
        read_size("SNUG_HUGE_PAGES", 1, &knobs.huge_pages);
        read_purge();
    }
    return &knobs;
}
