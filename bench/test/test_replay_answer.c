/* From a run of replays to its answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "analysis/replay_answer.h"
#include "handmade.h"
#include "report/answer.h"
#include "report/replays.h"

static char *text_of(const struct answer *answer)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    answer_print(out, answer);
    fclose(out);
    return text;
}

static void test_replays(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    struct summary *summary = summary_create(run, summary_defaults);
    struct answer answer;
    assert_true(replay_answer_create(&answer, run, summary));
    assert_int_equal(answer.count, 2); /* the floor is no competitor */
    assert_string_equal(answer.rows[answer.fastest].name, "snug");
    assert_string_equal(answer.rows[answer.smallest].name, "snug");
    assert_int_equal(answer.rows[1].speed.verdict, VERDICT_FASTER);
    assert_float_equal(answer.rows[1].speed.ratio.value, 2, 1e-6);
    assert_int_equal(answer.rows[1].size_verdict, SIZE_SMALLER);
    assert_float_equal(answer.rows[1].size_ratio.value, 0.625, 1e-6);
    assert_int_equal(answer.rows[1].speed_traces.better, 2);
    assert_int_equal(answer.rows[1].size_traces.better, 2);
    assert_true(answer.rows[1].is_on_front);
    assert_false(answer.rows[0].is_on_front);
    assert_int_equal(answer.undecided_count, 0);
    answer_destroy(&answer);
    summary_destroy(summary);
    handmade_destroy(run);
}

/* An allocator that completed no trace takes none from the others. */
static void test_broken_everywhere(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    for (size_t trace = 0; trace < HANDMADE_TRACES; trace++) {
        struct result *result = handmade_result(run, trace, HANDMADE_SNUG);
        result->status = RESULT_CRASHED;
        strcpy(result->status_text, "SIGSEGV");
    }
    struct summary *summary = summary_create(run, summary_defaults);
    struct answer answer;
    assert_int_equal(summary->warm_trace_count, HANDMADE_TRACES);
    assert_true(replay_answer_create(&answer, run, summary));
    assert_false(answer.rows[1].present);
    char *text = text_of(&answer);
    assert_non_null(strstr(text, "snug failed on 2 of 2 traces, first on first: "
                                 "crashed: SIGSEGV.\n"
                                 "Only glibc has figures, so nothing is compared.\n"));
    free(text);
    answer_destroy(&answer);
    summary_destroy(summary);
    handmade_destroy(run);
}

static void test_replays_as_json(void **state)
{
    (void)state;
    struct run *run = handmade_create();
    struct summary *summary = summary_create(run, summary_defaults);
    struct answer answer;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_true(replay_answer_create(&answer, run, summary));
    assert_true(replays_json_write(out, run, summary, &answer));
    fclose(out);
    json_error_t error;
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(object);
    const json_t *told = json_object_get(object, "answer");
    assert_string_equal(json_string_value(json_object_get(told, "fastest")), "snug");
    assert_true(json_array_size(json_object_get(told, "lines")) >= 3);
    assert_int_equal(json_array_size(json_object_get(object, "traces")), 2);
    const json_t *row = json_array_get(json_object_get(object, "allocators"), 1);
    assert_string_equal(json_string_value(json_object_get(row, "speed_verdict")),
                        "faster");
    assert_true(json_is_null(json_object_get(row, "peak_resident_growth_bytes")));
    json_decref(object);
    free(text);
    answer_destroy(&answer);
    summary_destroy(summary);
    handmade_destroy(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replays),
        cmocka_unit_test(test_broken_everywhere),
        cmocka_unit_test(test_replays_as_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
