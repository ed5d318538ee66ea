/* A process of one of our tools under an allocator: snugbench-worker, which replays a
 * trace, or snugbench-micro.
 *
 * It meets its allocator as a program would (LD_PRELOAD, fresh process, ASLR on) in an
 * environment that is small and always the same but for the padding. */
#ifndef SNUGBENCH_RUNNER_WORKER_H
#define SNUGBENCH_RUNNER_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "process/spawn.h"
#include "runner/result.h"

struct sock_fprog;

struct worker_plan {
    const char *tool; /* "snugbench-worker" */
    /* What runs the tool: a path, then arguments, of which the last is the dynamic
     * loader; NULL at the end. That loader preloads the library into the tool, so that
     * it is not in what runs it. NULL: the tool is run itself. */
    const char *const *launcher;
    const char *library;    /* to preload; NULL: none */
    char *const *variables; /* of its environment, then NULL; NULL: none */
    int trace_fd;           /* negative: none */
    int record_fd;
    int streams_fd; /* negative: none. The tool is told its descriptors: trace, record,
                       streams */
    size_t padding_bytes; /* below PROCESS_PADDING_LIMIT_BYTES */
    uint64_t timeout_ns;
    /* Held back until process_go, then under this seccomp filter; NULL: runs at once.
     */
    const struct sock_fprog *filter;
};

/* signals_hold must be in force. false: `error` says why. */
bool worker_start(struct process *process, const struct worker_plan *plan, char *error,
                  size_t error_size);

/* What it means that the tool did not end as it should: the status, and its text, which
 * reads on after "crashed: " etc. `place` is "at operation 12 of 40", or "" where there
 * is no telling; `limit` names what the timeout can be changed by, or is "". */
enum result_status worker_judge(const struct process *process, const char *place,
                                const char *limit, char *text, size_t size);

#endif
