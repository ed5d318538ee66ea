/* walk: where objects lie. A list of bench->amount nodes is built, freed in random
 * order, and built anew, a few times; then each list that was built so is walked from
 * its first node to its last. One operation is a step. The time of malloc and free
 * does not count, only what they do to the time of others: nodes that were asked for
 * one after the other and lie so are fetched ahead. */
#include "micro/cases.h"

enum {
    FIRST_BUILDS = 3, /* freed again without a walk */
    WALKED_BUILDS = 20,
    NODE_BYTES = 48,
};

struct node {
    struct node *next;
    uint64_t number;
    char rest[NODE_BYTES - sizeof(struct node *) - sizeof(uint64_t)];
};

static struct node *build(struct node **nodes, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        nodes[i] = bench_malloc(sizeof **nodes);
        nodes[i]->number = i;
        nodes[i]->next = NULL;
        if (i > 0) {
            nodes[i - 1]->next = nodes[i];
        }
    }
    return nodes[0];
}

/* Each next one is a random one of those that are left (Fisher and Yates). */
static void free_at_random(struct bench *bench, struct node **nodes, uint64_t count)
{
    for (uint64_t left = count; left > 0; left--) {
        const uint64_t chosen = random_below(&bench->random, left);
        free(nodes[chosen]);
        nodes[chosen] = nodes[left - 1];
    }
}

static uint64_t walk(const struct node *first)
{
    uint64_t sum = 0;
    for (const struct node *node = first; node != NULL; node = node->next) {
        sum += node->number;
    }
    return sum;
}

void walk_run(struct bench *bench)
{
    const uint64_t count = bench_scaled(bench, bench->amount);
    struct node **nodes = bench_table(bench, count * sizeof *nodes);
    const uint64_t builds = FIRST_BUILDS + bench_scaled(bench, WALKED_BUILDS);
    for (uint64_t i = 0; i < builds; i++) {
        const struct node *first = build(nodes, count);
        const uint64_t start_ns = bench_now_ns();
        const uint64_t sum = walk(first);
        const uint64_t elapsed_ns = bench_now_ns() - start_ns;
        if (sum != count * (count - 1) / 2) {
            abort(); /* told as a crash */
        }
        if (i >= FIRST_BUILDS) {
            bench_count(bench, count, elapsed_ns);
        }
        bench_sample_peak(bench);
        free_at_random(bench, nodes, count);
    }
    bench_sample_after(bench);
}
