/* A control group (version 2) for one run, whose memory.peak is exact for all processes
 * in it. Needs a kernel of 5.19 or later, the memory controller in our own group and
 * the right to make a child there; where one is lacking there is none. */
#ifndef SNUGBENCH_PROCESS_CGROUP_H
#define SNUGBENCH_PROCESS_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cgroup {
    char path[PATH_MAX]; /* "": there is none */
};

/* The folder of our own version 2 group, from the text of /proc/self/cgroup and of
 * /proc/self/mounts; false: there is none. */
bool cgroup_own_folder(const char *groups, const char *mounts, char *path, size_t size);

/* A new group below `folder` with a readable memory.peak; false: not to be had. */
bool cgroup_create_below(struct cgroup *group, const char *folder);

/* The same below our own, or beside it. */
bool cgroup_create(struct cgroup *group);

bool cgroup_add(const struct cgroup *group, pid_t pid);

/* false: not to be read. */
bool cgroup_peak(const struct cgroup *group, uint64_t *bytes);

/* Removes it; its processes have ended. */
void cgroup_remove(struct cgroup *group);

#endif
