#include "os.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "size.h"

static _Atomic uint64_t calls[OS_CALL_COUNT];
static _Atomic uint64_t fail_countdown;
static atomic_bool fail_stays;
static bool break_known;

uint64_t os_calls(enum os_call call)
{
    return atomic_load_explicit(&calls[call], memory_order_relaxed);
}

void os_fail_nth(uint64_t n)
{
    atomic_store(&fail_stays, false);
    atomic_store(&fail_countdown, n);
}

void os_fail_from(uint64_t n)
{
    os_fail_nth(n);
    atomic_store(&fail_stays, true);
}

/* Counts the call; true if the test hook wants it to fail instead. */
static bool count_call(enum os_call call)
{
    if (UNLIKELY(atomic_load_explicit(&fail_countdown, memory_order_relaxed) != 0)) {
        if (atomic_fetch_sub(&fail_countdown, 1) == 1) {
            atomic_store(&fail_countdown, atomic_load(&fail_stays));
            return true;
        }
    }
    atomic_fetch_add_explicit(&calls[call], 1, memory_order_relaxed);
    return false;
}

char *os_break_extend(size_t bytes)
{
    if (count_call(OS_BRK)) {
        return NULL;
    }
    if (!break_known) {
        /* libc asks for the break once before it moves it the first time. */
        break_known = true;
        count_call(OS_BRK);
    }
    const int saved = errno;
    void *const old_break = sbrk((intptr_t)bytes);
    /* The errno of a forbidden brk (seccomp) looks to libc like a break so high. */
    const bool forbidden = (uintptr_t)sbrk(0) > (uintptr_t)-PAGE_BYTES;
    errno = saved;
    return old_break == (void *)-1 || forbidden ? NULL : old_break;
}

void *os_map(size_t bytes)
{
    if (count_call(OS_MMAP)) {
        return NULL;
    }
    const int saved = errno;
    void *const pages = mmap(NULL, align_up(bytes, PAGE_BYTES), PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    errno = saved;
    return pages == MAP_FAILED ? NULL : pages;
}

bool os_unmap(void *pages, size_t bytes)
{
    if (count_call(OS_MUNMAP)) {
        return false;
    }
    const int saved = errno;
    const int result = munmap(pages, align_up(bytes, PAGE_BYTES));
    errno = saved;
    return result == 0;
}

void *os_remap(void *pages, size_t old_bytes, size_t new_bytes)
{
    if (count_call(OS_MREMAP)) {
        return NULL;
    }
    const int saved = errno;
    void *const moved = mremap(pages, align_up(old_bytes, PAGE_BYTES),
                               align_up(new_bytes, PAGE_BYTES), MREMAP_MAYMOVE);
    errno = saved;
    return moved == MAP_FAILED ? NULL : moved;
}

bool os_purge(void *pages, size_t bytes)
{
    if (count_call(OS_MADVISE)) {
        return false;
    }
    const int saved = errno;
    const int result = madvise(pages, bytes, MADV_DONTNEED);
    errno = saved;
    return result == 0;
}

void os_want_huge_pages(void *begin, const char *end)
{
    const uintptr_t first = align_down((uintptr_t)begin, PAGE_BYTES);
    if (!count_call(OS_MADVISE)) {
        const int saved = errno;
        madvise((void *)first, (uintptr_t)end - first, MADV_HUGEPAGE);
        errno = saved;
    }
}

void *os_reserve(size_t bytes)
{
    if (count_call(OS_MMAP)) {
        return NULL;
    }
    const int saved = errno;
    void *const pages = mmap(NULL, bytes, PROT_NONE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    errno = saved;
    return pages == MAP_FAILED ? NULL : pages;
}

bool os_open_pages(void *pages, size_t bytes)
{
    if (count_call(OS_MPROTECT)) {
        return false;
    }
    const int saved = errno;
    const int result = mprotect(pages, bytes, PROT_READ | PROT_WRITE);
    errno = saved;
    return result == 0;
}

bool os_close_pages(void *pages, size_t bytes)
{
    if (count_call(OS_MMAP)) {
        return false;
    }
    const int saved = errno;
    const void *const result =
        mmap(pages, bytes, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    errno = saved;
    return result == pages;
}

uintptr_t os_random(void)
{
    /* The kernel gives 16 random bytes, anywhere; libc uses them for its stack guards.
     */
    const void *const given = (const void *)getauxval(AT_RANDOM);
    uintptr_t random[2] = {os_now_ns(), 0};
    if (given != NULL) {
        memcpy(random, given, sizeof random);
    }
    const uintptr_t mixed = random[0] * 0x9e3779b97f4a7c15u + random[1];
    return mixed ^ mixed >> 29;
}

uint64_t os_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

void os_futex_wait(atomic_int *word, int expected)
{
    const int saved = errno;
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
    errno = saved;
}

void os_futex_wake(atomic_int *word)
{
    const int saved = errno;
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    errno = saved;
}
