/* The last part of comparing a program: it is recorded once and replayed under the same
 * allocators, in what is left of the budget, to tell what is the allocator's. */
#ifndef SNUGBENCH_CLI_COMPARE_REPLAY_H
#define SNUGBENCH_CLI_COMPARE_REPLAY_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "analysis/compare.h"
#include "live/rounds.h"
#include "report/report.h"

/* All zero: nothing is there. */
struct recorded {
    char directory[PATH_MAX]; /* private; "" none */
    char path[PATH_MAX];
    char failure[400]; /* why there is no recording; "" there is one */
    char image[64];    /* the name of the file that was recorded; "" nobody knows */
    uint64_t until_ns; /* recording and replaying are to be done then */
    bool is_unkept;    /* its figures could not be written, which has been told */
};

/* Before rounds_end, while what --setup made is there. `left_s` is for replaying, too.
 */
void compare_record(struct recorded *recorded, const struct rounds *rounds,
                    double left_s);

/* Replays what was recorded and fills in the answer; `directory`, unless NULL, gets the
 * figures of the replay. What stands in `recorded` is borrowed by the answer. */
void compare_replay(struct recorded *recorded, const struct study *study,
                    struct compare_summary *summary, const char *directory);

/* Removes the recording. */
void compare_forget(struct recorded *recorded);

#endif
