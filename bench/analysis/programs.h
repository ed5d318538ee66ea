/* Several programs, each compared under the same allocators, taken together: verdicts
 * that hold for all programs at once, and geometric means over them. */
#ifndef SNUGBENCH_ANALYSIS_PROGRAMS_H
#define SNUGBENCH_ANALYSIS_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/compare.h"
#include "analysis/summary.h"
#include "live/study.h"

/* One of them; borrowed. The candidates of all are the same, in the same order. */
struct program {
    const char *name;
    const struct study *study;
    const struct compare_summary *summary;
};

/* One allocator over the programs. */
struct program_total {
    struct comparison speed;    /* geometric mean over the shared programs */
    struct estimate peak_ratio; /* the same of peak memory, this / reference */
    size_t faster_count, slower_count, smaller_count, larger_count;
    size_t failed_count; /* programs that failed under it */
};

struct programs_summary {
    const struct program *programs;
    size_t program_count, allocator_count, reference_index;
    size_t shared_count;       /* programs that every allocator completed */
    struct comparison *speeds; /* [program * allocator_count + allocator]; verdicts
                                  after Holm's correction over the programs */
    struct program_total *totals;
    double effect;
};

/* At least one program. false: out of memory. */
bool programs_summary_create(struct programs_summary *summary,
                             const struct program *programs, size_t count,
                             double effect);
void programs_summary_destroy(struct programs_summary *summary);

const struct comparison *programs_speed(const struct programs_summary *summary,
                                        size_t program, size_t allocator);

#endif
