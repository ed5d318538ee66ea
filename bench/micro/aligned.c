/* aligned: as local, of blocks that begin on a cache line, as C++ asks for what is
 * declared so, and as numeric programs and databases do: posix_memalign. */
#include "micro/cases.h"
#include "micro/thread_group.h"

enum {
    SLOT_COUNT = 1024,
    BATCH_OPERATIONS = 256,
    LINE_BYTES = 64,
};

static uint64_t aligned_batch(void *state, struct random *random)
{
    const struct churn *churn = state;
    for (int i = 0; i < BATCH_OPERATIONS; i++) {
        void **slot = &churn->slots[random_below(random, churn->slot_count)];
        free(*slot);
        *slot = NULL;
        if (posix_memalign(slot, LINE_BYTES, sizes_pick(churn->sizes, random)) != 0) {
            abort(); /* as in bench_malloc */
        }
        *(volatile char *)*slot = 1;
    }
    return BATCH_OPERATIONS;
}

static void empty(void *state)
{
    churn_empty(state);
}

void aligned_run(struct bench *bench)
{
    struct thread_group_work works[THREAD_GROUP_LIMIT];
    struct churn *churns = bench_table(bench, THREAD_GROUP_LIMIT * sizeof *churns);
    const struct sizes *sizes = bench_sizes(bench, 16, (uint32_t)bench->amount);
    for (uint32_t i = 0; i < bench->row->threads; i++) {
        churns[i] = (struct churn){
            .sizes = sizes,
            .slots = bench_table(bench, SLOT_COUNT * sizeof *churns[i].slots),
            .slot_count = SLOT_COUNT,
        };
        works[i] = (struct thread_group_work){aligned_batch, empty, &churns[i]};
    }
    thread_group_run(bench, works, bench->row->threads);
}
