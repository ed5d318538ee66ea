#include "base/knobs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/output.h"

static struct knobs knobs = {
    .preallocate_bytes = PREALLOCATE_BYTES,
    .mmap_threshold_bytes = MMAP_THRESHOLD_BYTES,
};

static const struct {
    const char *variable;
    size_t *value;
    size_t most;
} table[] = {
    {"SNUG_PREALLOCATE", &knobs.preallocate_bytes, REQUEST_LIMIT_BYTES / 2},
    {"SNUG_MMAP_THRESHOLD", &knobs.mmap_threshold_bytes, REQUEST_LIMIT_BYTES},
    {"SNUG_HUGE_PAGES", &knobs.huge_pages, 1},
};

void knobs_complain(const char *variable, const char *value, size_t length)
{
    output_print("snug: %s: not understood, see snug.h: %.*s\n", variable, (int)length,
                 value);
}

/* NULL: not set. */
static const char *value_of(const char *variable)
{
    const char *const value = secure_getenv(variable);
    return value != NULL && *value != '\0' ? value : NULL;
}

static void read_purge(void)
{
    static const char variable[] = "SNUG_PURGE";
    const char *const value = value_of(variable);
    if (value == NULL) {
        return;
    }
    if (strcmp(value, "never") == 0) {
        knobs.purge = KNOBS_PURGE_NEVER;
    } else if (strcmp(value, "always") == 0) {
        knobs.purge = KNOBS_PURGE_ALWAYS;
    } else {
        knobs_complain(variable, value, strlen(value));
    }
}

static void read_environment(void)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *const value = value_of(table[i].variable);
        if (value == NULL) {
            continue;
        }
        const size_t number = text_to_number(value, strlen(value));
        if (number <= table[i].most) {
            *table[i].value = number;
        } else {
            knobs_complain(table[i].variable, value, strlen(value));
        }
    }
    read_purge();
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
