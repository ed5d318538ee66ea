#include "trace/builder.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace/image.h"

enum {
    FIRST_OP_CAPACITY = 1 << 16
};

bool trace_resize_image(struct trace *trace, size_t bytes)
{
    /* Growing: the file first, so that no mapped page lies beyond its end; shrinking:
       the mapping first, for the same reason. */
    if (bytes > trace->mapped_bytes && ftruncate(trace->memfd, (off_t)bytes) != 0) {
        return false;
    }
    void *image =
        trace->mapped_bytes == 0
            ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, trace->memfd, 0)
            : mremap(trace->header, trace->mapped_bytes, bytes, MREMAP_MAYMOVE);
    if (image == MAP_FAILED) {
        return false;
    }
    bool shrunk = bytes < trace->mapped_bytes;
    trace->header = image;
    trace->ops = (struct trace_op *)((char *)image + TRACE_OPS_OFFSET);
    trace->mapped_bytes = bytes;
    return !shrunk || ftruncate(trace->memfd, (off_t)bytes) == 0;
}

static bool grow_ops(struct trace_builder *builder, uint64_t op_capacity)
{
    if (op_capacity > (SIZE_MAX / 2 - TRACE_OPS_OFFSET) / sizeof(struct trace_op)) {
        errno = ENOMEM;
        return false;
    }
    size_t bytes = TRACE_OPS_OFFSET + (size_t)op_capacity * sizeof(struct trace_op);
    if (!trace_resize_image(builder->trace, bytes)) {
        return false;
    }
    builder->op_capacity = op_capacity;
    return true;
}

static struct trace *empty_trace(const char *name, const char *path)
{
    struct trace *trace = calloc(1, sizeof *trace);
    if (trace == NULL) {
        return NULL;
    }
    trace->weight = WEIGHT_BOTH;
    trace->name = strdup(name);
    trace->path = strdup(path);
    trace->memfd = memfd_create("snugbench-trace", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (trace->name == NULL || trace->path == NULL || trace->memfd < 0) {
        int reason = errno;
        trace_destroy(trace);
        errno = reason;
        return NULL;
    }
    return trace;
}

struct trace_builder *trace_builder_create(const char *name, const char *path)
{
    struct trace_builder *builder = calloc(1, sizeof *builder);
    if (builder == NULL) {
        return NULL;
    }
    slots_init(&builder->slots);
    builder->trace = empty_trace(name, path);
    if (builder->trace == NULL || !grow_ops(builder, FIRST_OP_CAPACITY)) {
        int reason = errno;
        trace_builder_destroy(builder);
        errno = reason;
        return NULL;
    }
    *builder->trace->header = (struct trace_header){
        .magic = TRACE_MAGIC,
        .slot_count = 1,
        .ops_offset = TRACE_OPS_OFFSET,
    };
    return builder;
}

void trace_builder_destroy(struct trace_builder *builder)
{
    if (builder == NULL) {
        return;
    }
    trace_destroy(builder->trace);
    slots_destroy(&builder->slots);
    free(builder);
}

uint32_t trace_builder_take_slot(struct trace_builder *builder)
{
    return slots_take(&builder->slots);
}

void trace_builder_release_slot(struct trace_builder *builder, uint32_t slot)
{
    slots_release(&builder->slots, slot);
}

bool trace_builder_append(struct trace_builder *builder, struct trace_op op)
{
    struct trace *trace = builder->trace;
    uint64_t index = trace->header->op_count;
    if (index == builder->op_capacity && !grow_ops(builder, builder->op_capacity * 2)) {
        return false;
    }
    trace->ops[index] = op;
    trace->header->op_count = index + 1;
    return true;
}

uint64_t trace_builder_op_count(const struct trace_builder *builder)
{
    return builder->trace->header->op_count;
}

bool trace_op_set_calloc(struct trace_op *op, uint64_t count, uint64_t size_bytes)
{
    uint64_t total_bytes = 0;
    if (__builtin_mul_overflow(count, size_bytes, &total_bytes) ||
        total_bytes >= TRACE_SIZE_LIMIT_BYTES || size_bytes >= TRACE_SIZE_LIMIT_BYTES) {
        return false;
    }
    if (count > UINT16_MAX && size_bytes <= UINT16_MAX &&
        count < TRACE_SIZE_LIMIT_BYTES) {
        uint64_t swapped = count;
        count = size_bytes;
        size_bytes = swapped;
    }
    if (count > UINT16_MAX) {
        count = 1;
        size_bytes = total_bytes;
    }
    op->kind = TRACE_CALLOC;
    op->count = (uint16_t)count;
    op->size_bytes = size_bytes & TRACE_SIZE_MASK;
    return true;
}

bool trace_op_set_memalign(struct trace_op *op, uint64_t alignment)
{
    unsigned log2 = alignment <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(alignment - 1);
    if (log2 >= TRACE_ALIGN_LOG2_LIMIT) {
        return false;
    }
    op->kind = TRACE_MEMALIGN;
    op->align_log2 = (uint8_t)log2;
    return true;
}

void trace_builder_set_weight(struct trace_builder *builder, enum trace_weight weight)
{
    builder->trace->weight = weight;
}

void trace_builder_state_peak(struct trace_builder *builder, uint64_t bytes)
{
    builder->states_peak = true;
    builder->stated_peak_bytes = bytes;
}

bool trace_builder_note(struct trace_builder *builder, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool added = trace_add_note(builder->trace, format, arguments);
    va_end(arguments);
    return added;
}

const char *trace_builder_last_note(const struct trace_builder *builder)
{
    const struct trace *trace = builder->trace;
    return trace->note_count > 0 ? trace->notes[trace->note_count - 1] : NULL;
}

bool trace_builder_remark(struct trace_builder *builder, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool added = trace_add_remark(builder->trace, format, arguments);
    va_end(arguments);
    return added;
}

bool trace_builder_recorded(struct trace_builder *builder, const char *text)
{
    struct trace *trace = builder->trace;
    assert(trace->recorded_count == trace->remark_count);
    const bool added = trace_builder_remark(builder, "%s", text);
    trace->recorded_count = trace->remark_count;
    return added;
}
