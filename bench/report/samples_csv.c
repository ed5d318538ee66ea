#include "report/csv.h"
#include "report/files.h"

static const char *const columns[] = {
    "trace",
    "allocator",
    "mode",
    "round",
    "warm_up_passes_count",
    "passes_count",
    "best_pass_ns",
    "first_pass_ns",
    "operations_count",
    "minor_faults_count",
    "involuntary_switches_count",
    "best_pass_cpu_ns",
    "best_pass_waited_ns",
};

enum {
    COLUMN_COUNT = sizeof columns / sizeof *columns
};

static bool write_samples(FILE *out, const struct run *run, const struct result *result,
                          const char *mode, struct timing_samples samples)
{
    const struct trace_facts *trace = &run->traces[result->trace_index];
    struct csv_line line = {.count = 0};
    for (size_t i = 0; i < samples.count; i++) {
        const struct timing_sample *sample = &samples.items[i];
        csv_line_text(&line, trace->name);
        csv_line_text(&line, run->allocators[result->allocator_index].name);
        csv_line_text(&line, mode);
        csv_line_count(&line, sample->round);
        csv_line_count(&line, sample->warm_up_pass_count);
        csv_line_count(&line, sample->pass_count);
        csv_line_count(&line, sample->best_pass_ns);
        csv_line_count(&line, sample->first_pass_ns);
        csv_line_count(&line, trace->header.op_count);
        csv_line_count(&line, sample->minor_faults);
        csv_line_count(&line, sample->involuntary_switches);
        csv_line_count(&line, sample->best_cpu_ns);
        csv_line_count(&line, sample->best_waited_ns);
        if (!csv_line_write(&line, out)) {
            return false;
        }
    }
    return true;
}

bool samples_csv_write(FILE *out, const struct run *run, const struct summary *summary)
{
    bool written = csv_row(out, COLUMN_COUNT, columns);
    for (size_t i = 0; written && i < summary->trace_count * summary->allocator_count;
         i++) {
        const struct result *result = &run->results[i];
        written = write_samples(out, run, result, "cold", result->cold) &&
                  write_samples(out, run, result, "warm", result->warm) &&
                  write_samples(out, run, result, "flat", result->flat);
    }
    return written;
}
