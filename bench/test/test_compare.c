/* From the raw runs of a program to figures, answer and files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "analysis/compare.h"
#include "csv_cells.h"
#include "report/answer.h"
#include "report/compare.h"

enum {
    ROUNDS = 10,
    MEMORIES = 3,
    CANDIDATES = 4,
};

/* A study with room; every candidate runs as long and is as large as glibc. */
struct example {
    struct study study;
    struct candidate candidates[CANDIDATES];
    struct live_time times[CANDIDATES][ROUNDS];
    struct live_memory memories[CANDIDATES][MEMORIES];
    char *command[2];
};

/* Rounds differ by some per cent, as conditions on a machine do. */
static double conditions(size_t round)
{
    return 1 + 0.01 * (double)((round * 7) % 5);
}

/* What is left of noise within a round: less than one per cent to either side. */
static double noise(size_t candidate, size_t round)
{
    return 1 + 0.001 * (double)((int)((round * 3 + candidate * 5) % 7) - 3);
}

static void fill(struct example *example, size_t index, const char *name,
                 double seconds, double mib, double noisiness)
{
    struct candidate *candidate = &example->candidates[index];
    *candidate = (struct candidate){.name = (char *)(uintptr_t)name,
                                    .times = example->times[index],
                                    .time_count = ROUNDS,
                                    .memories = example->memories[index],
                                    .memory_count = MEMORIES};
    for (size_t i = 0; i < ROUNDS; i++) {
        const double rough = 1 + noisiness * (noise(index, i) - 1);
        example->times[index][i] =
            (struct live_time){.round = (uint32_t)i,
                               .score = seconds * conditions(i) * rough,
                               .user_s = seconds,
                               .system_s = 0};
    }
    for (size_t i = 0; i < MEMORIES; i++) {
        example->memories[index][i] =
            (struct live_memory){.round = (uint32_t)i,
                                 .method = PEAK_PROCESS,
                                 .peak_bytes = (uint64_t)(mib * (1 << 20)) + 4096 * i,
                                 .minor_faults = 1000,
                                 .process_count = 1};
    }
}

static void begin(struct example *example, size_t count)
{
    static char program[] = "app";
    *example = (struct example){.command = {program, NULL}};
    example->study = (struct study){.command = example->command,
                                    .candidates = example->candidates,
                                    .count = count,
                                    .reference_index = 0,
                                    .round_count = ROUNDS,
                                    .is_followed = true};
}

static char *answer_of(const struct compare_summary *summary)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    answer_print(out, &summary->answer);
    fclose(out);
    return text;
}

/* ---- the answer ---- */

static void test_clear_answer(void **state)
{
    (void)state;
    static struct example example;
    begin(&example, 3);
    fill(&example, 0, "glibc", 1.0, 100, 1);
    fill(&example, 1, "quick", 0.8, 120, 1);
    fill(&example, 2, "tight", 1.1, 50, 1);
    struct compare_summary *summary = compare_create(&example.study, 0.02);
    assert_non_null(summary);
    assert_int_equal(summary->rows[1].speed.verdict, VERDICT_FASTER);
    assert_int_equal(summary->rows[2].speed.verdict, VERDICT_SLOWER);
    assert_int_equal(summary->rows[1].peak_verdict, SIZE_LARGER);
    assert_int_equal(summary->rows[2].peak_verdict, SIZE_SMALLER);
    assert_float_equal(summary->rows[1].speed.ratio.value, 1.25, 0.01);
    assert_int_equal(summary->answer.fastest, 1);
    assert_int_equal(summary->answer.smallest, 2);
    assert_int_equal(summary->answer.undecided_count, 0);
    assert_true(compare_is_decided(&example.study, 0.02));
    char *text = answer_of(summary);
    assert_string_equal(
        text,
        "Fastest: quick, 25 % faster than glibc (95 % interval 24 to 25 %): 815 ms "
        "instead of 1.02 s, but with 20 % more memory.\n"
        "Smallest: tight, 50.0 MiB at its peak, 50 % less than glibc's 100, but 10 % "
        "slower.\n");
    free(text);
    compare_destroy(summary);
}

