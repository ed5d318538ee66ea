/* The two lines about the allocator's own part, from rows made by hand. */
#include "answer_example.h"

static void record(struct example *example)
{
    struct answer *answer = &example->answer;
    answer->recording = (struct answer_recording){
        .is_replayed = true, .live_bytes = 60.0 * MIB, .process_count = 1};
    for (size_t i = 0; i < COUNT; i++) {
        answer->rows[i].whole_s = (struct figure){answer->rows[i].score.value, true};
        answer->rows[i].own_s = (struct figure){0.2, true};
        answer->rows[i].overhead_bytes = (struct figure){10.0 * MIB, true};
    }
    answer->rows[QUICK].own_s.value = 0.1;
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
    example.answer.rows[QUICK].own_s.value = 0;
    assert_says(&example, "(0 %): all that it gains is there.\n");
    begin(&example, 1.25, 0.5);
    record(&example);
    example.answer.rows[QUICK].own_s.value = 0.3;
    assert_says(&example,
                "what it gains is elsewhere, in how the program's data lie.\n");
    begin(&example, 1.25, 0.5);
    record(&example);
    example.answer.recording.process_count = 2;
    example.answer.rows[QUICK].own_s.value = 0.2;
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

static void test_part_without_a_gain(void **state)
{
    (void)state;
    struct example example;
    begin(&example, 0.9, 1.5);
    record(&example);
    example.answer.recording.process_count = 3;
    example.answer.recording.is_of_processor_time = true;
    assert_says(&example,
                "touches of the first of its 3 processes, which alone is "
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
        example.answer.rows[i].own_s.value = 1.1;
    }
    assert_says(&example, "take 1.10 of glibc's 1.00 s (110 %): more than the whole, "
                          "so one of the two was disturbed.\n");
    begin(&example, 0.9, 1.5);
    record(&example);
    example.answer.rows[GLIBC].own_s.value = 1.1;
    example.answer.recording.live_bytes = 99.0 * MIB;
    assert_says(&example, "take at most 1.10 of glibc's 1.00 s");
    begin(&example, 0.9, 1.5);
    record(&example);
    example.answer.rows[GLIBC].own_s.value = 1.1;
    example.answer.recording.live_bytes = 99.0 * MIB;
    assert_says(&example, "more than the whole, since a replay writes all that is "
                          "allocated.\nOf 100 MiB under glibc not all is touched");
    begin(&example, 1.25, 1.5);
    record(&example);
    example.answer.rows[QUICK].own_s.value = 0.9;
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
        cmocka_unit_test(test_part_without_a_gain),
        cmocka_unit_test(test_no_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
