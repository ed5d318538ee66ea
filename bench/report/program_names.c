#include "report/program_names.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/sheet.h"

/* A name from a file must not lead elsewhere. */
static bool is_name(const char *name)
{
    return *name != '\0' && *name != '.' && strchr(name, '/') == NULL;
}

static bool is_among(const struct program_names *names, const char *name)
{
    bool is = false;
    for (size_t i = 0; i < names->count; i++) {
        is = is || strcmp(names->items[i], name) == 0;
    }
    return is;
}

struct program_names program_names_read(const char *directory)
{
    struct program_names names = {.count = 0};
    struct report_error error;
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/programs.csv", directory) < (int)sizeof path) {
        names.sheet = sheet_read(path, &error);
    }
    const size_t rows = names.sheet != NULL ? names.sheet->row_count : 0;
    names.items = calloc(rows + 1, sizeof *names.items);
    for (size_t row = 0; names.items != NULL && row < rows; row++) {
        const char *name = sheet_find(names.sheet, row, "program");
        if (is_name(name) && !is_among(&names, name)) {
            names.items[names.count++] = name;
        }
    }
    return names;
}

void program_names_free(struct program_names *names)
{
    free(names->items);
    sheet_destroy(names->sheet);
}
