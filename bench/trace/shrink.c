#include "trace/shrink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/subset.h"

/* How operations are taken together: those of a part are left out or kept as one. */
enum grain {
    GRAIN_BLOCK,
    GRAIN_OPERATION,
};

enum outcome {
    OUTCOME_FAILED, /* no memory */
    OUTCOME_GONE,
    OUTCOME_SMALLER,
    OUTCOME_STOP,
};

struct work {
    const struct shrink *shrink;
    struct trace *trace; /* the smallest so far */
    uint64_t reached;    /* of it */
    struct trace_error *error;
};

/* What a candidate leaves out. */
struct cut {
    const uint64_t *units; /* by operation; NULL: nothing but the end */
    uint64_t first, end;   /* units left out */
    uint64_t op_end;       /* and all operations from here on */
};

static bool fail_memory(const struct work *work)
{
    snprintf(work->error->text, sizeof work->error->text,
             "no memory to make a trace smaller: %s", strerror(errno));
    return false;
}

static struct trace *make_candidate(const struct work *work, struct cut cut)
{
    struct subset subset;
    bool done = subset_open(&subset, work->trace);
    for (uint64_t i = 0; i < cut.op_end && done; i++) {
        struct trace_op op = work->trace->ops[i];
        op.thread = 0;
        const bool is_out =
            cut.units != NULL && cut.units[i] >= cut.first && cut.units[i] < cut.end;
        done = subset_step(&subset, op, is_out ? SUBSET_OMIT : SUBSET_KEEP);
    }
    if (done) {
        return subset_seal(&subset, work->error);
    }
    fail_memory(work);
    subset_close(&subset);
    return NULL;
}

/* Without what `cut` says: taken if it still shows it. */
static enum outcome try_cut(struct work *work, struct cut cut)
{
    struct trace *candidate = make_candidate(work, cut);
    if (candidate == NULL) {
        return OUTCOME_FAILED;
    }
    const uint64_t op_count = candidate->header->op_count;
    enum shrink_verdict verdict = SHRINK_GONE;
    uint64_t reached = 0;
    if (op_count > 0 && op_count >= work->shrink->least_ops &&
        op_count < work->trace->header->op_count) {
        verdict = work->shrink->test(candidate, &reached, work->shrink->data);
    }
    if (verdict != SHRINK_SHOWS) {
        trace_destroy(candidate);
        return verdict == SHRINK_STOP ? OUTCOME_STOP : OUTCOME_GONE;
    }
    trace_destroy(work->trace);
    work->trace = candidate;
    work->reached = reached;
    return OUTCOME_SMALLER;
}

/* Nothing behind the operation that showed it. */
static enum outcome cut_end(struct work *work)
{
    if (work->reached == 0 || work->reached >= work->trace->header->op_count) {
        return OUTCOME_GONE;
    }
    return try_cut(work, (struct cut){.op_end = work->reached});
}

/* A number for each operation, the same for those that are left out together. The
 * array, or NULL: no memory. */
static uint64_t *number_units(const struct trace *trace, enum grain grain,
                              uint64_t *count)
{
    const uint64_t op_count = trace->header->op_count;
    uint64_t *units = malloc(op_count * sizeof *units);
    uint64_t *of_slot = calloc(trace->header->slot_count, sizeof *of_slot);
    *count = 0;
    if (units == NULL || of_slot == NULL) {
        free(units);
        free(of_slot);
        return NULL;
    }
    for (uint64_t i = 0; i < op_count; i++) {
        const struct trace_op op = trace->ops[i];
        /* Unit plus one of the block in a slot; 0: empty. Slot 0 stays so. */
        uint64_t *block = &of_slot[op.kind <= TRACE_FREE_SIZED ? op.slot : 0];
        const bool joins = grain == GRAIN_BLOCK && *block != 0;
        units[i] = joins ? *block - 1 : (*count)++;
        const bool is_free = op.kind == TRACE_FREE || op.kind == TRACE_FREE_SIZED;
        *block = is_free || block == of_slot ? 0 : units[i] + 1;
    }
    free(of_slot);
    return units;
}

/* Each of `parts` equal shares of the units in turn. Units are numbered anew whenever
 * something has gone, and the share at the same place is next. */
static enum outcome try_parts(struct work *work, enum grain grain, uint64_t parts,
                              uint64_t *unit_count)
{
    enum outcome all = OUTCOME_GONE;
    uint64_t *units = number_units(work->trace, grain, unit_count);
    const uint64_t share = units != NULL ? (*unit_count + parts - 1) / parts : 0;
    /* From the end: what comes early is more often what the rest needs. */
    uint64_t end = *unit_count;
    while (units != NULL && end > 0) {
        const uint64_t first = end > share ? end - share : 0;
        const struct cut cut = {units, first, end, work->trace->header->op_count};
        enum outcome outcome = try_cut(work, cut);
        end = first;
        if (outcome == OUTCOME_SMALLER) {
            all = OUTCOME_SMALLER;
            outcome = cut_end(work);
            free(units);
            units = number_units(work->trace, grain, unit_count);
            end = end < *unit_count ? end : *unit_count;
        }
        if (outcome == OUTCOME_FAILED || outcome == OUTCOME_STOP) {
            free(units);
            return outcome;
        }
    }
    if (units == NULL) {
        fail_memory(work);
        return OUTCOME_FAILED;
    }
    free(units);
    return all;
}

/* Halves, quarters ... to single units, and those until none can go. */
static enum outcome shrink_by(struct work *work, enum grain grain)
{
    enum outcome all = OUTCOME_GONE;
    uint64_t parts = 2;
    for (;;) {
        uint64_t unit_count = 0;
        const enum outcome outcome = try_parts(work, grain, parts, &unit_count);
        if (outcome == OUTCOME_FAILED || outcome == OUTCOME_STOP) {
            return outcome;
        }
        all = outcome == OUTCOME_SMALLER ? outcome : all;
        const uint64_t most = work->shrink->most_parts;
        const bool was_single = parts >= unit_count || (most > 0 && parts >= most);
        if (was_single && outcome == OUTCOME_GONE) {
            return all;
        }
        parts = was_single ? parts : parts * 2;
    }
}

static bool shrink_all(struct work *work)
{
    enum outcome outcome = cut_end(work);
    while (outcome != OUTCOME_FAILED && outcome != OUTCOME_STOP) {
        outcome = shrink_by(work, GRAIN_BLOCK);
        if (outcome == OUTCOME_FAILED || outcome == OUTCOME_STOP) {
            break;
        }
        outcome = shrink_by(work, GRAIN_OPERATION);
        if (outcome == OUTCOME_GONE) {
            break;
        }
    }
    return outcome != OUTCOME_FAILED;
}

struct trace *shrink_trace(const struct shrink *shrink, struct trace *trace,
                           uint64_t reached, struct trace_error *error)
{
    struct work work = {
        .shrink = shrink, .trace = trace, .reached = reached, .error = error};
    if (trace->header->thread_count > 1) {
        /* One thread, for the case that nothing can go. */
        struct trace *flat =
            make_candidate(&work, (struct cut){.op_end = trace->header->op_count});
        if (flat == NULL) {
            trace_destroy(trace);
            return NULL;
        }
        trace_destroy(trace);
        work.trace = flat;
    }
    if (!shrink_all(&work)) {
        trace_destroy(work.trace);
        return NULL;
    }
    return work.trace;
}
