/* Slots are given smallest first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "trace/random.h"
#include "trace/slots.h"

static void slots_are_given_smallest_first(void **state)
{
    (void)state;
    enum {
        COUNT = 10000, /* beyond the first capacity of 4096 */
        STEPS = 30000
    };
    struct slots slots;
    slots_init(&slots);
    bool *taken = calloc(COUNT + STEPS, sizeof *taken);
    assert_non_null(taken);
    taken[0] = true;
    for (uint32_t i = 1; i <= COUNT; i++) {
        assert_int_equal(slots_take(&slots), i);
        taken[i] = true;
    }
    struct random random = {.state = 1};
    for (int step = 0; step < STEPS; step++) {
        uint32_t slot = (uint32_t)random_between(&random, 1, COUNT);
        if (taken[slot] && random_below(&random, 3) != 0) {
            taken[slot] = false;
            slots_release(&slots, slot);
            continue;
        }
        uint32_t smallest = 1;
        while (taken[smallest]) {
            smallest++;
        }
        assert_int_equal(slots_take(&slots), smallest);
        taken[smallest] = true;
    }
    free(taken);
    slots_destroy(&slots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_given_smallest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
