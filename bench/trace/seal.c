/* trace_builder_seal: one pass that checks every operation and finds peaks, then the
 * epilogue and the sample points. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "trace/image.h"

enum {
    /* Each interval gives two sample points: its end and its highest moment. */
    SAMPLE_INTERVALS = 200
};

/* A slot's entry while the trace is walked: EMPTY, or the bytes of its block. */
#define EMPTY UINT64_MAX

struct walk {
    struct trace_header header; /* in the making */
    uint64_t *block_bytes;      /* by slot */
    uint64_t live_bytes;
    uint64_t live_blocks;
    uint64_t zero_sizes; /* requests for no byte */
    struct trace_error *error;

    uint64_t *samples;
    uint64_t sample_count;
    uint64_t interval;           /* number of the current grid interval */
    uint64_t intervals;          /* in all */
    uint64_t interval_end;       /* operations done when it is over */
    uint64_t interval_peak;      /* most live bytes in it so far */
    uint64_t interval_peak_done; /* operations done then; 0: none yet */
};

static bool fail(struct walk *walk, uint64_t index, const char *what)
{
    snprintf(walk->error->text, sizeof walk->error->text, "operation %" PRIu64 ": %s",
             index + 1, what);
    return false;
}

static bool has_slot(uint8_t kind)
{
    return kind <= TRACE_FREE_SIZED;
}

/* Highest slot and thread, so that the table can be allocated before the walk. */
static bool measure_extent(struct walk *walk, const struct trace_op *ops)
{
    uint64_t top_slot = 0;
    uint64_t top_thread = 0;
    for (uint64_t i = 0; i < walk->header.op_count; i++) {
        if (ops[i].kind >= TRACE_KIND_COUNT) {
            return fail(walk, i, "unknown kind of operation");
        }
        if (has_slot(ops[i].kind) && ops[i].slot > top_slot) {
            top_slot = ops[i].slot;
        }
        if (ops[i].thread > top_thread) {
            top_thread = ops[i].thread;
        }
    }
    walk->header.slot_count = top_slot + 1;
    walk->header.thread_count = top_thread + 1;
    return true;
}

static bool walk_free(struct walk *walk, uint64_t index, uint32_t slot)
{
    if (slot == 0) {
        return true;
    }
    uint64_t bytes = walk->block_bytes[slot];
    if (bytes == EMPTY) {
        return fail(walk, index, "frees an empty slot");
    }
    walk->live_bytes -= bytes;
    walk->live_blocks--;
    walk->block_bytes[slot] = EMPTY;
    return true;
}

static bool walk_allocate(struct walk *walk, uint64_t index, struct trace_op op)
{
    if (op.slot == 0) {
        return fail(walk, index, "allocates into slot 0, which holds NULL");
    }
    if (op.kind != TRACE_CALLOC && op.count != 1) {
        return fail(walk, index, "has a count, but is not a calloc");
    }
    uint64_t bytes = (uint64_t)op.size_bytes * op.count;
    if (op.size_bytes >= TRACE_SIZE_LIMIT_BYTES || bytes >= TRACE_SIZE_LIMIT_BYTES) {
        return fail(walk, index, "asks for 2^47 bytes or more");
    }
    if (op.align_log2 >= TRACE_ALIGN_LOG2_LIMIT) {
        return fail(walk, index, "asks for an alignment of 2^47 or more");
    }
    if (op.kind == TRACE_REALLOC) {
        if (walk->block_bytes[op.slot] != EMPTY) {
            walk_free(walk, index, op.slot);
        }
    } else if (walk->block_bytes[op.slot] != EMPTY) {
        return fail(walk, index, "allocates into a full slot");
    }
    walk->block_bytes[op.slot] = bytes;
    walk->live_blocks++;
    walk->zero_sizes += bytes == 0;
    if (__builtin_add_overflow(walk->live_bytes, bytes, &walk->live_bytes)) {
        return fail(walk, index, "brings the live bytes beyond 2^64");
    }
    if (__builtin_add_overflow(walk->header.allocated_bytes, bytes,
                               &walk->header.allocated_bytes)) {
        walk->header.allocated_bytes = UINT64_MAX;
    }
    return true;
}

static bool walk_op(struct walk *walk, uint64_t index, struct trace_op op)
{
    walk->header.kind_counts[op.kind]++;
    switch (op.kind) {
    case TRACE_FREE:
    case TRACE_FREE_SIZED:
        return walk_free(walk, index, op.slot);
    case TRACE_THREAD_START:
    case TRACE_THREAD_END:
    case TRACE_MARK:
        return true;
    default:
        return walk_allocate(walk, index, op);
    }
}

static void sample_at(struct walk *walk, uint64_t done)
{
    if (walk->sample_count == 0 || walk->samples[walk->sample_count - 1] < done) {
        walk->samples[walk->sample_count++] = done;
    }
}

static void set_interval_end(struct walk *walk)
{
    /* In 128 bits, so that no number of operations can overflow the product. */
    walk->interval_end = (uint64_t)((unsigned __int128)walk->header.op_count *
                                    (walk->interval + 1) / walk->intervals);
}

/* The first operation to reach the interval's maximum is sampled, so that the first to
   reach the maximum of the whole trace is among the samples. */
