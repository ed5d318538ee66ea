/* How the recorder in a program comes by its ring, and keeps out of other processes.
 *
 * Once attached, it asks for no file and no descriptor: the program may close them all,
 * give up root, change its root directory or set limits. Only a child that is recorded
 * too (--follow-fork) asks for the file again: it has a ring of its own.
 *
 * `attach_guard` is a page that the kernel hands to fork children as zeros
 * (MADV_WIPEONFORK), which also covers raw clone() and costs vfork children, who do run
 * in the parent's memory, nothing. */
#ifndef SNUGBENCH_RECORD_ATTACH_H
#define SNUGBENCH_RECORD_ATTACH_H

#include <stdatomic.h>
#include <stdbool.h>

struct attach_guard {
    atomic_bool recording;
    atomic_bool is_known; /* this process: as one that records, or as another */
};

extern struct attach_guard *attach_guard;

/* In a process that does not record, or not yet. */
bool attach_look(void);

/* The calls of this process are recorded. */
static inline bool attach_recording(void)
{
    return __builtin_expect(
               atomic_load_explicit(&attach_guard->recording, memory_order_relaxed),
               true) ||
           attach_look();
}

/* They are no more. */
void attach_end(void);

#endif
