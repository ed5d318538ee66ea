/* give-back: 256 MiB of mixed blocks (16 bytes to 32 KiB, every page written), all
 * freed, then a second of slight activity: 100 small blocks allocated and freed every
 * 10 ms. What is resident after that against the peak. One operation is one block
 * allocated and freed, the second not counted. */
#include "micro/cases.h"

enum {
    FULL_BYTES = 256 * 1024 * 1024,
    LEAST_BYTES = 16,
    MOST_BYTES = 32 * 1024,
};

static uint64_t fill(struct bench *bench, const struct sizes *sizes, void **blocks,
                     uint64_t full_bytes)
{
    uint64_t count = 0;
    for (uint64_t bytes = 0; bytes < full_bytes; count++) {
        const size_t size = sizes_pick(sizes, &bench->random);
        blocks[count] = bench_malloc(size);
        bench_touch_pages(blocks[count], size);
        bytes += size;
    }
    return count;
}

/* Freed in a random order, as programs do; the order is not part of the time. */
static void shuffle(struct bench *bench, void **blocks, uint64_t count)
{
    for (uint64_t i = count; i > 1; i--) {
        const uint64_t other = random_below(&bench->random, i);
        void *block = blocks[i - 1];
        blocks[i - 1] = blocks[other];
        blocks[other] = block;
    }
}

void give_back_run(struct bench *bench)
{
    const struct sizes *sizes = bench_sizes(bench, LEAST_BYTES, MOST_BYTES);
    const uint64_t full_bytes = bench_scaled(bench, FULL_BYTES);
    /* Sizes average above 4 KiB. */
    void **blocks = bench_table(bench, (full_bytes / 64 + 1024) * sizeof *blocks);
    uint64_t start_ns = bench_now_ns();
    const uint64_t count = fill(bench, sizes, blocks, full_bytes);
    uint64_t elapsed_ns = bench_now_ns() - start_ns;
    bench_sample_peak(bench);
    shuffle(bench, blocks, count);
    start_ns = bench_now_ns();
    for (uint64_t i = 0; i < count; i++) {
        free(blocks[i]);
    }
    elapsed_ns += bench_now_ns() - start_ns;
    bench_count(bench, count, elapsed_ns);
    bench_be_slightly_active(bench);
    bench_sample_after(bench);
}
