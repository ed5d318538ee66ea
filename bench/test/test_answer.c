/* The answer from rows made by hand: each verdict and each sentence. */
#include "answer_example.h"

/* ---- a program ---- */

static void test_gain(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 1.25, 0.5);
    assert_answer(&example,
                  "Fastest: quick, 25 % faster than glibc (95 % interval 24 to 26 %): "
                  "800 ms instead of 1.00 s, but with 20 % more memory.\n"
                  "Smallest: tight, 50.0 MiB at its peak, 50 % less than glibc's 100, "
                  "but 11 % slower.\n");
}

static void test_large_ratios_are_told_as_such(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 4, 0.5);
    assert_says(&example, "Fastest: quick, 4.00 times as fast as glibc (95 % interval "
                          "3.96 to 4.04): 250 ms instead of 1.00 s");
}

/* What is shown leaves out 1, and its interval says so. */
static void test_an_end_of_an_interval_is_not_rounded_away(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 1.25, 0.5);
    example.answer.rows[QUICK].speed.ratio.low = 1.003;
    assert_says(&example, "(95 % interval 0.3 to 26 %)");
}

static void test_what_you_have_is_best(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 0.8, 1.5);
    assert_answer(&example, "Fastest: glibc, which is what you have: 1.00 s.\n"
                            "None is smaller than glibc, which is what you have: 100 "
                            "MiB at its peak.\n"
                            "Not beaten in both speed and memory: only glibc.\n");
}

static void test_no_difference(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 1, 1);
    set_row(&example, QUICK, "quick", 1, 1);
    set_row(&example, TIGHT, "tight", 1, 1);
    assert_answer(&example, "No significant difference in speed between any of them: "
                            "all are within 2 % of glibc, 1.00 s.\n"
                            "No significant difference in peak memory between any of "
                            "them: 100 MiB under glibc.\n");
}

static void test_ties_with_the_fastest(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 1.25, 0.5);
    set_row(&example, TIGHT, "tight", 1.24, 1.19);
    assert_says(&example, "  Not significantly behind it: tight.\n");
    begin(&example, 1.25, 0.5);
    set_row(&example, TIGHT, "tight", 1.24, 0.5);
    assert_says(&example, "Not beaten in both speed and memory: quick and tight.\n");
}

/* Which of two that are equally fast has the better median is chance, and which is
 * smaller is not. */
static void test_memory_chooses_among_the_fastest(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 1.25, 0.5);
    set_row(&example, TIGHT, "tight", 1.24, 0.5);
    assert_says(&example, "Fastest: tight, 24 % faster than glibc (95 % interval 23 to "
                          "25 %): 806 ms instead of 1.00 s, with 50 % less memory.\n"
                          "  Not significantly different from it: quick.\n");
    /* As much memory, within the effect: the better figure. */
    begin(&example, 1.25, 0.5);
    set_row(&example, TIGHT, "tight", 1.24, 1.19);
    assert_says(&example, "Fastest: quick, 25 % faster");
    /* Shown to be slower than the fastest. */
    begin(&example, 1.25, 0.5);
    set_row(&example, TIGHT, "tight", 1.2, 0.5);
    assert_says(&example, "Fastest: quick, 25 % faster");
    /* Not shown to be faster than the reference. */
    begin(&example, 1.03, 0.5);
    set_row(&example, TIGHT, "tight", 1.015, 0.5);
    assert_says(&example, "Fastest: quick, 3 % faster");
    /* By medians one leads that is slower run by run. */
    begin(&example, 1.3, 0.5);
    set_row(&example, TIGHT, "tight", 1.25, 1.2);
    example.answer.rows[TIGHT].score = within(0.7, 0.1);
    assert_says(&example, "Fastest: quick, 30 % faster");
    begin(&example, 1.25, 0.5);
    set_row(&example, TIGHT, "tight", 1.3, 1.2);
    example.answer.rows[QUICK].score = within(0.7, 0.1);
    assert_says(&example, "Fastest: tight, 30 % faster");
}