/* Beaten on both by one other: not on the front. */
static void test_front(void **state)
{
    (void)state;
    static struct example example;
    begin(&example, 4);
    fill(&example, 0, "glibc", 1.0, 100, 1);
    fill(&example, 1, "quick", 0.8, 110, 1);
    fill(&example, 2, "poor", 0.9, 130, 1);
    fill(&example, 3, "tight", 1.2, 50, 1);
    struct compare_summary *summary = compare_create(&example.study, 0.02);
    assert_true(summary->answer.rows[0].is_on_front);
    assert_true(summary->answer.rows[1].is_on_front);
    assert_false(summary->answer.rows[2].is_on_front);
    assert_true(summary->answer.rows[3].is_on_front);
    char *text = answer_of(summary);
    assert_non_null(
        strstr(text, "Not beaten in both speed and memory: glibc, quick and tight.\n"));
    free(text);
    compare_destroy(summary);
}

static void test_no_difference_is_an_answer(void **state)
{
    (void)state;
    static struct example example;
    begin(&example, 3);
    fill(&example, 0, "glibc", 1.0, 100, 1);
    fill(&example, 1, "a", 1.001, 100, 1);
    fill(&example, 2, "b", 0.999, 100.5, 1);
    struct compare_summary *summary = compare_create(&example.study, 0.02);
    assert_int_equal(summary->rows[1].speed.verdict, VERDICT_SAME);
    assert_int_equal(summary->answer.undecided_count, 0);
    char *text = answer_of(summary);
    assert_string_equal(
        text,
        "No significant difference in speed between any of them: all are within 2 % of "
        "glibc, 1.02 s.\n"
        "No significant difference in peak memory between any of them: 100 MiB under "
        "glibc.\n");
    free(text);
    compare_destroy(summary);
}

static void test_noise_is_an_answer(void **state)
{
    (void)state;
    static struct example example;
    begin(&example, 2);
    fill(&example, 0, "glibc", 1.0, 100, 90);
    fill(&example, 1, "a", 1.0, 100, 90);
    struct compare_summary *summary = compare_create(&example.study, 0.02);
    assert_true(summary->rows[1].is_undecided);
    assert_false(compare_is_decided(&example.study, 0.02));
    assert_true(summary->answer.spread > 0.1);
    assert_true(summary->answer.is_too_noisy);
    char *text = answer_of(summary);
    assert_non_null(strstr(text, "Undecided in speed: a; "));
    assert_non_null(
        strstr(text, "This machine is too noisy: runs of one kind spread by "));
    free(text);
    compare_destroy(summary);
}

/* Two that are far from the reference and not known to be apart: one of them would be
 * called the fastest by chance. */
static void test_the_fastest_is_not_decided_by_chance(void **state)
{
    (void)state;
    static struct example example;
    begin(&example, 3);
    fill(&example, 0, "glibc", 1.0, 100, 1);
    fill(&example, 1, "a", 0.5, 100, 12);
    fill(&example, 2, "b", 0.502, 90, 12);
    assert_false(compare_is_decided(&example.study, 0.02));
    struct compare_summary *summary = compare_create(&example.study, 0.02);
    assert_int_equal(summary->answer.fastest, 2); /* the smaller */
    compare_destroy(summary);
    /* Known to be as fast. */
    fill(&example, 1, "a", 0.5, 100, 1);
    fill(&example, 2, "b", 0.502, 90, 1);
    assert_true(compare_is_decided(&example.study, 0.02));
    /* Known to be slower. */
    fill(&example, 1, "a", 0.5, 100, 12);
    fill(&example, 2, "b", 0.8, 90, 12);
    assert_true(compare_is_decided(&example.study, 0.02));
    /* None is faster than the reference: all are known to be slower. */
    fill(&example, 1, "a", 1.5, 100, 12);
    fill(&example, 2, "b", 1.502, 90, 12);
    assert_true(compare_is_decided(&example.study, 0.02));
    /* Of loads more is better. */
    example.study.larger_is_better = true;
    assert_false(compare_is_decided(&example.study, 0.02));
    example.study.count = 4;
    fill(&example, 3, "c", 3, 100, 12);
    assert_true(compare_is_decided(&example.study, 0.02));
}

