/* What is in a sealed trace beyond its header: sizes, lifetimes, leftovers. */
#ifndef SNUGBENCH_TRACE_SUMMARY_H
#define SNUGBENCH_TRACE_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/trace.h"

/* Nearest-rank percentiles: values that really occur. All 0 where count is 0. */
struct percentiles {
    uint64_t count;
    uint64_t p50, p90, p99, max;
};

/* Bucket 0 holds requests for 0 bytes, bucket k those in (2^(k-2), 2^(k-1)]. */
#define SUMMARY_BUCKETS 49

/* As people read them: "malloc". */
extern const char *const trace_kind_names[TRACE_KIND_COUNT];

struct trace_summary {
    struct percentiles size_bytes;   /* of each request, realloc included */
    struct percentiles lifetime_ops; /* from allocation to free; realloc is no end */
    uint64_t bucket_requests[SUMMARY_BUCKETS];
    uint64_t bucket_bytes[SUMMARY_BUCKETS];
    uint64_t leftover_blocks;
    uint64_t leftover_bytes;
};

unsigned summary_bucket(uint64_t number);

/* Sorts them. */
struct percentiles summary_percentiles(uint64_t *values, uint64_t count);

/* O(n log n). false: out of memory (errno). */
bool trace_summarize(const struct trace *trace, struct trace_summary *summary);

#endif
