#include "report/programs.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "report/cells.h"
#include "report/compare.h"
#include "report/csv.h"
#include "report/environment.h"
#include "report/fields.h"
#include "report/grid.h"
#include "report/json.h"
#include "report/results.h"
#include "report/units.h"

/* ---- files ---- */

static const char *const columns[] = {
    "program",
    "allocator",
    "status",
    "runs_count",
    "median_s",
    "median_s_low",
    "median_s_high",
    "speed_ratio",
    "speed_ratio_low",
    "speed_ratio_high",
    "speed_verdict",
    "peak_resident_bytes",
    "peak_resident_ratio",
    "peak_verdict",
    "note",
};

static const char *const total_columns[] = {
    "allocator",
    "programs_count",
    "speed_ratio",
    "speed_ratio_low",
    "speed_ratio_high",
    "speed_verdict",
    "faster_count",
    "slower_count",
    "peak_resident_ratio",
    "peak_resident_ratio_low",
    "peak_resident_ratio_high",
    "smaller_count",
    "larger_count",
    "failed_count",
};

static const char *name_of(const struct programs_summary *summary, size_t allocator)
{
    return summary->programs->study->candidates[allocator].name;
}

static bool write_row(FILE *out, const struct programs_summary *summary, size_t program,
                      size_t allocator)
{
    const struct program *one = &summary->programs[program];
    const struct candidate *candidate = &one->study->candidates[allocator];
    const struct compare_row *row = &one->summary->rows[allocator];
    const char *peak_verdict = size_verdict_text(row->peak_verdict);
    struct csv_line line = {.count = 0};
    csv_line_text(&line, one->name);
    csv_line_text(&line, candidate->name);
    csv_line_text(&line, candidate->failed ? "failed"
                         : row->present    ? "ok"
                                           : "not run");
    csv_line_count(&line, candidate->time_count);
    field_estimate(&line, row->score);
    field_comparison(&line, *programs_speed(summary, program, allocator));
    /* As compare.csv has them: half a byte would cost digits. */
    field_figure(
        &line, (struct figure){round(row->peak_bytes.value), row->peak_bytes.present});
    field_figure(&line,
                 (struct figure){row->peak_ratio.value, row->peak_ratio.present});
    csv_line_text(&line, peak_verdict[0] != '\0' ? peak_verdict : NULL);
    csv_line_text(&line, candidate->failed            ? candidate->failure
                         : candidate->note[0] != '\0' ? candidate->note
                                                      : NULL);
    return csv_line_write(&line, out);
}

static bool write_rows(FILE *out, const void *data)
{
    const struct programs_summary *summary = data;
    bool written = csv_row(out, sizeof columns / sizeof *columns, columns);
    for (size_t i = 0; i < summary->program_count; i++) {
        for (size_t k = 0; written && k < summary->allocator_count; k++) {
            written = write_row(out, summary, i, k);
        }
    }
    return written;
}

static bool write_totals(FILE *out, const void *data)
{
    const struct programs_summary *summary = data;
    struct csv_line line = {.count = 0};
    bool written =
        csv_row(out, sizeof total_columns / sizeof *total_columns, total_columns);
    for (size_t i = 0; written && i < summary->allocator_count; i++) {
        const struct program_total *total = &summary->totals[i];
        csv_line_text(&line, name_of(summary, i));
        csv_line_count(&line, summary->shared_count);
        field_comparison(&line, total->speed);
        csv_line_count(&line, total->faster_count);
        csv_line_count(&line, total->slower_count);
        field_estimate(&line, total->peak_ratio);
        csv_line_count(&line, total->smaller_count);
        csv_line_count(&line, total->larger_count);
        csv_line_count(&line, total->failed_count);
        written = csv_line_write(&line, out);
    }
    return written;
}

/* The programs' own commands stand in the folders of each. */
static bool write_environment(FILE *out, const void *data)
{
    const struct programs_summary *summary = data;
    json_t *object = environment_create();
    json_t *names = json_array();
    for (size_t i = 0; i < summary->program_count; i++) {
        json_array_append_new(names, json_text(summary->programs[i].name));
    }
    json_object_set_new(object, "programs", names);
    environment_add_study(object, summary->programs->study);
    return json_write(object, out);
}

static bool write_answer(FILE *out, const void *data)
{
    return programs_print(out, data);
}

bool programs_write_directory(const struct programs_summary *summary,
                              const char *directory, struct report_error *error)
{
    const struct output_file files[] = {
        {"programs.csv", write_rows, summary},
        {"programs_totals.csv", write_totals, summary},
        {"answer.txt", write_answer, summary},
        {"environment.json", write_environment, summary},
    };
    return results_write(directory, files, sizeof files / sizeof *files, error);
}

/* ---- the table ---- */

