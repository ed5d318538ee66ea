/* The proof of the statistics on this machine: 'snugbench doctor --aa'. */
#ifndef SNUGBENCH_CLI_PROOF_H
#define SNUGBENCH_CLI_PROOF_H

#include <stddef.h>
#include <stdint.h>

struct proof_options {
    const char *const *traces; /* none: those beside the tool, else generated ones */
    size_t trace_count;
    uint32_t repetitions;
    uint32_t rounds;
    uint64_t seed;
};

/* Measures and prints; returns the exit code. */
int proof_run(const struct proof_options *options);

#endif
