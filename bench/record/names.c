#include "record/names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "record/log.h"

/* Where ".rep.zst" begins in "make.rep.zst". */
static size_t stem_length(const char *output)
{
    static const char *const endings[] = {".zst", ".gz", ".xz", ".lz4", ".bz2", ".rep"};
    size_t length = strlen(output);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t ending = strlen(endings[i]);
        if (length > ending && output[length - ending - 1] != '/' &&
            strncmp(output + length - ending, endings[i], ending) == 0) {
            length -= ending;
        }
    }
    return length;
}

/* A name is part of a file's name here, whatever the program calls itself. */
static void replace_unusual(char *name)
{
    for (char *c = name; *c != '\0'; c++) {
        if ((unsigned char)*c <= ' ' || *c == '/' || *c == 0x7f) {
            *c = '_';
        }
    }
}

void names_trace(char *path, size_t path_bytes, const char *output, uint32_t number,
                 const char *name)
{
    if (number == 1) {
        snprintf(path, path_bytes, "%s", output);
        return;
    }
    char plain[LOG_NAME_BYTES + 1];
    snprintf(plain, sizeof plain, "%.*s", LOG_NAME_BYTES, name);
    replace_unusual(plain);
    size_t stem = stem_length(output);
    snprintf(path, path_bytes, "%.*s.%u-%s%s", (int)stem, output, number, plain,
             output + stem);
}

bool names_is_of_child(const char *output, const char *name)
{
    const char *slash = strrchr(output, '/');
    const char *base = slash != NULL ? slash + 1 : output;
    const size_t stem = stem_length(base);
    const size_t ending = strlen(base) - stem;
    const size_t length = strlen(name);
    if (length < stem + ending || strncmp(name, base, stem) != 0 || name[stem] != '.' ||
        !isdigit((unsigned char)name[stem + 1])) {
        return false;
    }
    const char *behind = name + stem + 1 + strspn(name + stem + 1, "0123456789");
    return *behind == '-' && behind < name + length - ending &&
           strcmp(name + length - ending, base + stem) == 0;
}
