#include "trace/shape.h"

#include <stdlib.h>
#include <string.h>

const uint64_t shape_band_ends[SHAPE_BANDS] = {513, (32 << 10) + 1, SHAPE_LARGE_BYTES,
                                               UINT64_MAX};

struct block {
    uint64_t bytes;
    uint64_t first_op;
    uint64_t asked_before; /* bytes, by all */
    uint32_t chain;
    uint16_t thread;
    bool is_live;
};

struct shaping {
    struct trace_shape *shape;
    struct block *blocks; /* by slot */
    uint64_t *lifetimes;  /* in bytes */
    uint64_t lifetime_count;
    uint64_t asked_bytes;
    uint64_t live_bytes;
    uint64_t live_blocks;
    uint64_t band_bytes[SHAPE_BANDS];
    uint64_t bucket_bytes[SUMMARY_BUCKETS];
};

static unsigned band_of(uint64_t bytes)
{
    unsigned band = 0;
    while (bytes >= shape_band_ends[band]) {
        band++;
    }
    return band;
}

static void add_live(struct shaping *shaping, uint64_t bytes)
{
    shaping->live_bytes += bytes;
    shaping->band_bytes[band_of(bytes)] += bytes;
    shaping->bucket_bytes[summary_bucket(bytes)] += bytes;
}

static void take_live(struct shaping *shaping, uint64_t bytes)
{
    shaping->live_bytes -= bytes;
    shaping->band_bytes[band_of(bytes)] -= bytes;
    shaping->bucket_bytes[summary_bucket(bytes)] -= bytes;
}

static void grow(struct trace_shape *shape, struct block *block, uint64_t bytes)
{
    shape->grown_bytes += bytes - block->bytes;
    shape->grow_count++;
    block->chain++;
    if (block->chain > shape->longest_chain) {
        shape->longest_chain = block->chain;
    }
    if (bytes > shape->largest_grown_bytes) {
        shape->largest_grown_bytes = bytes;
    }
}

static void request(struct shaping *shaping, uint64_t index, struct trace_op op)
{
    struct block *block = &shaping->blocks[op.slot];
    uint64_t bytes = (uint64_t)op.size_bytes * op.count;
    if (block->is_live) {
        take_live(shaping, block->bytes);
        if (bytes > block->bytes) {
            grow(shaping->shape, block, bytes);
        }
    } else {
        *block = (struct block){.first_op = index,
                                .asked_before = shaping->asked_bytes,
                                .thread = op.thread,
                                .is_live = true};
        shaping->live_blocks++;
    }
    block->bytes = bytes;
    add_live(shaping, bytes);
    shaping->asked_bytes += bytes;
    if (bytes >= SHAPE_LARGE_BYTES) {
        shaping->shape->large_bytes += bytes;
    }
}

static void release(struct shaping *shaping, uint64_t index, struct trace_op op)
{
    if (op.slot == 0) {
        return;
    }
    struct block *block = &shaping->blocks[op.slot];
    uint64_t asked_bytes = shaping->asked_bytes - block->asked_before;
    take_live(shaping, block->bytes);
    shaping->live_blocks--;
    shaping->shape->other_thread_frees += block->thread != op.thread;
    shaping->shape->lifetime_ops_blocks[summary_bucket(index - block->first_op)]++;
    shaping->shape->lifetime_bytes_blocks[summary_bucket(asked_bytes)]++;
    shaping->lifetimes[shaping->lifetime_count++] = asked_bytes;
    *block = (struct block){0};
}

static void add_point(struct shaping *shaping, uint64_t done)
{
    struct shape_point *point = &shaping->shape->points[shaping->shape->point_count++];
    point->op = done;
    point->live_blocks = shaping->live_blocks;
    memcpy(point->band_bytes, shaping->band_bytes, sizeof point->band_bytes);
}

static void walk(struct shaping *shaping, const struct trace *trace)
{
    const struct trace_header *header = trace->header;
    struct trace_shape *shape = shaping->shape;
    uint64_t points = header->op_count < SHAPE_POINTS ? header->op_count : SHAPE_POINTS;
    double live_sum = 0;
    for (uint64_t i = 0; i < header->op_count; i++) {
        struct trace_op op = trace->ops[i];
        if (op.kind == TRACE_FREE || op.kind == TRACE_FREE_SIZED) {
            release(shaping, i, op);
        } else if (op.kind < TRACE_THREAD_START) {
            request(shaping, i, op);
        }
        live_sum += (double)shaping->live_bytes;
        if (i == header->peak_live_op) {
            shape->large_peak_bytes = shaping->band_bytes[SHAPE_BANDS - 1];
            memcpy(shape->bucket_peak_bytes, shaping->bucket_bytes,
                   sizeof shape->bucket_peak_bytes);
        }
        if (i + 1 == (shape->point_count + 1) * header->op_count / points) {
            add_point(shaping, i + 1);
        }
    }
    shape->mean_live_bytes = live_sum / (double)(header->op_count + !header->op_count);
}

bool trace_shape(const struct trace *trace, struct trace_shape *shape)
{
    *shape = (struct trace_shape){0};
    struct shaping shaping = {
        .shape = shape,
        .blocks = calloc((size_t)trace->header->slot_count, sizeof *shaping.blocks),
        .lifetimes =
            calloc((size_t)trace->header->op_count + 1, sizeof *shaping.lifetimes),
    };
    bool done = shaping.blocks != NULL && shaping.lifetimes != NULL;
    if (done) {
        walk(&shaping, trace);
        shape->lifetime_bytes =
            summary_percentiles(shaping.lifetimes, shaping.lifetime_count);
    }
    free(shaping.blocks);
    free(shaping.lifetimes);
    return done;
}
