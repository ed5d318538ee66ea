/* Several programs taken together: verdicts over all of them, geometric means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "analysis/programs.h"
#include "report/programs.h"

enum {
    GLIBC,
    SNUG,
    OTHER,
    ALLOCATORS,
    PROGRAMS = 12,
    ROUNDS = 6,
    MEMORIES = 3,
};

/* As the runs give it; filled by begin. */
static struct candidate candidates[PROGRAMS][ALLOCATORS];
static struct live_time times[PROGRAMS][ALLOCATORS][ROUNDS];
static struct live_memory memories[PROGRAMS][ALLOCATORS][MEMORIES];
static struct study studies[PROGRAMS];
static struct program programs[PROGRAMS];
static const char *const names[PROGRAMS] = {"a", "b", "c", "d", "e", "f",
                                            "g", "h", "i", "j", "k", "l"};
static char *const allocators[ALLOCATORS] = {(char[]){"glibc"}, (char[]){"snug"},
                                             (char[]){"other"}};

/* Rounds differ by far more than allocators do: only pairs show it. */
static double conditions(size_t round)
{
    return 1 + 0.2 * (double)((round * 7) % 5);
}

static void set_times(size_t program, size_t allocator, const double *ratios)
{
    for (size_t i = 0; i < ROUNDS; i++) {
        times[program][allocator][i] = (struct live_time){
            .round = (uint32_t)i, .score = conditions(i) / ratios[i], .user_s = 1};
    }
}

/* All are equal but for a little noise; snug takes half the memory. */
static void begin(void)
{
    static const double noise[ROUNDS] = {1.01, 0.99, 1.005, 0.995, 1.002, 0.998};
    static const double one[ROUNDS] = {1, 1, 1, 1, 1, 1};
    for (size_t i = 0; i < PROGRAMS; i++) {
        for (size_t k = 0; k < ALLOCATORS; k++) {
            candidates[i][k] = (struct candidate){.name = allocators[k],
                                                  .times = times[i][k],
                                                  .time_count = ROUNDS,
                                                  .memories = memories[i][k],
                                                  .memory_count = MEMORIES};
            set_times(i, k, k == GLIBC ? one : noise);
            for (size_t m = 0; m < MEMORIES; m++) {
                memories[i][k][m] = (struct live_memory){
                    .round = (uint32_t)m, .peak_bytes = k == SNUG ? 50000 : 100000};
            }
        }
        studies[i] = (struct study){
            .candidates = candidates[i], .count = ALLOCATORS, .round_count = ROUNDS};
        programs[i] = (struct program){.name = names[i], .study = &studies[i]};
    }
}

static struct programs_summary sum_up(size_t count)
{
    struct programs_summary summary;
    for (size_t i = 0; i < count; i++) {
        programs[i].summary = compare_create(&studies[i], 0.02);
        assert_non_null(programs[i].summary);
    }
    assert_true(programs_summary_create(&summary, programs, count, 0.02));
    return summary;
}

static void clear(struct programs_summary *summary)
{
    for (size_t i = 0; i < summary->program_count; i++) {
        compare_destroy((struct compare_summary *)(uintptr_t)programs[i].summary);
    }
    programs_summary_destroy(summary);
}

static char *printed(const struct programs_summary *summary)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_true(programs_print(out, summary));
    fclose(out);
    return text;
}

static void test_who_is_best(void **state)
{
    (void)state;
    static const double twice[ROUNDS] = {2, 2.02, 1.98, 2.01, 1.99, 2};
    static const double thrice[ROUNDS] = {3, 3.02, 2.98, 3.01, 2.99, 3};
    begin();
    for (size_t i = 0; i < 4; i++) {
        set_times(i, SNUG, twice);
        set_times(i, OTHER, thrice);
        for (size_t k = 0; k < MEMORIES; k++) {
            memories[i][SNUG][k].peak_bytes = memories[i][GLIBC][k].peak_bytes;
        }
    }
    struct programs_summary summary = sum_up(4);
    char *text = printed(&summary);
    assert_ptr_equal(
        strstr(text, "Fastest over all programs: other, 3.00 times as fast as glibc "),
        text);
    assert_non_null(
        strstr(text, "\nNone is shown to be smaller than glibc over all programs.\n"));
    free(text);
    clear(&summary);
}

static void test_geometric_means(void **state)
{
    (void)state;
    static const double twice[ROUNDS] = {2, 2.02, 1.98, 2.01, 1.99, 2};
    static const double quarter[ROUNDS] = {0.25, 0.252, 0.248, 0.25, 0.251, 0.249};
    begin();
    set_times(0, SNUG, twice);
    set_times(1, SNUG, quarter);
    struct programs_summary summary = sum_up(2);
    assert_int_equal(summary.shared_count, 2);
    assert_float_equal(summary.totals[SNUG].speed.ratio.value, 0.707, 0.01);
    assert_int_equal(summary.totals[SNUG].speed.verdict, VERDICT_SLOWER);
    assert_int_equal(summary.totals[GLIBC].speed.verdict, VERDICT_REFERENCE);
    assert_int_equal(summary.totals[OTHER].speed.verdict, VERDICT_SAME);
    assert_int_equal(summary.totals[SNUG].faster_count, 1);
    assert_int_equal(summary.totals[SNUG].slower_count, 1);
    assert_float_equal(summary.totals[SNUG].peak_ratio.value, 0.5, 1e-9);
    assert_int_equal(summary.totals[SNUG].smaller_count, 2);
    char *text = printed(&summary);
    assert_ptr_equal(
        strstr(text, "None is shown to be faster than glibc over all programs.\n"
                     "Smallest over all programs: snug, 50 % less memory at the peak "
                     "than glibc.\n"),
        text);
    assert_non_null(strstr(text, "snug: faster on a (2.00x); slower on b (0.25x).\n"));
    assert_non_null(
        strstr(text, "No difference in speed is shown on any program: other.\n"));
    free(text);
    clear(&summary);
}

