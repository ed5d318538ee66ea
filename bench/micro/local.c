/* local, mixed and aligned: threads that have nothing to do with each other, each with
 * 1,024 live blocks of 16 bytes to bench->amount; one operation frees a random one of
 * its own and allocates another. Those of aligned begin on a cache line, as C++ asks
 * for what is declared so, and as numeric programs and databases do: posix_memalign.
 * One thread too is a created one, in a process with two: the curve over threads shows
 * contention, not what a program without threads is spared. */
#include "micro/cases.h"
#include "micro/thread_group.h"

enum {
    SLOT_COUNT = 1024,
    BATCH_OPERATIONS = 256,
    LINE_BYTES = 64,
};

static void empty(void *state)
{
    churn_empty(state);
}

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

/* Its first batch fills the slots: free(NULL) is an operation too, in the warm-up. */
static void run_apart(struct bench *bench, bench_batch *batch)
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
        works[i] = (struct thread_group_work){batch, empty, &churns[i]};
    }
    thread_group_run(bench, works, bench->row->threads);
}

void local_run(struct bench *bench)
{
    run_apart(bench, churn_batch);
}

void aligned_run(struct bench *bench)
{
    run_apart(bench, aligned_batch);
}
