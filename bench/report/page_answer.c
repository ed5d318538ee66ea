/* The answer in words, and one line for each allocator. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/html.h"
#include "report/page_parts.h"
#include "report/program_names.h"
#include "report/sheet.h"
#include "report/units.h"

void page_answer(FILE *out, const char *directory)
{
    FILE *in = page_open(directory, "answer.txt");
    char *line = NULL;
    size_t size = 0;
    bool is_below = false; /* beyond the first empty line */
    while (in != NULL && getline(&line, &size, in) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (is_below) {
            html_print(out, "%s\n", line);
        } else if (*line != '\0') {
            html_print(out, "<p class=\"answer\">%s</p>\n", line);
        } else {
            fputs("<details>\n<summary>As it was printed</summary>\n<pre "
                  "tabindex=\"0\">",
                  out);
            is_below = true;
        }
    }
    if (is_below) {
        fputs("</pre>\n</details>\n", out);
    }
    free(line);
    if (in != NULL) {
        fclose(in);
    }
}

/* One program, whose folder is inside. */
static void put_program(FILE *out, const char *directory, const char *name)
{
    char inside[PATH_MAX];
    char *line = NULL;
    size_t size = 0;
    FILE *in =
        snprintf(inside, sizeof inside, "%s/%s", directory, name) < (int)sizeof inside
            ? page_open(inside, "answer.txt")
            : NULL;
    if (in == NULL) {
        return;
    }
    if (getline(&line, &size, in) > 0) {
        line[strcspn(line, "\n")] = '\0';
        /* Without "./" a name with a colon would begin a scheme. */
        html_print(out, "<li><a href=\"./%s/report.html\">%s</a>: %s</li>\n", name,
                   name, line);
    }
    free(line);
    fclose(in);
}

void page_programs(FILE *out, const char *directory)
{
    struct program_names names = program_names_read(directory);
    fputs(names.count > 0 ? "<ul>\n" : "", out);
    for (size_t i = 0; i < names.count; i++) {
        put_program(out, directory, names.items[i]);
    }
    fputs(names.count > 0 ? "</ul>\n" : "", out);
    program_names_free(&names);
}

enum kind {
    KIND_TEXT,
    KIND_COUNT,
    KIND_INTERVAL, /* with name_low and name_high */
    KIND_MIB,
    KIND_SHARE,
    KIND_RATIO,
};

/* A column of the overview, from one of the file. */
struct overview_column {
    const char *heading;
    const char *name;
    enum kind kind;
    const char *beside; /* the column whose text follows: a verdict or a unit; NULL */
};

static const struct overview {
    const char *file;
    const char *caption;
    struct overview_column columns[9];
} overviews[] = {
    {"compare.csv",
     "The program under each allocator",
     {{"allocator", "allocator", KIND_TEXT, NULL},
      {"time or load (95 % interval)", "score", KIND_INTERVAL, "score_unit"},
      {"speed against the reference", "speed_ratio", KIND_RATIO, "speed_verdict"},
      {"peak MiB", "peak_resident_bytes", KIND_MIB, NULL},
      {"peak against it", "peak_resident_ratio", KIND_RATIO, "peak_verdict"},
      {"left MiB", "left_resident_bytes", KIND_MIB, NULL},
      {"page faults", "minor_faults_count", KIND_COUNT, NULL},
      {"status", "status", KIND_TEXT, "note"}}},
    {"totals.csv",
     "All traces together",
     {{"allocator", "allocator", KIND_TEXT, NULL},
      {"warm, million operations a second (95 % interval)", "geomean_warm_mops",
       KIND_INTERVAL, NULL},
      {"warm against the reference", "warm_speed_ratio", KIND_RATIO, "warm_verdict"},
      {"cold against it", "cold_speed_ratio", KIND_RATIO, "cold_verdict"},
      {"utilization, mean", "mean_utilization_ratio", KIND_SHARE, NULL},
      {"worst", "worst_utilization_ratio", KIND_SHARE, "worst_utilization_trace"},
      {"system calls in replay", "replay_syscalls_count", KIND_COUNT, NULL},
      {"traces failed", "failed_traces_count", KIND_COUNT, NULL}}},
};

static bool is_measured(const struct sheet *sheet, const struct overview_column *column)
{
    for (size_t row = 0; row < sheet->row_count; row++) {
        if (*sheet_find(sheet, row, column->name) != '\0') {
            return true;
        }
    }
    return false;
}

static double number_of(const struct sheet *sheet, size_t row, const char *name,
                        const char *ending)
{
    char full[64];
    snprintf(full, sizeof full, "%s%s", name, ending);
    const char *text = sheet_find(sheet, row, full);
    return *text == '\0' ? NAN : strtod(text, NULL);
}

/* What is told in milliseconds above the table is so in it, too. */
static bool is_in_ms(const struct sheet *sheet, const struct overview_column *column)
{
    bool is = false;
    for (size_t row = 0; row < sheet->row_count; row++) {
        is = is || (strcmp(sheet_find(sheet, row, "role"), "reference") == 0 &&
                    number_of(sheet, row, column->name, "") < 1);
    }
    return is && column->beside != NULL && strcmp(column->beside, "score_unit") == 0 &&
           sheet->row_count > 0 && strcmp(sheet_find(sheet, 0, "score_unit"), "s") == 0;
}

