/* Threads that work at the same time for the same stretches. The main thread does not
 * work: between stretches, while all stand still, it samples memory. */
#ifndef SNUGBENCH_MICRO_THREAD_GROUP_H
#define SNUGBENCH_MICRO_THREAD_GROUP_H

#include <pthread.h>

#include "micro/bench.h"

enum {
    THREAD_GROUP_LIMIT = 16
};

/* What one thread does; `finish` runs in that thread after the last stretch. */
struct thread_group_work {
    bench_batch *batch;
    void (*finish)(void *state); /* NULL: nothing to do */
    void *state;
};

/* Runs works[0..count-1] each in its thread for the stretches of bench_time, counts the
 * operations of all of them against wall time. Peak is sampled after each stretch, what
 * is left once all have finished and still live. */
void thread_group_run(struct bench *bench, const struct thread_group_work *works,
                      uint32_t count);

/* Fixed work: each batch is called once, its operations against the time until the last
 * thread is done. Peak is sampled then, what is left once all have finished. One work
 * alone runs in the main thread, in a process without others. */
void thread_group_run_once(struct bench *bench, const struct thread_group_work *works,
                           uint32_t count);

/* pthread_create that ends the process when it fails. */
void thread_start(struct bench *bench, pthread_t *thread, void *(*run)(void *),
                  void *argument);

#endif
