#include <stdint.h>

#include "analysis/footprint.h"
#include "report/csv.h"
#include "report/fields.h"
#include "report/files.h"

static const char *const columns[] = {
    "trace",
    "allocator",
    "role",
    "operations_done_count",
    "live_bytes",
    "internal_bytes",
    "external_bytes",
    "resident_bytes",
    "resident_growth_bytes",
    "accessible_bytes",
    "reserved_bytes",
};

enum {
    COLUMN_COUNT = sizeof columns / sizeof *columns
};

/* The floor's sample at the same operation, NULL if it has none. Both lists ascend, so
 * *cursor only moves on. */
static const struct worker_sample *floor_sample(const struct memory_profile *floor,
                                                size_t *cursor, uint64_t op_index)
{
    if (floor == NULL || !floor->measured) {
        return NULL;
    }
    while (*cursor < floor->sample_count &&
           floor->samples[*cursor].op_index < op_index) {
        (*cursor)++;
    }
    const bool found =
        *cursor < floor->sample_count && floor->samples[*cursor].op_index == op_index;
    return found ? &floor->samples[*cursor] : NULL;
}

static bool write_profile(FILE *out, const struct run *run, const struct result *result,
                          const struct memory_profile *floor)
{
    struct csv_line line = {.count = 0};
    size_t cursor = 0;
    for (size_t i = 0; i < result->memory.sample_count; i++) {
        const struct worker_sample *sample = &result->memory.samples[i];
        const struct worker_sample *base =
            floor_sample(floor, &cursor, sample->op_index);
        const double growth = base == NULL ? 0
                                           : (double)sample->resident_bytes -
                                                 (double)base->resident_bytes;
        csv_line_text(&line, run->traces[result->trace_index].name);
        csv_line_text(&line, run->allocators[result->allocator_index].name);
        csv_line_text(&line, role_name(run, result->allocator_index));
        csv_line_count(&line, sample->op_index);
        csv_line_count(&line, sample->blocks.live_bytes);
        csv_line_number(&line, (double)sample->blocks.internal_bytes,
                        result->memory.knows_internal);
        field_figure(&line,
                     footprint_external(growth, &sample->blocks,
                                        base != NULL && result->memory.knows_internal));
        csv_line_count(&line, sample->resident_bytes);
        csv_line_number(&line, growth, base != NULL);
        csv_line_count(&line, sample->accessible_bytes);
        csv_line_count(&line, sample->reserved_bytes);
        if (!csv_line_write(&line, out)) {
            return false;
        }
    }
    return true;
}

bool timeline_csv_write(FILE *out, const struct run *run, const struct summary *summary)
{
    bool written = csv_row(out, COLUMN_COUNT, columns);
    for (size_t i = 0; written && i < summary->trace_count * summary->allocator_count;
         i++) {
        const struct result *result = &run->results[i];
        const struct memory_profile *floor = NULL;
        if (run->floor_index != SIZE_MAX) {
            floor =
                &run->results[i - i % run->allocator_count + run->floor_index].memory;
        }
        if (result->memory.measured) {
            written = write_profile(out, run, result, floor);
        }
    }
    return written;
}