static void set_headings(struct grid_row *row, const struct programs_summary *summary)
{
    static const char *const headings[] = {"allocator", NULL,     "95 % interval",
                                           "faster",    "slower", NULL,
                                           "smaller",   "larger"};
    const char *reference = name_of(summary, summary->reference_index);
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++) {
        if (headings[i] != NULL) {
            grid_set(row, i, GRID_FAINT, "%s", headings[i]);
        }
    }
    grid_set(row, 1, GRID_FAINT, "speed v %s", reference);
    grid_set(row, 5, GRID_FAINT, "peak v %s", reference);
}

static void set_counts(struct grid_row *row, const struct program_total *total)
{
    grid_set(row, 3, GRID_PLAIN, "%zu", total->faster_count);
    grid_set(row, 4, GRID_PLAIN, "%zu", total->slower_count);
    grid_set(row, 6, GRID_PLAIN, "%zu", total->smaller_count);
    grid_set(row, 7, GRID_PLAIN, "%zu", total->larger_count);
}

static void set_row(struct grid_row *row, const struct programs_summary *summary,
                    size_t allocator)
{
    const struct program_total *total = &summary->totals[allocator];
    grid_set(row, 0, GRID_PLAIN, "%s", name_of(summary, allocator));
    cell_comparison(row, 1, total->speed, summary->effect);
    if (allocator != summary->reference_index) {
        if (total->speed.ratio.present) {
            grid_set(row, 2, GRID_PLAIN, "%.3f to %.3f", total->speed.ratio.low,
                     total->speed.ratio.high);
        }
        if (total->peak_ratio.present) {
            grid_set(row, 5, GRID_PLAIN, "%s",
                     units_ratio(total->peak_ratio.value).bytes);
        }
        set_counts(row, total);
    }
    if (total->failed_count > 0) {
        grid_set(row, GRID_COLUMNS - 1, GRID_BAD, "failed on %zu", total->failed_count);
    }
}

static bool print_table(FILE *out, const struct programs_summary *summary)
{
    struct grid grid = {.count = 0};
    struct grid_row *row = grid_add_row(&grid);
    if (row != NULL) {
        set_headings(row, summary);
    }
    for (size_t i = 0; row != NULL && i < summary->allocator_count; i++) {
        row = grid_add_row(&grid);
        if (row != NULL) {
            set_row(row, summary, i);
        }
    }
    if (row == NULL) {
        free(grid.rows);
        return false;
    }
    grid_print(&grid, out);
    return true;
}

/* ---- the sentences ---- */

/* "faster on sort (1.20x), jq (1.10x)" behind what was said before. */
static size_t print_where(FILE *out, const struct programs_summary *summary,
                          size_t allocator, enum verdict verdict, size_t said)
{
    size_t count = 0;
    for (size_t i = 0; i < summary->program_count; i++) {
        const struct comparison *speed = programs_speed(summary, i, allocator);
        if (speed->verdict != verdict) {
            continue;
        }
        if (count++ > 0) {
            fputs(", ", out);
        } else {
            fprintf(out, "%s %s on ", said > 0 ? ";" : "", verdict_text(verdict));
        }
        fprintf(out, "%s (%s)", summary->programs[i].name,
                units_ratio(speed->ratio.value).bytes);
    }
    return count;
}

static void print_failures(FILE *out, const struct programs_summary *summary,
                           size_t allocator)
{
    for (size_t i = 0; i < summary->program_count; i++) {
        const struct program *program = &summary->programs[i];
        const struct candidate *candidate = &program->study->candidates[allocator];
        if (candidate->failed) {
            fprintf(out, "%s failed under %s: %s.\n", program->name, candidate->name,
                    candidate->failure);
        }
    }
}

static bool differs(const struct programs_summary *summary, size_t allocator)
{
    const struct program_total *total = &summary->totals[allocator];
    return total->faster_count + total->slower_count > 0;
}

/* On one program at least. */
static bool has_speed(const struct programs_summary *summary, size_t allocator)
{
    bool has = false;
    for (size_t i = 0; i < summary->program_count; i++) {
        has = has || programs_speed(summary, i, allocator)->ratio.present;
    }
    return has;
}

/* What of a program's own answer no figure here shows. */
static void print_warnings(FILE *out, const struct programs_summary *summary)
{
    for (size_t i = 0; i < summary->program_count; i++) {
        const struct program *program = &summary->programs[i];
        const struct study *study = program->study;
        const char *unreached = NULL;
        for (size_t k = 0; k < study->count && unreached == NULL; k++) {
            const struct answer_row *row = &program->summary->answer.rows[k];
            unreached = row->present ? row->unreached : NULL;
        }
        if (unreached != NULL) {
            fprintf(out, "Not all of %s is compared: %s.\n", program->name, unreached);
        }
        if (study->leaves_processes) {
            fprintf(out,
                    "%s leaves processes running when it ends: their time is in no "
                    "figure, and those of timed runs go on beside later ones.\n",
                    program->name);
        }
    }
}

