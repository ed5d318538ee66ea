#include "knobs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"

#define MS_LIMIT ((size_t)1 << 40)

static struct knobs knobs = {
    .preallocate_bytes = PREALLOCATE_BYTES,
    .mmap_threshold_bytes = SIZE_MAX,
    .purge_ms = SIZE_MAX,
};

static const struct {
    const char *variable;
    size_t *value;
    size_t most;
} table[] = {
    {"SNUG_PREALLOCATE", &knobs.preallocate_bytes, REQUEST_LIMIT_BYTES / 2},
    {"SNUG_MMAP_THRESHOLD", &knobs.mmap_threshold_bytes, REQUEST_LIMIT_BYTES},
    {"SNUG_HUGE_PAGES", &knobs.huge_pages, 1},
    {"SNUG_PURGE", &knobs.purge_ms, MS_LIMIT},
};

void knobs_complain(const char *variable, const char *value, size_t length)
{
    char line[200];
    struct text text = {line, sizeof line - 1, 0};
    text_string(&text, "snug: ");
    text_string(&text, variable);
    text_string(&text, ": not understood, see snug.h: ");
    for (size_t i = 0; i < length; i++) {
        text_string(&text, (const char[]){value[i], '\0'});
    }
    line[text.length++] = '\n';
    output_write(&text);
}

static void read_environment(void)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *const value = secure_getenv(table[i].variable);
        if (value == NULL || *value == '\0') {
            continue;
        }
        const size_t number = text_to_number(value, strlen(value));
        if (number <= table[i].most) {
            *table[i].value = number;
        } else if (table[i].value == &knobs.purge_ms && strcmp(value, "never") == 0) {
            knobs.purge_ms = KNOBS_PURGE_NEVER;
        } else {
            knobs_complain(table[i].variable, value, strlen(value));
        }
    }
}

const struct knobs *knobs_get(void)
{
    static bool read;
    if (!read && environ != NULL) {
        read = true;
        read_environment();
    }
    return &knobs;
}

uint64_t knobs_purge_ns(uint64_t usual_ns)
{
    const size_t ms = knobs_get()->purge_ms;
    if (ms == SIZE_MAX) {
        return usual_ns;
    }
    return ms == KNOBS_PURGE_NEVER ? UINT64_MAX : (uint64_t)ms * 1000000U;
}
