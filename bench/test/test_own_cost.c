/* The two lines about the allocator's own part, from rows made by hand. */
#include "answer_example.h"

static void set_own(struct answer_row *row, double seconds, double width)
{
    row->own_s = (struct estimate){seconds, seconds - width, seconds + width, true};
}

static void record(struct example *example)
{
    struct answer *answer = &example->answer;
    answer->recording = (struct answer_recording){
        .is_replayed = true, .live_bytes = 60.0 * MIB, .process_count = 1};
    for (size_t i = 0; i < COUNT; i++) {
        answer->rows[i].whole_s = answer->rows[i].score;
        set_own(&answer->rows[i], 0.2, 0.002);
        answer->rows[i].overhead_bytes = (struct figure){10.0 * MIB, true};
    }
    set_own(&answer->rows[QUICK], 0.1, 0.002);
    answer->rows[TIGHT].overhead_bytes.value = 2.0 * MIB;
}

static void test_part_of_a_gain(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 1.25, 0.5);
    record(&example);
    assert_says(&example,
                "Replayed, malloc, free and first touches take 0.20 of glibc's 1.00 s "
                "(20 %), 100 of quick's 800 ms (12 %): 50 % of what it gains is "
                "there, the rest in how the program's data lie.\n"
                "Of 100 MiB under glibc 60.0 are blocks, 10.0 glibc's own and 30.0 "
                "the program's other memory; tight's own is 2.00.\n");
    begin(&example, 1.25, 0.5);
    record(&example);
    set_own(&example.answer.rows[QUICK], 0, 0.002);
    assert_says(&example, "(0 %): all that it gains is there.\n");
    begin(&example, 1.25, 0.5);
    record(&example);
    set_own(&example.answer.rows[QUICK], 0.3, 0.002);
    assert_says(&example,
                "what it gains is elsewhere, in how the program's data lie.\n");
    begin(&example, 1.25, 0.5);
    record(&example);
    example.answer.recording.process_count = 2;
    set_own(&example.answer.rows[QUICK], 0.2, 0.002);
    assert_says(&example,
                "what it gains is elsewhere, in the other processes or in how "
                "the program's data lie.\n");
}

/* 0.1 s of a gain of 0.01 to 0.33 s may be all of it, or little. */
static void test_part_of_an_uncertain_gain(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 1.25, 0.5);
    record(&example);
    example.answer.rows[QUICK].speed.ratio.low = 1.01;
    example.answer.rows[QUICK].speed.ratio.high = 1.5;
    assert_says(&example, "(12 %): runs differ too much to tell what part of the gain "
                          "is there.\n");
}

/* The gain is known and the allocator's part in it is not, or not to the end. */
static void test_uncertain_part(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 1.25, 0.5);
    record(&example);
    set_own(&example.answer.rows[QUICK], 0, 0.07);
    assert_says(&example, "(0 %): most of what it gains is there.\n");
    begin(&example, 1.25, 0.5);
    record(&example);
    set_own(&example.answer.rows[QUICK], 0, 0); /* of one pass */
    assert_says(&example, "(0 %): most of what it gains is there.\n");
    begin(&example, 1.25, 0.5);
    record(&example);
    set_own(&example.answer.rows[QUICK], 0.2, 0);
    assert_says(&example, "most of what it gains is elsewhere");
    begin(&example, 1.25, 0.5);
    record(&example);
    set_own(&example.answer.rows[QUICK], 0.2, 0.06);
    assert_says(&example, "most of what it gains is elsewhere, in how");
    begin(&example, 1.25, 0.5);
    record(&example);
    set_own(&example.answer.rows[QUICK], 0.2, 0.15);
    assert_says(&example, "runs differ too much to tell");
    /* The gain in processor time, which no pairs are made of. */
    begin(&example, 1.25, 0.5);
    record(&example);
    example.answer.recording.is_of_processor_time = true;
    example.answer.rows[GLIBC].whole_s = within(1.0, 0.2);
    assert_says(&example, "runs differ too much to tell");
}

static void test_part_of_a_run_that_waits(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 0.9, 1.5);
    record(&example);
    example.answer.recording.is_of_processor_time = true;
    example.answer.recording.waits = true;
    example.answer.rows[GLIBC].whole_s = within(0.4, 0.01);
    assert_says(
        &example,
        "take 200 of glibc's 400 ms of processor time (50 %; it takes 1.00 s in "
        "all): no allocator can save more than that by itself.\n");
}

static void test_part_without_a_gain(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 0.9, 1.5);
    record(&example);
    example.answer.recording.process_count = 3;
    example.answer.recording.image = "bash";
    example.answer.recording.is_of_processor_time = true;
    assert_says(&example,
                "touches of the first of its 3 processes (bash), which alone is "
                "recorded, take 0.20 of glibc's 1.00 s of processor time "
                "(20 %); what they take in the others is not known.\n"
                "Of 100 MiB under glibc 60.0 are blocks of the first process, "
                "10.0 glibc's own and 30.0 all else, the other processes "
                "among it");
    begin(&example, 0.9, 1.5);
    record(&example);
    assert_says(&example, "(20 %): no allocator can save more than that by itself.\n");
    begin(&example, 0.9, 1.5);
    record(&example);
    for (size_t i = 0; i < COUNT; i++) {
        set_own(&example.answer.rows[i], 1.1, 0.002);
    }
    assert_says(&example, "take 1.10 of glibc's 1.00 s (110 %): more than the whole, "
                          "so one of the two was disturbed.\n");
    begin(&example, 0.9, 1.5);
    record(&example);
    set_own(&example.answer.rows[GLIBC], 1.1, 0.002);
    example.answer.recording.live_bytes = 99.0 * MIB;
    assert_says(&example, "take at most 1.10 of glibc's 1.00 s");
    begin(&example, 0.9, 1.5);
    record(&example);
    set_own(&example.answer.rows[GLIBC], 1.1, 0.002);
    example.answer.recording.live_bytes = 99.0 * MIB;
    assert_says(&example, "more than the whole, since a replay writes all that is "
                          "allocated.\nOf 100 MiB under glibc not all is touched");
    begin(&example, 1.25, 1.5);
    record(&example);
    set_own(&example.answer.rows[QUICK], 0.9, 0.002);
    assert_says(&example, "take 0.20 of glibc's 1.00 s (20 %).\n");
    begin(&example, 0.9, 1.5);
    record(&example);
    example.answer.recording.live_bytes = 99.0 * MIB;
    assert_says(&example, "Of 100 MiB under glibc not all is touched that is "
                          "allocated: 99.0 MiB of blocks, 10.0 of glibc's own.\n");
}

static void test_no_recording(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 1.25, 0.5);
    example.answer.recording.failure = "it cannot be recorded";
    assert_says(&example, "Not replayed: it cannot be recorded.\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_part_of_a_gain),
        cmocka_unit_test(test_part_of_an_uncertain_gain),
        cmocka_unit_test(test_uncertain_part),
        cmocka_unit_test(test_part_of_a_run_that_waits),
        cmocka_unit_test(test_part_without_a_gain),
        cmocka_unit_test(test_no_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
