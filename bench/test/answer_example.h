/* Rows made by hand for an answer, and what it says of them. */
#ifndef SNUGBENCH_TEST_ANSWER_EXAMPLE_H
#define SNUGBENCH_TEST_ANSWER_EXAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/answer.h"
#include "report/answer.h"

enum {
    GLIBC,
    QUICK,
    TIGHT,
    COUNT,
    MIB = 1 << 20,
};

struct example {
    struct answer answer;
    bool is_faster[COUNT * COUNT], is_smaller[COUNT * COUNT];
};

static inline struct estimate within(double value, double width)
{
    return (struct estimate){value, value * (1 - width), value * (1 + width), true};
}

/* `speed` and `size` are against glibc's 1. */
static inline void set_row(struct example *example, size_t index, const char *name,
                           double speed, double size)
{
    const bool is_reference = index == example->answer.reference_index;
    example->answer.rows[index] = (struct answer_row){
        .name = name,
        .present = true,
        .score =
            within(example->answer.larger_is_better ? 40 * speed : 1 / speed, 0.01),
        .speed = {.ratio = within(speed, 0.01),
                  .verdict = is_reference   ? VERDICT_REFERENCE
                             : speed > 1.02 ? VERDICT_FASTER
                             : speed < 0.98 ? VERDICT_SLOWER
                                            : VERDICT_SAME},
        .size_bytes = within(100.0 * MIB * size, 0),
        .size_ratio = within(size, 0),
        .size_verdict = is_reference  ? SIZE_NONE
                        : size < 0.98 ? SIZE_SMALLER
                        : size > 1.02 ? SIZE_LARGER
                                      : SIZE_SAME,
    };
}

/* glibc, one that is faster and one that is smaller. */
static inline void begin(struct example *example, double quick, double tight)
{
    *example = (struct example){.answer = {.count = 0}};
    assert_true(answer_create(&example->answer, COUNT));
    example->answer.effect = 0.02;
    example->answer.round_count = 10;
    set_row(example, GLIBC, "glibc", 1, 1);
    set_row(example, QUICK, "quick", quick, 1.2);
    set_row(example, TIGHT, "tight", 0.9, tight);
}

static inline void decide(struct example *example)
{
    for (size_t a = 0; a < COUNT; a++) {
        for (size_t b = 0; b < COUNT; b++) {
            const struct answer_row *left = &example->answer.rows[a];
            const struct answer_row *right = &example->answer.rows[b];
            if (left->present && right->present) {
                example->is_faster[a * COUNT + b] =
                    left->speed.ratio.value > 1.02 * right->speed.ratio.value;
                example->is_smaller[a * COUNT + b] =
                    1.02 * left->size_ratio.value < right->size_ratio.value;
            }
        }
    }
    answer_decide(&example->answer, example->is_faster, example->is_smaller);
}

static inline char *text_of(const struct answer *answer)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    answer_print(out, answer);
    fclose(out);
    return text;
}

static inline void assert_answer(struct example *example, const char *expected)
{
    decide(example);
    char *text = text_of(&example->answer);
    assert_string_equal(text, expected);
    free(text);
    answer_destroy(&example->answer);
}

/* One sentence among others. */
static inline void assert_says(struct example *example, const char *expected)
{
    decide(example);
    char *text = text_of(&example->answer);
    if (strstr(text, expected) == NULL) {
        fail_msg("expected '%s' in:\n%s", expected, text);
    }
    free(text);
    answer_destroy(&example->answer);
}

#endif
