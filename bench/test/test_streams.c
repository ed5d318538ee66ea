/* The streams of a trace, replayed in random interleavings by a scheduler of our own:
 * whatever the order, each operation meets the block that it met when it was recorded,
 * nobody waits for ever, and no more threads are there at once than there were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "sealed.h"
#include "trace/random.h"
#include "trace/streams.h"

enum {
    OPS = 4000,
    SLOTS = 60,
    INTERLEAVINGS = 20,
};

#define NONE UINT64_MAX

static struct streams *part(const struct trace *trace)
{
    struct trace_error error = {""};
    struct streams *streams = streams_create(trace, &error);
    if (streams == NULL) {
        fail_msg("%s", error.text);
    }
    return streams;
}

/* Threads come and go after `life` operations, `at_once` of them at a time; 0: the same
 * ones do all. */
static struct trace *random_trace(struct random *random, uint16_t at_once, size_t life)
{
    static struct trace_op ops[OPS];
    bool full[SLOTS + 1] = {false};
    uint16_t first = 0;
    for (size_t i = 0; i < OPS; i++) {
        if (life > 0 && i > 0 && i % life == 0) {
            first++; /* the oldest has ended */
        }
        const uint32_t slot = (uint32_t)random_below(random, SLOTS + 1);
        struct trace_op op = {.slot = slot, .count = 1, .kind = TRACE_FREE};
        if (slot != 0 && (!full[slot] || random_below(random, 3) == 0)) {
            op.kind = full[slot]
                          ? TRACE_REALLOC
                          : (uint8_t)(random_below(random, 2) == 0 ? TRACE_MALLOC
                                                                   : TRACE_REALLOC);
            op.size_bytes = random_below(random, 100) & TRACE_SIZE_MASK;
        }
        full[slot] = slot != 0 && op.kind != TRACE_FREE;
        op.thread = (uint16_t)(first + random_below(random, at_once));
        ops[i] = op;
    }
    return seal_ops(ops, OPS);
}

struct thread {
    bool has_begun;
    uint64_t at, end;  /* in the streams */
    uint64_t trace_at; /* the last operation of the trace that it did */
};

struct scheduler {
    const struct trace *trace;
    const struct stream_header *header;
    uint64_t *met; /* by operation of the trace: the one that made its block */
    struct thread *threads;
    uint64_t *table; /* by slot of the streams: who made the block in it; NONE: empty */
    bool *words;
    uint64_t begun_count, ended_count;
};

static bool is_free(const struct trace_op *op)
{
    return op->kind == TRACE_FREE;
}

static void find_makers(struct scheduler *scheduler)
{
    const struct trace *trace = scheduler->trace;
    uint64_t maker[SLOTS + 1];
    memset(maker, 0xff, sizeof maker);
    for (uint64_t i = 0; i < trace->header->op_count; i++) {
        const struct trace_op *op = &trace->ops[i];
        if (op->slot != 0 && maker[op->slot] == NONE) {
            maker[op->slot] = i;
        }
        scheduler->met[i] = maker[op->slot];
        if (is_free(op)) {
            maker[op->slot] = NONE;
        }
    }
}

static void begin(struct scheduler *scheduler, uint64_t number)
{
    struct thread *thread = &scheduler->threads[number];
    const uint64_t *begins = stream_begins(scheduler->header);
    assert_false(thread->has_begun);
    *thread = (struct thread){.has_begun = true,
                              .at = begins[number],
                              .end = begins[number + 1],
                              .trace_at = NONE};
    scheduler->begun_count++;
    assert_true(scheduler->begun_count - scheduler->ended_count <=
                scheduler->header->seat_count);
}

/* An operation of the trace, as the thread's next one says. */
static void check_op(struct scheduler *scheduler, struct thread *thread,
                     const struct trace_op *op)
{
    const struct trace *trace = scheduler->trace;
    do {
        thread->trace_at++;
    } while (trace->ops[thread->trace_at].thread != op->thread);
    const struct trace_op *original = &trace->ops[thread->trace_at];
    assert_int_equal(op->kind, original->kind);
    assert_int_equal(op->size_bytes, original->size_bytes);
    uint64_t *place = &scheduler->table[op->slot];
    const uint64_t maker = scheduler->met[thread->trace_at];
    if (original->slot == 0) {
        assert_true(*place == NONE);
        return;
    }
    assert_true(*place == (maker == thread->trace_at ? NONE : maker));
    *place = is_free(op) ? NONE : maker;
}

/* false: it has to wait. */
static bool step(struct scheduler *scheduler, struct thread *thread)
{
    const struct trace_op *op = &stream_ops(scheduler->header)[thread->at];
    switch (op->kind) {
    case STREAM_AWAIT:
        if (!scheduler->words[op->slot]) {
            return false;
        }
        break;
    case STREAM_PUBLISH:
        assert_false(scheduler->words[op->slot]);
        scheduler->words[op->slot] = true;
        break;
    case STREAM_SPAWN:
        if (scheduler->ended_count < op->size_bytes) {
            return false;
        }
        begin(scheduler, op->slot);
        break;
    default:
        check_op(scheduler, thread, op);
        break;
    }
    thread->at++;
    scheduler->ended_count += thread->at == thread->end;
    return true;
}

