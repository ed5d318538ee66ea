/* The CSV files as they stand. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "report/html.h"
#include "report/page_parts.h"
#include "report/sheet.h"

enum {
    MOST_CELLS = 20000 /* about a megabyte of the page */
};

static int is_csv(const struct dirent *entry)
{
    const char *ending = strrchr(entry->d_name, '.');
    return entry->d_name[0] != '.' && ending != NULL && strcmp(ending, ".csv") == 0;
}

static bool is_number(const char *text)
{
    char *end = NULL;
    strtod(text, &end);
    return end != text && *end == '\0';
}

static void put_sheet(FILE *out, const struct sheet *sheet, const char *name)
{
    page_table_begin(out, name);
    fputs("<thead>\n<tr>\n", out);
    for (size_t i = 0; i < sheet->column_count; i++) {
        html_print(out, "<th scope=\"col\">%s</th>\n", sheet_heading(sheet, i));
    }
    fputs("</tr>\n</thead>\n<tbody>\n", out);
    for (size_t row = 0; row < sheet->row_count; row++) {
        const char *allocator = sheet_find(sheet, row, "allocator");
        html_print(out, "<tr data-a=\"%s\"><th scope=\"row\">%s</th>", allocator,
                   sheet_cell(sheet, row, 0));
        for (size_t i = 1; i < sheet->column_count; i++) {
            const char *text = sheet_cell(sheet, row, i);
            html_print(out, is_number(text) ? "<td class=\"n\">%s</td>" : "<td>%s</td>",
                       text);
        }
        fputs("</tr>\n", out);
    }
    page_table_end(out);
}

static void put_file(FILE *out, const char *directory, const char *name)
{
    struct report_error error;
    char *path = NULL;
    if (asprintf(&path, "%s/%s", directory, name) < 0) {
        return;
    }
    struct sheet *sheet = sheet_read(path, &error);
    free(path);
    if (sheet == NULL) {
        html_print(out, "<p>%s</p>\n", error.text);
        return;
    }
    if (sheet->row_count * sheet->column_count > MOST_CELLS) {
        html_print(out, "<p><code>%s</code>", name);
        fprintf(out, ": %zu rows, too many for a page; the file is beside it.</p>\n",
                sheet->row_count);
    } else {
        html_print(out, "<details>\n<summary><code>%s</code>", name);
        fprintf(out, ", %zu rows</summary>\n", sheet->row_count);
        put_sheet(out, sheet, name);
        fputs("</details>\n", out);
    }
    sheet_destroy(sheet);
}

void page_tables(FILE *out, const char *directory)
{
    struct dirent **entries = NULL;
    const int count = scandir(directory, &entries, is_csv, alphasort);
    fputs("<section id=\"tables\">\n<h2>Tables</h2>\n", out);
    for (int i = 0; i < count; i++) {
        put_file(out, directory, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    fputs("</section>\n", out);
}