static void print_sentences(FILE *out, const struct programs_summary *summary)
{
    size_t equal_count = 0;
    for (size_t i = 0; i < summary->allocator_count; i++) {
        print_failures(out, summary, i);
        if (differs(summary, i)) {
            fprintf(out, "%s:", name_of(summary, i));
            const size_t said = print_where(out, summary, i, VERDICT_FASTER, 0);
            print_where(out, summary, i, VERDICT_SLOWER, said);
            fputs(".\n", out);
        }
    }
    for (size_t i = 0; i < summary->allocator_count; i++) {
        if (i != summary->reference_index && !differs(summary, i) &&
            has_speed(summary, i)) {
            fprintf(out, "%s%s",
                    equal_count++ > 0 ? ", "
                                      : "No difference in speed is shown on any "
                                        "program: ",
                    name_of(summary, i));
        }
    }
    fputs(equal_count > 0 ? ".\n" : "", out);
    print_warnings(out, summary);
}

/* Who has the best mean of those that are shown to be faster; the count: none is. */
static size_t find_fastest(const struct programs_summary *summary)
{
    size_t fastest = summary->allocator_count;
    for (size_t i = 0; i < summary->allocator_count; i++) {
        const struct comparison *speed = &summary->totals[i].speed;
        if (speed->verdict == VERDICT_FASTER &&
            (fastest == summary->allocator_count ||
             speed->ratio.value > summary->totals[fastest].speed.ratio.value)) {
            fastest = i;
        }
    }
    return fastest;
}

static bool is_smaller(const struct programs_summary *summary, size_t allocator)
{
    const struct estimate ratio = summary->totals[allocator].peak_ratio;
    return allocator != summary->reference_index && ratio.present && ratio.high < 1 &&
           ratio.value <= 1 / (1 + summary->effect);
}

static size_t find_smallest(const struct programs_summary *summary)
{
    size_t smallest = summary->allocator_count;
    for (size_t i = 0; i < summary->allocator_count; i++) {
        if (is_smaller(summary, i) &&
            (smallest == summary->allocator_count ||
             summary->totals[i].peak_ratio.value <
                 summary->totals[smallest].peak_ratio.value)) {
            smallest = i;
        }
    }
    return smallest;
}

/* "all programs", or of how many of them the means are. */
static void put_reach(FILE *out, const struct programs_summary *summary)
{
    if (summary->shared_count == summary->program_count) {
        fputs("all programs", out);
    } else {
        fprintf(out, "%zu of %zu programs", summary->shared_count,
                summary->program_count);
    }
}

static void print_none(FILE *out, const struct programs_summary *summary,
                       const char *better)
{
    fprintf(out, "None is shown to be %s than %s over ", better,
            name_of(summary, summary->reference_index));
    put_reach(out, summary);
    fputs(".\n", out);
}

/* All programs together. */
static void print_means(FILE *out, const struct programs_summary *summary)
{
    const char *reference = name_of(summary, summary->reference_index);
    const size_t fastest = find_fastest(summary);
    const size_t smallest = find_smallest(summary);
    if (summary->shared_count == 0) {
        fputs("Nothing is compared over all programs: none was completed by every "
              "allocator.\n",
              out);
        return;
    }
    if (summary->allocator_count == 1) {
        fprintf(out, "Only %s has figures, so nothing is compared.\n", reference);
        return;
    }
    if (fastest < summary->allocator_count) {
        const struct estimate ratio = summary->totals[fastest].speed.ratio;
        fputs("Fastest over ", out);
        put_reach(out, summary);
        fprintf(out, ": %s, %.2f times as fast as %s (95 %% interval %.3f to %.3f).\n",
                name_of(summary, fastest), ratio.value, reference, ratio.low,
                ratio.high);
    } else {
        print_none(out, summary, "faster");
    }
    if (smallest < summary->allocator_count) {
        fputs("Smallest over ", out);
        put_reach(out, summary);
        fprintf(out, ": %s, %.0f %% less memory at the peak than %s.\n",
                name_of(summary, smallest),
                100 * (1 - summary->totals[smallest].peak_ratio.value), reference);
    } else {
        print_none(out, summary, "smaller");
    }
}

bool programs_print(FILE *out, const struct programs_summary *summary)
{
    print_means(out, summary);
    print_sentences(out, summary);
    fputc('\n', out);
    fprintf(out,
            "%zu program%s, geometric means over the %zu that every allocator "
            "completed:\n\n",
            summary->program_count, summary->program_count == 1 ? "" : "s",
            summary->shared_count);
    const bool done = print_table(out, summary);
    fputc('\n', out);
    fprintf(
        out,
        "A difference counts if its 95 %% interval leaves out 1, it is at least %s, "
        "and a t-test says so at 5 %%, on single programs after Holm's correction "
        "over all of them; %d rounds are needed.\n",
        units_percent(summary->effect).bytes, SUMMARY_VERDICT_ROUNDS);
    return done && fflush(out) == 0 && !ferror(out);
}
