#include "trace/lives.h"

#include <stdlib.h>

static bool is_event(struct trace_op op)
{
    return op.kind == TRACE_THREAD_START || op.kind == TRACE_THREAD_END ||
           op.kind == TRACE_MARK;
}

static bool is_free(struct trace_op op)
{
    return op.kind == TRACE_FREE || op.kind == TRACE_FREE_SIZED;
}

/* Operation i is a step of the life that holds its slot; SIZE_MAX: it begins one. */
static size_t owner(const size_t *holder, struct trace_op op)
{
    return op.slot == 0 ? SIZE_MAX : holder[op.slot];
}

/* Lives and the number of their steps. */
static void count_steps(struct lives *lives, size_t *holder)
{
    const struct trace *trace = lives->trace;
    for (uint64_t i = 0; i < trace->header->op_count; i++) {
        struct trace_op op = trace->ops[i];
        if (is_event(op)) {
            continue;
        }
        uint64_t bytes = (uint64_t)op.size_bytes * op.count;
        size_t number = owner(holder, op);
        if (number == SIZE_MAX) {
            number = lives->count++;
            lives->lives[number] = (struct life){.op = i};
            if (!is_free(op)) {
                holder[op.slot] = number;
                lives->lives[number].most_bytes = bytes;
            }
            continue;
        }
        struct life *life = &lives->lives[number];
        life->step_count++;
        if (is_free(op)) {
            life->is_freed = true;
            holder[op.slot] = SIZE_MAX;
        } else if (bytes > life->most_bytes) {
            life->most_bytes = bytes;
        }
    }
}

static void fill_steps(struct lives *lives, size_t *holder, uint64_t *filled)
{
    const struct trace *trace = lives->trace;
    size_t next = 0;
    for (uint64_t i = 0; i < trace->header->op_count; i++) {
        struct trace_op op = trace->ops[i];
        if (is_event(op)) {
            continue;
        }
        size_t number = owner(holder, op);
        if (number == SIZE_MAX) {
            if (!is_free(op)) {
                holder[op.slot] = next;
            }
            next++;
            continue;
        }
        lives->steps[lives->lives[number].first_step + filled[number]++] = i;
        if (is_free(op)) {
            holder[op.slot] = SIZE_MAX;
        }
    }
}

static void empty(size_t *holder, uint64_t slot_count)
{
    for (uint64_t i = 0; i < slot_count; i++) {
        holder[i] = SIZE_MAX;
    }
}

bool lives_of_trace(struct lives *lives, const struct trace *trace)
{
    size_t op_count = (size_t)trace->header->op_count;
    *lives = (struct lives){
        .trace = trace,
        .lives = calloc(op_count + 1, sizeof *lives->lives),
        .steps = calloc(op_count + 1, sizeof *lives->steps),
    };
    size_t *holder = calloc((size_t)trace->header->slot_count, sizeof *holder);
    uint64_t *filled = calloc(op_count + 1, sizeof *filled);
    bool done = lives->lives != NULL && lives->steps != NULL && holder != NULL &&
                filled != NULL;
    if (done) {
        empty(holder, trace->header->slot_count);
        count_steps(lives, holder);
        uint64_t sum = 0;
        for (size_t i = 0; i < lives->count; i++) {
            lives->lives[i].first_step = sum;
            sum += lives->lives[i].step_count;
        }
        empty(holder, trace->header->slot_count);
        fill_steps(lives, holder, filled);
    }
    free(holder);
    free(filled);
    return done;
}

void lives_destroy(struct lives *lives)
{
    free(lives->lives);
    free(lives->steps);
    *lives = (struct lives){0};
}

size_t lives_find(const struct lives *lives, uint64_t op)
{
    size_t low = 0;
    size_t high = lives->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lives->lives[middle].op < op) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
