/* What the parent asks of a worker and what the worker answers.
 *
 * Both stand in one shared memfd, so a worker that crashes or is killed leaves what it
 * had measured and the operation it had reached. The worker is started as
 *
 *     snugbench-worker TRACE_FD RECORD_FD [STREAMS_FD]
 *
 * with LD_PRELOAD set by the parent, maps them, does one job and exits 0. */
#ifndef SNUGBENCH_WORKER_RECORD_H
#define SNUGBENCH_WORKER_RECORD_H

#include <stdint.h>

#include "worker/counters.h"
#include "worker/latency.h"
#include "worker/modes.h"

/* How much of each fresh block is written, as programs do; while warming up always a
 * byte in each page. */
enum worker_touch {
    TOUCH_NONE,
    TOUCH_FIRST, /* the first byte */
    TOUCH_PAGE,  /* one byte in each page */
    TOUCH_ALL,   /* every byte */
};

/* Marker: prctl(WORKER_MARK_PRCTL, phase) fails with EINVAL and tells the tracer. */
#define WORKER_MARK_PRCTL 0x534e5547
enum worker_phase {
    PHASE_START_UP, /* exec to the first operation */
    PHASE_REPLAY,   /* the trace's own operations */
    PHASE_TEARDOWN, /* epilogue frees and exit */
    PHASE_COUNT
};

enum worker_status {
    WORKER_STARTED, /* written by the parent: the worker has not answered */
    WORKER_DONE,
    WORKER_WRONG_LIBRARY,  /* malloc does not resolve into the library asked for */
    WORKER_VERIFY_FAILED,  /* failed_op and message say where and what */
    WORKER_OUT_OF_MEMORY,  /* an allocation returned NULL; failed_op says which */
    WORKER_INTERNAL_ERROR, /* message */
};

#define WORKER_MAX_PASSES 1024

/* What the live blocks are, in bytes. */
struct worker_blocks {
    uint64_t live_bytes; /* asked for */
    /* Behind that, of malloc_usable_size, as far as the page of the last byte asked for
     * reaches: what lies beyond, nobody has written for this block. */
    uint64_t internal_bytes;
};

/* Memory of the process at one moment, in bytes, the worker's own part included. */
struct worker_sample {
    uint64_t op_index; /* operations done before the sample */
    struct worker_blocks blocks;
    uint64_t resident_bytes;   /* smaps_rollup: Anonymous + Private_Hugetlb */
    uint64_t accessible_bytes; /* statm data: private writable mappings, brk included */
    uint64_t reserved_bytes;   /* statm size: the whole address space */
};

struct worker_record {
    /* asked */
    uint32_t mode; /* enum worker_mode */
    uint32_t touch;
    uint64_t warm_budget_ns; /* WORKER_WARM: stop after the pass that exceeds it */
    uint32_t warm_min_passes;
    uint32_t is_floor;           /* blocks overlap: write one byte at most */
    uint32_t is_lab;             /* a course's allocator behind bench/lab/lab.c */
    char expected_library[4096]; /* real path; empty: libc itself */
    struct counter_event counter_events[COUNTER_COUNT]; /* WORKER_COUNTERS */
    uint64_t sample_capacity;                           /* entries in samples[] */
    uint32_t only_peaks; /* WORKER_MEMORY: no samples, and no second at the end */

    /* answered */
    uint32_t status; /* enum worker_status */
    uint32_t pass_count;
    /* Where system calls return to that its threads make to wait for each other: the
     * tracer does not count them. 0: there are none. */
    uint64_t own_call_end;
    uint64_t failed_op; /* counted from 1, as messages print it */
    uint64_t
        current_op; /* of modes that keep their position, for crash and hang: from 1,
                            with several threads among all operations of the streams */
    char message[256];
    char malloc_library[4096]; /* where malloc was found */
    uint64_t pass_ns[WORKER_MAX_PASSES];
    uint64_t pass_cpu_ns[WORKER_MAX_PASSES];    /* of all threads */
    uint64_t pass_waited_ns[WORKER_MAX_PASSES]; /* asleep for each other, summed up */
    uint64_t minor_faults; /* over all timed passes, as the next two */
    uint64_t major_faults;
    uint64_t involuntary_switches;
    uint32_t warm_up_pass_count;                  /* WORKER_WARM: not timed */
    struct counter_count counters[COUNTER_COUNT]; /* WORKER_COUNTERS: of all passes */
    uint32_t knows_internal; /* WORKER_MEMORY: malloc_usable_size answers */
    /* WORKER_MEMORY: as the call that is under way found them, for whoever stops the
     * worker in it. */
    struct worker_blocks blocks;
    uint64_t peak_live_bytes;          /* as the threads came to it */
    struct worker_sample before;       /* WORKER_MEMORY: at the first operation */
    struct worker_sample after_free;   /* after the epilogue */
    struct worker_sample after_second; /* one second and a little activity later */
    uint64_t lab_heap_bytes;      /* WORKER_MEMORY, is_lab: mem_heapsize at the end */
    uint64_t lab_alignment_bytes; /* WORKER_VERIFY, is_lab: what the blocks of 16 bytes
                                     and more had in common; 0: there were none */
    uint64_t sample_count;
    struct worker_sample samples[]; /* sample_capacity */
};

/* WORKER_LATENCY has its answer in the place of the samples. */
static inline struct worker_latency *worker_record_latency(struct worker_record *record)
{
    return (struct worker_latency *)(void *)record->samples;
}

#endif
