/* The modes of the worker, one row each, in the order in which they are run.
 *
 * A new mode is a file of this folder that defines `run`, and a row here. The worker
 * takes name and run from a row; the rest is a struct mode of the parent
 * (runner/mode.h), whose fields are explained there. */
#ifndef SNUGBENCH_WORKER_MODES_H
#define SNUGBENCH_WORKER_MODES_H

/* Seconds are as seen on a 2-core virtual machine. A timed process takes 4 ms to start,
 * and two or three passes to warm up; the memory pass sleeps for a second. */
#define WORKER_MODES(MODE)                                                             \
    /* Checks every promise of malloc. The floor breaks them on purpose. */            \
    MODE(VERIFY, verify_run, .pass = "verify", .label = "verify pass",                 \
         .progress = "verifying", .company = MODE_ON_EACH_PROCESSOR,                   \
         .skips_floor = true, .keeps_position = true, .op_s = 200e-9,                  \
         .take = take_verify)                                                          \
    /* One pass between two marker calls, for the tracer. */                           \
    MODE(SYSCALLS, syscalls_run, .pass = "syscalls", .label = "system call pass",      \
         .progress = "system calls", .touch = MODE_TOUCHES_AS_WARM,                    \
         .tracing = MODE_TRACED_OR_LEFT_OUT, .op_s = 60e-9, .process_s = 0.03,         \
         .take = take_syscalls)                                                        \
    /* Touches everything, samples memory at the trace's sample points. */             \
    MODE(MEMORY, memory_run, .pass = "memory", .label = "memory pass",                 \
         .progress = "memory", .company = MODE_ALL_AT_ONCE,                            \
         .tracing = MODE_TRACED_IF_ALLOWED, .finds_peaks = true,                       \
         .keeps_position = true, .sleep_ns = 1000000000, .op_s = 200e-9,               \
         .process_s = 1.1, .answer_bytes = sample_bytes, .take = take_memory)          \
    /* One timed pass in a fresh process. */                                           \
    MODE(COLD, cold_run, .pass = "time", .label = "cold pass", .progress = "round",    \
         .in_rounds = true, .touch = MODE_TOUCHES_AS_COLD, .op_s = 70e-9,              \
         .process_s = 0.004, .take = take_cold)                                        \
    /* Untimed passes, then timed ones until the budget is spent. */                   \
    MODE(WARM, warm_run, .pass = "time", .label = "warm passes", .progress = "round",  \
         .in_rounds = true, .is_repeated = true, .touch = MODE_TOUCHES_AS_WARM,        \
         .op_s = 150e-9, .pass_op_s = 25e-9, .process_s = 0.004, .take = take_warm)    \
    /* The same for the flattened trace: what threads gain, and what they cost. */     \
    MODE(FLAT, warm_run, .pass = "time", .label = "flat warm passes",                  \
         .progress = "round", .in_rounds = true, .is_repeated = true,                  \
         .needs_threads = true, .is_flat = true, .touch = MODE_TOUCHES_AS_WARM,        \
         .op_s = 150e-9, .pass_op_s = 25e-9, .process_s = 0.004, .take = take_flat)    \
    /* Untimed passes, then some with a clock around each call. */                     \
    MODE(LATENCY, latency_run, .pass = "latency", .label = "latency passes",           \
         .progress = "latency round", .in_rounds = true, .most_rounds = 3,             \
         .touch = MODE_TOUCHES_AS_WARM, .op_s = 400e-9, .process_s = 0.03,             \
         .answer_bytes = latency_bytes, .take = take_latency)                          \
    /* Untimed passes, then some with the processor's counters on. */                  \
    MODE(COUNTERS, counters_run, .pass = "counters", .label = "counters passes",       \
         .progress = "counters round", .in_rounds = true, .most_rounds = 3,            \
         .touch = MODE_TOUCHES_AS_WARM, .needs_counters = true, .is_flat = true,       \
         .op_s = 150e-9, .process_s = 0.05, .take = take_counters)                     \
    /* Untimed passes and one that is counted, each instruction simulated. */          \
    MODE(CALLGRIND, callgrind_run, .pass = "callgrind", .label = "callgrind pass",     \
         .progress = "callgrind", .company = MODE_ON_EACH_PROCESSOR,                   \
         .touch = MODE_TOUCHES_AS_WARM, .is_under_callgrind = true, .is_flat = true,   \
         .sleep_ns = 1200000000000, .op_s = 10e-6, .process_s = 1.5,                   \
         .take = take_callgrind)

#define WORKER_MODE_ENUMERATOR(name, run, ...) WORKER_##name,
enum worker_mode {
    WORKER_MODES(WORKER_MODE_ENUMERATOR) WORKER_MODE_COUNT
};

#endif
