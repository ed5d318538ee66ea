/* The tables on the terminal: one for each trace, then one over all of them. */
#include <stdlib.h>

#include "analysis/latency.h"
#include "report/breakdown.h"
#include "report/cells.h"
#include "report/fields.h"
#include "report/grid.h"
#include "report/report.h"
#include "report/threads.h"
#include "report/units.h"
#include "report/verdicts.h"

/* The columns of one trace's table. The totals keep the same kind of figure in each. */
enum column {
    COLUMN_NAME,
    COLUMN_WARM,
    COLUMN_MOPS,
    COLUMN_RATIO,
    COLUMN_COLD,
    COLUMN_UTILIZATION,
    COLUMN_MAPPED,
    COLUMN_SYSCALLS,
    COLUMN_TEXT,
};

static struct figure syscall_sum(const struct figure *phases)
{
    struct figure sum = {.present = true};
    for (size_t phase = 0; phase < PHASE_COUNT; phase++) {
        sum.present = sum.present && phases[phase].present;
        sum.value += phases[phase].value;
    }
    return sum;
}

static void add_cell_row(struct grid_row *row, const struct run *run,
                         const struct result *result, const struct cell *cell,
                         double effect)
{
    cell_name(row, COLUMN_NAME, &run->allocators[result->allocator_index]);
    if (result->status != RESULT_OK) {
        grid_set(row, COLUMN_TEXT, GRID_BAD, "%s%s%s", status_name(result->status),
                 *result->status_text != '\0' ? ": " : "", result->status_text);
        if (result->status != RESULT_INTERRUPTED) {
            return;
        }
    }
    const struct estimate mops = cell->warm_mops;
    cell_estimate(row, COLUMN_WARM, cell->warm.ns_per_op);
    cell_figure(row, COLUMN_MOPS,
                (struct figure){.value = mops.value, .present = mops.present},
                units_number);
    cell_comparison(row, COLUMN_RATIO, cell->warm.against_reference, effect);
    cell_estimate(row, COLUMN_COLD, cell->cold.ns_per_op);
    cell_figure(row, COLUMN_UTILIZATION, cell->memory.utilization, units_share);
    cell_figure(row, COLUMN_MAPPED, cell->memory.mapped_utilization, units_share);
    cell_count(row, COLUMN_SYSCALLS, syscall_sum(cell->syscalls));
}

static void add_heading(struct grid_row *row, const char *const *headings,
                        const char *reference)
{
    for (size_t column = 0; column <= COLUMN_SYSCALLS; column++) {
        grid_set(row, column, GRID_FAINT, "%s", headings[column]);
    }
    grid_set(row, COLUMN_RATIO, GRID_FAINT, "speed v %s", reference);
}

static const char *reference_name(const struct run *run)
{
    return run->allocators[run->reference_index].name;
}

static void print_trace_line(FILE *out, const struct trace_facts *trace)
{
    fprintf(out, "%s: %s operations, peak live %s\n", trace->name,
            units_count(trace->header.op_count).bytes,
            units_bytes((double)trace->header.peak_live_bytes).bytes);
}

static bool print_trace(FILE *out, const struct run *run, const struct summary *summary,
                        size_t trace)
{
    static const char *const headings[] = {
        "allocator",  "warm ns/op",  "Mops",        "",
        "cold ns/op", "utilization", "mapped util", "syscalls"};
    struct grid grid = {.count = 0};
    print_trace_line(out, &run->traces[trace]);
    if (run->traces[trace].skipped[0] != '\0') {
        fprintf(out, "  skipped: %s\n\n", run->traces[trace].skipped);
        return true;
    }
    struct grid_row *row = grid_add_row(&grid);
    if (row == NULL) {
        return false;
    }
    add_heading(row, headings, reference_name(run));
    for (size_t i = 0; i < run->allocator_count; i++) {
        row = grid_add_row(&grid);
        if (row == NULL) {
            free(grid.rows);
            return false;
        }
        add_cell_row(row, run, &run->results[trace * run->allocator_count + i],
                     summary_cell(summary, trace, i), summary->options.warm_effect);
    }
    grid_print(&grid, out);
    fputc('\n', out);
    return true;
}