/* Until all have ended: any thread that can go on, as many steps as it likes. */
static void run(struct scheduler *scheduler, struct random *random)
{
    const uint64_t thread_count = scheduler->header->thread_count;
    begin(scheduler, scheduler->header->first_thread);
    uint64_t idle = 0;
    while (scheduler->ended_count < scheduler->header->begun_count) {
        struct thread *thread = &scheduler->threads[random_below(random, thread_count)];
        bool has_gone_on = false;
        for (uint64_t left = random_below(random, 50) + 1; left > 0; left--) {
            if (!thread->has_begun || thread->at == thread->end ||
                !step(scheduler, thread)) {
                break;
            }
            has_gone_on = true;
        }
        idle = has_gone_on ? 0 : idle + 1;
        assert_true(idle < 1000 * thread_count); /* a deadlock */
    }
}

static void empty(struct scheduler *scheduler)
{
    const struct stream_header *header = scheduler->header;
    for (uint64_t i = 0; i < header->epilogue_count; i++) {
        const struct trace_op *op = &stream_ops(header)[header->op_count + i];
        assert_true(is_free(op) && scheduler->table[op->slot] != NONE);
        scheduler->table[op->slot] = NONE;
    }
    for (uint64_t i = 0; i < header->slot_count; i++) {
        assert_true(scheduler->table[i] == NONE);
    }
}

static void check(const struct trace *trace, struct random *random)
{
    struct streams *streams = part(trace);
    const struct stream_header *header = streams->header;
    for (size_t i = 0; i < INTERLEAVINGS; i++) {
        struct scheduler scheduler = {
            .trace = trace,
            .header = header,
            .met = calloc(trace->header->op_count, sizeof(uint64_t)),
            .threads = calloc(header->thread_count, sizeof(struct thread)),
            .table = malloc(header->slot_count * sizeof(uint64_t)),
            .words = calloc(header->word_count + 1, sizeof(bool)),
        };
        memset(scheduler.table, 0xff, header->slot_count * sizeof(uint64_t));
        find_makers(&scheduler);
        run(&scheduler, random);
        empty(&scheduler);
        free(scheduler.met);
        free(scheduler.threads);
        free(scheduler.table);
        free(scheduler.words);
    }
    streams_destroy(streams);
}

static void any_order_meets_the_same_blocks(void **state)
{
    (void)state;
    struct random random = {.state = 1};
    static const struct {
        uint16_t at_once;
        size_t life;
    } cases[] = {{2, 0}, {3, 0}, {16, 0}, {1, 50}, {2, 7}, {5, 40}, {40, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trace *trace = random_trace(&random, cases[i].at_once, cases[i].life);
        check(trace, &random);
        trace_destroy(trace);
    }
}

static uint64_t count_kind(const struct streams *streams, unsigned kind)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < streams->header->op_count; i++) {
        count += stream_ops(streams->header)[i].kind == kind;
    }
    return count;
}

#define OP(op_kind, op_slot, op_thread)                                                \
    {                                                                                  \
        .kind = (op_kind), .slot = (op_slot), .thread = (op_thread), .count = 1        \
    }

/* Only what is not in order anyway is awaited. */
static void what_is_known_is_not_awaited(void **state)
{
    (void)state;
    static const struct trace_op ops[] = {
        OP(TRACE_MALLOC, 1, 0), OP(TRACE_MALLOC, 2, 0), OP(TRACE_MALLOC, 3, 1),
        OP(TRACE_FREE, 1, 1), /* from before it began */
        OP(TRACE_MALLOC, 4, 0), OP(TRACE_MALLOC, 5, 0), OP(TRACE_FREE, 5, 1),
        OP(TRACE_FREE, 4, 1), /* made before the one it has waited for */
        OP(TRACE_FREE, 3, 1), /* its own */
        OP(TRACE_FREE, 2, 0),
    };
    struct trace *trace = seal_ops(ops, sizeof ops / sizeof *ops);
    struct streams *streams = part(trace);
    assert_int_equal(count_kind(streams, STREAM_AWAIT), 1);
    assert_int_equal(count_kind(streams, STREAM_PUBLISH), 1);
    assert_int_equal(count_kind(streams, STREAM_SPAWN), 1);
    assert_int_equal(streams->header->seat_count, 2);
    streams_destroy(streams);
    trace_destroy(trace);
}

static void numbers_are_those_of_the_trace(void **state)
{
    (void)state;
    struct random random = {.state = 2};
    struct trace *trace = random_trace(&random, 4, 30);
    struct streams *streams = part(trace);
    const struct stream_header *header = streams->header;
    const uint64_t op_count = trace->header->op_count;
    bool *seen = calloc(op_count, sizeof *seen);
    for (uint64_t i = 0; i < header->op_count; i++) {
        const struct trace_op *op = &stream_ops(header)[i];
        if (op->kind < TRACE_KIND_COUNT) {
            const uint64_t number = stream_number(header, op_count, trace->ops, i);
            assert_in_range(number, 1, op_count);
            assert_false(seen[number - 1]);
            assert_int_equal(trace->ops[number - 1].thread, op->thread);
            assert_int_equal(trace->ops[number - 1].kind, op->kind);
            seen[number - 1] = true;
        }
    }
    assert_int_equal(stream_number(header, op_count, trace->ops, header->op_count + 2),
                     op_count + 3);
    free(seen);
    streams_destroy(streams);
    trace_destroy(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_meets_the_same_blocks),
        cmocka_unit_test(what_is_known_is_not_awaited),
        cmocka_unit_test(numbers_are_those_of_the_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
