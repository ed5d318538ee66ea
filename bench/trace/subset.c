#include "trace/subset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EMPTY 0u
#define ABSENT UINT32_MAX

bool subset_open(struct subset *subset, const struct trace *source)
{
    *subset = (struct subset){
        .builder = trace_builder_create(source->name, source->path),
        .state = calloc(source->header->slot_count, sizeof *subset->state),
    };
    if (subset->builder == NULL || subset->state == NULL) {
        return false;
    }
    trace_builder_set_weight(subset->builder, source->weight);
    return true;
}

void subset_close(struct subset *subset)
{
    trace_builder_destroy(subset->builder);
    threads_destroy(&subset->threads);
    free(subset->state);
    *subset = (struct subset){0};
}

struct trace *subset_seal(struct subset *subset, struct trace_error *error)
{
    struct trace *trace = trace_builder_seal(subset->builder, error);
    subset->builder = NULL;
    subset_close(subset);
    return trace;
}

static bool append(struct subset *subset, struct trace_op op, uint32_t slot)
{
    uint16_t thread = 0;
    /* There are no more threads than in the source, so only memory can be lacking. */
    if (!threads_number(&subset->threads, op.thread, &thread)) {
        return false;
    }
    op.thread = thread;
    op.slot = slot;
    return trace_builder_append(subset->builder, op);
}

static bool append_new(struct subset *subset, struct trace_op op)
{
    const uint32_t slot = trace_builder_take_slot(subset->builder);
    subset->state[op.slot] = slot;
    return slot != 0 && append(subset, op, slot);
}

/* The block of the source's slot leaves. */
static bool append_last(struct subset *subset, struct trace_op op)
{
    const uint32_t slot = subset->state[op.slot];
    trace_builder_release_slot(subset->builder, slot);
    return append(subset, op, slot);
}

static bool step_realloc(struct subset *subset, struct trace_op op,
                         enum subset_choice choice)
{
    const uint32_t state = subset->state[op.slot];
    const bool is_here = state != EMPTY && state != ABSENT;
    switch (choice) {
    case SUBSET_KEEP:
        if (is_here) {
            return append(subset, op, state);
        }
        if (state == ABSENT) {
            op.kind = TRACE_MALLOC;
            subset->became_mallocs++;
        }
        return append_new(subset, op);
    case SUBSET_LEAVE:
        if (is_here) {
            op.kind = TRACE_FREE;
            op.size_bytes = 0;
            subset->became_frees++;
            if (!append_last(subset, op)) {
                return false;
            }
        }
        break;
    case SUBSET_OMIT:
        if (is_here) {
            return true; /* it keeps the size it had */
        }
        break;
    }
    subset->state[op.slot] = ABSENT;
    return true;
}

static bool step_free(struct subset *subset, struct trace_op op, bool is_kept)
{
    if (op.slot == 0) {
        return !is_kept || append(subset, op, 0);
    }
    const bool is_here = subset->state[op.slot] != ABSENT;
    const bool done = !is_here || !is_kept || append_last(subset, op);
    subset->state[op.slot] = EMPTY;
    return done;
}

bool subset_step(struct subset *subset, struct trace_op op, enum subset_choice choice)
{
    const bool is_kept = choice == SUBSET_KEEP;
    switch (op.kind) {
    case TRACE_FREE:
    case TRACE_FREE_SIZED:
        return step_free(subset, op, is_kept);
    case TRACE_REALLOC:
        return step_realloc(subset, op, choice);
    case TRACE_THREAD_START:
    case TRACE_THREAD_END:
    case TRACE_MARK:
        return !is_kept || append(subset, op, 0);
    default:
        if (!is_kept) {
            subset->state[op.slot] = ABSENT;
            return true;
        }
        return append_new(subset, op);
    }
}

bool subset_adopt(struct subset *subset, struct trace_op op)
{
    return append_new(subset, op);
}