static void observe(struct walk *walk, uint64_t done)
{
    struct trace_header *header = &walk->header;
    if (walk->live_bytes > header->peak_live_bytes) {
        header->peak_live_bytes = walk->live_bytes;
        header->peak_live_op = done - 1;
    }
    if (walk->live_blocks > header->peak_live_blocks) {
        header->peak_live_blocks = walk->live_blocks;
    }
    if (walk->interval_peak_done == 0 || walk->live_bytes > walk->interval_peak) {
        walk->interval_peak = walk->live_bytes;
        walk->interval_peak_done = done;
    }
    if (done == walk->interval_end) {
        sample_at(walk, walk->interval_peak_done);
        sample_at(walk, done);
        walk->interval++;
        walk->interval_peak_done = 0;
        set_interval_end(walk);
    }
}

static bool walk_all(struct walk *walk, const struct trace_op *ops)
{
    uint64_t op_count = walk->header.op_count;
    walk->intervals = op_count < SAMPLE_INTERVALS ? op_count : SAMPLE_INTERVALS;
    if (op_count > 0) {
        set_interval_end(walk);
    }
    for (uint64_t i = 0; i < op_count; i++) {
        if (!walk_op(walk, i, ops[i])) {
            return false;
        }
        observe(walk, i + 1);
    }
    return true;
}

/* Everything is known: the image takes its final size and its last parts. */
static bool finish_image(struct trace *trace, struct walk *walk)
{
    struct trace_header *header = &walk->header;
    header->epilogue_count = walk->live_blocks;
    header->sample_count = walk->sample_count;
    header->samples_offset =
        TRACE_OPS_OFFSET +
        (header->op_count + header->epilogue_count) * sizeof(struct trace_op);
    size_t bytes =
        (size_t)(header->samples_offset + header->sample_count * sizeof(uint64_t));
    if (!trace_resize_image(trace, bytes)) {
        return false;
    }
    struct trace_op *epilogue = trace->ops + header->op_count;
    for (uint64_t slot = 1; slot < header->slot_count; slot++) {
        if (walk->block_bytes[slot] != EMPTY) {
            *epilogue++ = (struct trace_op){
                .kind = TRACE_FREE, .slot = (uint32_t)slot, .count = 1};
        }
    }
    char *samples = (char *)trace->header + header->samples_offset;
    memcpy(samples, walk->samples, walk->sample_count * sizeof *walk->samples);
    trace->samples = (const uint64_t *)(const void *)samples;
    *trace->header = *header;
    return true;
}

/* From here on nobody changes the image, a worker least of all. Kernels before 5.1 do
   not know F_SEAL_FUTURE_WRITE: there the workers' mapping is read-only by their own
   choice. */
static void protect_image(struct trace *trace)
{
    mprotect(trace->header, trace->mapped_bytes, PROT_READ);
    fcntl(trace->memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
    fcntl(trace->memfd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE);
}

static bool walk_and_finish(struct trace *trace, struct walk *walk)
{
    if (!measure_extent(walk, trace->ops)) {
        return false;
    }
    size_t slot_count = (size_t)walk->header.slot_count;
    walk->block_bytes = malloc(slot_count * sizeof *walk->block_bytes);
    walk->samples = calloc((size_t)2 * SAMPLE_INTERVALS, sizeof *walk->samples);
    if (walk->block_bytes != NULL && walk->samples != NULL) {
        memset(walk->block_bytes, 0xff, slot_count * sizeof *walk->block_bytes);
        if (!walk_all(walk, trace->ops)) {
            return false;
        }
        if (finish_image(trace, walk)) {
            return true;
        }
    }
    snprintf(walk->error->text, sizeof walk->error->text,
             "no memory for a trace of %" PRIu64 " operations: %s",
             walk->header.op_count, strerror(errno));
    return false;
}

static void compare_peak(const struct trace_builder *builder)
{
    struct trace *trace = builder->trace;
    if (builder->states_peak &&
        builder->stated_peak_bytes != trace->header->peak_live_bytes) {
        trace_note(trace,
                   "Peak payload bytes: the header says %" PRIu64
                   ", the body has %" PRIu64 "; the body is used.",
                   builder->stated_peak_bytes, trace->header->peak_live_bytes);
    }
}

/* What is replayed as it stands, but is good to know. */
static void remark_on_body(struct trace_builder *builder, const struct walk *walk)
{
    if (walk->zero_sizes > 0) {
        trace_builder_remark(builder,
                             "Requests for 0 bytes: %" PRIu64 "; replayed as they are.",
                             walk->zero_sizes);
    }
    if (walk->live_blocks > 0) {
        trace_builder_remark(builder,
                             "Blocks never freed: %" PRIu64
                             "; freed after the last operation, outside the figures.",
                             walk->live_blocks);
    }
}

struct trace *trace_builder_seal(struct trace_builder *builder,
                                 struct trace_error *error)
{
    struct trace *trace = builder->trace;
    struct walk walk = {
        .header = {.magic = TRACE_MAGIC,
                   .op_count = trace->header->op_count,
                   .ops_offset = TRACE_OPS_OFFSET},
        .error = error,
    };
    bool done = walk_and_finish(trace, &walk);
    free(walk.block_bytes);
    free(walk.samples);
    if (done) {
        compare_peak(builder);
        remark_on_body(builder, &walk);
        protect_image(trace);
        builder->trace = NULL; /* it stays */
    }
    trace_builder_destroy(builder);
    return done ? trace : NULL;
}
