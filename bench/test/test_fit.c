/* The shape of a trace, and traces that are modelled after one: the same sizes,
 * lifetimes, growth and threads, in another order; of any length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sealed.h"
#include "trace/agenda.h"
#include "trace/fit.h"
#include "trace/generate.h"
#include "trace/random.h"
#include "trace/shape.h"
#include "trace/summary.h"
#include "trace/trace.h"

static struct trace *generate(const char *name, uint64_t ops)
{
    struct trace_error error = {"no error"};
    struct generate_parameters parameters = generate_find(name)->defaults;
    parameters.ops = ops;
    struct trace *trace = generate_trace(generate_find(name), &parameters, 1, &error);
    assert_non_null(trace);
    return trace;
}

static struct trace *fit(const struct trace *trace, uint64_t ops, uint64_t seed)
{
    struct trace_error error = {"no error"};
    struct trace *fitted = fit_generate(trace, ops, seed, &error);
    if (fitted == NULL) {
        fail_msg("%s: %s", trace->name, error.text);
    }
    return fitted;
}

static bool is_same(const struct trace *a, const struct trace *b)
{
    return a->header->op_count == b->header->op_count &&
           memcmp(a->ops, b->ops, (size_t)a->header->op_count * sizeof *a->ops) == 0;
}

static void assert_near(uint64_t found, uint64_t expected, uint64_t pct)
{
    assert_in_range(found, expected - expected * pct / 100,
                    expected + expected * pct / 100 + 1);
}

static void a_fit_is_like_its_trace(void **state)
{
    (void)state;
    static const char *const names[] = {"churn",   "nodes",   "phases",
                                        "realloc", "strings", "turnover"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct trace *trace = generate(names[i], 200000);
        struct trace *fitted = fit(trace, 0, 1);
        assert_false(is_same(trace, fitted));
        assert_int_equal(fitted->header->op_count, trace->header->op_count);
        assert_int_equal(fitted->header->allocated_bytes,
                         trace->header->allocated_bytes);
        assert_near(fitted->header->peak_live_bytes, trace->header->peak_live_bytes, 5);
        struct trace_summary before;
        struct trace_summary after;
        assert_true(trace_summarize(trace, &before));
        assert_true(trace_summarize(fitted, &after));
        assert_int_equal(after.size_bytes.p50, before.size_bytes.p50);
        assert_near(after.lifetime_ops.p50, before.lifetime_ops.p50, 10);
        assert_near(after.lifetime_ops.p90, before.lifetime_ops.p90, 5);
        trace_destroy(fitted);
        trace_destroy(trace);
    }
}

static void a_seed_gives_the_same_fit(void **state)
{
    (void)state;
    struct trace *trace = generate("structs", 50000);
    struct trace *first = fit(trace, 0, 7);
    struct trace *again = fit(trace, 0, 7);
    struct trace *other = fit(trace, 0, 8);
    assert_true(is_same(first, again));
    assert_false(is_same(first, other));
    trace_destroy(first);
    trace_destroy(again);
    trace_destroy(other);
    trace_destroy(trace);
}

/* More operations: the same live bytes for longer. Fewer: less of everything. */
static void a_fit_has_any_length(void **state)
{
    (void)state;
    struct trace *trace = generate("churn", 100000);
    uint64_t peak_bytes = trace->header->peak_live_bytes;
    struct trace *longer = fit(trace, 450000, 1);
    assert_near(longer->header->op_count, 450000, 2);
    assert_near(longer->header->peak_live_bytes, peak_bytes * 9 / 10, 5);
    trace_destroy(longer);
    struct trace *shorter = fit(trace, 60000, 1);
    assert_near(shorter->header->op_count, 60000, 2);
    assert_near(shorter->header->peak_live_bytes, peak_bytes * 6 / 10, 5);
    trace_destroy(shorter);
    struct trace *tiny = fit(trace, 1, 1);
    assert_true(tiny->header->op_count < 20);
    trace_destroy(tiny);
    trace_destroy(trace);
}

/* Every kind of operation keeps its fields, and what is never freed is freed between
   two runs; a trace without a single life is one, too. */
