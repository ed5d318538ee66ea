#include "trace/fit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/agenda.h"
#include "trace/builder.h"
#include "trace/lives.h"
#include "trace/random.h"

enum {
    /* A stretch is such a part of the trace on average, but no longer than so many
       operations: the fewer the cuts, the better a processor guesses branches as in the
       trace (periodic programs have long periods); the shorter what moves, the less do
       lifetimes change. It moves by its own length at most. */
    STRETCH_SHARE = 128,
    STRETCH_MOST = 4096,
    PASSED = UINT32_MAX
};

/* Operations [start, end) of the trace, and where in the order it stands. */
struct stretch {
    uint64_t start;
    uint64_t end;
    uint64_t key;
};

/* A step that waits for the time of its operation in the trace. */
struct waiting {
    uint64_t step;
    uint32_t slot;
    uint32_t steps_left;
    uint32_t next; /* that waits for the same operation; 0: none */
};

struct fitting {
    struct lives lives;
    struct trace_builder *builder;
    struct agenda agenda;    /* steps whose operation is past, by the clock */
    struct waiting *waiting; /* from 1 on */
    uint32_t waiting_count, waiting_capacity, waiting_free;
    uint32_t
        *waits_for; /* by operation of the trace: the first in waiting, or PASSED */
    struct stretch *stretches;
    size_t stretch_count;
    struct random random;
    double scale; /* operations made for one of the trace, at most 1 */
    uint64_t op_count;
    uint64_t stretch_ops; /* on average */
    uint64_t clock;       /* in operations of the trace */
    uint32_t *leftover;   /* slots of what is never freed */
    size_t leftover_count, leftover_capacity;
    bool is_last; /* the trace is run once more after this, or not */
    bool failed;
};

static void append(struct fitting *fitting, struct trace_op op, uint32_t slot)
{
    op.slot = slot;
    fitting->failed = fitting->failed || !trace_builder_append(fitting->builder, op);
}

/* Places are used again, the one given back last first. */
static uint32_t waiting_place(struct fitting *fitting)
{
    uint32_t place = fitting->waiting_free;
    if (place != 0) {
        fitting->waiting_free = fitting->waiting[place].next;
        return place;
    }
    if (fitting->waiting_count + 1 >= fitting->waiting_capacity) {
        uint32_t capacity = 2 * fitting->waiting_capacity + 1024;
        struct waiting *waiting =
            reallocarray(fitting->waiting, capacity, sizeof *waiting);
        if (waiting == NULL) {
            return 0;
        }
        fitting->waiting = waiting;
        fitting->waiting_capacity = capacity;
    }
    return ++fitting->waiting_count;
}

static void wait_for(struct fitting *fitting, struct waiting waiting)
{
    uint64_t op = fitting->lives.steps[waiting.step];
    uint32_t place = waiting_place(fitting);
    if (place == 0) {
        fitting->failed = true;
        return;
    }
    waiting.next = fitting->waits_for[op];
    fitting->waiting[place] = waiting;
    fitting->waits_for[op] = place;
}

/* The next step of a life that stands at the operation `op` of the trace. It waits for
   its own operation; if that is past, as its stretch came before this one, it keeps its
   distance. */
static void plan(struct fitting *fitting, uint64_t op, struct waiting next)
{
    uint64_t step_op = fitting->lives.steps[next.step];
    if (fitting->waits_for[step_op] != PASSED) {
        wait_for(fitting, next);
        return;
    }
    struct agenda_entry entry = {
        .due = fitting->clock + (step_op - op),
        .step = next.step,
        .steps_left = next.steps_left,
        .slot = next.slot,
    };
    fitting->failed = fitting->failed || !agenda_put(&fitting->agenda, entry);
}

static void do_step(struct fitting *fitting, struct waiting step)
{
    uint64_t op = fitting->lives.steps[step.step];
    append(fitting, fitting->lives.trace->ops[op], step.slot);
    if (step.steps_left > 1) {
        plan(fitting, op,
             (struct waiting){.step = step.step + 1,
                              .slot = step.slot,
                              .steps_left = step.steps_left - 1});
    } else if (fitting->lives.trace->ops[op].kind != TRACE_REALLOC) {
        trace_builder_release_slot(fitting->builder, step.slot);
    }
}

/* The steps of the agenda that are due until `until`; the clock stands where each
   belongs. */
static void run_agenda(struct fitting *fitting, uint64_t until)
{
    while (!fitting->failed && fitting->agenda.count > 0 &&
           agenda_first(&fitting->agenda)->due <= until) {
        struct agenda_entry entry = agenda_take(&fitting->agenda);
        fitting->clock = entry.due;
        do_step(fitting, (struct waiting){.step = entry.step,
                                          .slot = entry.slot,
                                          .steps_left = entry.steps_left});
    }
    if (until != UINT64_MAX) {
        fitting->clock = until;
    }
}

static void run_waiting(struct fitting *fitting, uint64_t op)
{
    uint32_t place = fitting->waits_for[op];
    fitting->waits_for[op] = PASSED;
    while (place != 0) {
        struct waiting step = fitting->waiting[place];
        fitting->waiting[place].next = fitting->waiting_free;
        fitting->waiting_free = place;
        do_step(fitting, step);
        place = step.next;
    }
}

static void keep_leftover(struct fitting *fitting, uint32_t slot)
{
    if (fitting->leftover_count == fitting->leftover_capacity) {
        size_t capacity = 2 * fitting->leftover_capacity + 64;
        uint32_t *leftover =
            reallocarray(fitting->leftover, capacity, sizeof *leftover);
        if (leftover == NULL) {
            fitting->failed = true;
            return;
        }
        fitting->leftover = leftover;
        fitting->leftover_capacity = capacity;
    }
    fitting->leftover[fitting->leftover_count++] = slot;
}

