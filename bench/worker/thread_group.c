#include "worker/thread_group.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "worker/futex.h"
#include "worker/library.h"
#include "worker/message.h"
#include "worker/timing.h"

enum {
    /* Some 5 us: about what falling asleep and being woken costs. */
    SPIN_ROUNDS = 100,
    /* For allocators and their thread-local data; without a guard page, as 65536 of
     * them would take more mappings than there may be. */
    STACK_BYTES = 256 * 1024,
    /* Under the floor: what libc takes for a thread must not be overwritten. */
    KEPT_BYTES = 1024,
    LINE_BYTES = 64,
};

/* Of a word. */
enum {
    WORD_EMPTY,
    WORD_AWAITED, /* somebody sleeps */
    WORD_PUBLISHED,
};

/* Room for a thread; the next one in it joins the last. */
struct seat {
    _Alignas(LINE_BYTES) struct job job;
    pthread_t thread;
    const uint32_t *thread_word; /* see futex_of_thread */
    uint64_t stream;
    unsigned char kept[KEPT_BYTES];
};

static struct {
    uint32_t *words;
    struct seat *seats;
    unsigned char *stacks;
    job_pass *pass;

    uint32_t lock;  /* of the next four */
    uint32_t *idle; /* seats whose threads have ended and were not joined */
    uint32_t idle_count;
    uint32_t used_count; /* seats that were ever taken in this pass */
    uint64_t waited_ns;  /* by threads that have ended */

    uint32_t ended_count;  /* threads */
    uint32_t waiter_count; /* threads that wait for ended_count to change */
} thread_group;

static uint64_t words_bytes(const struct job *job)
{
    return job->streams->word_count * sizeof *thread_group.words;
}

bool thread_group_open(struct job *job)
{
    job->record->own_call_end = (uintptr_t)futex_call_end;
    const uint64_t seat_count = job->streams->seat_count;
    thread_group.words = job_pages(words_bytes(job) + LINE_BYTES);
    thread_group.seats = job_pages(seat_count * sizeof *thread_group.seats);
    thread_group.idle = job_pages(seat_count * sizeof *thread_group.idle);
    thread_group.stacks =
        mmap(NULL, seat_count * STACK_BYTES, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (thread_group.words == NULL || thread_group.seats == NULL ||
        thread_group.idle == NULL || thread_group.stacks == MAP_FAILED) {
        message_add(job->record, "no memory for %lu threads at once", seat_count);
        return job_fail(job, WORKER_INTERNAL_ERROR, 0);
    }
    if (job->record->is_floor && !library_open_floor()) {
        message_add(job->record, "this floor does not know of threads");
        return job_fail(job, WORKER_INTERNAL_ERROR, 0);
    }
    /* A huge page would make the stacks of some runs resident as a whole. */
    madvise(thread_group.stacks, seat_count * STACK_BYTES, MADV_NOHUGEPAGE);
    return true;
}

static void publish(uint32_t *word)
{
    if (__atomic_exchange_n(word, WORD_PUBLISHED, __ATOMIC_RELEASE) == WORD_AWAITED) {
        futex_wake(word, 1);
    }
}

static bool is_published(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE) == WORD_PUBLISHED;
}

static void sleep_until_published(struct job *job, uint32_t *word)
{
    const uint64_t start_ns = timing_now_ns();
    uint32_t empty = WORD_EMPTY;
    __atomic_compare_exchange_n(word, &empty, WORD_AWAITED, false, __ATOMIC_RELAXED,
                                __ATOMIC_RELAXED);
    while (!is_published(word)) {
        futex_wait(word, WORD_AWAITED);
    }
    job->waited_ns += timing_now_ns() - start_ns;
}

static void await(struct job *job, uint32_t *word)
{
    for (int i = 0; i < SPIN_ROUNDS; i++) {
        if (is_published(word)) {
            return;
        }
        __builtin_ia32_pause();
    }
    sleep_until_published(job, word);
}

static uint32_t ended_count(void)
{
    return __atomic_load_n(&thread_group.ended_count, __ATOMIC_SEQ_CST);
}

/* Until `wanted` threads have ended. */
static void wait_for_ends(uint64_t wanted)
{
    uint32_t ended;
    __atomic_fetch_add(&thread_group.waiter_count, 1, __ATOMIC_SEQ_CST);
    while ((ended = ended_count()) < wanted) {
        futex_wait(&thread_group.ended_count, ended);
    }
    __atomic_fetch_sub(&thread_group.waiter_count, 1, __ATOMIC_SEQ_CST);
}

