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
    /* A stretch has so many lives on average; the window is such a part of the trace,
       and no shorter than so many operations; a life is large from such a part of the
       peak on. Chosen on half of the shipped traces, see bench/METHOD.md. */
    STRETCH_MEAN = 64,
    WINDOW_SHARE = 64,
    WINDOW_LEAST = 256,
    LARGE_SHARE = 256
};

struct fitting {
    struct lives lives;
    struct trace_builder *builder;
    struct agenda agenda;
    struct random random;
    double scale; /* operations made for one of the trace */
    uint64_t op_count;
    uint64_t window;
    uint64_t large_bytes;
    uint64_t clock;     /* in operations of the trace */
    size_t next_large;  /* the lives before it that are large have come */
    uint32_t *leftover; /* slots of what is never freed */
    size_t leftover_count, leftover_capacity;
    bool is_last; /* the trace is run once more after this, or not */
    bool failed;
};

static void append(struct fitting *fitting, struct trace_op op, uint32_t slot)
{
    op.slot = slot;
    fitting->failed = fitting->failed || !trace_builder_append(fitting->builder, op);
}

/* When a step comes that is `op` in the trace, if the one before it was `before` there
   and comes now. */
static uint64_t due(const struct fitting *fitting, uint64_t before, uint64_t op)
{
    if (op - before <= fitting->window) {
        return fitting->clock + (op - before);
    }
    return op > fitting->clock ? op : fitting->clock;
}

static void plan(struct fitting *fitting, uint64_t before, uint64_t step,
                 uint32_t steps_left, uint32_t slot)
{
    struct agenda_entry entry = {
        .due = due(fitting, before, fitting->lives.steps[step]),
        .step = step,
        .steps_left = steps_left,
        .slot = slot,
    };
    fitting->failed = fitting->failed || !agenda_put(&fitting->agenda, entry);
}

/* All steps that are due until `until`; the clock stands where each belongs. */
static void run_agenda(struct fitting *fitting, uint64_t until)
{
    while (!fitting->failed && fitting->agenda.count > 0 &&
           agenda_first(&fitting->agenda)->due <= until) {
        struct agenda_entry entry = agenda_take(&fitting->agenda);
        uint64_t op = fitting->lives.steps[entry.step];
        fitting->clock = entry.due;
        append(fitting, fitting->lives.trace->ops[op], entry.slot);
        if (entry.steps_left > 1) {
            plan(fitting, op, entry.step + 1, entry.steps_left - 1, entry.slot);
        } else if (fitting->lives.trace->ops[op].kind != TRACE_REALLOC) {
            trace_builder_release_slot(fitting->builder, entry.slot);
        }
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
        plan(fitting, life->op, life->first_step, life->step_count, slot);
    }
    if (!life->is_freed) {
        keep_leftover(fitting, slot);
    }
}

static bool is_large(const struct fitting *fitting, const struct life *life)
{
    return life->most_bytes >= fitting->large_bytes;
}

static bool happens(struct fitting *fitting, double probability)
{
    return (double)(random_next(&fitting->random) >> 11) * 0x1p-53 < probability;
}

/* Go on to `until`; the steps that are due on the way come, and the large lives. */
static void advance(struct fitting *fitting, uint64_t until)
{
    const struct lives *lives = &fitting->lives;
    for (; fitting->next_large < lives->count &&
           lives->lives[fitting->next_large].op <= until;
         fitting->next_large++) {
        const struct life *life = &lives->lives[fitting->next_large];
        if (is_large(fitting, life) && happens(fitting, fitting->scale)) {
            run_agenda(fitting, life->op);
            fitting->clock = life->op;
            begin_life(fitting, life);
        }
    }
    run_agenda(fitting, until);
    fitting->clock = until;
}

