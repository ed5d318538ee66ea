/* Everything that was measured of one trace under one allocator, raw: analysis turns it
 * into figures, report into files. Units are in the names. */
#ifndef SNUGBENCH_RUNNER_RESULT_H
#define SNUGBENCH_RUNNER_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/trace.h"
#include "worker/record.h"

/* An allocator to measure: a name, the library to preload, and its settings. */
struct allocator {
    char *name;
    char *library;    /* real path; NULL: nothing preloaded, the libc's own */
    char **variables; /* "NAME=value", in order, then NULL; NULL: none */
    bool is_floor;
    bool is_lab; /* a course's, compiled from its source; see runner/lab.h */
};

enum result_status {
    RESULT_OK,
    RESULT_PRELOAD_FAILED, /* the library is not where malloc came from */
    RESULT_VERIFY_FAILED,  /* it broke a promise; status_text names the operation */
    RESULT_CRASHED,
    RESULT_TIMED_OUT,
    RESULT_OUT_OF_MEMORY,
    RESULT_SKIPPED, /* not fit for this machine; status_text says why */
    RESULT_INTERRUPTED,
    RESULT_ERROR,
};

/* One timed process. */
struct timing_sample {
    uint32_t round;              /* from 0; pairs allocators of one round */
    uint32_t warm_up_pass_count; /* before the timed ones */
    uint32_t pass_count;
    uint64_t best_pass_ns;   /* minimum over the passes of this process */
    uint64_t best_cpu_ns;    /* of that pass: processor time of all threads, */
    uint64_t best_waited_ns; /* and how long they slept for each other, summed up */
    uint64_t first_pass_ns;
    uint64_t minor_faults; /* over the timed passes, as switches */
    uint64_t involuntary_switches;
};

struct timing_samples {
    struct timing_sample *items;
    size_t count;
};

/* Calls of one kind, by phase of the worker (enum worker_phase). */
struct syscall_count {
    char name[32]; /* "brk", "mmap", ... */
    uint64_t calls[PHASE_COUNT];
};

struct syscall_counts {
    bool measured; /* false: tracing is refused; the warning has been printed */
    struct syscall_count *items;
    size_t count;
};

/* The most that there was at any moment, sample point or not; of the whole process. */
struct memory_peaks {
    bool measured;               /* false: tracing is refused */
    uint64_t resident_bytes;     /* from the first operation to the last */
    struct worker_blocks blocks; /* at that moment */
    uint64_t accessible_bytes;   /* over the whole run, as reserved */
    uint64_t reserved_bytes;
};

struct memory_profile {
    bool measured;
    bool knows_internal; /* of all blocks; false: the allocator does not tell */
    struct worker_sample before, after_free, after_second;
    struct worker_sample *samples; /* along the trace, whole process */
    size_t sample_count;
    struct memory_peaks peaks;
    uint64_t peak_live_bytes; /* of the trace; threads came to it in their own order */
    uint64_t lab_heap_bytes;  /* of a course's allocator: mem_heapsize at the end */
};

/* Sums over the processes of the latency pass; worker/latency.h explains them. */
struct latency_profile {
    uint32_t process_count; /* 0: not measured */
    enum latency_clock clock;
    uint64_t ticks, ns;
    struct histogram *nothing;
    struct histogram
        *operations[LATENCY_KIND_COUNT][LATENCY_CLASS_COUNT]; /* NULL: none */
};

/* One process of the counters pass. */
struct counter_sample {
    uint32_t pass_count;
    struct counter_count counters[COUNTER_COUNT];
};

struct counter_samples {
    struct counter_sample *items;
    size_t count;
};

struct result {
    size_t trace_index;
    size_t allocator_index;
    enum result_status status;
    char status_text[320];      /* for people, one line; empty when OK */
    struct timing_samples cold; /* touch: page by default */
    struct timing_samples warm; /* touch: first by default */
    struct timing_samples flat; /* the same in one thread, of a trace with several */
    struct latency_profile latency;
    struct counter_samples counters;
    uint64_t callgrind_instructions; /* of one warm pass; 0: not counted */
    struct memory_profile memory;
    struct syscall_counts syscalls;
    uint64_t lab_alignment_bytes; /* of a course's allocator: what its blocks of 16
                                     bytes and more had in common; 0: not known */
};

/* What the report needs to know of a trace once its operations are gone. */
struct trace_facts {
    char *name;
    char *path;
    struct trace_header header;
    enum trace_weight weight; /* in a course's score */
    uint64_t replay_threads;  /* that replayed it; 1: flattened, or it has no more */
    char skipped[256];        /* why it was not run; empty: it was */
};

/* A whole run: results stand trace by trace, allocators in the order asked for:
 * results[trace_index * allocator_count + allocator_index]. */
struct run {
    struct allocator *allocators;
    size_t allocator_count;
    size_t reference_index; /* ratios are against this one (glibc unless asked) */
    size_t floor_index;     /* SIZE_MAX: no floor in this run */
    struct trace_facts *traces;
    size_t trace_count;
    struct result *results;
    enum worker_touch cold_touch, warm_touch;
    uint64_t seed;
    uint32_t rounds; /* as done */
    int argc;
    char **argv;
    bool interrupted;
};

#endif