static void test_more_runs_are_asked_for(void **state)
{
    (void)state;
    static struct example example;
    begin(&example, 2);
    fill(&example, 0, "glibc", 1.0, 100, 12);
    fill(&example, 1, "a", 1.0, 100, 12);
    struct compare_summary *summary = compare_create(&example.study, 0.02);
    assert_true(summary->rows[1].is_undecided);
    assert_true(summary->answer.more_rounds > 0);
    char expected[100];
    snprintf(expected, sizeof expected,
             "about %zu more runs of each would decide it (--runs %zu).",
             summary->answer.more_rounds, ROUNDS + summary->answer.more_rounds);
    char *text = answer_of(summary);
    assert_non_null(strstr(text, expected));
    free(text);
    compare_destroy(summary);
}

/* All are known to be faster than the reference, and who is the fastest is open. */
static void test_more_runs_are_asked_for_the_fastest(void **state)
{
    (void)state;
    static struct example example;
    begin(&example, 3);
    fill(&example, 0, "glibc", 1.0, 100, 1);
    fill(&example, 1, "a", 0.5, 100, 12);
    fill(&example, 2, "b", 0.502, 100, 12);
    struct compare_summary *summary = compare_create(&example.study, 0.02);
    const struct answer *answer = &summary->answer;
    assert_int_equal(answer->undecided_count, 0);
    assert_int_equal(answer->undecided_lead_count, 1);
    assert_true(answer->more_lead_rounds > 0);
    char expected[200];
    snprintf(expected, sizeof expected,
             "Undecided against it: %s; about %zu more runs of each would decide it "
             "(--runs %zu).\n",
             answer->rows[answer->fastest == 1 ? 2 : 1].name, answer->more_lead_rounds,
             ROUNDS + answer->more_lead_rounds);
    char *text = answer_of(summary);
    assert_non_null(strstr(text, expected));
    free(text);
    compare_destroy(summary);
    /* Known to be as fast. */
    fill(&example, 1, "a", 0.5, 100, 1);
    fill(&example, 2, "b", 0.502, 100, 1);
    summary = compare_create(&example.study, 0.02);
    text = answer_of(summary);
    assert_non_null(strstr(text, "  Not significantly behind it: "));
    assert_null(strstr(text, "Undecided"));
    free(text);
    compare_destroy(summary);
}

static void test_failures_come_first(void **state)
{
    (void)state;
    static struct example example;
    begin(&example, 3);
    fill(&example, 0, "glibc", 1.0, 100, 1);
    fill(&example, 1, "a", 1.0, 100, 1);
    fill(&example, 2, "b", 1.0, 100, 1);
    example.candidates[0].failed = true;
    strcpy(example.candidates[0].failure, "exit code 3");
    example.candidates[2].failed = true;
    struct compare_summary *summary = compare_create(&example.study, 0.02);
    assert_int_equal(summary->answer.failed_count, 2);
    char *text = answer_of(summary);
    assert_string_equal(
        text, "The program fails under glibc, which is what it has now: exit code 3.\n"
              "  If that is no failure: -i. If it wants standard input, which is "
              "empty: --input FILE.\n"
              "Failed: b; the table says why.\n"
              "Only a has figures, so nothing is compared.\n");
    free(text);
    compare_destroy(summary);
}

static void test_more_may_be_better(void **state)
{
    (void)state;
    static struct example example;
    begin(&example, 2);
    fill(&example, 0, "glibc", 1000, 100, 1);
    fill(&example, 1, "a", 1500, 100, 1);
    example.study.is_server = true;
    example.study.metric = "x";
    example.study.larger_is_better = true;
    struct compare_summary *summary = compare_create(&example.study, 0.02);
    assert_int_equal(summary->rows[1].speed.verdict, VERDICT_FASTER);
    assert_float_equal(summary->rows[1].speed.ratio.value, 1.5, 0.02);
    assert_int_equal(summary->answer.fastest, 1);
    compare_destroy(summary);
}