/* Whether the line of `name` in the table says `word`. */
static bool says(const char *text, const char *name, const char *word)
{
    char line[200] = "";
    const char *begin = strstr(text, name);
    assert_non_null(begin);
    begin++;
    snprintf(line, sizeof line, "%.*s", (int)strcspn(begin, "\n"), begin);
    return strstr(line, word) != NULL;
}

/* No verdict and a wide interval is not the same as no difference. */
static void test_undecided(void **state)
{
    (void)state;
    static const double wild[ROUNDS] = {0.5, 2, 0.7, 1.6, 0.9, 1.2};
    begin();
    set_times(0, SNUG, wild);
    struct programs_summary summary = sum_up(1);
    assert_int_equal(summary.totals[SNUG].speed.verdict, VERDICT_SAME);
    char *text = printed(&summary);
    assert_true(says(text, "\n  snug ", "x undecided"));
    assert_true(says(text, "\n  other ", "x same"));
    free(text);
    clear(&summary);
}

/* A ratio that is clear in one program alone is not among many that are equal. */
static void test_correction_over_programs(void **state)
{
    (void)state;
    static const double unsteady[ROUNDS] = {1.02, 1.2, 1.1, 1.04, 1.18, 1.12};
    begin();
    set_times(0, SNUG, unsteady);
    struct programs_summary summary = sum_up(1);
    assert_int_equal(programs_speed(&summary, 0, SNUG)->verdict, VERDICT_FASTER);
    clear(&summary);
    summary = sum_up(PROGRAMS);
    assert_int_equal(programs_speed(&summary, 0, SNUG)->verdict, VERDICT_SAME);
    assert_int_equal(summary.totals[SNUG].faster_count, 0);
    clear(&summary);
}

static void test_what_figures_do_not_show(void **state)
{
    (void)state;
    begin();
    studies[1].leaves_processes = true;
    candidates[0][SNUG].library = (char[]){"libsnug.so"};
    strcpy(candidates[0][SNUG].note, "1 of 2 processes ran without the preload");
    struct programs_summary summary = sum_up(2);
    char *text = printed(&summary);
    assert_non_null(strstr(text, "\nNot all of a is compared: 1 of 2 processes ran "
                                 "without the preload.\n"));
    assert_non_null(strstr(text, "\nb leaves processes running when it ends: "));
    assert_null(strstr(text, "a leaves"));
    free(text);
    clear(&summary);
}

/* Nobody gains by failing where it would be slow. */
static void test_failures(void **state)
{
    (void)state;
    static const double twice[ROUNDS] = {2, 2.02, 1.98, 2.01, 1.99, 2};
    begin();
    set_times(1, SNUG, twice);
    candidates[1][OTHER].failed = true;
    strcpy(candidates[1][OTHER].failure, "killed by SIGSEGV");
    struct programs_summary summary = sum_up(2);
    assert_int_equal(summary.shared_count, 1);
    assert_float_equal(summary.totals[SNUG].speed.ratio.value, 1, 0.01);
    assert_int_equal(summary.totals[SNUG].faster_count, 1);
    assert_int_equal(summary.totals[OTHER].failed_count, 1);
    assert_false(programs_speed(&summary, 1, OTHER)->ratio.present);
    char *text = printed(&summary);
    assert_non_null(strstr(text, "b failed under other: killed by SIGSEGV.\n"));
    assert_non_null(strstr(text, "failed on 1"));
    assert_ptr_equal(
        strstr(text, "None is shown to be faster than glibc over 1 of 2 programs.\n"),
        text);
    free(text);
    clear(&summary);
    candidates[0][GLIBC].failed = true;
    summary = sum_up(1);
    text = printed(&summary);
    assert_ptr_equal(strstr(text, "Nothing is compared over all programs: none was "),
                     text);
    assert_null(strstr(text, "No difference"));
    assert_non_null(strstr(text, "\n1 program, "));
    free(text);
    clear(&summary);
    summary = sum_up(2);
    assert_int_equal(summary.shared_count, 0);
    assert_false(summary.totals[SNUG].speed.ratio.present);
    assert_false(summary.totals[SNUG].peak_ratio.present);
    clear(&summary);
}

/* The median of two is a little beside a whole number: six digits would be left of it.
 */
static void test_whole_bytes(void **state)
{
    (void)state;
    char directory[] = "/tmp/snug-test-XXXXXX";
    char path[64];
    char text[4096] = "";
    struct report_error error;
    assert_non_null(mkdtemp(directory));
    begin();
    memories[0][SNUG][0].peak_bytes = 29999103;
    memories[0][SNUG][1].peak_bytes = 29999105;
    candidates[0][SNUG].memory_count = 2;
    struct programs_summary summary = sum_up(1);
    assert_true(programs_write_directory(&summary, directory, &error));
    snprintf(path, sizeof path, "%s/programs.csv", directory);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    assert_true(fread(text, 1, sizeof text - 1, in) > 0);
    fclose(in);
    assert_non_null(strstr(text, "\"29999104\""));
    clear(&summary);
    static const char *const files[] = {"programs.csv", "programs_totals.csv",
                                        "answer.txt", "environment.json"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, files[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_best),
        cmocka_unit_test(test_geometric_means),
        cmocka_unit_test(test_undecided),
        cmocka_unit_test(test_correction_over_programs),
        cmocka_unit_test(test_what_figures_do_not_show),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_whole_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
