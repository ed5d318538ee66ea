#include "report/csv.h"
#include "report/fields.h"
#include "report/files.h"

static const char *const columns[] = {
    "allocator",
    "role",
    "warm_traces_count",
    "geomean_warm_mops",
    "geomean_warm_mops_low",
    "geomean_warm_mops_high",
    "warm_speed_ratio",
    "warm_speed_ratio_low",
    "warm_speed_ratio_high",
    "warm_verdict",
    "cold_speed_ratio",
    "cold_speed_ratio_low",
    "cold_speed_ratio_high",
    "cold_verdict",
    "utilization_traces_count",
    "peak_resident_ratio",
    "mean_utilization_ratio",
    "mean_mapped_utilization_ratio",
    "worst_utilization_ratio",
    "worst_utilization_trace",
    "mean_live_share_ratio",
    "mean_internal_share_ratio",
    "mean_external_share_ratio",
    "mean_after_free_share_ratio",
    "mean_after_second_share_ratio",
    "syscalls_traces_count",
    "start_up_syscalls_count",
    "replay_syscalls_count",
    "teardown_syscalls_count",
    "counters_traces_count",
    "callgrind_traces_count",
    "mean_instructions_per_op",
    "mean_cycles_per_op",
    "mean_l1d_misses_per_op",
    "mean_llc_misses_per_op",
    "mean_dtlb_misses_per_op",
    "mean_callgrind_instructions_per_op",
    "faster_traces_count",
    "slower_traces_count",
    "same_traces_count",
    "failed_traces_count",
};

enum {
    COLUMN_COUNT = sizeof columns / sizeof *columns
};

static void add_total(struct csv_line *line, const struct run *run,
                      const struct summary *summary, size_t allocator)
{
    const struct total *total = &summary->totals[allocator];
    csv_line_text(line, run->allocators[allocator].name);
    csv_line_text(line, role_name(run, allocator));
    csv_line_count(line, summary->warm_trace_count);
    field_estimate(line, total->warm_mops);
    field_comparison(line, total->warm);
    field_comparison(line, total->cold);
    csv_line_count(line, summary->memory_trace_count);
    field_figure(line, total->peak_ratio);
    field_figure(line, total->mean_utilization);
    field_figure(line, total->mean_mapped_utilization);
    field_figure(line, total->worst_utilization);
    csv_line_text(line, total->worst_utilization.present
                            ? run->traces[total->worst_utilization_trace].name
                            : NULL);
    for (size_t part = 0; part < MEMORY_PART_COUNT; part++) {
        field_figure(line, total->parts[part]);
    }
    csv_line_count(line, summary->syscall_trace_count);
    for (size_t phase = 0; phase < PHASE_COUNT; phase++) {
        field_figure(line, total->syscalls[phase]);
    }
    csv_line_count(line, summary->counters_trace_count);
    csv_line_count(line, summary->callgrind_trace_count);
    field_counts(line, &total->counts);
    csv_line_count(line, total->faster_count);
    csv_line_count(line, total->slower_count);
    csv_line_count(line, total->same_count);
    csv_line_count(line, total->failed_count);
}

bool totals_csv_write(FILE *out, const struct run *run, const struct summary *summary)
{
    struct csv_line line = {.count = 0};
    bool written = csv_row(out, COLUMN_COUNT, columns);
    for (size_t i = 0; written && i < run->allocator_count; i++) {
        add_total(&line, run, summary, i);
        written = csv_line_write(&line, out);
    }
    return written;
}
