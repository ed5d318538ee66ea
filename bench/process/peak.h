/* The peak of a run's resident memory, over all its processes: by the best way there
 * is, which is named. */
#ifndef SNUGBENCH_PROCESS_PEAK_H
#define SNUGBENCH_PROCESS_PEAK_H

#include <stdint.h>
#include <sys/resource.h>

#include "process/cgroup.h"
#include "process/tree.h"

/* How the peak of a run was found. */
enum peak_method {
    PEAK_NONE,
    PEAK_CGROUP,  /* memory.peak of a control group of its own */
    PEAK_PROCESS, /* one process: its VmHWM, read at its exit or as late as it was seen
                   */
    PEAK_TREE,    /* several: the largest sum seen, at least the largest VmHWM */
};

struct peak {
    enum peak_method method;
    uint64_t bytes;
};

/* What the kernel says of processes at their end. It begins at what snugbench had
 * resident when it forked: up to that it says nothing. */
uint64_t peak_of_usage(const struct rusage *usage);

/* What snugbench itself has had resident. */
uint64_t peak_own(void);

/* From what was seen of the tree, and `at_end_bytes`, the kernel's figure at the end of
 * its processes (0: not to be had); or the group's, if it has one. */
struct peak peak_find(const struct tree *tree, const struct cgroup *group,
                      uint64_t at_end_bytes);

#endif