static void every_kind_of_operation_is_kept(void **state)
{
    (void)state;
    static const struct trace_op ops[] = {
        {.kind = TRACE_THREAD_START, .count = 1},
        {.kind = TRACE_CALLOC, .count = 7, .slot = 1, .size_bytes = 11},
        {.kind = TRACE_FREE, .count = 1, .slot = 0, .thread = 1},
        {.kind = TRACE_MEMALIGN,
         .count = 1,
         .slot = 2,
         .size_bytes = 9,
         .align_log2 = 8},
        {.kind = TRACE_REALLOC, .count = 1, .slot = 3, .size_bytes = 5, .thread = 1},
        {.kind = TRACE_REALLOC, .count = 1, .slot = 1, .size_bytes = 100, .thread = 1},
        {.kind = TRACE_FREE_SIZED, .count = 1, .slot = 2, .thread = 1},
        {.kind = TRACE_MARK, .count = 1},
    };
    struct trace *trace = seal_ops(ops, sizeof ops / sizeof *ops);
    struct trace *fitted = fit(trace, 4000, 3);
    const struct trace_header *header = fitted->header;
    for (int kind = 0; kind < TRACE_THREAD_START; kind++) {
        assert_int_equal(header->kind_counts[kind] > 0, kind != TRACE_MALLOC);
    }
    assert_int_equal(header->thread_count, 2);
    assert_true(header->epilogue_count > 0);
    assert_true(header->peak_live_blocks < 100);
    for (uint64_t i = 0; i < header->op_count; i++) {
        struct trace_op op = fitted->ops[i];
        if (op.kind == TRACE_CALLOC) {
            assert_int_equal(op.count * 1000 + op.size_bytes, 7011);
        } else if (op.kind == TRACE_MEMALIGN) {
            assert_int_equal(op.align_log2, 8);
        }
    }
    trace_destroy(fitted);
    trace_destroy(trace);
    trace = seal_ops(ops, 1);
    fitted = fit(trace, 100, 1);
    assert_int_equal(fitted->header->op_count, 0);
    trace_destroy(fitted);
    trace_destroy(trace);
}

static void an_agenda_is_in_order(void **state)
{
    (void)state;
    struct agenda agenda = {0};
    struct random random = {.state = 5};
    uint64_t last_due = 0;
    uint64_t last_number = 0;
    for (int i = 0; i < 1000; i++) {
        struct agenda_entry entry = {.due = random_below(&random, 50)};
        assert_true(agenda_put(&agenda, entry));
    }
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(agenda_first(&agenda)->due >= last_due, 1);
        struct agenda_entry entry = agenda_take(&agenda);
        assert_true(i == 0 || entry.due > last_due || entry.number > last_number);
        last_due = entry.due;
        last_number = entry.number;
    }
    assert_int_equal(agenda.count, 0);
    agenda_destroy(&agenda);
}

static void a_shape_is_right(void **state)
{
    (void)state;
    static const struct trace_op ops[] = {
        {.kind = TRACE_MALLOC, .count = 1, .slot = 1, .size_bytes = 100},
        {.kind = TRACE_REALLOC, .count = 1, .slot = 1, .size_bytes = 300},
        {.kind = TRACE_REALLOC, .count = 1, .slot = 1, .size_bytes = 200},
        {.kind = TRACE_REALLOC, .count = 1, .slot = 1, .size_bytes = 131072},
        {.kind = TRACE_MALLOC,
         .count = 1,
         .slot = 2,
         .size_bytes = 131071,
         .thread = 1},
        {.kind = TRACE_FREE, .count = 1, .slot = 1, .thread = 1},
        {.kind = TRACE_FREE, .count = 1, .slot = 2, .thread = 1},
        {.kind = TRACE_FREE, .count = 1, .slot = 0},
    };
    struct trace *trace = seal_ops(ops, sizeof ops / sizeof *ops);
    struct trace_shape shape;
    assert_true(trace_shape(trace, &shape));
    assert_int_equal(shape.large_bytes, 131072);
    assert_int_equal(shape.large_peak_bytes, 131072);
    assert_int_equal(shape.grown_bytes, 200 + 131072 - 200);
    assert_int_equal(shape.grow_count, 2);
    assert_int_equal(shape.longest_chain, 2);
    assert_int_equal(shape.largest_grown_bytes, 131072);
    assert_int_equal(shape.other_thread_frees, 1);
    assert_int_equal(shape.lifetime_bytes.count, 2);
    assert_int_equal(shape.lifetime_bytes.p50, 131071);
    assert_int_equal(shape.point_count, 8);
    assert_int_equal(shape.points[4].op, 5);
    assert_int_equal(shape.points[4].live_blocks, 2);
    assert_int_equal(shape.points[4].band_bytes[2], 131071);
    assert_int_equal(shape.points[4].band_bytes[3], 131072);
    assert_int_equal(shape.points[7].live_blocks, 0);
    trace_destroy(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fit_is_like_its_trace),
        cmocka_unit_test(a_seed_gives_the_same_fit),
        cmocka_unit_test(a_fit_has_any_length),
        cmocka_unit_test(every_kind_of_operation_is_kept),
        cmocka_unit_test(an_agenda_is_in_order),
        cmocka_unit_test(a_shape_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
