/* Delta debugging of traces, with tests whose answer is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "op_case.h"
#include "trace/generate.h"
#include "trace/shrink.h"

struct question {
    bool (*shows)(const struct trace *trace, uint64_t *reached);
    uint64_t tests, most_tests;
};

static enum shrink_verdict ask(const struct trace *trace, uint64_t *reached, void *data)
{
    struct question *question = data;
    if (question->tests == question->most_tests) {
        return SHRINK_STOP;
    }
    question->tests++;
    return question->shows(trace, reached) ? SHRINK_SHOWS : SHRINK_GONE;
}

static struct trace *shrink(struct trace *trace, struct question *question,
                            uint64_t least_ops, uint64_t most_parts)
{
    struct trace_error error = {"no error"};
    uint64_t reached = 0;
    assert_true(question->shows(trace, &reached));
    const struct shrink shrink = {.test = ask,
                                  .data = question,
                                  .least_ops = least_ops,
                                  .most_parts = most_parts};
    struct trace *least = shrink_trace(&shrink, trace, reached, &error);
    if (least == NULL) {
        fail_msg("%s", error.text);
    }
    return least;
}

static struct trace *generated(const char *model, uint64_t ops)
{
    struct trace_error error = {"no error"};
    const struct generate_model *found = generate_find(model);
    assert_non_null(found);
    struct generate_parameters parameters = found->defaults;
    parameters.ops = ops;
    struct trace *trace = generate_trace(found, &parameters, 1, &error);
    assert_non_null(trace);
    return trace;
}

/* The first request of 500 bytes and more, and as the last needed one a later one. */
static bool has_two_large(const struct trace *trace, uint64_t *reached)
{
    int found = 0;
    for (uint64_t i = 0; i < trace->header->op_count; i++) {
        found += trace->ops[i].kind == TRACE_MALLOC && trace->ops[i].size_bytes >= 500;
        if (found == 2) {
            *reached = i + 1;
            return true;
        }
    }
    return false;
}

static void a_large_trace_becomes_two_operations(void **state)
{
    (void)state;
    struct question question = {.shows = has_two_large, .most_tests = UINT64_MAX};
    struct trace *least = shrink(generated("random", 50000), &question, 1, 0);
    assert_int_equal(least->header->op_count, 2);
    assert_true(question.tests < 200);
    trace_destroy(least);
}

/* A block that is freed after another was reallocated, both from before. */
static bool frees_after_realloc(const struct trace *trace, uint64_t *reached)
{
    bool has_realloc = false;
    (void)reached;
    for (uint64_t i = 0; i < trace->header->op_count; i++) {
        const struct trace_op op = trace->ops[i];
        has_realloc = has_realloc || (op.kind == TRACE_REALLOC && op.size_bytes == 77);
        if (has_realloc && op.kind == TRACE_FREE && op.slot != 0) {
            return true;
        }
    }
    return false;
}

static void single_operations_go_and_what_is_needed_stays(void **state)
{
    (void)state;
    struct question question = {.shows = frees_after_realloc, .most_tests = UINT64_MAX};
    struct trace *trace = trace_of("#@ start 7\n"
                                   "t 7\n"
                                   "a 0 1\n"
                                   "a 1 2\n"
                                   "r 1 70\n"
                                   "t 8\n"
                                   "r 1 77\n"
                                   "f -1\n"
                                   "r 1 78\n"
                                   "a 2 9\n"
                                   "f 0\n"
                                   "f 1\n");
    /* Its own free shows it, too; a realloc whose malloc has gone becomes one. */
    lines_are(shrink(trace, &question, 1, 0), "a 0 70\nr 0 77\nf 0\n");
}

static bool shows_always(const struct trace *trace, uint64_t *reached)
{
    (void)trace;
    *reached = 0;
    return true;
}

static void there_is_a_least_size(void **state)
{
    (void)state;
    struct question question = {.shows = shows_always, .most_tests = UINT64_MAX};
    struct trace *least = shrink(generated("random", 4000), &question, 100, 0);
    assert_int_equal(least->header->op_count, 100);
    trace_destroy(least);
}

static void parts_may_be_limited(void **state)
{
    (void)state;
    struct question question = {.shows = has_two_large, .most_tests = UINT64_MAX};
    struct trace *least = shrink(generated("random", 4000), &question, 1, 2);
    assert_true(least->header->op_count >= 2);
    assert_true(question.tests < 60);
    trace_destroy(least);
}

static void a_stop_keeps_what_was_reached(void **state)
{
    (void)state;
    struct question question = {.shows = has_two_large, .most_tests = 3};
    struct trace *least = shrink(generated("random", 4000), &question, 1, 0);
    uint64_t reached = 0;
    assert_int_equal(question.tests, 3);
    assert_true(has_two_large(least, &reached));
    assert_true(least->header->op_count < 4000);
    trace_destroy(least);
}

static void what_cannot_shrink_becomes_one_thread_at_least(void **state)
{
    (void)state;
    struct question question = {.shows = shows_always, .most_tests = 0};
    struct trace *trace = trace_of("t 0\na 0 1\nt 1\nf 0\n");
    lines_are(shrink(trace, &question, 1, 0), "a 0 1\nf 0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_trace_becomes_two_operations),
        cmocka_unit_test(single_operations_go_and_what_is_needed_stays),
        cmocka_unit_test(there_is_a_least_size),
        cmocka_unit_test(parts_may_be_limited),
        cmocka_unit_test(a_stop_keeps_what_was_reached),
        cmocka_unit_test(what_cannot_shrink_becomes_one_thread_at_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
