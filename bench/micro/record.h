/* What snugbench and snugbench-micro share: a record in a memory file, filled in by
 * both.
 *
 * Which cases there are is known to snugbench-micro alone; snugbench asks it
 * (MICRO_LIST). Plain data of fixed size. */
#ifndef SNUGBENCH_MICRO_RECORD_H
#define SNUGBENCH_MICRO_RECORD_H

#include <stdint.h>

enum {
    MICRO_CASES = 64,
    MICRO_NAME_BYTES = 32,
    MICRO_LIST = -1,  /* fill in `cases`, measure nothing */
    MICRO_EMPTY = -2, /* measure only what an empty program occupies */
};

enum micro_status {
    MICRO_STARTED, /* and never reported back */
    MICRO_DONE,
    MICRO_WRONG_LIBRARY,
    MICRO_OUT_OF_MEMORY,
    MICRO_INTERNAL_ERROR,
};

/* One benchmark with one parameter: a row of figures for each allocator. */
struct micro_case {
    char benchmark[MICRO_NAME_BYTES];
    char parameter[MICRO_NAME_BYTES];
    char unit[MICRO_NAME_BYTES]; /* what is counted as one operation */
    uint32_t threads;
    uint64_t needs_bytes; /* of memory; 0: any machine has it */
};

/* Flags of micro_record.measured. */
enum micro_measured {
    MICRO_HAS_TIME = 1,
    MICRO_HAS_WORST = 2,
    MICRO_HAS_PEAK = 4,
    MICRO_HAS_AFTER = 8,
    MICRO_HAS_FAULTS = 16,
};

struct micro_record {
    /* asked */
    int32_t case_index;
    double scale; /* 1: as documented; less: shorter and smaller, for tests */
    uint64_t seed;
    char expected_library[512]; /* "" the libc's own */

    /* answered */
    uint32_t status;
    uint32_t measured;
    char message[256];
    uint64_t operations;
    uint64_t elapsed_ns;
    uint64_t worst_op_ns;
    uint64_t start_resident_bytes; /* before the first operation */
    uint64_t peak_resident_bytes;
    uint64_t after_resident_bytes;
    uint64_t minor_faults;
    uint32_t case_count;
    struct micro_case cases[MICRO_CASES];
};

#endif
