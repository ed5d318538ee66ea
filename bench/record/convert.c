#include "record/convert.h"

static struct trace_op allocation(enum log_kind kind, uint64_t size_bytes,
                                  uint64_t extra)
{
    struct trace_op op = {
        .kind = TRACE_MALLOC, .count = 1, .size_bytes = size_bytes & TRACE_SIZE_MASK};
    if (kind == LOG_CALLOC) {
        /* never too large: the call succeeded */
        trace_op_set_calloc(&op, extra, size_bytes);
    } else if (kind == LOG_MEMALIGN) {
        trace_op_set_memalign(&op, extra);
    } else if (kind == LOG_REALLOC_NULL) {
        op.kind = TRACE_REALLOC;
    }
    return op;
}

bool convert_record(struct pointers *pointers, const struct log_record *record,
                    uint64_t extra)
{
    const enum log_kind kind = log_record_kind(record);
    const uint32_t thread = log_record_thread(record);
    const uint64_t address = log_record_address(record);
    const uint64_t size_bytes = log_record_size(record);
    switch (kind) {
    case LOG_MALLOC:
    case LOG_CALLOC:
    case LOG_MEMALIGN:
    case LOG_REALLOC_NULL:
        return pointers_allocate(pointers, thread, address,
                                 allocation(kind, size_bytes, extra));
    case LOG_FREE:
        return pointers_free(pointers, thread, address);
    case LOG_FREE_SIZED:
        return address == 0
                   ? pointers_free(pointers, thread, 0)
                   : pointers_free_sized(pointers, thread, address, size_bytes);
    case LOG_REALLOC_BEGIN:
        return pointers_realloc_begin(pointers, thread, address);
    case LOG_REALLOC_END:
        return pointers_realloc_end(pointers, thread, address, size_bytes);
    default:
        return true;
    }
}
