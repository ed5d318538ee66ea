#include "analysis/footprint.h"

#include <math.h>

/* 16 pages: stack, relocations and libc's own data differ by about as much between two
 * runs of one worker. */
static const double noise_bytes = 65536;

enum sample_field {
    FIELD_RESIDENT,
    FIELD_ACCESSIBLE,
    FIELD_RESERVED
};

static double sample_bytes(const struct worker_sample *sample, enum sample_field field)
{
    switch (field) {
    case FIELD_RESIDENT:
        return (double)sample->resident_bytes;
    case FIELD_ACCESSIBLE:
        return (double)sample->accessible_bytes;
    case FIELD_RESERVED:
        break;
    }
    return (double)sample->reserved_bytes;
}

/* The largest over the trace; the state at the first operation is part of it. */
static struct figure peak(const struct memory_profile *memory, enum sample_field field)
{
    if (!memory->measured || memory->sample_count == 0) {
        return (struct figure){.present = false};
    }
    double largest = sample_bytes(&memory->before, field);
    for (size_t i = 0; i < memory->sample_count; i++) {
        largest = fmax(largest, sample_bytes(&memory->samples[i], field));
    }
    return (struct figure){.value = largest, .present = true};
}

static struct figure difference(struct figure left, struct figure right)
{
    if (!left.present || !right.present) {
        return (struct figure){.present = false};
    }
    return (struct figure){.value = left.value - right.value, .present = true};
}

static struct figure sample_growth(const struct result *result,
                                   const struct result *floor,
                                   const struct worker_sample *sample,
                                   const struct worker_sample *floor_sample)
{
    if (!result->memory.measured || !floor->memory.measured) {
        return (struct figure){.present = false};
    }
    return (struct figure){.value = (double)sample->resident_bytes -
                                    (double)floor_sample->resident_bytes,
                           .present = true};
}

/* The system-call pass sees the peak after every call; samples may step over it, so
 * they serve only where ptrace was refused. Both sides from the same source. */
static struct figure mapping_growth(const struct result *result,
                                    const struct result *floor, enum sample_field field)
{
    const struct syscall_counts *calls = &result->syscalls;
    const struct syscall_counts *floor_calls = &floor->syscalls;
    if (!calls->measured || !floor_calls->measured) {
        return difference(peak(&result->memory, field), peak(&floor->memory, field));
    }
    const double ours =
        (double)(field == FIELD_RESERVED ? calls->peak_reserved_bytes
                                         : calls->peak_accessible_bytes);
    const double theirs =
        (double)(field == FIELD_RESERVED ? floor_calls->peak_reserved_bytes
                                         : floor_calls->peak_accessible_bytes);
    return (struct figure){.value = ours - theirs, .present = true};
}

/* usable - live where live is at its peak; the floor and some peers cannot tell. */
static struct figure overhead_at_peak(const struct memory_profile *memory)
{
    const struct worker_sample *top = NULL;
    for (size_t i = 0; memory->measured && i < memory->sample_count; i++) {
        if (top == NULL || memory->samples[i].live_bytes > top->live_bytes) {
            top = &memory->samples[i];
        }
    }
    if (top == NULL || top->usable_bytes < top->live_bytes) {
        return (struct figure){.present = false};
    }
    return (struct figure){.value = (double)(top->usable_bytes - top->live_bytes),
                           .present = true};
}

struct figure footprint_utilization(double live_bytes, struct figure growth_bytes)
{
    const double growth = growth_bytes.value;
    if (!growth_bytes.present || live_bytes <= 0 || growth <= 0 ||
        growth < live_bytes - noise_bytes) {
        return (struct figure){.present = false};
    }
    return (struct figure){.value = live_bytes / fmax(growth, live_bytes),
                           .present = true};
}

struct memory_figures footprint_figures(const struct result *result,
                                        const struct result *floor,
                                        const struct trace_facts *trace)
{
    const struct memory_profile *memory = &result->memory;
    const double live_bytes = (double)trace->header.peak_live_bytes;
    const struct figure peak_resident = peak(memory, FIELD_RESIDENT);
    struct memory_figures figures = {
        .overhead_at_peak_bytes = overhead_at_peak(memory),
        .utilization_from_first_op = footprint_utilization(
            live_bytes, difference(peak_resident,
                                   (struct figure){
                                       .value = (double)memory->before.resident_bytes,
                                       .present = memory->measured,
                                   })),
    };
    if (floor == NULL) {
        return figures;
    }
    figures.peak_resident_growth_bytes =
        difference(peak_resident, peak(&floor->memory, FIELD_RESIDENT));
    figures.peak_accessible_growth_bytes =
        mapping_growth(result, floor, FIELD_ACCESSIBLE);
    figures.peak_reserved_growth_bytes = mapping_growth(result, floor, FIELD_RESERVED);
    figures.utilization =
        footprint_utilization(live_bytes, figures.peak_resident_growth_bytes);
    figures.mapped_utilization =
        footprint_utilization(live_bytes, figures.peak_accessible_growth_bytes);
    figures.resident_after_free_growth_bytes =
        sample_growth(result, floor, &memory->after_free, &floor->memory.after_free);
    figures.resident_after_second_growth_bytes = sample_growth(
        result, floor, &memory->after_second, &floor->memory.after_second);
    return figures;
}
