/* Fork: the child gets the heap in a consistent state, whatever other threads did. */
#include "api/entry.h"
#include "debug/log.h"

/* It stands here so that whoever links libsnug.a gets this file along with malloc: a
 * linker takes a member of an archive only for a symbol that it needs. */
struct lock heap_lock;

static bool locked_for_fork;

/* NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the names
 * are glibc's and the compiler's. */

/* glibc's fork takes the lock of stdio's list of files after all handlers, and before
 * the locks of its own malloc: who has it may wait for a thread that reads a line, and
 * that one for memory. So it comes before ours, too. */
#pragma weak _IO_list_lock
#pragma weak _IO_list_unlock
#pragma weak _IO_list_resetlock
extern void _IO_list_lock(void);
extern void _IO_list_unlock(void);
extern void _IO_list_resetlock(void);

/* The library whose handlers go when it is unloaded. libsnug.so is never unloaded and
 * has no such name, libsnug.a may be part of what is. */
extern OUR_OWN __attribute__((weak)) void *__dso_handle;

/* NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming) */

static void before_fork(void)
{
    if (_IO_list_lock != NULL) {
        _IO_list_lock();
    }
    locked_for_fork = lock_acquire(&heap_lock);
    lock_note_fork(locked_for_fork);
}

static void release_lock(void)
{
    lock_note_fork(false);
    lock_release(&heap_lock, locked_for_fork);
}

static void after_fork(void)
{
    release_lock();
    if (_IO_list_unlock != NULL) {
        _IO_list_unlock();
    }
}

static void after_fork_in_child(void)
{
    debug_log_abandon(); /* the parent's */
    heap.inherited = heap.regions != NULL;
    heap.locked = false; /* locks on memory are not inherited */
    release_lock();
    if (_IO_list_resetlock != NULL) {
        _IO_list_resetlock();
    }
}

void fork_watch(void)
{
    static bool watched;
    if (!watched) {
        watched = true;
        __register_atfork(before_fork, after_fork, after_fork_in_child, &__dso_handle);
    }
}

static __attribute__((constructor)) void watch_with_the_program(void)
{
    fork_watch();
}
