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

struct figure footprint_external(double growth_bytes,
                                 const struct worker_blocks *blocks, bool measured)
{
    const double inside = (double)blocks->live_bytes + (double)blocks->internal_bytes;
    return (struct figure){.value = growth_bytes - inside, .present = measured};
}

/* The blocks at the peak of resident memory. Where allocators keep what they have, the
 * peak is a plateau on which blocks come and go, and the tracer tells its end: so of
 * all moments at the peak, less a hundredth, the one with most live bytes is taken. */
static struct worker_blocks blocks_at_peak(const struct memory_profile *memory)
{
    struct worker_blocks blocks = memory->peaks.blocks;
    const uint64_t peak_bytes = memory->peaks.resident_bytes;
    const uint64_t slack_bytes = (peak_bytes - memory->before.resident_bytes) / 100;
    for (size_t i = 0; i < memory->sample_count; i++) {
        const struct worker_sample *sample = &memory->samples[i];
        if (sample->resident_bytes + slack_bytes >= peak_bytes &&
            sample->blocks.live_bytes > blocks.live_bytes) {
            blocks = sample->blocks;
        }
    }
    return blocks;
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
                                        const struct result *floor)
{
    const struct memory_profile *memory = &result->memory;
    const struct memory_peaks *peaks = &memory->peaks;
    const double live_bytes = (double)memory->peak_live_bytes;
    const struct worker_blocks blocks = blocks_at_peak(memory);
    struct memory_figures figures = {
        .live_at_resident_peak_bytes = growth(blocks.live_bytes, 0, peaks->measured),
        .internal_at_resident_peak_bytes =
            growth(blocks.internal_bytes, 0, peaks->measured && memory->knows_internal),
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
    figures.external_at_resident_peak_bytes =
        footprint_external(figures.peak_resident_growth_bytes.value, &blocks,
                           has_peaks && memory->knows_internal);
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
