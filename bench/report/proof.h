/* What 'doctor --aa' found: false verdicts between equals, power, the noise floor. */
#ifndef SNUGBENCH_REPORT_PROOF_H
#define SNUGBENCH_REPORT_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "analysis/proof.h"

enum {
    PROOF_EQUALS = 2,
    PROOF_SLOWED = 3,
};

/* Equal allocators under two names. */
struct proof_equals {
    const char *name;
    struct proof_outcome outcome;
};

struct proof_slowed {
    double slow_down; /* as injected; 0.02: 2 % */
    struct proof_outcome outcome;
    struct proof_outcome stated; /* of equals, had they had it */
};

struct proof_report {
    struct proof_equals equals[PROOF_EQUALS];
    struct proof_slowed slowed[PROOF_SLOWED];
    size_t trace_count;
    uint32_t rounds;
    double effect;
    /* What a verdict takes between the first equals: proof_least_difference. */
    double least_single, least_of_all;
};

/* Tables and a last sentence. false: out of memory. */
bool proof_print(FILE *out, const struct proof_report *report);

/* No more false verdicts than the stated level leaves to chance (more come once in a
 * hundred proofs if it holds). */
bool proof_holds(const struct proof_report *report);

#endif