/* The stream of a thread is done; its seat goes to the next. */
static void end_stream(const struct job *job)
{
    futex_lock(&thread_group.lock);
    thread_group.waited_ns += job->waited_ns;
    if (job->seat != 0) {
        thread_group.idle[thread_group.idle_count++] = job->seat;
    }
    futex_unlock(&thread_group.lock);
    __atomic_fetch_add(&thread_group.ended_count, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&thread_group.waiter_count, __ATOMIC_SEQ_CST) > 0) {
        futex_wake(&thread_group.ended_count, INT_MAX);
    }
}

static void replay_stream(struct job *job, uint64_t stream)
{
    const uint64_t *begins = stream_begins(job->streams);
    if (!thread_group.pass(job, begins[stream], begins[stream + 1])) {
        _exit(0); /* the record says why */
    }
}

static void *seat_main(void *argument)
{
    struct seat *seat = argument;
    seat->thread_word = futex_of_thread();
    library_floor_part(seat->job.seat);
    replay_stream(&seat->job, seat->stream);
    end_stream(&seat->job);
    return NULL;
}

/* The thread has come to its end, and is gone. */
static void join(const struct seat *seat)
{
    if (seat->thread_word != NULL) {
        futex_join(seat->thread_word);
    }
    pthread_join(seat->thread, NULL);
}

/* A seat that nobody sits in, once `wanted` threads have ended. */
static struct seat *take_seat(struct job *job, uint64_t wanted)
{
    struct seat *seat;
    if (ended_count() < wanted) {
        const uint64_t start_ns = timing_now_ns();
        wait_for_ends(wanted);
        job->waited_ns += timing_now_ns() - start_ns;
    }
    futex_lock(&thread_group.lock);
    const bool is_reused = thread_group.idle_count > 0;
    const uint32_t index = is_reused ? thread_group.idle[--thread_group.idle_count]
                                     : ++thread_group.used_count;
    futex_unlock(&thread_group.lock);
    seat = &thread_group.seats[index - 1];
    if (is_reused) {
        join(seat);
    }
    seat->job = *job;
    seat->job.seat = index;
    seat->job.waited_ns = 0;
    return seat;
}

static int create_thread(struct seat *seat)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(
        &attributes, thread_group.stacks + (size_t)(seat->job.seat - 1) * STACK_BYTES,
        STACK_BYTES);
    library_floor_keep(seat->kept, sizeof seat->kept);
    const int code = pthread_create(&seat->thread, &attributes, seat_main, seat);
    library_floor_keep(NULL, 0);
    pthread_attr_destroy(&attributes);
    return code;
}

static bool spawn(struct job *job, const struct trace_op *op)
{
    struct seat *seat = take_seat(job, op->size_bytes);
    seat->stream = op->slot;
    const int code = create_thread(seat);
    if (code == 0) {
        return true;
    }
    job_begin_failure();
    message_add(job->record, "cannot begin thread %lu: %s", (uint64_t)op->slot,
                strerrordesc_np(code));
    return job_fail(job, WORKER_INTERNAL_ERROR, 0);
}

bool thread_group_step(struct job *job, const struct trace_op *op)
{
    switch (op->kind) {
    case STREAM_PUBLISH:
        publish(&thread_group.words[op->slot]);
        return true;
    case STREAM_AWAIT:
        await(job, &thread_group.words[op->slot]);
        return true;
    default:
        return spawn(job, op);
    }
}

static void join_all(const struct job *job)
{
    wait_for_ends(job->streams->begun_count);
    for (uint32_t i = 0; i < thread_group.idle_count; i++) {
        join(&thread_group.seats[thread_group.idle[i] - 1]);
    }
}

bool thread_group_pass(struct job *job, job_pass *pass)
{
    if (job->streams == NULL) {
        return pass(job, 0, job->header->op_count);
    }
    thread_group.pass = pass;
    thread_group.idle_count = thread_group.used_count = thread_group.ended_count = 0;
    thread_group.waited_ns = 0;
    job->waited_ns = 0;
    replay_stream(job, job->streams->first_thread);
    end_stream(job);
    join_all(job);
    job->waited_ns = thread_group.waited_ns;
    return true;
}

bool thread_group_epilogue(struct job *job, job_pass *pass)
{
    uint64_t from = job->header->op_count;
    uint64_t to = from + job->header->epilogue_count;
    if (job->streams != NULL) {
        memset(thread_group.words, WORD_EMPTY, words_bytes(job));
        from = job->streams->op_count;
        to = from + job->streams->epilogue_count;
    }
    return pass(job, from, to);
}
