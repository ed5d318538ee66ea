/* The machine as far as /proc, /sys and a second of watching tell, without root. */
#ifndef SNUGBENCH_RUNNER_MACHINE_H
#define SNUGBENCH_RUNNER_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

#include "runner/finding.h"

enum {
    MACHINE_LINE_BYTES = 4096
};

/* Adds what of it disturbs measuring. Takes a second, for the share of processor time
 * that others take. */
void machine_examine(struct findings *findings);

/* The first line of a file, without its end; false: there is none. */
bool machine_read_line(const char *path, char line[MACHINE_LINE_BYTES]);

#endif
