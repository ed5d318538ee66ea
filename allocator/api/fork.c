/* Fork: the child gets the heap in a consistent state, whatever other threads did. */
#include <pthread.h>

#include "api/entry.h"
#include "debug/log.h"

/* It stands here so that whoever links libsnug.a gets this file along with malloc: a
 * linker takes a member of an archive only for a symbol that it needs. */
struct lock heap_lock;

static bool locked_for_fork;

static void before_fork(void)
{
    locked_for_fork = lock_acquire(&heap_lock);
    if (locked_for_fork) {
        lock_begin_fork();
    }
}

static void after_fork(void)
{
    lock_end_fork();
    lock_release(&heap_lock, locked_for_fork);
}

static void after_fork_in_child(void)
{
    debug_log_abandon(); /* the parent's */
    heap.locked = false; /* locks on memory are not inherited */
    after_fork();
}

static __attribute__((constructor)) void watch_fork(void)
{
    pthread_atfork(before_fork, after_fork, after_fork_in_child);
}
