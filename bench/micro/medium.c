/* medium: blocks between small objects and mappings of their own. About 500 live blocks
 * of sizes from 257 bytes to bench->amount, every octave as likely as the next; one
 * operation frees a random one and allocates another. First byte written. */
#include "micro/cases.h"

void medium_run(struct bench *bench)
{
    struct churn churn = {
        .sizes = bench_sizes(bench, 257, (uint32_t)bench->amount),
        .slot_count = 500,
    };
    churn.slots = bench_table(bench, churn.slot_count * sizeof *churn.slots);
    churn_fill(&churn, &bench->random);
    bench_time(bench, churn_batch, &churn);
    churn_empty(&churn);
    bench_sample_after(bench);
}
