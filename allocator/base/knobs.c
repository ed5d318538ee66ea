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

/* Neither libc's getenv nor its functions of strings: another library's may stand in
 * their place, and allocate, and a search for them would touch pages at each start. */
const char *knobs_value(const char *variable)
{
    for (char **variables = environ; variables != NULL && *variables; variables++) {
        size_t length = 0;
        while (variable[length] != '\0' && (*variables)[length] == variable[length]) {
            length++;
        }
        const char *const value = *variables + length + 1;
        if (variable[length] == '\0' && value[-1] == '=') {
            return *value != '\0' && getauxval(AT_SECURE) == 0 ? value : NULL;
        }
    }
    return NULL;
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
    if (text == NULL) {
        return;
    }
    const size_t number = text_to_number(text, strlen(text));
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
