/* short-threads: bench->amount threads, one after another, each with 200 operations on
 * 32 blocks of 16 to 512 bytes, all freed before it ends. One operation is one such
 * life, creation and join included. If caches of the dead leak, what is resident after
 * 10,000 is more than after 1,000. */
#include "micro/cases.h"
#include "micro/thread_group.h"

enum {
    SLOT_COUNT = 32,
    LIFE_OPERATIONS = 200,
};

struct life {
    struct bench *bench;
    const struct sizes *sizes;
};

static void *live(void *argument)
{
    const struct life *life = argument;
    struct random *random = &life->bench->random;
    void *blocks[SLOT_COUNT] = {NULL};
    for (int i = 0; i < LIFE_OPERATIONS; i++) {
        void **slot = &blocks[random_below(random, SLOT_COUNT)];
        free(*slot);
        *slot = bench_malloc(sizes_pick(life->sizes, random));
    }
    for (int i = 0; i < SLOT_COUNT; i++) {
        free(blocks[i]);
    }
    return NULL;
}

void short_threads_run(struct bench *bench)
{
    struct life life = {bench, bench_sizes(bench, 16, 512)};
    const uint64_t count = bench_scaled(bench, bench->amount);
    const uint64_t start_ns = bench_now_ns();
    for (uint64_t i = 0; i < count; i++) {
        pthread_t thread;
        thread_start(bench, &thread, live, &life);
        pthread_join(thread, NULL);
    }
    bench_count(bench, count, bench_now_ns() - start_ns);
    bench_sample_peak(bench);
    bench_sample_after(bench);
}
