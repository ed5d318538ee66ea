/* Copies of the delayed floor (floor/delay.h), each with a delay of its own. They are
 * memory files, which go with this process. */
#ifndef SNUGBENCH_RUNNER_DELAYED_H
#define SNUGBENCH_RUNNER_DELAYED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DELAYED_PATH_BYTES = 64
};

struct delayed {
    int fd;
    char path[DELAYED_PATH_BYTES]; /* to preload */
};

/* `extra_steps` above the least. false: `error` says why. */
bool delayed_open(struct delayed *delayed, uint32_t extra_steps, char *error,
                  size_t error_size);
void delayed_close(struct delayed *delayed);

#endif
