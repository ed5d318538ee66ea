/* local and mixed: threads that have nothing to do with each other, each with 1,024
 * live blocks of 16 bytes to bench->amount; one operation frees a random one of its own
 * and allocates another. One thread too is a created one, in a process with two: the
 * curve over threads shows contention, not what a program without threads is spared. */
#include "micro/cases.h"
#include "micro/thread_group.h"

enum {
    SLOT_COUNT = 1024
};

static void empty(void *state)
{
    churn_empty(state);
}

/* Its first batch fills the slots: free(NULL) is an operation too, in the warm-up. */
void local_run(struct bench *bench)
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
        works[i] = (struct thread_group_work){churn_batch, empty, &churns[i]};
    }
    thread_group_run(bench, works, bench->row->threads);
}
