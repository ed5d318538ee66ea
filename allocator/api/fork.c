/* Fork: the child gets the heap in a consistent state, whatever other threads did. */
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

/* What pthread_atfork calls, with the library whose handlers go when it is unloaded; it
 * itself is linked into each library, here on a page that nothing else at the start
 * touches. libsnug.so is never unloaded and has no such name, libsnug.a may be part of
 * what is. */
/* NOLINTBEGIN(bugprone-reserved-identifier): the names are glibc's and the compiler's. */
int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void),
                      void *library);
extern OUR_OWN __attribute__((weak)) void *__dso_handle;
/* NOLINTEND(bugprone-reserved-identifier) */

static __attribute__((constructor)) void watch_fork(void)
{
    __register_atfork(before_fork, after_fork, after_fork_in_child, &__dso_handle);
}
