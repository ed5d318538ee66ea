#include "report/csv.h"
#include "report/fields.h"
#include "report/files.h"

static const char *const columns[] = {
    "trace",
    "allocator",
    "role",
    "status",
    "status_text",
    "operations_count",
    "peak_live_bytes",
    "warm_ns_per_op",
    "warm_ns_per_op_low",
    "warm_ns_per_op_high",
    "warm_processes_count",
    "warm_outliers_count",
    "warm_mops",
    "warm_mops_low",
    "warm_mops_high",
    "warm_speed_ratio",
    "warm_speed_ratio_low",
    "warm_speed_ratio_high",
    "warm_verdict",
    "warm_minor_faults_per_pass",
    "cold_ns_per_op",
    "cold_ns_per_op_low",
    "cold_ns_per_op_high",
    "cold_processes_count",
    "cold_outliers_count",
    "cold_speed_ratio",
    "cold_speed_ratio_low",
    "cold_speed_ratio_high",
    "cold_verdict",
    "cold_minor_faults_count",
    "threads_count",
    "warm_wall_ns",
    "warm_cpu_ns",
    "warm_waited_ns",
    "flat_ns_per_op",
    "flat_ns_per_op_low",
    "flat_ns_per_op_high",
    "scaling_ratio",
    "scaling_ratio_low",
    "scaling_ratio_high",
    "replay_peak_live_bytes",
    "utilization_ratio",
    "utilization_from_first_op_ratio",
    "mapped_utilization_ratio",
    "peak_resident_growth_bytes",
    "peak_accessible_growth_bytes",
    "peak_reserved_growth_bytes",
    "live_at_resident_peak_bytes",
    "internal_at_resident_peak_bytes",
    "external_at_resident_peak_bytes",
    "resident_after_free_growth_bytes",
    "resident_after_second_growth_bytes",
    "start_up_syscalls_count",
    "replay_syscalls_count",
    "teardown_syscalls_count",
    "instructions_per_op",
    "cycles_per_op",
    "l1d_misses_per_op",
    "llc_misses_per_op",
    "dtlb_misses_per_op",
    "callgrind_instructions_per_op",
};

enum {
    COLUMN_COUNT = sizeof columns / sizeof *columns
};

static void add_times(struct csv_line *line, const struct timing_figures *times,
                      const struct timing_samples *samples)
{
    field_estimate(line, times->ns_per_op);
    csv_line_count(line, samples->count);
    field_figure(line, times->outlier_count);
}

static void add_threads(struct csv_line *line, const struct thread_figures *threads)
{
    field_figure(line, threads->wall_ns);
    field_figure(line, threads->cpu_ns);
    field_figure(line, threads->waited_ns);
    field_estimate(line, threads->flat_ns_per_op);
    field_estimate(line, threads->scaling);
}

static void add_memory(struct csv_line *line, const struct memory_figures *memory)
{
    field_figure(line, memory->utilization);
    field_figure(line, memory->utilization_from_first_op);
    field_figure(line, memory->mapped_utilization);
    field_figure(line, memory->peak_resident_growth_bytes);
    field_figure(line, memory->peak_accessible_growth_bytes);
    field_figure(line, memory->peak_reserved_growth_bytes);
    field_figure(line, memory->live_at_resident_peak_bytes);
    field_figure(line, memory->internal_at_resident_peak_bytes);
    field_figure(line, memory->external_at_resident_peak_bytes);
    field_figure(line, memory->resident_after_free_growth_bytes);
    field_figure(line, memory->resident_after_second_growth_bytes);
}

static void add_cell(struct csv_line *line, const struct run *run,
                     const struct result *result, const struct cell *cell)
{
    const struct trace_facts *trace = &run->traces[result->trace_index];
    csv_line_text(line, trace->name);
    csv_line_text(line, run->allocators[result->allocator_index].name);
    csv_line_text(line, role_name(run, result->allocator_index));
    csv_line_text(line, status_name(result->status));
    csv_line_text(line, *result->status_text != '\0' ? result->status_text : NULL);
    csv_line_count(line, trace->header.op_count);
    csv_line_count(line, trace->header.peak_live_bytes);
    add_times(line, &cell->warm, &result->warm);
    field_estimate(line, cell->warm_mops);
    field_comparison(line, cell->warm.against_reference);
    field_figure(line, cell->warm_minor_faults_per_pass);
    add_times(line, &cell->cold, &result->cold);
    field_comparison(line, cell->cold.against_reference);
    field_figure(line, cell->cold_minor_faults_per_pass);
    csv_line_number(line, (double)trace->replay_threads, trace->replay_threads > 0);
    add_threads(line, &cell->threads);
    csv_line_number(line, (double)result->memory.peak_live_bytes,
                    result->memory.measured);
    add_memory(line, &cell->memory);
    for (size_t phase = 0; phase < PHASE_COUNT; phase++) {
        field_figure(line, cell->syscalls[phase]);
    }
    field_counts(line, &cell->counts);
}

bool summary_csv_write(FILE *out, const struct run *run, const struct summary *summary)
{
    struct csv_line line = {.count = 0};
    bool written = csv_row(out, COLUMN_COUNT, columns);
    for (size_t trace = 0; trace < run->trace_count; trace++) {
        for (size_t i = 0; written && i < run->allocator_count; i++) {
            add_cell(&line, run, &run->results[trace * run->allocator_count + i],
                     summary_cell(summary, trace, i));
            written = csv_line_write(&line, out);
        }
    }
    return written;
}
