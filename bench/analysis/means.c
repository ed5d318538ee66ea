#include "analysis/means.h"

typedef struct figure means_reader(const struct cell *cell, size_t which);

static bool is_shared(const struct summary *summary, const struct run *run,
                      size_t trace, means_reader *read, size_t which)
{
    for (size_t i = 0; i < run->allocator_count; i++) {
        if (!run->allocators[i].is_floor &&
            !read(summary_cell(summary, trace, i), which).present) {
            return false;
        }
    }
    return true;
}

static struct figure mean(const struct summary *summary, const struct run *run,
                          size_t allocator, means_reader *read, size_t which)
{
    double sum = 0;
    size_t count = 0;
    for (size_t trace = 0; trace < run->trace_count; trace++) {
        if (!is_shared(summary, run, trace, read, which)) {
            continue;
        }
        const struct figure figure =
            read(summary_cell(summary, trace, allocator), which);
        if (!figure.present) {
            return figure;
        }
        sum += figure.value;
        count++;
    }
    return (struct figure){.value = count > 0 ? sum / (double)count : 0,
                           .present = count > 0};
}

static size_t shared_count(const struct summary *summary, const struct run *run,
                           means_reader *read, size_t which)
{
    size_t count = 0;
    for (size_t trace = 0; trace < run->trace_count; trace++) {
        count += is_shared(summary, run, trace, read, which);
    }
    return count;
}

/* Parts of the growth at the peak, which is growth for a share to be of. */
static struct figure read_part(const struct cell *cell, size_t which)
{
    const struct memory_figures *memory = &cell->memory;
    const struct figure parts[MEMORY_PART_COUNT] = {
        [MEMORY_LIVE] = memory->live_at_resident_peak_bytes,
        [MEMORY_INTERNAL] = memory->internal_at_resident_peak_bytes,
        [MEMORY_EXTERNAL] = memory->external_at_resident_peak_bytes,
        [MEMORY_AFTER_FREE] = memory->resident_after_free_growth_bytes,
        [MEMORY_AFTER_SECOND] = memory->resident_after_second_growth_bytes,
    };
    const struct figure whole = memory->peak_resident_growth_bytes;
    struct figure part = parts[which];
    part.present = part.present && whole.present && memory->utilization.present;
    part.value = part.present ? part.value / whole.value : 0;
    return part;
}

static struct figure read_counter(const struct cell *cell, size_t which)
{
    return cell->counts.counters[which];
}

static struct figure read_callgrind(const struct cell *cell, size_t which)
{
    (void)which;
    return cell->counts.callgrind_instructions;
}

void means_fill(struct summary *summary, const struct run *run)
{
    summary->counters_trace_count =
        shared_count(summary, run, read_counter, COUNTER_INSTRUCTIONS);
    summary->callgrind_trace_count = shared_count(summary, run, read_callgrind, 0);
    for (size_t i = 0; i < run->allocator_count; i++) {
        struct total *total = &summary->totals[i];
        for (size_t part = 0; part < MEMORY_PART_COUNT; part++) {
            total->parts[part] = mean(summary, run, i, read_part, part);
        }
        for (size_t which = 0; which < COUNTER_COUNT; which++) {
            total->counts.counters[which] = mean(summary, run, i, read_counter, which);
        }
        total->counts.callgrind_instructions = mean(summary, run, i, read_callgrind, 0);
    }
}
