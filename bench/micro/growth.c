/* growth: what an operation costs when bench->amount small blocks (16 to 256 bytes)
 * live: a random one is freed, another allocated. The slots to come are fetched ahead,
 * so that the misses that remain are in the blocks and in what the allocator keeps of
 * them.
 *
 * Then the worst single operation: a clock around each pair of free and malloc. What
 * the kernel did to it does not count: a slow one is left out if since the last look
 * this thread was switched away or took a page fault. Interrupts and a virtual
 * machine's neighbours cannot be seen from here; snugbench takes the smallest of the
 * rounds'. */
#include <sys/resource.h>

#include "micro/cases.h"

enum {
    BATCH_OPERATIONS = 256,
    FETCH_AHEAD = 8,
    WORST_OPERATIONS = 200 * 1000,
    LOOK_EVERY = 64,
};

struct growth {
    struct churn churn;
    uint64_t ahead; /* a generator's state: the same numbers, FETCH_AHEAD earlier */
};

static void **next_slot(struct growth *growth, struct random *random)
{
    const struct churn *churn = &growth->churn;
    struct random ahead = {random->state + FETCH_AHEAD * growth->ahead};
    __builtin_prefetch(&churn->slots[random_below(&ahead, churn->slot_count)], 1);
    return &churn->slots[random_below(random, churn->slot_count)];
}

static uint64_t growth_batch(void *state, struct random *random)
{
    struct growth *growth = state;
    const struct sizes *sizes = growth->churn.sizes;
    struct random of_sizes = {random_next(random)};
    for (int i = 0; i < BATCH_OPERATIONS; i++) {
        void **slot = next_slot(growth, random);
        free(*slot);
        *slot = bench_malloc(sizes_pick(sizes, &of_sizes));
    }
    return BATCH_OPERATIONS;
}

/* How often the kernel came between, as far as it tells. */
static long interruptions(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nivcsw + usage.ru_nvcsw + usage.ru_minflt + usage.ru_majflt;
}

static void measure_worst(struct bench *bench, struct growth *growth)
{
    const uint64_t count = bench_scaled(bench, WORST_OPERATIONS);
    uint64_t worst_ns = 0;
    long seen = interruptions();
    for (uint64_t i = 0; i < count; i++) {
        void **slot = next_slot(growth, &bench->random);
        const size_t bytes = sizes_pick(growth->churn.sizes, &bench->random);
        const uint64_t start_ns = bench_now_ns();
        free(*slot);
        *slot = bench_malloc(bytes);
        const uint64_t op_ns = bench_now_ns() - start_ns;
        const bool is_slow = op_ns > worst_ns;
        if (is_slow || i % LOOK_EVERY == 0) {
            const long now = interruptions();
            worst_ns = is_slow && now == seen ? op_ns : worst_ns;
            seen = now;
        }
    }
    bench->record->worst_op_ns = worst_ns;
    bench->record->measured |= MICRO_HAS_WORST;
}

void growth_run(struct bench *bench)
{
    struct growth growth = {
        .churn = {.sizes = bench_sizes(bench, 16, 256),
                  .slot_count = bench_scaled(bench, bench->amount)},
    };
    struct churn *churn = &growth.churn;
    struct random first = {0};
    random_next(&first);
    growth.ahead = first.state; /* the generator's step */
    churn->slots = bench_table(bench, churn->slot_count * sizeof *churn->slots);
    churn_fill(churn, &bench->random);
    bench_time(bench, growth_batch, &growth);
    measure_worst(bench, &growth);
}
