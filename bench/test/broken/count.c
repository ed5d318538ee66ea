/* Not broken: counts the calls between start-up and exit, and prints them at exit. */
#include <stdio.h>
#include <unistd.h>

#include "libc.h"

static struct {
    _Atomic unsigned long malloc, calloc, realloc, memalign, free;
} calls;

__attribute__((constructor)) static void begin(void)
{
    calls.malloc = calls.calloc = calls.realloc = calls.memalign = calls.free = 0;
}

__attribute__((destructor)) static void report(void)
{
    char line[160];
    int length = snprintf(
        line, sizeof line, "malloc %lu calloc %lu realloc %lu memalign %lu free %lu\n",
        calls.malloc, calls.calloc, calls.realloc, calls.memalign, calls.free);
    (void)!write(STDERR_FILENO, line, (size_t)length);
}

void *malloc(size_t bytes)
{
    calls.malloc++;
    return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    calls.calloc++;
    return __libc_calloc(count, bytes);
}

void *realloc(void *block, size_t bytes)
{
    calls.realloc++;
    return __libc_realloc(block, bytes);
}

void *memalign(size_t alignment, size_t bytes)
{
    calls.memalign++;
    return __libc_memalign(alignment, bytes);
}

void free(void *block)
{
    calls.free++;
    __libc_free(block);
}
