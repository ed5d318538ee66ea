#include "memlib.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Address space, not memory: what lies above the heap's end cannot be touched. */
static const size_t default_limit_bytes = (size_t)1 << 34;

/* start <= brk <= accessible_end <= end; all NULL: no region. */
static struct {
    char *start, *brk, *accessible_end, *end;
} heap;

static size_t round_up_to_page(size_t bytes)
{
    const size_t page_bytes = mem_pagesize();
    return (bytes + page_bytes - 1) / page_bytes * page_bytes;
}

static size_t limit_bytes(void)
{
    const char *text = getenv("SNUGBENCH_LAB_HEAP_BYTES");
    const size_t asked = text == NULL ? 0 : strtoul(text, NULL, 10);
    return asked == 0 || asked > SIZE_MAX / 2 ? default_limit_bytes : asked;
}

void mem_init(void)
{
    /* Where address space is limited (ulimit -v), what can be had. */
    for (size_t bytes = round_up_to_page(limit_bytes());
         heap.start == NULL && bytes >= mem_pagesize();
         bytes = bytes / 2 / mem_pagesize() * mem_pagesize()) {
        void *start = mmap(NULL, bytes, PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (start != MAP_FAILED) {
            heap.start = heap.brk = heap.accessible_end = start;
            heap.end = heap.start + bytes;
        }
    }
}

void mem_deinit(void)
{
    if (heap.start != NULL) {
        munmap(heap.start, (size_t)(heap.end - heap.start));
    }
    heap.start = heap.brk = heap.accessible_end = heap.end = NULL;
}

void *mem_sbrk(intptr_t increment_bytes)
{
    char *old = heap.brk;
    if (increment_bytes < 0 || increment_bytes > heap.end - old) {
        errno = ENOMEM;
        return (void *)-1;
    }
    char *brk = old + increment_bytes;
    if (brk > heap.accessible_end) {
        const size_t more = round_up_to_page((size_t)(brk - heap.accessible_end));
        if (mprotect(heap.accessible_end, more, PROT_READ | PROT_WRITE) != 0) {
            errno = ENOMEM;
            return (void *)-1;
        }
        heap.accessible_end += more;
    }
    heap.brk = brk;
    return old;
}

void mem_reset_brk(void)
{
    heap.brk = heap.start;
}

void *mem_heap_lo(void)
{
    return heap.start;
}

void *mem_heap_hi(void)
{
    return heap.brk - 1;
}

size_t mem_heapsize(void)
{
    return (size_t)(heap.brk - heap.start);
}

size_t mem_pagesize(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}
