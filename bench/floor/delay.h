/* The delayed floor: a slow-down of known size, to try whether the statistics find it.
 *
 * Each 256th call runs through a loop that does nothing; how often stands in the
 * library file, behind a mark, and is written into copies of it. All copies are the
 * same code at the same offsets, and every loop is long enough that its end is
 * mispredicted, so that they differ by the number of steps alone. */
#ifndef SNUGBENCH_FLOOR_DELAY_H
#define SNUGBENCH_FLOOR_DELAY_H

#include <stdint.h>

#ifndef FLOOR_IS_DELAYED
#define FLOOR_IS_DELAYED 0
#endif

#define DELAY_MARK "snugbench delay"

enum {
    DELAY_PERIOD_CALLS = 256,
    DELAY_BASE_STEPS = 64,
};

/* As it stands in the file, once. */
struct delay {
    char mark[16];
    uint32_t steps;
};

#endif