/* Shorter than in the file; a reference is 1 to itself and says no more. */
static const char *beside_of(const struct sheet *sheet, size_t row,
                             const struct overview_column *column)
{
    const char *text = sheet_find(sheet, row, column->beside);
    const bool is_speed = strcmp(column->beside, "speed_verdict") == 0;
    if (is_in_ms(sheet, column)) {
        return "ms";
    }
    if (strcmp(text, "no significant difference") != 0) {
        return text;
    }
    return is_speed && strcmp(sheet_find(sheet, row, "speed_is_decided"), "no") == 0
               ? "undecided"
               : "no difference";
}

/* Three digits that mean something, and as many decimals in both ends of the
 * interval. */
static void put_interval(FILE *out, double value, double low, double high)
{
    const double digits = value == 0 ? 0 : floor(log10(fabs(value)));
    const int decimals = digits > 2 ? 0 : (int)(2 - digits);
    fprintf(out, "%.*f", decimals, value);
    if (!isnan(low) && !isnan(high)) {
        fprintf(out, " (%.*f to %.*f)", decimals, low, decimals, high);
    }
}

static void put_value(FILE *out, const struct sheet *sheet, size_t row,
                      const struct overview_column *column)
{
    const double scale = is_in_ms(sheet, column) ? 1e3 : 1;
    const double value = number_of(sheet, row, column->name, "");
    const double low = number_of(sheet, row, column->name, "_low");
    const double high = number_of(sheet, row, column->name, "_high");
    switch (column->kind) {
    case KIND_TEXT:
        html_text(out, sheet_find(sheet, row, column->name));
        break;
    case KIND_COUNT:
        fputs(units_count((uint64_t)llround(value)).bytes, out);
        break;
    case KIND_INTERVAL:
        put_interval(out, scale * value, scale * low, scale * high);
        break;
    case KIND_MIB:
        fputs(units_mib(value).bytes, out);
        break;
    case KIND_SHARE:
        fputs(units_share(value).bytes, out);
        break;
    case KIND_RATIO:
        fputs(units_ratio(value).bytes, out);
        break;
    }
}

static void put_cell(FILE *out, const struct sheet *sheet, size_t row,
                     const struct overview_column *column)
{
    const char *text = sheet_find(sheet, row, column->name);
    const char *beside = column->beside == NULL ? "" : beside_of(sheet, row, column);
    if (column->kind == KIND_TEXT) {
        html_print(out, "<td class=\"wrap\">%s%s%s</td>\n", text,
                   *beside != '\0' ? ": " : "", beside);
        return;
    }
    html_print(out, "<td class=\"n\" data-v=\"%s\">", text);
    if (*text == '\0') {
        fputs("</td>\n", out);
        return;
    }
    if (column->kind == KIND_RATIO &&
        strcmp(sheet_find(sheet, row, "role"), "reference") == 0) {
        fputs("reference</td>\n", out);
        return;
    }
    put_value(out, sheet, row, column);
    if (*beside != '\0') {
        const bool is_good =
            strcmp(beside, "faster") == 0 || strcmp(beside, "smaller") == 0;
        const bool is_bad =
            strcmp(beside, "slower") == 0 || strcmp(beside, "larger") == 0;
        html_print(out, " <span class=\"%s\">%s</span>",
                   is_good  ? "good"
                   : is_bad ? "bad"
                            : "faint",
                   beside);
    }
    fputs("</td>\n", out);
}

static void put_overview(FILE *out, const struct overview *overview,
                         const struct sheet *sheet)
{
    const struct overview_column *columns = overview->columns;
    page_table_begin(out, overview->caption);
    fputs("<thead>\n<tr>\n", out);
    for (size_t i = 0; columns[i].name != NULL; i++) {
        if (is_measured(sheet, &columns[i])) {
            html_print(out,
                       columns[i].kind == KIND_TEXT
                           ? "<th scope=\"col\">%s</th>\n"
                           : "<th scope=\"col\" class=\"n\">%s</th>\n",
                       columns[i].heading);
        }
    }
    fputs("</tr>\n</thead>\n<tbody>\n", out);
    for (size_t row = 0; row < sheet->row_count; row++) {
        const char *name = sheet_find(sheet, row, "allocator");
        html_print(out, "<tr data-a=\"%s\">\n<th scope=\"row\">%s</th>\n", name, name);
        for (size_t i = 1; columns[i].name != NULL; i++) {
            if (is_measured(sheet, &columns[i])) {
                put_cell(out, sheet, row, &columns[i]);
            }
        }
        fputs("</tr>\n", out);
    }
    page_table_end(out);
}

void page_overview(FILE *out, const char *directory)
{
    for (size_t i = 0; i < sizeof overviews / sizeof *overviews; i++) {
        struct report_error error;
        char *path = NULL;
        struct sheet *sheet = NULL;
        if (page_has(directory, overviews[i].file) &&
            asprintf(&path, "%s/%s", directory, overviews[i].file) > 0) {
            sheet = sheet_read(path, &error);
        }
        if (sheet != NULL && sheet->row_count > 0) {
            put_overview(out, &overviews[i], sheet);
        }
        sheet_destroy(sheet);
        free(path);
    }
}
