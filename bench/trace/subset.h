/* Some of a trace's operations as a trace of its own, valid whatever is left out: what
 * filters and shrinks builds on it.
 *
 * All operations of the source are given in order, each with what is to become of it. A
 * free of a block that is not here is left out, a realloc of one becomes a malloc; a
 * block whose free is left out stays to the end.
 *
 * Invariant: state[s] is EMPTY while the source's slot s is, ABSENT while it holds a
 * block that is not here, and else the slot of its block here. */
#ifndef SNUGBENCH_TRACE_SUBSET_H
#define SNUGBENCH_TRACE_SUBSET_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/builder.h"
#include "trace/threads.h"

enum subset_choice {
    SUBSET_KEEP,
    SUBSET_OMIT,
    SUBSET_LEAVE, /* of a realloc: the block is not here from now on, and freed */
};

struct subset {
    struct trace_builder *builder;
    uint32_t *state; /* by the source's slot */
    struct threads threads;
    uint64_t became_mallocs, became_frees;
};

/* false: out of memory (errno). subset_close is due either way. */
bool subset_open(struct subset *subset, const struct trace *source);

/* The next operation of the source. false: out of memory (errno). */
bool subset_step(struct subset *subset, struct trace_op op, enum subset_choice choice);

/* A block that the source holds and the subset does not: it is allocated by `op` (a
 * malloc, calloc or memalign into the source's slot). */
bool subset_adopt(struct subset *subset, struct trace_op op);

/* What has been given; NULL with error filled in. The subset is closed. */
struct trace *subset_seal(struct subset *subset, struct trace_error *error);
void subset_close(struct subset *subset);

#endif