static void begin_life(struct fitting *fitting, const struct life *life)
{
    struct trace_op op = fitting->lives.trace->ops[life->op];
    if (op.kind == TRACE_FREE || op.kind == TRACE_FREE_SIZED) {
        append(fitting, op, 0);
        return;
    }
    uint32_t slot = trace_builder_take_slot(fitting->builder);
    fitting->failed = fitting->failed || slot == 0;
    append(fitting, op, slot);
    if (life->step_count > 0) {
        plan(fitting, life->op,
             (struct waiting){.step = life->first_step,
                              .slot = slot,
                              .steps_left = life->step_count});
    }
    if (!life->is_freed) {
        keep_leftover(fitting, slot);
    }
}

static bool happens(struct fitting *fitting, double probability)
{
    return (double)(random_next(&fitting->random) >> 11) * 0x1p-53 < probability;
}

/* Lives at the distances that they have in the trace, and what waits for the operations
   between them. */
static void run_stretch(struct fitting *fitting, const struct stretch *stretch)
{
    const struct lives *lives = &fitting->lives;
    size_t next = lives_find(lives, stretch->start);
    for (uint64_t op = stretch->start; op < stretch->end && !fitting->failed; op++) {
        run_agenda(fitting, fitting->clock);
        run_waiting(fitting, op);
        if (next < lives->count && lives->lives[next].op == op) {
            if (happens(fitting, fitting->scale)) {
                begin_life(fitting, &lives->lives[next]);
            }
            next++;
        }
        fitting->clock++;
    }
}

static int compare_stretches(const void *a, const void *b)
{
    const struct stretch *left = a;
    const struct stretch *right = b;
    if (left->key != right->key) {
        return left->key < right->key ? -1 : 1;
    }
    return (left->start > right->start) - (left->start < right->start);
}

/* Cut the trace anew; false: out of memory. */
static bool cut(struct fitting *fitting)
{
    size_t capacity = 0;
    fitting->stretch_count = 0;
    free(fitting->stretches);
    fitting->stretches = NULL;
    for (uint64_t start = 0; start < fitting->op_count;) {
        if (fitting->stretch_count == capacity) {
            capacity = 2 * capacity + 64;
            struct stretch *stretches =
                reallocarray(fitting->stretches, capacity, sizeof *stretches);
            if (stretches == NULL) {
                return false;
            }
            fitting->stretches = stretches;
        }
        uint64_t end =
            start + random_between(&fitting->random, 1, 2 * fitting->stretch_ops);
        end = end < fitting->op_count ? end : fitting->op_count;
        fitting->stretches[fitting->stretch_count++] = (struct stretch){
            .start = start,
            .end = end,
            .key = start + random_below(&fitting->random, fitting->stretch_ops),
        };
        start = end;
    }
    if (fitting->stretch_count > 0) {
        qsort(fitting->stretches, fitting->stretch_count, sizeof *fitting->stretches,
              compare_stretches);
    }
    return true;
}

/* The whole trace once. */
static void run_once(struct fitting *fitting)
{
    fitting->clock = 0;
    memset(fitting->waits_for, 0, fitting->op_count * sizeof *fitting->waits_for);
    fitting->failed = fitting->failed || !cut(fitting);
    for (size_t i = 0; i < fitting->stretch_count && !fitting->failed; i++) {
        run_stretch(fitting, &fitting->stretches[i]);
    }
    run_agenda(fitting, UINT64_MAX);
    for (size_t i = 0; i < fitting->leftover_count && !fitting->is_last; i++) {
        append(fitting, (struct trace_op){.kind = TRACE_FREE, .count = 1},
               fitting->leftover[i]);
        trace_builder_release_slot(fitting->builder, fitting->leftover[i]);
    }
    fitting->leftover_count = 0;
}

static bool prepare(struct fitting *fitting, const struct trace *trace)
{
    if (fitting->builder == NULL || !lives_of_trace(&fitting->lives, trace)) {
        return false;
    }
    fitting->waits_for =
        calloc((size_t)fitting->op_count + 1, sizeof *fitting->waits_for);
    return fitting->waits_for != NULL;
}

struct trace *fit_generate(const struct trace *trace, uint64_t ops, uint64_t seed,
                           struct trace_error *error)
{
    struct fitting fitting = {
        .builder = trace_builder_create(trace->name, "-"),
        .random = {.state = seed},
        .op_count = trace->header->op_count,
        .stretch_ops = trace->header->op_count / STRETCH_SHARE + 1,
    };
    uint64_t wanted = ops > 0 ? ops : fitting.op_count;
    uint64_t runs = (wanted + fitting.op_count - 1) / fitting.op_count;
    fitting.scale = (double)wanted / ((double)runs * (double)fitting.op_count);
    if (fitting.stretch_ops > STRETCH_MOST) {
        fitting.stretch_ops = STRETCH_MOST;
    }
    fitting.failed = !prepare(&fitting, trace);
    for (uint64_t run = 1; run <= runs && !fitting.failed; run++) {
        fitting.is_last = run == runs;
        run_once(&fitting);
    }
    lives_destroy(&fitting.lives);
    agenda_destroy(&fitting.agenda);
    free(fitting.waiting);
    free(fitting.waits_for);
    free(fitting.stretches);
    free(fitting.leftover);
    if (fitting.failed) {
        snprintf(error->text, sizeof error->text, "no memory for the trace: %s",
                 strerror(errno));
        trace_builder_destroy(fitting.builder);
        return NULL;
    }
    return trace_builder_seal(fitting.builder, error);
}