static void add_total_row(struct grid_row *row, const struct run *run,
                          const struct summary *summary, size_t allocator)
{
    const struct total *total = &summary->totals[allocator];
    cell_name(row, COLUMN_NAME, &run->allocators[allocator]);
    cell_estimate(row, COLUMN_WARM, total->warm_mops);
    cell_comparison(row, COLUMN_MOPS, total->warm, summary->options.warm_effect);
    cell_comparison(row, COLUMN_RATIO, total->cold, summary->options.cold_effect);
    if (allocator == run->reference_index) {
        grid_set(row, COLUMN_COLD, GRID_FAINT, "reference");
    } else {
        cell_figure(row, COLUMN_COLD, total->peak_ratio, units_ratio);
    }
    cell_figure(row, COLUMN_UTILIZATION, total->mean_utilization, units_share);
    cell_figure(row, COLUMN_MAPPED, total->worst_utilization, units_share);
    cell_count(row, COLUMN_SYSCALLS, syscall_sum(total->syscalls));
    if (total->failed_count > 0) {
        grid_set(row, COLUMN_TEXT, GRID_BAD, "failed on %zu", total->failed_count);
    } else if (total->faster_count + total->slower_count + total->same_count > 1) {
        grid_set(row, COLUMN_TEXT, GRID_PLAIN,
                 "faster on %zu, slower on %zu, same on %zu", total->faster_count,
                 total->slower_count, total->same_count);
    }
}

static bool is_ratio(size_t column)
{
    return column >= COLUMN_MOPS && column <= COLUMN_COLD;
}

bool report_totals(FILE *out, const struct run *run, const struct summary *summary)
{
    static const char *const headings[] = {"allocator",  "geomean Mops", "warm",
                                           "cold",       "peak",         "mean util",
                                           "worst util", "syscalls"};
    struct grid grid = {.count = 0};
    struct grid_row *row = grid_add_row(&grid);
    for (size_t column = 0; row != NULL && column <= COLUMN_SYSCALLS; column++) {
        grid_set(row, column, GRID_FAINT, "%s%s%s", headings[column],
                 is_ratio(column) ? " v " : "",
                 is_ratio(column) ? reference_name(run) : "");
    }
    for (size_t i = 0; row != NULL && i < run->allocator_count; i++) {
        row = grid_add_row(&grid);
        if (row != NULL) {
            add_total_row(row, run, summary, i);
        }
    }
    if (row == NULL) {
        free(grid.rows);
        return false;
    }
    grid_print(&grid, out);
    return true;
}

/* One line: what one malloc in a thousand takes longer than. */
static void print_latency(FILE *out, const struct run *run)
{
    const char *separator = "";
    for (size_t i = 0; i < run->allocator_count; i++) {
        struct latency latency = {.ticks = 0};
        const size_t count = latency_add_shared(&latency, run, i, LATENCY_MALLOC);
        const struct figure figure = latency_percentile_ns(&latency, 1000);
        if (!figure.present) {
            continue;
        }
        if (*separator == '\0') {
            fprintf(out,
                    "malloc, 99.9th percentile over %zu, ns (%.0f the clock's):", count,
                    latency_clock_ns(&latency).value);
        }
        fprintf(out, "%s %s %.0f", separator, run->allocators[i].name, figure.value);
        separator = ",";
    }
    fputs(*separator != '\0' ? "\n" : "", out);
}

bool report_trace_tables(FILE *out, const struct run *run,
                         const struct summary *summary)
{
    bool done = true;
    for (size_t trace = 0; done && trace < run->trace_count; trace++) {
        done = print_trace(out, run, summary, trace);
    }
    return done && threads_print(out, run, summary);
}

bool report_table(FILE *out, const struct run *run, const struct summary *summary)
{
    bool done = report_trace_tables(out, run, summary);
    fprintf(
        out,
        "all traces: speed over %zu, utilization over %zu, system calls over %zu of "
        "%zu (those that every allocator completed)\n",
        summary->warm_trace_count, summary->memory_trace_count,
        summary->syscall_trace_count, run->trace_count);
    done =
        done && report_totals(out, run, summary) && breakdown_print(out, run, summary);
    if (done) {
        print_latency(out, run);
        fputc('\n', out);
        done = verdicts_print(out, run, summary);
    }
    return done && fflush(out) == 0 && !ferror(out);
}
