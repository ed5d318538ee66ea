#include "worker/thread_group.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

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
    uint64_t stream;
    unsigned char kept[KEPT_BYTES];
};

static struct {
    uint32_t *words;
    struct seat *seats;
    unsigned char *stacks;
    job_pass *pass;

    pthread_mutex_t lock;      /* of all below */
    pthread_cond_t some_ended; /* ended_count has changed */
    uint32_t *idle;            /* seats whose threads have ended and were not joined */
    uint32_t idle_count;
    uint32_t used_count;  /* seats that were ever taken in this pass */
    uint64_t ended_count; /* threads */
    uint64_t waited_ns;   /* by those that have ended */
} thread_group = {.lock = PTHREAD_MUTEX_INITIALIZER,
                  .some_ended = PTHREAD_COND_INITIALIZER};

static uint64_t words_bytes(const struct job *job)
{
    return job->streams->word_count * sizeof *thread_group.words;
}

bool thread_group_open(struct job *job)
{
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
        syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
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
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, WORD_AWAITED, NULL, NULL, 0);
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

/* The stream of a thread is done. The lock is held. */
static void end_stream(struct job *job)
{
    thread_group.waited_ns += job->waited_ns;
    thread_group.ended_count++;
    pthread_cond_broadcast(&thread_group.some_ended);
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
    library_floor_part(seat->job.seat);
    replay_stream(&seat->job, seat->stream);
    pthread_mutex_lock(&thread_group.lock);
    thread_group.idle[thread_group.idle_count++] = seat->job.seat;
    end_stream(&seat->job);
    pthread_mutex_unlock(&thread_group.lock);
    return NULL;
}

/* A seat that nobody sits in, once `ended_count` threads have ended. */
static struct seat *take_seat(struct job *job, uint64_t ended_count)
{
    struct seat *seat;
    pthread_mutex_lock(&thread_group.lock);
    if (thread_group.ended_count < ended_count) {
        const uint64_t start_ns = timing_now_ns();
        while (thread_group.ended_count < ended_count) {
            pthread_cond_wait(&thread_group.some_ended, &thread_group.lock);
        }
        job->waited_ns += timing_now_ns() - start_ns;
    }
    const bool is_reused = thread_group.idle_count > 0;
    const uint32_t index = is_reused ? thread_group.idle[--thread_group.idle_count]
                                     : ++thread_group.used_count;
    pthread_mutex_unlock(&thread_group.lock);
    seat = &thread_group.seats[index - 1];
    if (is_reused) {
        pthread_join(seat->thread, NULL);
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

/* All threads have come to their end, and are gone. */
static void join_all(const struct job *job)
{
    pthread_mutex_lock(&thread_group.lock);
    while (thread_group.ended_count < job->streams->begun_count) {
        pthread_cond_wait(&thread_group.some_ended, &thread_group.lock);
    }
    pthread_mutex_unlock(&thread_group.lock);
    for (uint32_t i = 0; i < thread_group.idle_count; i++) {
        pthread_join(thread_group.seats[thread_group.idle[i] - 1].thread, NULL);
    }
}

bool thread_group_pass(struct job *job, job_pass *pass)
{
    if (job->streams == NULL) {
        return pass(job, 0, job->header->op_count);
    }
    thread_group.pass = pass;
    thread_group.idle_count = thread_group.used_count = 0;
    thread_group.ended_count = thread_group.waited_ns = 0;
    job->waited_ns = 0;
    replay_stream(job, job->streams->first_thread);
    pthread_mutex_lock(&thread_group.lock);
    end_stream(job);
    pthread_mutex_unlock(&thread_group.lock);
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
