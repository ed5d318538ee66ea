#include "report/mdriver.h"

#include <gnu/libc-version.h>
#include <inttypes.h>
#include <stdlib.h>

#include "analysis/course.h"
#include "report/fields.h"
#include "report/grid.h"

enum column {
    COLUMN_TRACE,
    COLUMN_VALID,
    COLUMN_UTILIZATION,
    COLUMN_RESIDENT,
    COLUMN_OPS,
    COLUMN_SECONDS,
    COLUMN_KOPS,
    COLUMN_TEXT = GRID_COLUMNS - 1,
};

static bool is_libc(const struct allocator *allocator)
{
    return allocator->library == NULL && !allocator->is_floor;
}

static void set_share(struct grid_row *row, size_t column, struct figure figure)
{
    if (figure.present) {
        grid_set(row, column, GRID_PLAIN, "%.1f%%", 100 * figure.value);
    } else {
        grid_set(row, column, GRID_FAINT, "-");
    }
}

static void set_throughput(struct grid_row *row, uint64_t op_count,
                           struct figure seconds)
{
    const struct figure kops = course_kops(op_count, seconds);
    grid_set(row, COLUMN_OPS, GRID_PLAIN, "%" PRIu64, op_count);
    if (seconds.present) {
        /* As a driver prints it, but short traces take less than its last digit. */
        grid_set(row, COLUMN_SECONDS, GRID_PLAIN, "%.*f", seconds.value < 1e-4 ? 9 : 6,
                 seconds.value);
    } else {
        grid_set(row, COLUMN_SECONDS, GRID_FAINT, "-");
    }
    if (kops.present) {
        grid_set(row, COLUMN_KOPS, GRID_PLAIN, "%.0f", kops.value);
    } else {
        grid_set(row, COLUMN_KOPS, GRID_FAINT, "-");
    }
}

static void set_validity(struct grid_row *row, const struct result *result)
{
    if (result->status == RESULT_OK) {
        grid_set(row, COLUMN_VALID, GRID_PLAIN, "yes");
        return;
    }
    const bool is_verdict =
        result->status != RESULT_SKIPPED && result->status != RESULT_INTERRUPTED;
    grid_set(row, COLUMN_VALID, is_verdict ? GRID_BAD : GRID_FAINT,
             is_verdict ? "no" : "-");
    grid_set(row, COLUMN_TEXT, is_verdict ? GRID_BAD : GRID_FAINT, "%s: %s",
             status_name(result->status), result->status_text);
}

static void fill_row(struct grid_row *row, const struct run *run,
                     const struct summary *summary, size_t trace, size_t allocator)
{
    static const char *const counts_for[] = {
        [WEIGHT_NONE] = "weight 0: not in the score",
        [WEIGHT_BOTH] = "",
        [WEIGHT_UTILIZATION] = "weight 2: counts for util only",
        [WEIGHT_THROUGHPUT] = "weight 3: counts for Kops only",
    };
    const struct course_line line = course_line(run, summary, trace, allocator);
    grid_set(row, COLUMN_TRACE, GRID_PLAIN, "%s", run->traces[trace].name);
    set_share(row, COLUMN_UTILIZATION, line.utilization);
    set_share(row, COLUMN_RESIDENT, line.resident_utilization);
    set_throughput(row, line.op_count, line.seconds);
    grid_set(row, COLUMN_TEXT, GRID_FAINT, "%s", counts_for[run->traces[trace].weight]);
    set_validity(row, &run->results[trace * run->allocator_count + allocator]);
}

static void fill_heading(struct grid_row *row)
{
    static const char *const headings[] = {"trace", "valid", "util", "resident util",
                                           "ops",   "secs",  "Kops"};
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++) {
        grid_set(row, i, GRID_FAINT, "%s", headings[i]);
    }
}