static void test_undecided(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 1, 0.5);
    example.answer.rows[QUICK].is_undecided = true;
    example.answer.rows[QUICK].speed.ratio = within(1.0, 0.02);
    assert_says(&example, "Undecided in speed: quick; about 31 more runs of each would "
                          "decide it (--runs 41).\n");
    begin(&example, 1, 0.5);
    example.answer.round_count = 2;
    example.answer.rows[QUICK].is_undecided = true;
    example.answer.rows[QUICK].speed.verdict = VERDICT_TOO_FEW;
    assert_says(&example,
                "Undecided in speed: quick; 2 rounds say nothing yet, 5 are "
                "the least; about 3 more runs of each would decide it (--runs "
                "5).\n");
    begin(&example, 1, 0.5);
    example.answer.round_count = 0; /* interrupted in the first */
    example.answer.rows[QUICK].is_undecided = true;
    example.answer.rows[QUICK].speed.verdict = VERDICT_TOO_FEW;
    assert_says(&example,
                "Undecided in speed: quick; 0 rounds say nothing yet, 5 are "
                "the least; about 5 more runs of each would decide it (--runs 5).\n");
    begin(&example, 1, 0.5);
    example.answer.rows[QUICK].is_undecided = true;
    example.answer.rows[QUICK].speed.ratio = within(1.0, 0.5);
    assert_says(&example, "; no reasonable number of runs would decide it.\n");
}

static void test_what_is_shown_goes_before_what_is_not(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 1.25, 0.9);
    example.answer.rows[QUICK].size_bytes = within(88.0 * MIB, 0.5);
    example.answer.rows[QUICK].size_ratio = within(0.88, 0.5);
    example.answer.rows[QUICK].size_verdict = SIZE_SAME;
    assert_says(&example, "; its memory is undecided.\nSmallest: tight, 90.0 MiB");
    begin(&example, 1.25, 1.2);
    example.answer.rows[TIGHT].size_ratio = within(0.88, 0.5);
    example.answer.rows[TIGHT].size_bytes = within(88.0 * MIB, 0.5);
    example.answer.rows[TIGHT].size_verdict = SIZE_SAME;
    assert_says(&example, "None is shown to be smaller than glibc");
    begin(&example, 1.25, 0.5);
    set_row(&example, TIGHT, "tight", 1.4, 0.5);
    example.answer.rows[TIGHT].speed.verdict = VERDICT_SAME;
    example.answer.rows[TIGHT].is_undecided = true;
    assert_says(&example, "Fastest: quick, 25 % faster");
}

/* By the medians the reference leads, run by run another. */
static void test_one_ahead_in_pairs_is_a_rival(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 1.2, 0.5);
    example.answer.rows[QUICK].score = within(1.01, 0.2);
    example.answer.rows[QUICK].speed.verdict = VERDICT_SAME;
    example.answer.rows[QUICK].is_undecided = true;
    assert_says(&example, "None is shown to be faster than glibc, 1.00 s.\n");
}

/* The interval leaves out 1 and the p is not small: runs have to bring that down. */
static void test_more_runs_bring_p_down(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 1.1, 0.5);
    example.answer.round_count = 40;
    example.answer.rows[QUICK].speed.verdict = VERDICT_SAME;
    example.answer.rows[QUICK].speed_p = (struct figure){0.2, true};
    example.answer.rows[QUICK].speed.ratio = within(1.1, 0.05);
    example.answer.rows[QUICK].is_undecided = true;
    /* 1.960 deviations are asked for, 1.282 are there. */
    assert_says(&example, "about 54 more runs of each would decide it (--runs 94).\n");
}

static void test_noise(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 1, 0.5);
    example.answer.spread = 0.3;
    example.answer.rows[QUICK].is_undecided = true;
    assert_says(&example,
                "This machine is too noisy: runs of one kind spread by 30 %; ");
    /* The noise is of its own making. */
    begin(&example, 1, 0.5);
    example.answer.spread = 0.3;
    example.answer.rows[QUICK].is_undecided = true;
    example.answer.leaves_processes = true;
    decide(&example);
    assert_true(example.answer.is_too_noisy);
    char *text = text_of(&example.answer);
    assert_non_null(strstr(text, "It leaves processes running when it ends: "));
    assert_null(strstr(text, "too noisy"));
    free(text);
    answer_destroy(&example.answer);
    /* Noise that hides nothing is not worth a line. */
    begin(&example, 1.25, 0.5);
    example.answer.spread = 0.3;
    decide(&example);
    assert_false(example.answer.is_too_noisy);
    answer_destroy(&example.answer);
}

