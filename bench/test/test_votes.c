/* How often votes say yes, held against what the header states. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/votes.h"
#include "trace/random.h"

static bool ask(struct random *random, uint64_t yes_in_1000)
{
    struct votes votes = {0};
    while (votes_are_open(&votes)) {
        votes_add(&votes, random_below(random, 1000) < yes_in_1000);
    }
    assert_in_range(votes.count, 4, VOTES_LIMIT);
    return votes_say_yes(&votes);
}

static void yes_is_hard_to_come_by(void **state)
{
    static const struct row {
        uint64_t yes_in_1000, least, most; /* answers in 20,000 */
    } rows[] = {
        {0, 0, 0},
        {300, 0, 20},
        {400, 80, 250},
        {500, 2000, 2600},
        {600, 9300, 10300},
        {750, 19200, 19600},
        {1000, 20000, 20000},
    };
    struct random random = {.state = 5};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t yes = 0;
        for (int k = 0; k < 20000; k++) {
            yes += ask(&random, rows[i].yes_in_1000);
        }
        print_message("%u in 1000: %u\n", (unsigned)rows[i].yes_in_1000, (unsigned)yes);
        assert_in_range(yes, rows[i].least, rows[i].most);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(yes_is_hard_to_come_by)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
