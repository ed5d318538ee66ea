/* Thread numbers as a file has them (any 64-bit number) to thread numbers as a trace
 * has them (dense, by first appearance, 16 bits). */
#ifndef SNUGBENCH_TRACE_THREADS_H
#define SNUGBENCH_TRACE_THREADS_H

#include <stdbool.h>
#include <stdint.h>

#define THREADS_LIMIT 65536u

struct threads {
    struct thread_entry *table; /* open addressing; NULL until the first */
    uint32_t count;
    uint64_t last_tid; /* the answer to the last question, valid if count > 0 */
    uint16_t last_number;
};

/* false: a 65537th thread, or out of memory (errno ENOMEM; otherwise errno is 0). */
bool threads_look_up(struct threads *threads, uint64_t tid, uint16_t *number);

static inline bool threads_number(struct threads *threads, uint64_t tid,
                                  uint16_t *number)
{
    *number = threads->last_number;
    return (threads->count > 0 && threads->last_tid == tid) ||
           threads_look_up(threads, tid, number);
}

void threads_destroy(struct threads *threads);

#endif