/* Growth may be negative, and its interval holds it. */
static void test_growth_may_be_negative(void **state)
{
    (void)state;
    static struct example example;
    begin(&example, 1);
    fill(&example, 0, "glibc", 1, 100, 1);
    const double values[MEMORIES] = {-3000, -1000, -2000};
    for (size_t i = 0; i < MEMORIES; i++) {
        example.memories[0][i].has_growth = true;
        example.memories[0][i].growth_bytes_per_minute = values[i];
    }
    struct compare_summary *summary = compare_create(&example.study, 0.02);
    const struct estimate growth = summary->rows[0].growth_bytes_per_minute;
    assert_true(growth.present);
    assert_float_equal(growth.value, -2000, 1e-6);
    assert_true(growth.low <= -2000 && growth.low >= -3000);
    assert_true(growth.high >= -2000 && growth.high <= -1000);
    compare_destroy(summary);
}

/* ---- files ---- */

static void test_csv_reads_back(void **state)
{
    (void)state;
    static struct example example;
    begin(&example, 3);
    fill(&example, 0, "glibc", 1.0, 100, 1);
    fill(&example, 1, "quick", 0.8, 120, 1);
    fill(&example, 2, "broken, \"badly\"", 1, 1, 1);
    example.candidates[2].failed = true;
    strcpy(example.candidates[2].failure, "killed by SIGSEGV");
    struct compare_summary *summary = compare_create(&example.study, 0.02);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_true(compare_csv_write(out, &example.study, summary));
    fclose(out);
    struct csv_cells *cells = csv_cells_of(text);
    free(text);
    assert_int_equal(cells->row_count, 4);
    assert_string_equal(csv_cell(cells, 1, "role"), "reference");
    assert_string_equal(csv_cell(cells, 2, "speed_verdict"), "faster");
    assert_string_equal(csv_cell(cells, 2, "peak_verdict"), "larger");
    assert_string_equal(csv_cell(cells, 2, "score_unit"), "s");
    assert_string_equal(csv_cell(cells, 2, "peak_method"), "process");
    assert_string_equal(csv_cell(cells, 3, "allocator"), "broken, \"badly\"");
    assert_string_equal(csv_cell(cells, 3, "status"), "failed");
    assert_string_equal(csv_cell(cells, 3, "score"), "");
    assert_string_equal(csv_cell(cells, 3, "note"), "killed by SIGSEGV");
    csv_cells_free(cells);
    compare_destroy(summary);
}

static void test_json_reads_back(void **state)
{
    (void)state;
    static struct example example;
    begin(&example, 2);
    fill(&example, 0, "glibc", 1.0, 100, 1);
    fill(&example, 1, "quick", 0.8, 120, 1);
    struct compare_summary *summary = compare_create(&example.study, 0.02);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_true(compare_json_write(out, &example.study, summary));
    fclose(out);
    json_error_t error;
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    free(text);
    assert_non_null(object);
    assert_int_equal(json_integer_value(json_object_get(object, "schema_version")),
                     COMPARE_SCHEMA_VERSION);
    const json_t *answer = json_object_get(object, "answer");
    assert_string_equal(json_string_value(json_object_get(answer, "fastest")), "quick");
    assert_string_equal(json_string_value(json_object_get(answer, "smallest")),
                        "glibc");
    assert_true(json_array_size(json_object_get(answer, "lines")) >= 2);
    const json_t *row = json_array_get(json_object_get(object, "allocators"), 1);
    const json_t *ratio = json_object_get(row, "speed_ratio");
    assert_true(json_real_value(json_object_get(ratio, "low")) > 1.2);
    assert_true(json_is_null(json_object_get(row, "left_resident_bytes")));
    assert_int_equal(
        json_array_size(json_object_get(json_object_get(row, "samples"), "scores")),
        ROUNDS);
    json_decref(object);
    compare_destroy(summary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clear_answer),
        cmocka_unit_test(test_front),
        cmocka_unit_test(test_no_difference_is_an_answer),
        cmocka_unit_test(test_noise_is_an_answer),
        cmocka_unit_test(test_the_fastest_is_not_decided_by_chance),
        cmocka_unit_test(test_more_runs_are_asked_for),
        cmocka_unit_test(test_more_runs_are_asked_for_the_fastest),
        cmocka_unit_test(test_failures_come_first),
        cmocka_unit_test(test_more_may_be_better),
        cmocka_unit_test(test_growth_may_be_negative),
        cmocka_unit_test(test_csv_reads_back),
        cmocka_unit_test(test_json_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
