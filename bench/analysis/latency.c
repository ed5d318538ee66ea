#include "analysis/latency.h"

enum {
    LEAST_BEYOND = 10 /* operations, for a percentile to rest on */
};

bool latency_is_measured(const struct result *result)
{
    return result->status == RESULT_OK && result->latency.process_count > 0;
}

void latency_add(struct latency *latency, const struct latency_profile *profile,
                 enum latency_kind kind, enum latency_class class)
{
    for (size_t i = 0; i < LATENCY_CLASS_COUNT; i++) {
        const struct histogram *histogram = profile->operations[kind][i];
        if ((class == LATENCY_CLASS_COUNT || class == i) && histogram != NULL) {
            histogram_add_all(&latency->operations, histogram);
        }
    }
    if (profile->nothing != NULL) {
        histogram_add_all(&latency->nothing, profile->nothing);
    }
    latency->ticks += profile->ticks;
    latency->ns += profile->ns;
}

static bool is_shared(const struct run *run, size_t trace)
{
    for (size_t i = 0; i < run->allocator_count; i++) {
        if (!latency_is_measured(&run->results[trace * run->allocator_count + i])) {
            return false;
        }
    }
    return true;
}

size_t latency_add_shared(struct latency *latency, const struct run *run,
                          size_t allocator, enum latency_kind kind)
{
    size_t shared_count = 0;
    for (size_t trace = 0; trace < run->trace_count; trace++) {
        if (is_shared(run, trace)) {
            shared_count++;
            latency_add(latency,
                        &run->results[trace * run->allocator_count + allocator].latency,
                        kind, LATENCY_CLASS_COUNT);
        }
    }
    return shared_count;
}

static struct figure in_ns(const struct latency *latency, double ticks, bool present)
{
    if (!present || latency->ticks == 0) {
        return (struct figure){.present = false};
    }
    return (struct figure){
        .value = ticks * (double)latency->ns / (double)latency->ticks,
        .present = true,
    };
}

static struct figure percentile(const struct latency *latency,
                                const struct histogram *histogram, uint64_t one_in)
{
    if (histogram->count / one_in < LEAST_BEYOND) {
        return (struct figure){.present = false};
    }
    return in_ns(latency, histogram_percentile(histogram, one_in), true);
}

struct figure latency_percentile_ns(const struct latency *latency, uint64_t one_in)
{
    return percentile(latency, &latency->operations, one_in);
}

struct figure latency_max_ns(const struct latency *latency)
{
    return in_ns(latency, (double)latency->operations.max,
                 latency->operations.count > 0);
}

struct figure latency_clock_ns(const struct latency *latency)
{
    return percentile(latency, &latency->nothing, 2);
}
