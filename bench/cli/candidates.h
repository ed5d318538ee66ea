/* The words of compare's -a into candidates: NAME, NAME=LIBRARY, NAME=KNOWN, ./LIBRARY
 * and any of them with ,VARIABLE=VALUE behind. */
#ifndef SNUGBENCH_CLI_CANDIDATES_H
#define SNUGBENCH_CLI_CANDIDATES_H

#include <stdbool.h>
#include <stddef.h>

#include "live/study.h"
#include "runner/allocators.h"

/* None at all: every known allocator that is installed, less the floor (no allocator)
 * and scudo (slow, and a debugging tool). Fills candidates and count. false: `error`
 * says what to do. */
bool candidates_parse(struct study *study, const char *const *specs, size_t spec_count,
                      struct allocator_error *error);

void candidates_free(struct study *study);

#endif
