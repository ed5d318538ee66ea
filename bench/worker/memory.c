/* Memory along the trace, every payload byte written: at the trace's sample points, at
 * the peak of live bytes, after everything is freed, and a second later. */
#include <string.h>
#include <time.h>

#include "worker/library.h"
#include "worker/replay.h"
#include "worker/sample.h"

enum {
    ACTIVITY_PAIRS = 4096,
    ACTIVITY_BYTES = 64,
    FILL_VALUE = 0x5a,
};

/* Of the live blocks; the observers have no other place to keep them. */
static struct {
    uint64_t live_bytes;
    uint64_t usable_bytes;
    uint64_t *usable_sizes; /* by slot; NULL: the library does not tell */
    bool writes_all;
} account;

static bool leave_account(struct job *job, const struct trace_op *op)
{
    account.live_bytes -= job->sizes[op->slot];
    /* A free empties the slot; realloc needs the old size to know what is new. */
    if (op->kind != TRACE_REALLOC) {
        job->sizes[op->slot] = 0;
    }
    if (account.usable_sizes != NULL) {
        account.usable_bytes -= account.usable_sizes[op->slot];
        account.usable_sizes[op->slot] = 0;
    }
    return true;
}

static bool arrive_account(struct job *job, const struct trace_op *op,
                           unsigned char *block, uint64_t bytes)
{
    uint64_t kept = op->kind == TRACE_REALLOC ? job->sizes[op->slot] : 0;
    if (kept < bytes) {
        memset(block + kept, FILL_VALUE, account.writes_all ? bytes - kept : 1);
    }
    job->sizes[op->slot] = bytes;
    account.live_bytes += bytes;
    if (account.usable_sizes != NULL && block != NULL) {
        account.usable_sizes[op->slot] = malloc_usable_size(block);
        account.usable_bytes += account.usable_sizes[op->slot];
    }
    return true;
}

static bool replay_accounted(struct job *job, uint64_t from, uint64_t to)
{
    static const struct replay_observer observer = {
        .keeps_position = true,
        .leave = leave_account,
        .arrive = arrive_account,
    };
    return replay(job, from, to, &observer);
}

static bool take_sample(struct job *job, const struct sampler *sampler,
                        uint64_t op_index, struct worker_sample *sample)
{
    sample->op_index = op_index;
    sample->live_bytes = account.live_bytes;
    sample->usable_bytes = account.usable_bytes;
    return sampler_read(sampler, job, sample);
}

/* Replay to `op_index` operations done and append a sample. The last entry is held for
 * the peak, which must not be lost to a record that is too small. */
static bool sample_at(struct job *job, const struct sampler *sampler, uint64_t from,
                      uint64_t op_index, bool reserves_one)
{
    struct worker_record *record = job->record;
    if (!replay_accounted(job, from, op_index)) {
        return false;
    }
    if (record->sample_count + reserves_one >= record->sample_capacity) {
        return true;
    }
    return take_sample(job, sampler, op_index,
                       &record->samples[record->sample_count++]);
}

/* The trace's own operations, stopping at its sample points and, exactly, at the peak.
 */
static bool replay_sampled(struct job *job, const struct sampler *sampler)
{
    const struct trace_header *header = job->header;
    uint64_t peak = header->peak_live_op + 1; /* operations done once at the peak */
    uint64_t done = 0;
    bool peak_pending = peak <= header->op_count;
    for (uint64_t i = 0; i < header->sample_count; i++) {
        uint64_t point = job->samples[i];
        if (point > header->op_count) {
            break;
        }
        if (peak_pending && peak < point) {
            if (!sample_at(job, sampler, done, peak, false)) {
                return false;
            }
            done = peak;
            peak_pending = false;
        }
        peak_pending = peak_pending && peak != point;
        if (!sample_at(job, sampler, done, point, peak_pending)) {
            return false;
        }
        done = point;
    }
    if (peak_pending) {
        if (!sample_at(job, sampler, done, peak, false)) {
            return false;
        }
        done = peak;
    }
    return replay_accounted(job, done, header->op_count);
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
    struct sampler sampler;
    account.writes_all = !record->is_floor;
    /* Mapped under the floor too, so that it cancels out. */
    uint64_t *usable_sizes = job_pages(header->slot_count * sizeof *usable_sizes);
    if (usable_sizes == NULL) {
        message_add(record, "no memory for a table of %lu slots", header->slot_count);
        job_fail(job, WORKER_INTERNAL_ERROR, 0);
        return;
    }
    if (!record->is_floor && library_has_usable_size()) {
        account.usable_sizes = usable_sizes;
    }
    /* Twice: the first reading faults in what readings need. */
    if (!sampler_open(&sampler, job) ||
        !take_sample(job, &sampler, 0, &record->before) ||
        !take_sample(job, &sampler, 0, &record->before)) {
        return;
    }
    if (!replay_sampled(job, &sampler) ||
        !replay_accounted(job, header->op_count, all_count) ||
        !take_sample(job, &sampler, all_count, &record->after_free)) {
        return;
    }
    pass_a_second();
    if (take_sample(job, &sampler, all_count, &record->after_second)) {
        record->status = WORKER_DONE;
    }
}
