/* The kernel: memory, sleep. All system calls for memory are made here.
 *
 * Every function keeps errno unless it says otherwise, and counts its calls for
 * snug_system_calls; the first query of the break is one. Thread safety: counters are
 * atomic; the heap lock orders the brk calls. */
#ifndef SNUG_OS_H
#define SNUG_OS_H

#include <stdatomic.h>
#include <time.h>

#include "base/assertions.h"

/* Move the program break by `bytes`, and libc's idea of it, so that other users of brk
 * in the process keep their view. Returns the old break; NULL: refused, or somebody has
 * moved it from `from` meanwhile (NULL: it may be anywhere). */
char *os_break_move(const char *from, ptrdiff_t bytes);

/* Anonymous private zeroed pages; NULL if refused. Bytes are rounded up to pages. */
void *os_map(size_t bytes);
/* The same at an address, a whole page's; NULL also if something is there already. */
void *os_map_at(void *at, size_t bytes);
bool os_unmap(void *pages, size_t bytes); /* of 0 bytes: no call */
/* Unmap what is not `kept` of a mapping. */
void os_unmap_around(char *pages, size_t bytes, char *kept, size_t kept_bytes);
/* Resize a mapping, moving it if need be; NULL if refused (it is untouched). */
void *os_remap(void *pages, size_t old_bytes, size_t new_bytes);
/* Give whole pages back: zeroed ones are mapped over them. Not by madvise, which
 * glibc's malloc does not need, so that filters of system calls (seccomp) may forbid
 * it. false: they are as they were; so are pages that are none of the kernel's, where
 * those are larger than ours. */
bool os_purge(void *pages, size_t bytes);
/* The same by madvise, as in glibc's malloc_trim: the mapping stays one. */
bool os_discard(void *pages, size_t bytes);

enum os_move {
    OS_NOT_MOVED, /* all is as it was, but for what the new pages held */
    OS_MOVED,     /* the old pages read as zero */
    OS_MOVE_LOST  /* the new pages may be another's mapping by now */
};
/* Move what whole pages hold to others by changing the page tables. A kernel before 5.7
 * cannot, and is asked once. */
enum os_move os_move_pages(void *from, size_t bytes, void *to);

/* Ask for huge pages from the page of begin to end. */
void os_want_huge_pages(void *begin, const char *end);

/* Address space that cannot be accessed and holds no memory; NULL if refused. Whole
 * pages of it are opened for reading and writing by os_purge, and closed again, which
 * gives their memory back. */
void *os_reserve(size_t bytes);
bool os_close_pages(void *pages, size_t bytes);

/* A limit of this process, RLIMIT_AS or RLIMIT_DATA; SIZE_MAX: there is none. glibc's
 * malloc does not make this call: only while the process starts. */
size_t os_limit(int resource);

/* A number that others cannot guess, the same at each call; no system call. */
uintptr_t os_random(void);

/* Sleep while *word == expected, no longer than `most` if it is not NULL; wake one
 * sleeper. */
void os_futex_wait(atomic_int *word, int expected, const struct timespec *most);
void os_futex_wake(atomic_int *word);

/* Test hooks: the n-th call from now on (1 is the next) fails with ENOMEM, or that and
 * all that follow; 0 turns it off. Exact while one thread makes calls. */
void os_fail_nth(uint64_t n);
void os_fail_from(uint64_t n);

#endif
