/* blow-up: threads take turns; each allocates 32 MiB of small blocks (16 to 256 bytes),
 * frees them all and stays. Eight turns whatever the threads, so that one thread's peak
 * is what eight should need. One operation is one block allocated and freed. */
#include <semaphore.h>

#include "micro/cases.h"
#include "micro/thread_group.h"

enum {
    TURNS = 8,
    TURN_BYTES = 32 * 1024 * 1024,
    LEAST_BYTES = 16,
    MOST_BYTES = 256,
};

struct blowup {
    struct bench *bench;
    const struct sizes *sizes;
    void **blocks;
    uint64_t turn_bytes;
    bool ends;
};

struct worker {
    struct blowup *blowup;
    sem_t go, done;
};

static uint64_t fill(const struct blowup *blowup)
{
    uint64_t count = 0;
    for (uint64_t bytes = 0; bytes < blowup->turn_bytes; count++) {
        const size_t size = sizes_pick(blowup->sizes, &blowup->bench->random);
        blowup->blocks[count] = bench_malloc(size);
        bytes += size;
    }
    return count;
}

/* A sample at the fullest, not counted in the time. */
static void take_turn(const struct blowup *blowup)
{
    const uint64_t start_ns = bench_now_ns();
    const uint64_t count = fill(blowup);
    const uint64_t full_ns = bench_now_ns();
    bench_sample_peak(blowup->bench);
    const uint64_t sampled_ns = bench_now_ns();
    for (uint64_t i = 0; i < count; i++) {
        free(blowup->blocks[i]);
    }
    bench_count(blowup->bench, count, full_ns - start_ns + bench_now_ns() - sampled_ns);
}

static void *worker_run(void *argument)
{
    struct worker *worker = argument;
    for (;;) {
        sem_wait(&worker->go);
        if (worker->blowup->ends) {
            return NULL;
        }
        take_turn(worker->blowup);
        sem_post(&worker->done);
    }
}

void blowup_run(struct bench *bench)
{
    struct blowup *blowup = bench_table(bench, sizeof *blowup);
    struct worker *workers = bench_table(bench, TURNS * sizeof *workers);
    pthread_t threads[TURNS];
    const uint32_t count = bench->row->threads;
    *blowup = (struct blowup){
        .bench = bench,
        .sizes = bench_sizes(bench, LEAST_BYTES, MOST_BYTES),
        .turn_bytes = bench_scaled(bench, TURN_BYTES),
    };
    blowup->blocks = bench_table(bench, (blowup->turn_bytes / LEAST_BYTES + 1) *
                                            sizeof *blowup->blocks);
    for (uint32_t i = 0; i < count; i++) {
        workers[i].blowup = blowup;
        sem_init(&workers[i].go, 0, 0);
        sem_init(&workers[i].done, 0, 0);
        thread_start(bench, &threads[i], worker_run, &workers[i]);
    }
    for (uint32_t turn = 0, next = 0; turn < TURNS; turn++) {
        struct worker *worker = &workers[next];
        next = next + 1 < count ? next + 1 : 0;
        sem_post(&worker->go);
        sem_wait(&worker->done);
    }
    bench_sample_after(bench);
    blowup->ends = true;
    for (uint32_t i = 0; i < count; i++) {
        sem_post(&workers[i].go);
        pthread_join(threads[i], NULL);
    }
}