static void fill_total(struct grid_row *row, const struct course_score *score)
{
    grid_set(row, COLUMN_TRACE, GRID_PLAIN, "total");
    grid_set(row, COLUMN_VALID,
             score->valid_count == score->trace_count ? GRID_PLAIN : GRID_BAD,
             "%zu/%zu", score->valid_count, score->trace_count);
    set_share(row, COLUMN_UTILIZATION, score->utilization);
    set_share(row, COLUMN_RESIDENT, score->resident_utilization);
    set_throughput(row, score->op_count, score->seconds);
}

static bool print_allocator(FILE *out, const struct run *run,
                            const struct summary *summary, size_t allocator)
{
    const struct allocator *subject = &run->allocators[allocator];
    const struct course_score score = course_score(run, summary, allocator);
    struct grid grid = {.count = 0};
    struct grid_row *row = grid_add_row(&grid);
    if (row != NULL) {
        fill_heading(row);
    }
    for (size_t trace = 0; row != NULL && trace < run->trace_count; trace++) {
        row = grid_add_row(&grid);
        if (row != NULL) {
            fill_row(row, run, summary, trace, allocator);
        }
    }
    row = row == NULL ? NULL : grid_add_row(&grid);
    if (row == NULL) {
        free(grid.rows);
        return false;
    }
    fill_total(row, &score);
    if (is_libc(subject)) {
        fprintf(out, "%s (this machine's libc, %s):\n", subject->name,
                gnu_get_libc_version());
    } else {
        fprintf(out, "%s:\n", subject->name);
    }
    grid_print(&grid, out);
    fputc('\n', out);
    return true;
}

/* The libc's table, or those of all others. */
static bool print_tables(FILE *out, const struct run *run,
                         const struct summary *summary, bool of_libc)
{
    for (size_t i = 0; i < run->allocator_count; i++) {
        const struct allocator *allocator = &run->allocators[i];
        if (!allocator->is_floor && is_libc(allocator) == of_libc &&
            !print_allocator(out, run, summary, i)) {
            return false;
        }
    }
    return true;
}

static void print_index(FILE *out, const char *name, const struct course_score *score,
                        const struct course_score *libc)
{
    const struct course_index index = course_index(score, libc);
    const double utilization = 100 * index.utilization_part;
    const double throughput = 100 * index.throughput_part;
    fprintf(out, "performance index of %s: ", name);
    if (!index.present) {
        fputs("not known, as figures are missing\n", out);
    } else if (score->valid_count < score->trace_count) {
        fprintf(out, "0/100, as it is not valid on %zu of %zu traces\n",
                score->trace_count - score->valid_count, score->trace_count);
    } else {
        fprintf(out,
                "%.0f (util) + %.0f (throughput) = %.0f/100; util %.1f%%, %.2f times "
                "the throughput of libc\n",
                utilization, throughput, utilization + throughput,
                100 * score->utilization.value,
                course_kops(score->op_count, score->seconds).value /
                    course_kops(libc->op_count, libc->seconds).value);
    }
}

static void print_indexes(FILE *out, const struct run *run,
                          const struct summary *summary)
{
    struct course_score libc = {.seconds.present = false};
    for (size_t i = 0; i < run->allocator_count; i++) {
        if (is_libc(&run->allocators[i])) {
            libc = course_score(run, summary, i);
        }
    }
    for (size_t i = 0; i < run->allocator_count; i++) {
        if (!is_libc(&run->allocators[i]) && !run->allocators[i].is_floor) {
            const struct course_score score = course_score(run, summary, i);
            print_index(out, run->allocators[i].name, &score, &libc);
        }
    }
    fprintf(
        out,
        "The index is 100 x (%.1f x util + %.1f x min(1, Kops / Kops of libc)), util "
        "the mean over traces,\nKops over all their operations.\n",
        course_utilization_share, 1 - course_utilization_share);
}

bool report_mdriver(FILE *out, const struct run *run, const struct summary *summary)
{
    const bool done =
        print_tables(out, run, summary, true) && print_tables(out, run, summary, false);
    if (done) {
        print_indexes(out, run, summary);
    }
    return done && fflush(out) == 0 && !ferror(out);
}
