/* server: the phases of a store in memory, as a redis filled, thinned out at random,
 * refilled with larger values and flushed goes through them. bench->amount is the last
 * phase that runs, and what is resident at its end is what counts: memory that a server
 * keeps when its data has shrunk, or that it takes anew when the holes do not fit.
 *
 *   filled    150,000 entries: a node of 24 bytes, a key of 12 to 28, a value of 20 to
 *             1,000, all written
 *   thinned   70 in 100 of them are deleted, at random
 *   refilled  60,000 more, with values of 500 to 1,800 bytes
 *   flushed   all are deleted, in the order in which they were made; then a second of
 *             slight activity
 *
 * Fixed work; one operation is one entry made or deleted, the second is not counted. */
#include <string.h>

#include "micro/cases.h"

enum {
    ENTRY_COUNT = 150 * 1000,
    LATER_COUNT = 60 * 1000,
    DELETED_PCT = 70,
    NODE_BYTES = 24,
};

enum phase {
    PHASE_FILLED,
    PHASE_THINNED,
    PHASE_REFILLED,
    PHASE_FLUSHED,
};

struct node {
    char *key, *value;
};

_Static_assert(sizeof(struct node) <= NODE_BYTES, "a node holds its two pointers");

/* The table that finds the entries is the harness's: which allocators can grow a large
 * buffer is another question. */
struct store {
    struct node **nodes;
    uint64_t count;
    uint64_t operations;
};

static char *written(size_t bytes)
{
    char *block = bench_malloc(bytes);
    memset(block, 1, bytes);
    return block;
}

static void add(struct store *store, struct random *random, uint64_t count,
                uint64_t least_bytes, uint64_t most_bytes)
{
    for (uint64_t i = 0; i < count; i++) {
        struct node *node = bench_malloc(NODE_BYTES);
        node->key = written(random_between(random, 12, 28));
        node->value = written(random_between(random, least_bytes, most_bytes));
        store->nodes[store->count++] = node;
    }
    store->operations += count;
}

static void remove_entry(struct store *store, uint64_t index)
{
    struct node *node = store->nodes[index];
    if (node != NULL) {
        free(node->key);
        free(node->value);
        free(node);
        store->nodes[index] = NULL;
        store->operations++;
    }
}

static void run_phase(struct store *store, struct bench *bench, enum phase phase)
{
    switch (phase) {
    case PHASE_FILLED:
        add(store, &bench->random, bench_scaled(bench, ENTRY_COUNT), 20, 1000);
        break;
    case PHASE_THINNED:
        for (uint64_t i = 0; i < store->count; i++) {
            if (random_below(&bench->random, 100) < DELETED_PCT) {
                remove_entry(store, i);
            }
        }
        break;
    case PHASE_REFILLED:
        add(store, &bench->random, bench_scaled(bench, LATER_COUNT), 500, 1800);
        break;
    case PHASE_FLUSHED:
        for (uint64_t i = 0; i < store->count; i++) {
            remove_entry(store, i);
        }
        break;
    }
}

void server_run(struct bench *bench)
{
    struct store store = {.count = 0};
    store.nodes =
        bench_table(bench, (ENTRY_COUNT + LATER_COUNT + 2) * sizeof(struct node *));
    uint64_t elapsed_ns = 0;
    for (enum phase phase = PHASE_FILLED; phase <= bench->amount; phase++) {
        const uint64_t start_ns = bench_now_ns();
        run_phase(&store, bench, phase);
        elapsed_ns += bench_now_ns() - start_ns;
        bench_sample_peak(bench);
    }
    bench_count(bench, store.operations, elapsed_ns);
    if (bench->amount == PHASE_FLUSHED) {
        bench_be_slightly_active(bench);
    }
    bench_sample_after(bench);
}
