/* realloc: one buffer that grows, alone in its heap, again and again from nothing; one
 * operation is one realloc. */
#include "micro/cases.h"

enum {
    BYTEWISE_BYTES = 256 * 1024,
    DOUBLED_BYTES = 64 * 1024 * 1024,
};

/* The peak is sampled where the buffer is largest, outside the time. */
struct growing {
    struct bench *bench;
    size_t limit_bytes;
    uint64_t budget_ns;
    bool doubles;
};

/* One buffer from nothing to its limit. What is new is written, a byte in each page. */
static uint64_t grow_once(const struct growing *growing, char **buffer)
{
    uint64_t operations = 0;
    size_t old_bytes = 0;
    for (size_t bytes = 1; bytes <= growing->limit_bytes;
         bytes = growing->doubles ? 2 * bytes : bytes + 1) {
        char *grown = realloc(*buffer, bytes);
        if (grown == NULL) {
            bench_end(growing->bench, MICRO_OUT_OF_MEMORY, "realloc returned NULL");
        }
        for (size_t at = old_bytes; at < bytes; at += PAGE_BYTES) {
            ((volatile char *)grown)[at] = 1;
        }
        ((volatile char *)grown)[bytes - 1] = 1;
        *buffer = grown;
        old_bytes = bytes;
        operations++;
    }
    return operations;
}

/* Whole buffers until the budget is spent, the first not counted. */
static void grow_until_spent(struct growing *growing)
{
    struct bench *bench = growing->bench;
    uint64_t spent_ns = 0;
    for (int pass = 0; pass < 2 || spent_ns < growing->budget_ns; pass++) {
        char *buffer = NULL;
        const uint64_t start_ns = bench_now_ns();
        const uint64_t operations = grow_once(growing, &buffer);
        const uint64_t elapsed_ns = bench_now_ns() - start_ns;
        bench_sample_peak(bench);
        free(buffer);
        if (pass > 0) {
            bench_count(bench, operations, elapsed_ns);
        }
        spent_ns += elapsed_ns;
    }
    bench_sample_after(bench);
}

static void realloc_grow(struct bench *bench, size_t limit_bytes, bool doubles)
{
    struct growing growing = {
        .bench = bench,
        .limit_bytes = limit_bytes,
        .budget_ns = bench_scaled(bench, (CHUNK_COUNT - 1) * (uint64_t)CHUNK_NS),
        .doubles = doubles,
    };
    grow_until_spent(&growing);
}

void realloc_bytewise_run(struct bench *bench)
{
    realloc_grow(bench, BYTEWISE_BYTES, false);
}

void realloc_doubling_run(struct bench *bench)
{
    realloc_grow(bench, DOUBLED_BYTES, true);
}
