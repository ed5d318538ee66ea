/* No comments and no times, which memory_replay does not take everywhere. Threads are
 * numbered from 1, since it takes 0 for none. */
#include "trace/formats/android_write.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/sink.h"

enum {
    LINE_BYTES = 128,
    ADDRESS_SHIFT = 12 /* blocks seem to lie on pages of their own */
};

/* NULL: such a file does not say it. */
static const char *name_of(enum trace_op_kind kind)
{
    switch (kind) {
    case TRACE_MALLOC:
        return "malloc";
    case TRACE_FREE:
    case TRACE_FREE_SIZED:
        return "free";
    case TRACE_REALLOC:
        return "realloc";
    case TRACE_CALLOC:
        return "calloc";
    case TRACE_MEMALIGN:
        return "memalign";
    case TRACE_THREAD_END:
        return "thread_done";
    default:
        return NULL;
    }
}

static uint64_t address_of(uint32_t slot)
{
    return (uint64_t)slot << ADDRESS_SHIFT;
}

/* What follows the address. `is_live`: the slot has a block, which a realloc resizes.
 */
static void format_arguments(char *text, size_t length, struct trace_op op,
                             bool is_live)
{
    const uint64_t bytes = op.size_bytes;
    switch (op.kind) {
    case TRACE_MALLOC:
        snprintf(text, length, " %" PRIu64, bytes);
        break;
    case TRACE_CALLOC:
        snprintf(text, length, " %u %" PRIu64, (unsigned)op.count, bytes);
        break;
    case TRACE_MEMALIGN:
        snprintf(text, length, " %" PRIu64 " %" PRIu64, (uint64_t)1 << op.align_log2,
                 bytes);
        break;
    case TRACE_REALLOC:
        snprintf(text, length, " 0x%" PRIx64 " %" PRIu64,
                 is_live ? address_of(op.slot) : 0, bytes);
        break;
    default:
        text[0] = '\0';
    }
}

static void put_op(struct sink *sink, struct trace_op op, const char *name,
                   bool is_live)
{
    char line[LINE_BYTES];
    char arguments[LINE_BYTES / 2];
    format_arguments(arguments, sizeof arguments, op, is_live);
    snprintf(line, sizeof line, "%u: %s 0x%" PRIx64 "%s\n", op.thread + 1u, name,
             address_of(op.slot), arguments);
    sink_text(sink, line);
}

bool android_write(const struct trace *trace, const char *path, uint64_t *lost_events,
                   struct trace_error *error)
{
    *lost_events = 0;
    bool *is_live = calloc(trace->header->slot_count, sizeof *is_live);
    if (is_live == NULL) {
        snprintf(error->text, sizeof error->text, "no memory to write a trace: %s",
                 strerror(errno));
        return false;
    }
    struct sink *sink = sink_open(path, SINK_FAIR, error);
    for (uint64_t i = 0; sink != NULL && i < trace->header->op_count; i++) {
        const struct trace_op op = trace->ops[i];
        const char *name = name_of(op.kind);
        if (name == NULL) {
            ++*lost_events;
            continue;
        }
        put_op(sink, op, name, is_live[op.slot]);
        is_live[op.slot] =
            op.slot != 0 && op.kind != TRACE_FREE && op.kind != TRACE_FREE_SIZED;
    }
    free(is_live);
    return sink != NULL && sink_finish(sink, error);
}
