#include "base/os.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/single_threaded.h>

#include "base/kernel.h"
#include "base/size.h"
#include "snug.h"

static struct snug_system_calls calls;
static _Atomic uint64_t fail_countdown;
static atomic_bool fail_stays;

struct snug_system_calls snug_system_calls(void)
{
    return (struct snug_system_calls){
        .brk = __atomic_load_n(&calls.brk, __ATOMIC_RELAXED),
        .mmap = __atomic_load_n(&calls.mmap, __ATOMIC_RELAXED),
        .munmap = __atomic_load_n(&calls.munmap, __ATOMIC_RELAXED),
        .mremap = __atomic_load_n(&calls.mremap, __ATOMIC_RELAXED),
        .madvise = __atomic_load_n(&calls.madvise, __ATOMIC_RELAXED),
    };
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

/* Counts a call of a kind; true if the test hook wants it to fail instead. */
static bool count_call(uint64_t *of_kind)
{
    if (UNLIKELY(atomic_load_explicit(&fail_countdown, memory_order_relaxed) != 0)) {
        if (atomic_fetch_sub(&fail_countdown, 1) == 1) {
            atomic_store(&fail_countdown, atomic_load(&fail_stays));
            return true;
        }
    }
    __atomic_fetch_add(of_kind, 1, __ATOMIC_RELAXED);
    return false;
}

/* What libc believes the break to be, which its sbrk goes on from; NULL until it has
 * asked. Weak: a program that is linked statically may have no sbrk. */
#pragma weak __curbrk
extern void *__curbrk;

/* Where the break is; NULL if this process's break is not ours to move. */
static char *break_now(void)
{
    static bool known, usable;
    if (!known) {
        known = true;
        /* In a namespace of dlmopen there is a second libc, and the first one would not
         * see the break move. Only the first begins as single-threaded. */
        usable = __libc_single_threaded;
    }
    if (!usable) {
        return NULL;
    }
    if (&__curbrk != NULL && __curbrk != NULL) {
        return __curbrk;
    }
    count_call(&calls.brk);
    const long now = kernel_call(SYS_brk, 0, 0, 0, 0, 0, 0);
    return kernel_failed(now) ? NULL : (char *)now;
}

char *os_break_move(const char *from, ptrdiff_t bytes)
{
    char *const old_break = count_call(&calls.brk) ? NULL : break_now();
    if (old_break == NULL || (from != NULL && from != old_break)) {
        return NULL;
    }
    /* The kernel answers with the break as it is, moved or not. */
    char *const to = old_break + bytes;
    if (kernel_call(SYS_brk, (long)to, 0, 0, 0, 0, 0) != (long)to) {
        return NULL;
    }
    if (&__curbrk != NULL) {
        __curbrk = to;
    }
    return old_break;
}

/* The kernel's pages may be larger than ours, as on aarch64: it would round up to them
 * and take what lies behind. */
static bool are_whole_pages(const void *at, size_t bytes)
{
    return (((uintptr_t)at | bytes) & (getauxval(AT_PAGESZ) - 1)) == 0;
}

static void *map(void *at, size_t bytes, int protection, int flags)
{
    if ((at != NULL && !are_whole_pages(at, bytes)) || count_call(&calls.mmap)) {
        return NULL;
    }
    const long pages =
        kernel_call(SYS_mmap, (long)at, (long)align_up(bytes, PAGE_BYTES), protection,
                    MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    return kernel_failed(pages) ? NULL : (void *)pages;
}

void *os_map(size_t bytes)
{
    return map(NULL, bytes, PROT_READ | PROT_WRITE, 0);
}

void *os_map_at(void *at, size_t bytes)
{
    void *const pages = map(at, bytes, PROT_READ | PROT_WRITE, MAP_FIXED_NOREPLACE);
    if (pages != NULL && pages != at) { /* a kernel before 4.17 takes it for a hint */
        os_unmap(pages, bytes);
        return NULL;
    }
    return pages;
}

bool os_unmap(void *pages, size_t bytes)
{
    return bytes == 0 ||
           (!count_call(&calls.munmap) &&
            kernel_call(SYS_munmap, (long)pages, (long)align_up(bytes, PAGE_BYTES), 0,
                        0, 0, 0) == 0);
}

void os_unmap_around(char *pages, size_t bytes, char *kept, size_t kept_bytes)
{
    char *const kept_end = kept + kept_bytes;
    os_unmap(pages, (size_t)(kept - pages));
    os_unmap(kept_end, (size_t)(pages + bytes - kept_end));
}

void *os_remap(void *pages, size_t old_bytes, size_t new_bytes)
{
    if (count_call(&calls.mremap)) {
        return NULL;
    }
    const long moved =
        kernel_call(SYS_mremap, (long)pages, (long)align_up(old_bytes, PAGE_BYTES),
                    (long)align_up(new_bytes, PAGE_BYTES), MREMAP_MAYMOVE, 0, 0);
    return kernel_failed(moved) ? NULL : (void *)moved;
}

bool os_purge(void *pages, size_t bytes)
{
    return map(pages, bytes, PROT_READ | PROT_WRITE, MAP_FIXED) == pages;
}

bool os_discard(void *pages, size_t bytes)
{
    return are_whole_pages(pages, bytes) && !count_call(&calls.madvise) &&
           kernel_call(SYS_madvise, (long)pages, (long)bytes, MADV_DONTNEED, 0, 0, 0) ==
               0;
}

enum os_move os_move_pages(void *from, size_t bytes, void *to)
{
    static atomic_bool refused;
    if (atomic_load_explicit(&refused, memory_order_relaxed) ||
        !are_whole_pages(to, bytes) || count_call(&calls.mremap)) {
        return OS_NOT_MOVED;
    }
    const long moved =
        kernel_call(SYS_mremap, (long)from, (long)bytes, (long)bytes,
                    MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, (long)to, 0);
    if ((void *)moved == to) {
        /* The old pages stay, as zeroes, but qemu-user takes them to be gone: system
         * calls that get them fail with EFAULT. A new mapping also drops their page
         * tables, so that a later move to there is one of whole tables, in a quarter of
         * the time. */
        os_purge(from, bytes);
        return OS_MOVED;
    }
    if (moved == -EINVAL) {
        atomic_store_explicit(&refused, true, memory_order_relaxed);
        return OS_NOT_MOVED;
    }
    /* The kernel unmaps the new pages before it fails. They are mapped again, unless
     * another thread's mapping is there already. */
    if (map(to, bytes, PROT_READ | PROT_WRITE, MAP_FIXED_NOREPLACE) == to) {
        return OS_NOT_MOVED;
    }
    atomic_store_explicit(&refused, true, memory_order_relaxed);
    return OS_MOVE_LOST;
}

void os_want_huge_pages(void *begin, const char *end)
{
    const uintptr_t first = align_down((uintptr_t)begin, PAGE_BYTES);
    if (!count_call(&calls.madvise)) {
        kernel_call(SYS_madvise, (long)first, (long)((uintptr_t)end - first),
                    MADV_HUGEPAGE, 0, 0, 0);
    }
}

void *os_reserve(size_t bytes)
{
    return map(NULL, bytes, PROT_NONE, MAP_NORESERVE);
}

bool os_close_pages(void *pages, size_t bytes)
{
    return map(pages, bytes, PROT_NONE, MAP_NORESERVE | MAP_FIXED) == pages;
}

size_t os_limit(int resource)
{
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    kernel_call(SYS_prlimit64, 0, resource, 0, (long)&limit, 0, 0);
    return limit.rlim_cur;
}

static_assert(RLIM_INFINITY == SIZE_MAX, "no limit is the largest one");

uintptr_t os_random(void)
{
    /* The kernel gives 16 random bytes; libc uses them for its stack guards. */
    uintptr_t random[2];
    memcpy(random, (const void *)getauxval(AT_RANDOM), sizeof random);
    const uintptr_t mixed = random[0] * 0x9e3779b97f4a7c15u + random[1];
    return mixed ^ mixed >> 29;
}

void os_futex_wait(atomic_int *word, int expected, const struct timespec *most)
{
    kernel_call(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, expected, (long)most, 0, 0);
}

void os_futex_wake(atomic_int *word)
{
    kernel_call(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}
