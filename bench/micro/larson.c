/* larson: a server whose threads hand their blocks to successors, in the spirit of
 * Larson and Krishnan, "Memory allocation for long-running server applications" (ISMM
 * 1998). Each of two lines of threads has 5,000 blocks of 8 to 1,000 bytes, any size as
 * likely as another; a thread frees a random one and allocates another 20,000 times,
 * starts its successor and ends. So a quarter of the blocks are freed by another thread
 * than the one that allocated them, which lives no longer. Fixed work: 80 lives in each
 * line; one operation is one free and malloc, the threads' starts included. */
#include <semaphore.h>

#include "micro/cases.h"
#include "micro/thread_group.h"

enum {
    SLOT_COUNT = 5000,
    LIFE_OPERATIONS = 20 * 1000,
    LIVES = 80,
    LEAST_BYTES = 8,
    MOST_BYTES = 1000,
};

struct line {
    struct bench *bench;
    struct random random;
    uint64_t lives_left;
    sem_t ended;
    void *slots[SLOT_COUNT];
} __attribute__((aligned(128)));

/* Nobody joins them: the successor goes on while its predecessor still ends. */
static void begin_life(struct line *line);

static void *live(void *argument)
{
    struct line *line = argument;
    for (uint64_t i = 0; i < LIFE_OPERATIONS; i++) {
        void **slot = &line->slots[random_below(&line->random, SLOT_COUNT)];
        free(*slot);
        *slot = bench_malloc(random_between(&line->random, LEAST_BYTES, MOST_BYTES));
    }
    line->lives_left--;
    if (line->lives_left > 0) {
        begin_life(line);
    } else {
        sem_post(&line->ended);
    }
    return NULL;
}

static void begin_life(struct line *line)
{
    pthread_t thread;
    thread_start(line->bench, &thread, live, line);
    pthread_detach(thread);
}

void larson_run(struct bench *bench)
{
    const uint32_t count = bench->row->threads;
    struct line *lines = bench_table(bench, count * sizeof *lines);
    const uint64_t lives = bench_scaled(bench, LIVES);
    for (uint32_t i = 0; i < count; i++) {
        lines[i].bench = bench;
        lines[i].random.state = random_next(&bench->random);
        lines[i].lives_left = lives;
        sem_init(&lines[i].ended, 0, 0);
        for (int k = 0; k < SLOT_COUNT; k++) {
            lines[i].slots[k] =
                bench_malloc(random_between(&lines[i].random, LEAST_BYTES, MOST_BYTES));
        }
    }
    const uint64_t start_ns = bench_now_ns();
    for (uint32_t i = 0; i < count; i++) {
        begin_life(&lines[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        sem_wait(&lines[i].ended);
    }
    bench_count(bench, count * lives * LIFE_OPERATIONS, bench_now_ns() - start_ns);
    bench_sample_peak(bench);
    for (uint32_t i = 0; i < count; i++) {
        for (int k = 0; k < SLOT_COUNT; k++) {
            free(lines[i].slots[k]);
        }
    }
    bench_sample_after(bench);
}
