#include "micro/thread_group.h"

struct thread_group {
    pthread_barrier_t gate; /* the members and the main thread */
    int chunk_count;
    uint64_t chunk_ns; /* 0: one batch */
};

/* Aligned: the random state is written in every operation. */
struct member {
    struct thread_group *group;
    const struct thread_group_work *work;
    struct random random;
    uint64_t operations; /* of the stretch just done */
    uint64_t end_ns;
} __attribute__((aligned(128)));

static void *member_run(void *argument)
{
    struct member *member = argument;
    struct thread_group *group = member->group;
    const struct thread_group_work *work = member->work;
    for (int chunk = 0; chunk < group->chunk_count; chunk++) {
        pthread_barrier_wait(&group->gate);
        const uint64_t start_ns = bench_now_ns();
        uint64_t now_ns;
        uint64_t operations = 0;
        do {
            operations += work->batch(work->state, &member->random);
            now_ns = bench_now_ns();
        } while (now_ns - start_ns < group->chunk_ns);
        member->operations = operations;
        member->end_ns = now_ns;
        pthread_barrier_wait(&group->gate);
    }
    pthread_barrier_wait(&group->gate);
    if (work->finish != NULL) {
        work->finish(work->state);
    }
    pthread_barrier_wait(&group->gate);
    pthread_barrier_wait(&group->gate);
    return NULL;
}

void thread_start(struct bench *bench, pthread_t *thread, void *(*run)(void *),
                  void *argument)
{
    if (pthread_create(thread, NULL, run, argument) != 0) {
        bench_end(bench, MICRO_INTERNAL_ERROR, "cannot start a thread");
    }
}

static void count_chunk(struct bench *bench, const struct member *members,
                        uint32_t count, uint64_t start_ns)
{
    uint64_t operations = 0;
    uint64_t end_ns = start_ns;
    for (uint32_t i = 0; i < count; i++) {
        operations += members[i].operations;
        end_ns = members[i].end_ns > end_ns ? members[i].end_ns : end_ns;
    }
    bench_count(bench, operations, end_ns - start_ns);
}

static void run_threads(struct bench *bench, const struct thread_group_work *works,
                        uint32_t count, int chunk_count, uint64_t chunk_ns)
{
    pthread_t threads[THREAD_GROUP_LIMIT];
    struct thread_group *group = bench_table(bench, sizeof *group);
    struct member *members = bench_table(bench, THREAD_GROUP_LIMIT * sizeof *members);
    group->chunk_count = chunk_count;
    group->chunk_ns = chunk_ns;
    pthread_barrier_init(&group->gate, NULL, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        members[i] = (struct member){
            .group = group,
            .work = &works[i],
            .random.state = random_next(&bench->random),
        };
        thread_start(bench, &threads[i], member_run, &members[i]);
    }
    for (int chunk = 0; chunk < chunk_count; chunk++) {
        const uint64_t start_ns = bench_now_ns();
        pthread_barrier_wait(&group->gate);
        pthread_barrier_wait(&group->gate);
        if (chunk > 0 || chunk_count == 1) { /* the first of several warms up */
            count_chunk(bench, members, count, start_ns);
        }
        bench_sample_peak(bench);
    }
    pthread_barrier_wait(&group->gate); /* finish */
    pthread_barrier_wait(&group->gate); /* all have */
    bench_sample_after(bench);
    pthread_barrier_wait(&group->gate); /* end */
    for (uint32_t i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
}

void thread_group_run(struct bench *bench, const struct thread_group_work *works,
                      uint32_t count)
{
    run_threads(bench, works, count, CHUNK_COUNT, bench_scaled(bench, CHUNK_NS));
}

void thread_group_run_once(struct bench *bench, const struct thread_group_work *works,
                           uint32_t count)
{
    if (count > 1) {
        run_threads(bench, works, count, 1, 0);
        return;
    }
    const uint64_t start_ns = bench_now_ns();
    const uint64_t operations = works->batch(works->state, &bench->random);
    bench_count(bench, operations, bench_now_ns() - start_ns);
    bench_sample_peak(bench);
    if (works->finish != NULL) {
        works->finish(works->state);
    }
    bench_sample_after(bench);
}
