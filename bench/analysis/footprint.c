#include "analysis/footprint.h"

#include <math.h>

/* 16 pages: stack, relocations and libc's own data differ by about as much between two
 * runs of one worker. */
static const double noise_bytes = 65536;

static struct figure growth(uint64_t bytes, uint64_t base_bytes, bool measured)
{
    return (struct figure){.value = (double)bytes - (double)base_bytes,
                           .present = measured};
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
    const struct memory_peaks *peaks = &memory->peaks;
    const double live_bytes = (double)trace->header.peak_live_bytes;
    struct memory_figures figures = {
        .overhead_at_peak_bytes = overhead_at_peak(memory),
        .utilization_from_first_op = footprint_utilization(
            live_bytes, growth(peaks->resident_bytes, memory->before.resident_bytes,
                               memory->measured && peaks->measured)),
    };
    if (floor == NULL) {
        return figures;
    }
    const struct memory_profile *base = &floor->memory;
    const struct memory_peaks *base_peaks = &base->peaks;
    const bool is_comparable = memory->measured && base->measured;
    const bool has_peaks = is_comparable && peaks->measured && base_peaks->measured;
    figures.peak_resident_growth_bytes =
        growth(peaks->resident_bytes, base_peaks->resident_bytes, has_peaks);
    figures.peak_accessible_growth_bytes =
        growth(peaks->accessible_bytes, base_peaks->accessible_bytes, has_peaks);
    figures.peak_reserved_growth_bytes =
        growth(peaks->reserved_bytes, base_peaks->reserved_bytes, has_peaks);
    figures.utilization =
        footprint_utilization(live_bytes, figures.peak_resident_growth_bytes);
    figures.mapped_utilization =
        footprint_utilization(live_bytes, figures.peak_accessible_growth_bytes);
    figures.resident_after_free_growth_bytes =
        growth(memory->after_free.resident_bytes, base->after_free.resident_bytes,
               is_comparable);
    figures.resident_after_second_growth_bytes =
        growth(memory->after_second.resident_bytes, base->after_second.resident_bytes,
               is_comparable);
    return figures;
}
