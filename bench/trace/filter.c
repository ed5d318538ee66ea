#include "trace/filter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/subset.h"

const struct filter filter_all = {
    .first = 1, .last = UINT64_MAX, .max_bytes = UINT64_MAX};

/* A slot of the source. */
struct block {
    uint64_t born;      /* operation, from 1; 0: the slot is empty */
    struct trace_op op; /* that allocates it as it is now */
    bool is_chosen;     /* its thread is */
};

struct walk {
    const struct trace *source;
    const struct filter *filter;
    struct subset subset;
    struct block *blocks;
    uint64_t brought; /* from before the window */
};

static bool has_thread(const struct filter *filter, uint16_t thread)
{
    for (size_t i = 0; i < filter->thread_count; i++) {
        if (filter->threads[i] == thread) {
            return true;
        }
    }
    return filter->thread_count == 0;
}

static bool has_size(const struct filter *filter, struct trace_op op)
{
    const uint64_t bytes = (uint64_t)op.size_bytes * op.count;
    return bytes >= filter->min_bytes && bytes <= filter->max_bytes;
}

static bool has_all_sizes(const struct filter *filter)
{
    return filter->min_bytes == 0 && filter->max_bytes == UINT64_MAX;
}

/* What the slot holds after this operation; whether the operation is wanted. */
static bool follow(struct walk *walk, uint64_t number, struct trace_op op)
{
    const struct filter *filter = walk->filter;
    struct block *block = &walk->blocks[op.slot];
    switch (op.kind) {
    case TRACE_FREE:
    case TRACE_FREE_SIZED:
        block->born = 0;
        return op.slot != 0 || (has_all_sizes(filter) && has_thread(filter, op.thread));
    case TRACE_THREAD_START:
    case TRACE_THREAD_END:
    case TRACE_MARK:
        return has_thread(filter, op.thread);
    case TRACE_REALLOC:
        if (block->born != 0) {
            const uint16_t thread = block->op.thread;
            block->op = op;
            block->op.kind = TRACE_MALLOC;
            block->op.thread = thread;
            break;
        }
        __attribute__((fallthrough));
    default:
        *block = (struct block){number, op, has_thread(filter, op.thread)};
        if (op.kind == TRACE_REALLOC) {
            block->op.kind = TRACE_MALLOC;
        }
    }
    return block->is_chosen && has_size(filter, op);
}

static int by_birth(const void *left, const void *right)
{
    const struct block *const *a = left;
    const struct block *const *b = right;
    return ((*a)->born > (*b)->born) - ((*a)->born < (*b)->born);
}

/* The window begins: what is live and wanted is allocated, in the order of birth. */
static bool bring_live(struct walk *walk)
{
    const uint64_t slot_count = walk->source->header->slot_count;
    const struct block **live = malloc(slot_count * sizeof *live);
    size_t count = 0;
    if (live == NULL) {
        return false;
    }
    for (uint64_t slot = 1; slot < slot_count; slot++) {
        const struct block *block = &walk->blocks[slot];
        if (block->born != 0 && block->is_chosen && has_size(walk->filter, block->op)) {
            live[count++] = block;
        }
    }
    qsort(live, count, sizeof *live, by_birth);
    bool done = true;
    for (size_t i = 0; i < count && done; i++) {
        done = subset_adopt(&walk->subset, live[i]->op);
    }
    walk->brought = count;
    free(live);
    return done;
}

static bool walk_all(struct walk *walk)
{
    const struct filter *filter = walk->filter;
    const uint64_t op_count = walk->source->header->op_count;
    const uint64_t last = filter->last < op_count ? filter->last : op_count;
    for (uint64_t number = 1; number <= last; number++) {
        if (number == filter->first && !filter->is_empty_at_first &&
            !bring_live(walk)) {
            return false;
        }
        const struct trace_op op = walk->source->ops[number - 1];
        const bool is_wanted = follow(walk, number, op);
        const bool is_inside = number >= filter->first;
        if (!subset_step(&walk->subset, op,
                         is_wanted && is_inside ? SUBSET_KEEP : SUBSET_LEAVE)) {
            return false;
        }
    }
    return true;
}

/* What the recorder noted of the source, said of the source. */
static bool keep_recorded(const struct walk *walk)
{
    static const char of_whole[] = "Of the trace this is a part of: ";
    const struct trace *source = walk->source;
    bool done = true;
    for (size_t i = 0; i < source->recorded_count && done; i++) {
        const char *text = source->remarks[i];
        const bool is_said = strncmp(text, of_whole, strlen(of_whole)) == 0;
        char *line = NULL;
        /* Shorter than the longest line that is read. */
        done = asprintf(&line, "%s%.60000s", is_said ? "" : of_whole, text) >= 0;
        done = done && trace_builder_recorded(walk->subset.builder, line);
        free(line);
    }
    return done;
}

static bool add_notes(const struct walk *walk)
{
    const struct subset *subset = &walk->subset;
    struct trace_builder *builder = subset->builder;
    return keep_recorded(walk) &&
           (walk->brought == 0 ||
            trace_builder_note(
                builder, "Blocks from before the window, allocated first: %" PRIu64 ".",
                walk->brought)) &&
           (subset->became_mallocs == 0 ||
            trace_builder_note(builder,
                               "Reallocs of blocks that are not here, now mallocs: "
                               "%" PRIu64 ".",
                               subset->became_mallocs)) &&
           (subset->became_frees == 0 ||
            trace_builder_note(
                builder, "Reallocs out of the range of sizes, now frees: %" PRIu64 ".",
                subset->became_frees));
}

struct trace *filter_trace(const struct trace *source, const struct filter *filter,
                           struct trace_error *error)
{
    struct walk walk = {.source = source, .filter = filter};
    const bool is_open = subset_open(&walk.subset, source);
    walk.blocks = calloc(source->header->slot_count, sizeof *walk.blocks);
    struct trace *trace = NULL;
    if (!is_open || walk.blocks == NULL || !walk_all(&walk) || !add_notes(&walk)) {
        snprintf(error->text, sizeof error->text, "no memory to filter a trace: %s",
                 strerror(errno));
    } else if (trace_builder_op_count(walk.subset.builder) == 0) {
        snprintf(error->text, sizeof error->text,
                 "%.200s: expected some operation in window, threads and sizes, found "
                 "none",
                 source->path);
    } else {
        trace = subset_seal(&walk.subset, error);
    }
    subset_close(&walk.subset);
    free(walk.blocks);
    return trace;
}
