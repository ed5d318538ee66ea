/* How long single operations took: percentiles of one trace, and over the traces that
 * every allocator completed. */
#ifndef SNUGBENCH_ANALYSIS_LATENCY_H
#define SNUGBENCH_ANALYSIS_LATENCY_H

#include "analysis/summary.h"
#include "runner/result.h"

/* Histograms added up, with what a tick is worth. */
struct latency {
    struct histogram operations;
    struct histogram nothing; /* between two readings of the clock */
    uint64_t ticks, ns;
};

/* false: not measured, or the trace failed under this allocator. */
bool latency_is_measured(const struct result *result);

/* Add one kind of operation; `class` LATENCY_CLASS_COUNT: of all sizes. */
void latency_add(struct latency *latency, const struct latency_profile *profile,
                 enum latency_kind kind, enum latency_class class);

/* The same over all shared traces: those where every allocator's latency was measured.
 * Returns their number. */
size_t latency_add_shared(struct latency *latency, const struct run *run,
                          size_t allocator, enum latency_kind kind);

/* What at most one in `one_in` operations exceeds: 1000 is the 99.9th percentile.
 * Absent where fewer than ten operations lie beyond it. */
struct figure latency_percentile_ns(const struct latency *latency, uint64_t one_in);
struct figure latency_max_ns(const struct latency *latency);

/* Median of what an empty pair of readings takes; it is in every latency. */
struct figure latency_clock_ns(const struct latency *latency);

#endif
