/* One run timed by hyperfine. */
#ifndef SNUGBENCH_LIVE_TIMED_H
#define SNUGBENCH_LIVE_TIMED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "live/study.h"

struct timed_plan {
    char *const *command;
    const struct candidate *candidate;
    uint32_t round;
    const char *input;  /* NULL: /dev/null */
    const char *output; /* hyperfine's --output: null, pipe, inherit or ./FILE */
    bool ignore_failure;
    size_t padding_bytes; /* of the environment, so that the stack begins elsewhere */
    uint64_t timeout_ns;
};

/* false: `error` has the reason (empty if somebody asked to stop). */
bool timed_run(const struct timed_plan *plan, struct live_time *time, char *error,
               size_t error_size);

/* The command for hyperfine -N, which splits it into words as a shell would. Allocated.
 */
char *timed_command(const struct timed_plan *plan);

#endif
