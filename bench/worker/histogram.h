/* A log-linear histogram: each octave of values is parted into 32 buckets of one width,
 * so that a value is known to within 1/64 of itself (1.6 %) from the middle of its
 * bucket. Below 64 every value has a bucket of its own.
 *
 * Invariant: count = sum of buckets; max is exact. */
#ifndef SNUGBENCH_WORKER_HISTOGRAM_H
#define SNUGBENCH_WORKER_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_PART_BITS = 5,
    HISTOGRAM_PARTS = 1 << HISTOGRAM_PART_BITS, /* of an octave */
    HISTOGRAM_VALUE_BITS = 36, /* larger ones, 20 s and more, fall in the last bucket */
    HISTOGRAM_BUCKETS =
        (HISTOGRAM_VALUE_BITS - HISTOGRAM_PART_BITS + 1) * HISTOGRAM_PARTS,
};

struct histogram {
    uint64_t count;
    uint64_t max;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

static inline size_t histogram_bucket(uint64_t value)
{
    if (value >> HISTOGRAM_VALUE_BITS != 0) {
        return HISTOGRAM_BUCKETS - 1;
    }
    if (value < HISTOGRAM_PARTS) {
        return (size_t)value;
    }
    unsigned octave = 63 - (unsigned)__builtin_clzll(value) - HISTOGRAM_PART_BITS;
    return octave * HISTOGRAM_PARTS + (size_t)(value >> octave);
}

/* The smallest value of a bucket; with HISTOGRAM_BUCKETS, the end of the last. */
static inline uint64_t histogram_bucket_low(size_t bucket)
{
    if (bucket < HISTOGRAM_PARTS) {
        return bucket;
    }
    unsigned octave = (unsigned)(bucket / HISTOGRAM_PARTS) - 1;
    return (HISTOGRAM_PARTS + (uint64_t)bucket % HISTOGRAM_PARTS) << octave;
}

static inline void histogram_add(struct histogram *histogram, uint64_t value)
{
    histogram->buckets[histogram_bucket(value)]++;
    histogram->count++;
    if (value > histogram->max) {
        histogram->max = value;
    }
}

static inline void histogram_add_all(struct histogram *sum,
                                     const struct histogram *other)
{
    sum->count += other->count;
    sum->max = sum->max > other->max ? sum->max : other->max;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        sum->buckets[i] += other->buckets[i];
    }
}

/* The smallest value that at most one in `one_in` values exceeds: with 1000, the 99.9th
 * percentile. The histogram is not empty. O(buckets). */
static inline double histogram_percentile(const struct histogram *histogram,
                                          uint64_t one_in)
{
    uint64_t rank = histogram->count - histogram->count / one_in;
    size_t bucket = 0;
    uint64_t seen = histogram->buckets[0];
    while (seen < rank) {
        seen += histogram->buckets[++bucket];
    }
    double low = (double)histogram_bucket_low(bucket);
    double last = (double)(histogram_bucket_low(bucket + 1) - 1);
    double middle = (low + last) / 2;
    return middle < (double)histogram->max ? middle : (double)histogram->max;
}

#endif