static void test_failures(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 1.25, 0.5);
    for (size_t i = 0; i < 2; i++) {
        example.answer.rows[i].present = false;
        example.answer.rows[i].failure = "exit code 3";
    }
    assert_answer(&example,
                  "The program fails under glibc, which is what it has now: exit code "
                  "3.\n"
                  "  If that is no failure: -i. If it wants standard input, which is "
                  "empty: --input FILE.\n"
                  "Failed: quick; the table says why.\n"
                  "Only tight has figures, so nothing is compared.\n");
    begin(&example, 1.25, 0.5);
    example.answer.rows[0].failure = "--prepare failed: exit code 4";
    assert_says(&example, "Nothing is measured under glibc, which is what it has now: "
                          "--prepare failed: exit code 4.\n");
    begin(&example, 1.25, 0.5);
    example.answer.rows[0].failure = "the load failed: exit code 4";
    assert_says(&example, "Nothing is measured under glibc");
    begin(&example, 1.25, 0.5);
    example.answer.rows[0].failure = "exit code 3";
    example.answer.rows[0].present = false;
    example.answer.has_input = true;
    assert_says(&example, "  If that is no failure: -i.\nFastest");
}

static void test_own_allocator(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 1.25, 0.5);
    example.answer.rows[GLIBC].own = "the program brings libjemalloc.so.2";
    assert_says(&example,
                "What glibc stands for: the program brings libjemalloc.so.2.\n");
}

static void test_processes_that_were_not_reached(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 1, 1);
    set_row(&example, QUICK, "quick", 1, 1);
    set_row(&example, TIGHT, "tight", 1, 1);
    for (size_t i = QUICK; i < COUNT; i++) {
        example.answer.rows[i].unreached =
            "1 of 2 processes ran without the preload, first /bin/worker (static)";
    }
    assert_answer(
        &example,
        "Not all of it is compared: 1 of 2 processes ran without the preload, first "
        "/bin/worker (static), under quick and tight; what runs like that keeps its "
        "own malloc in every run, and no figure here holds for it.\n"
        "No significant difference in speed between any of them, as far as the preload "
        "reaches: all are within 2 % of glibc, 1.00 s.\n"
        "No significant difference in peak memory between any of them, as far as the "
        "preload reaches: 100 MiB under glibc.\n");
}

static void test_servers(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 1.25, 0.5);
    example.answer.rows[GLIBC].left_bytes = within(90.0 * MIB, 0);
    example.answer.rows[TIGHT].left_bytes = within(30.0 * MIB, 0);
    example.answer.rows[QUICK].growth_bytes_per_minute = within(12.0 * MIB, 0.1);
    assert_says(&example, "Left a while after the load: tight keeps least, 30.0 MiB; "
                          "glibc keeps 90.0.\n"
                          "Still growing under load, MiB a minute: quick 12.0.\n");
    begin(&example, 1.25, 0.5);
    example.answer.rows[GLIBC].left_bytes = within(30.1 * MIB, 0);
    example.answer.rows[TIGHT].left_bytes = within(30.0 * MIB, 0);
    assert_says(&example, "Left a while after the load: 30.1 MiB under glibc; none is "
                          "shown to keep less.\n");
    begin(&example, 1.25, 0.5);
    example.answer.rows[GLIBC].left_bytes = within(30.0 * MIB, 0);
    example.answer.rows[TIGHT].left_bytes = within(30.1 * MIB, 0);
    assert_says(&example, "Left a while after the load: 30.0 MiB under glibc; none is "
                          "shown to keep less.\n");
    begin(&example, 1.25, 0.5);
    example.answer.rows[GLIBC].left_bytes = within(33.0 * MIB, 0.2);
    example.answer.rows[TIGHT].left_bytes = within(30.0 * MIB, 0.2);
    assert_says(&example, "; none is shown to keep less.\n");
    begin(&example, 1.25, 0.5);
    example.answer.rows[GLIBC].left_bytes = within(90.0 * MIB, 0.01);
    example.answer.rows[QUICK].left_bytes = within(40.0 * MIB, 0.01);
    example.answer.rows[TIGHT].left_bytes = within(30.0 * MIB, 3);
    assert_says(&example, "Left a while after the load: quick keeps least, 40.0 MiB; "
                          "glibc keeps 90.0.\n");
}

