/* Memory along the trace, every payload byte written: at the trace's sample points,
 * after everything is freed, and a second later. The tracer finds the peaks: it is told
 * where the trace begins and ends. Who wants nothing but these has them in half the
 * time (only_peaks). */
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "worker/job.h"
#include "worker/library.h"
#include "worker/sample.h"

enum {
    ACTIVITY_PAIRS = 4096,
    ACTIVITY_BYTES = 64,
    FILL_VALUE = 0x5a,
};

/* The replay loop has no other place to keep them. */
static struct {
    struct worker_blocks *blocks; /* in the record */
    uint64_t *internal_sizes;     /* by slot; NULL: the library does not tell */
    uint64_t page_bytes;
    bool writes_all;
    struct sampler sampler;

    /* Of the blocks and what follows; sizes are their block's thread's. */
    pthread_mutex_t lock;
    uint64_t op_count; /* done by several threads */
    bool has_failed;   /* to take a sample */
} account = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool take_sample(struct job *job, uint64_t op_index,
                        struct worker_sample *sample)
{
    sample->op_index = op_index;
    sample->blocks = *account.blocks;
    return sampler_read(&account.sampler, job, sample);
}

/* With several threads whoever does the operation of a sample point takes the sample,
 * while the others go on. The lock is held. */
static void count_operation(struct job *job)
{
    struct worker_record *record = job->record;
    const uint64_t next = record->sample_count;
    if (job->streams != NULL && record->only_peaks == 0 &&
        ++account.op_count <= job->header->op_count &&
        next < job->header->sample_count && job->samples[next] <= account.op_count) {
        record->sample_count++;
        account.has_failed |=
            !take_sample(job, job->samples[next], &record->samples[next]);
    }
}

/* A block counts until the call that frees or moves it has returned: a peak in the
 * middle of that call has it in memory. */
static inline void after_call(struct job *job, const struct trace_op *op)
{
    pthread_mutex_lock(&account.lock);
    account.blocks->live_bytes -= job->sizes[op->slot];
    /* A free empties the slot; after_alloc needs the old size to know what is new. */
    if (op->kind == TRACE_FREE || op->kind == TRACE_FREE_SIZED) {
        job->sizes[op->slot] = 0;
        count_operation(job);
    }
    if (account.internal_sizes != NULL) {
        account.blocks->internal_bytes -= account.internal_sizes[op->slot];
        account.internal_sizes[op->slot] = 0;
    }
    pthread_mutex_unlock(&account.lock);
}

#define REPLAY_BEFORE_CALL()
#define REPLAY_AFTER_CALL(job, op, bytes) after_call(job, op)
#include "worker/replay.h"

/* See struct worker_blocks. */
static uint64_t internal_bytes_of(unsigned char *block, uint64_t bytes)
{
    const uint64_t behind = malloc_usable_size(block) - bytes;
    const uint64_t in_page = -((uintptr_t)block + bytes) & (account.page_bytes - 1);
    return behind < in_page ? behind : in_page;
}

static bool after_alloc_account(struct job *job, const struct trace_op *op,
                                unsigned char *block, uint64_t bytes)
{
    uint64_t kept = op->kind == TRACE_REALLOC ? job->sizes[op->slot] : 0;
    if (kept < bytes && account.writes_all) {
        memset(block + kept, FILL_VALUE, bytes - kept);
    } else if (kept < bytes) {
        *block = FILL_VALUE; /* the floor has no byte beyond the first */
    }
    job->sizes[op->slot] = bytes;
    pthread_mutex_lock(&account.lock);
    account.blocks->live_bytes += bytes;
    if (account.blocks->live_bytes > job->record->peak_live_bytes) {
        job->record->peak_live_bytes = account.blocks->live_bytes;
    }
    if (account.internal_sizes != NULL && block != NULL) {
        account.internal_sizes[op->slot] = internal_bytes_of(block, bytes);
        account.blocks->internal_bytes += account.internal_sizes[op->slot];
    }
    count_operation(job);
    pthread_mutex_unlock(&account.lock);
    return true;
}

static bool replay_accounted(struct job *job, uint64_t from, uint64_t to)
{
    static const struct replay_observer observer = {
        .keeps_position = true,
        .after_alloc = after_alloc_account,
    };
    return replay(job, from, to, &observer);
}

/* The trace's own operations, stopping at its sample points. Points count operations
 * done; the parent puts the first moment of peak live bytes among them. */
static bool replay_to_samples(struct job *job)
{
    struct worker_record *record = job->record;
    uint64_t op_count = job->header->op_count;
    uint64_t done = 0;
    for (uint64_t i = 0; i < job->header->sample_count && job->samples[i] <= op_count;
         i++) {
        if (!replay_accounted(job, done, job->samples[i])) {
            return false;
        }
        done = job->samples[i];
        if (!take_sample(job, done, &record->samples[i])) {
            return false;
        }
        record->sample_count = i + 1;
    }
    return replay_accounted(job, done, op_count);
}

static bool replay_sampled(struct job *job)
{
    struct worker_record *record = job->record;
    if (job->header->sample_count > record->sample_capacity) {
        message_add(record,
                    "the record has room for %lu samples, the trace asks for %lu",
                    record->sample_capacity, job->header->sample_count);
        return job_fail(job, WORKER_INTERNAL_ERROR, 0);
    }
    return job->streams == NULL && record->only_peaks == 0
               ? replay_to_samples(job)
               : thread_group_pass(job, replay_accounted) && !account.has_failed;
}

/* Some allocators give memory back by and by, and only while they are called. */
static void pass_a_second(void)
{
    struct timespec left = {.tv_sec = 1};
    while (nanosleep(&left, &left) != 0) {
    }
    for (int i = 0; i < ACTIVITY_PAIRS; i++) {
        unsigned char *block = malloc(ACTIVITY_BYTES);
        if (block != NULL) {
            *block = FILL_VALUE;
        }
        free(block);
    }
}

void memory_run(struct job *job)
{
    struct worker_record *record = job->record;
    const struct trace_header *header = job->header;
    uint64_t all_count = header->op_count + header->epilogue_count;
    account.blocks = &record->blocks;
    account.page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    account.writes_all = !record->is_floor;
    /* Mapped under the floor too, so that it cancels out. */
    uint64_t *internal_sizes = job_pages(job->slot_count * sizeof *internal_sizes);
    if (internal_sizes == NULL) {
        message_add(record, "no memory for a table of %lu slots", job->slot_count);
        job_fail(job, WORKER_INTERNAL_ERROR, 0);
        return;
    }
    if (!record->is_floor && library_has_usable_size(job)) {
        account.internal_sizes = internal_sizes;
        record->knows_internal = true;
    }
    /* Twice: the first reading faults in what readings need. */
    if (!sampler_open(&account.sampler, job) || !take_sample(job, 0, &record->before) ||
        !take_sample(job, 0, &record->before)) {
        return;
    }
    job_enter_phase(PHASE_REPLAY);
    bool done = replay_sampled(job);
    job_enter_phase(PHASE_TEARDOWN);
    if (!done || !thread_group_epilogue(job, replay_accounted) ||
        !take_sample(job, all_count, &record->after_free)) {
        return;
    }
    if (record->is_lab) {
        record->lab_heap_bytes = library_lab_heap_bytes();
    }
    if (record->only_peaks == 0) {
        pass_a_second();
    }
    if (take_sample(job, all_count, &record->after_second)) {
        record->status = WORKER_DONE;
    }
}
