#include "trace/trace.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace/builder.h"

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

static bool grow_ops(struct trace *trace, uint64_t op_capacity)
{
    if (op_capacity > (SIZE_MAX / 2 - TRACE_OPS_OFFSET) / sizeof(struct trace_op)) {
        errno = ENOMEM;
        return false;
    }
    size_t bytes = TRACE_OPS_OFFSET + (size_t)op_capacity * sizeof(struct trace_op);
    if (!trace_resize_image(trace, bytes)) {
        return false;
    }
    trace->builder->op_capacity = op_capacity;
    return true;
}

struct trace *trace_create(const char *name, const char *path)
{
    struct trace *trace = calloc(1, sizeof *trace);
    if (trace == NULL) {
        return NULL;
    }
    trace->memfd = -1;
    trace->weight = WEIGHT_BOTH;
    trace->name = strdup(name);
    trace->path = strdup(path);
    trace->builder = calloc(1, sizeof *trace->builder);
    if (trace->name == NULL || trace->path == NULL || trace->builder == NULL) {
        goto fail;
    }
    slots_init(&trace->builder->slots);
    trace->memfd = memfd_create("snugbench-trace", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (trace->memfd < 0 || !grow_ops(trace, FIRST_OP_CAPACITY)) {
        goto fail;
    }
    *trace->header = (struct trace_header){
        .magic = TRACE_MAGIC,
        .slot_count = 1,
        .ops_offset = TRACE_OPS_OFFSET,
    };
    return trace;
fail:;
    int reason = errno;
    trace_destroy(trace);
    errno = reason;
    return NULL;
}

static void free_sentences(char **sentences, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(sentences[i]);
    }
    free(sentences);
}

void trace_destroy(struct trace *trace)
{
    if (trace == NULL) {
        return;
    }
    if (trace->mapped_bytes != 0) {
        munmap(trace->header, trace->mapped_bytes);
    }
    if (trace->memfd >= 0) {
        close(trace->memfd);
    }
    if (trace->builder != NULL) {
        slots_destroy(&trace->builder->slots);
        free(trace->builder);
    }
    free_sentences(trace->notes, trace->note_count);
    free_sentences(trace->remarks, trace->remark_count);
    free(trace->name);
    free(trace->path);
    free(trace);
}

uint32_t trace_slot_take(struct trace *trace)
{
    return slots_take(&trace->builder->slots);
}

void trace_slot_release(struct trace *trace, uint32_t slot)
{
    slots_release(&trace->builder->slots, slot);
}

bool trace_append(struct trace *trace, struct trace_op op)
{
    uint64_t index = trace->header->op_count;
    uint64_t capacity = trace->builder->op_capacity;
    if (index == capacity && !grow_ops(trace, capacity * 2)) {
        return false;
    }
    trace->ops[index] = op;
    trace->header->op_count = index + 1;
    return true;
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

static bool add_sentence(char ***list, size_t *count, const char *format,
                         va_list arguments)
{
    char **sentences = reallocarray(*list, *count + 1, sizeof *sentences);
    if (sentences == NULL) {
        return false;
    }
    *list = sentences;
    if (vasprintf(&sentences[*count], format, arguments) < 0) {
        return false;
    }
    ++*count;
    return true;
}

bool trace_note(struct trace *trace, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool added = add_sentence(&trace->notes, &trace->note_count, format, arguments);
    va_end(arguments);
    return added;
}

bool trace_remark(struct trace *trace, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool added = add_sentence(&trace->remarks, &trace->remark_count, format, arguments);
    va_end(arguments);
    return added;
}