/* ---- traces ---- */

/* The same over five traces. */
static void begin_traces(struct example *example)
{
    begin(example, 2.5, 0.5);
    struct answer *answer = &example->answer;
    answer->score = SCORE_MOPS;
    answer->larger_is_better = true;
    answer->trace_count = answer->shared_count = 5;
    set_row(example, GLIBC, "glibc", 1, 1);
    set_row(example, QUICK, "quick", 2.5, 1.2);
    set_row(example, TIGHT, "tight", 0.4, 0.5);
    for (size_t i = 0; i < COUNT; i++) {
        answer->rows[i].size_bytes = (struct estimate){.present = false};
    }
    answer->rows[QUICK].speed_traces = (struct answer_traces){3, 1, 1};
    answer->rows[TIGHT].size_traces = (struct answer_traces){4, 1, 0};
}

static void test_traces(void **state)
{
    (void)state;
    struct example example;
    begin_traces(&example);
    assert_answer(
        &example,
        "Fastest: quick, 2.50 times as fast as glibc (95 % interval 2.48 to 2.52): 100 "
        "million calls a second instead of 40.0, but with 20 % more memory.\n"
        "  Trace by trace quick is faster on 3, slower on 1, neither on 1.\n"
        "Smallest: tight, 50 % less memory at the peak than glibc, less on 4 of 5 "
        "traces "
        "and more on 1, but 2.5 times slower.\n"
        "This is the cost of malloc and free alone; 'snugbench compare -- PROGRAM' "
        "tells "
        "what a program gains.\n");
}

static void test_traces_that_fail(void **state)
{
    (void)state;
    struct example example;
    begin_traces(&example);
    example.answer.shared_count = 3;
    example.answer.skipped_count = 1;
    example.answer.rows[TIGHT].failure = "at operation 7";
    example.answer.rows[TIGHT].failed_status = RESULT_VERIFY_FAILED;
    example.answer.rows[TIGHT].failed_trace = "gen-x";
    example.answer.rows[TIGHT].failed_trace_count = 1;
    assert_says(&example,
                "tight failed on 1 of 5 traces, first on gen-x: verify failed: "
                "at operation 7.\n"
                "Too large for this machine, and left out: 1 of 5 traces.\n");
    begin_traces(&example);
    example.answer.shared_count = 3;
    assert_says(&example, "alone, over the 3 of 5 traces that all completed; ");
}

/* A dozen lines are the most, whatever goes wrong at once. */
static void test_length(void **state)
{
    (void)state;
    struct example example;
    begin_traces(&example);
    example.answer.skipped_count = 1;
    example.answer.shared_count = 3;
    example.answer.interrupted = true;
    example.answer.spread = 0.3;
    for (size_t i = 0; i < COUNT; i++) {
        example.answer.rows[i].failure = "";
        example.answer.rows[i].failed_trace = "t";
        example.answer.rows[i].is_undecided = i == TIGHT;
    }
    set_row(&example, TIGHT, "tight", 2.49, 0.5);
    example.answer.rows[TIGHT].is_undecided = true;
    decide(&example);
    char *text = text_of(&example.answer);
    size_t lines = 0;
    for (const char *at = text; *at != '\0'; at++) {
        lines += *at == '\n';
    }
    assert_in_range(lines, 8, 12);
    free(text);
    answer_destroy(&example.answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gain),
        cmocka_unit_test(test_large_ratios_are_told_as_such),
        cmocka_unit_test(test_an_end_of_an_interval_is_not_rounded_away),
        cmocka_unit_test(test_what_you_have_is_best),
        cmocka_unit_test(test_no_difference),
        cmocka_unit_test(test_ties_with_the_fastest),
        cmocka_unit_test(test_memory_chooses_among_the_fastest),
        cmocka_unit_test(test_undecided),
        cmocka_unit_test(test_what_is_shown_goes_before_what_is_not),
        cmocka_unit_test(test_one_ahead_in_pairs_is_a_rival),
        cmocka_unit_test(test_more_runs_bring_p_down),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_own_allocator),
        cmocka_unit_test(test_processes_that_were_not_reached),
        cmocka_unit_test(test_servers),
        cmocka_unit_test(test_traces),
        cmocka_unit_test(test_traces_that_fail),
        cmocka_unit_test(test_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
