/* cross: threads share 16,384 slots; one operation allocates a block of 16 to 512
 * bytes, exchanges it with a random slot's and frees what was there: most often a block
 * that another thread has allocated. */
#include <stdatomic.h>

#include "micro/cases.h"
#include "micro/thread_group.h"

enum {
    SLOT_COUNT = 16384,
    BATCH_OPERATIONS = 256,
};

struct exchange {
    const struct sizes *sizes;
    void *_Atomic *slots;
};

static uint64_t exchange_batch(void *state, struct random *random)
{
    const struct exchange *exchange = state;
    for (int i = 0; i < BATCH_OPERATIONS; i++) {
        void *block = bench_malloc(sizes_pick(exchange->sizes, random));
        free(
            atomic_exchange_explicit(&exchange->slots[random_below(random, SLOT_COUNT)],
                                     block, memory_order_acq_rel));
    }
    return BATCH_OPERATIONS;
}

static void empty(void *state)
{
    const struct exchange *exchange = state;
    for (int i = 0; i < SLOT_COUNT; i++) {
        free(atomic_exchange(&exchange->slots[i], NULL));
    }
}

void cross_run(struct bench *bench)
{
    struct exchange exchange = {
        .sizes = bench_sizes(bench, 16, 512),
        .slots = bench_table(bench, SLOT_COUNT * sizeof *exchange.slots),
    };
    struct thread_group_work works[THREAD_GROUP_LIMIT];
    for (uint32_t i = 0; i < bench->row->threads; i++) {
        works[i] = (struct thread_group_work){exchange_batch, empty, &exchange};
    }
    thread_group_run(bench, works, bench->row->threads);
}