/* A time near the clock, each as likely. */
static uint64_t random_time(struct fitting *fitting)
{
    uint64_t half = fitting->window / 2;
    uint64_t first = fitting->clock > half ? fitting->clock - half : 0;
    uint64_t last = fitting->clock + half;
    if (last >= fitting->op_count) {
        last = fitting->op_count - 1;
    }
    return random_between(&fitting->random, first, last);
}

/* Lives one after the other, at the distances that they have in the trace. Returns how
   far the clock went. */
static uint64_t run_stretch(struct fitting *fitting)
{
    const struct lives *lives = &fitting->lives;
    uint64_t start = fitting->clock;
    uint64_t time = random_time(fitting);
    size_t i = lives_find(lives, time);
    do {
        uint64_t next_op = i < lives->count ? lives->lives[i].op : fitting->op_count;
        advance(fitting, fitting->clock + (next_op - time));
        if (i < lives->count && !is_large(fitting, &lives->lives[i])) {
            begin_life(fitting, &lives->lives[i]);
        }
        time = next_op;
        i++;
    } while (i <= lives->count && fitting->clock < fitting->op_count &&
             random_below(&fitting->random, STRETCH_MEAN) != 0 && !fitting->failed);
    advance(fitting, fitting->clock + 1);
    return fitting->clock - start;
}

/* The whole trace once. Where fewer operations are wanted than it has, the clock goes on
   a little more after each stretch; where more are, it goes back. */
static void run_once(struct fitting *fitting)
{
    double owed = 0;
    fitting->clock = 0;
    fitting->next_large = 0;
    while (fitting->clock < fitting->op_count && !fitting->failed) {
        owed += (double)run_stretch(fitting) * (1 / fitting->scale - 1);
        if (owed >= 1) {
            uint64_t whole = (uint64_t)owed;
            owed -= (double)whole;
            advance(fitting, fitting->clock + whole);
        } else if (owed <= -1 && fitting->clock < fitting->op_count) {
            uint64_t whole = (uint64_t)-owed;
            owed += (double)whole;
            fitting->clock -= whole < fitting->clock ? whole : fitting->clock;
        }
    }
    run_agenda(fitting, UINT64_MAX);
    for (size_t i = 0; i < fitting->leftover_count && !fitting->is_last; i++) {
        append(fitting, (struct trace_op){.kind = TRACE_FREE, .count = 1},
               fitting->leftover[i]);
        trace_builder_release_slot(fitting->builder, fitting->leftover[i]);
    }
    fitting->leftover_count = 0;
}

struct trace *fit_generate(const struct trace *trace, uint64_t ops, uint64_t seed,
                           struct trace_error *error)
{
    struct fitting fitting = {
        .builder = trace_builder_create(trace->name, "-"),
        .random = {.state = seed},
        .op_count = trace->header->op_count,
        .window = trace->header->op_count / WINDOW_SHARE,
        .large_bytes = trace->header->peak_live_bytes / LARGE_SHARE + 1,
    };
    uint64_t wanted = ops > 0 ? ops : fitting.op_count;
    uint64_t runs = (wanted + fitting.op_count / 2) / fitting.op_count;
    runs = runs > 0 ? runs : 1;
    fitting.scale = (double)wanted / ((double)runs * (double)fitting.op_count);
    if (fitting.window < WINDOW_LEAST) {
        fitting.window = WINDOW_LEAST;
    }
    fitting.failed = fitting.builder == NULL || !lives_of_trace(&fitting.lives, trace);
    for (uint64_t run = 1; run <= runs && !fitting.failed && fitting.lives.count > 0;
         run++) {
        fitting.is_last = run == runs;
        run_once(&fitting);
    }
    lives_destroy(&fitting.lives);
    agenda_destroy(&fitting.agenda);
    free(fitting.leftover);
    if (fitting.failed) {
        snprintf(error->text, sizeof error->text, "no memory for the trace: %s",
                 strerror(errno));
        trace_builder_destroy(fitting.builder);
        return NULL;
    }
    return trace_builder_seal(fitting.builder, error);
}
