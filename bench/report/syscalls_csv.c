#include "report/csv.h"
#include "report/fields.h"
#include "report/files.h"

static const char *const columns[] = {
    "trace", "allocator", "role", "phase", "call", "calls_count",
};

enum {
    COLUMN_COUNT = sizeof columns / sizeof *columns
};

static const char *const phase_names[PHASE_COUNT] = {
    [PHASE_START_UP] = "start-up",
    [PHASE_REPLAY] = "replay",
    [PHASE_TEARDOWN] = "teardown",
};

static bool write_counts(FILE *out, const struct run *run, const struct result *result,
                         enum worker_phase phase)
{
    struct csv_line line = {.count = 0};
    for (size_t i = 0; i < result->syscalls.count; i++) {
        const struct syscall_count *call = &result->syscalls.items[i];
        csv_line_text(&line, run->traces[result->trace_index].name);
        csv_line_text(&line, run->allocators[result->allocator_index].name);
        csv_line_text(&line, role_name(run, result->allocator_index));
        csv_line_text(&line, phase_names[phase]);
        csv_line_text(&line, call->name);
        csv_line_count(&line, call->calls[phase]);
        if (!csv_line_write(&line, out)) {
            return false;
        }
    }
    return true;
}

bool syscalls_csv_write(FILE *out, const struct run *run, const struct summary *summary)
{
    bool written = csv_row(out, COLUMN_COUNT, columns);
    for (size_t i = 0; i < summary->trace_count * summary->allocator_count; i++) {
        const struct result *result = &run->results[i];
        for (int phase = 0; written && phase < PHASE_COUNT; phase++) {
            if (result->syscalls.measured) {
                written = write_counts(out, run, result, (enum worker_phase)phase);
            }
        }
    }
    return written;
}
