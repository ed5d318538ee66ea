/* The verifying pass: every promise of malloc, checked at every operation.
 *
 *     a fresh block   not NULL unless 0 bytes were asked for; aligned to 16 for
 *                     requests of 16 bytes and more, else to 8, or as asked for; apart
 *                     from every live block; usable size at least what was asked for
 *     calloc          every byte zero
 *     realloc         old contents kept up to the smaller size
 *     free            contents as they were written
 *
 * The failure that is reported names the operation at which it was seen. */
#include <pthread.h>
#include <string.h>

#include "worker/extents.h"
#include "worker/library.h"
#include "worker/pattern.h"
#include "worker/replay.h"

enum {
    /* realloc in place: the head and tail of the old contents are checked at once, the
     * middle when the block moves or is freed. Checking all of it made growing one
     * block to 8 MB by 64 bytes a quadratic affair of minutes. */
    IN_PLACE_BYTES = 32 * 1024,
};

static struct {
    pthread_mutex_t lock; /* of the extents; all else is its block's thread's */
    struct extents extents;
    uint64_t *seeds; /* of the pattern, by slot */
    bool has_usable_size;
    uint64_t lab_alignment_bytes; /* what the course asks for */
    uint64_t address_bits;        /* of all blocks of 16 bytes and more */
} verifier = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Begin the message; always false. */
static bool fail(struct job *job, const struct trace_op *op, const void *block)
{
    uint64_t number = job_begin_failure_at(job, op);
    if (op->kind != TRACE_FREE && op->kind != TRACE_FREE_SIZED) {
        message_add(job->record, " returned %p", block);
    }
    return job_fail(job, WORKER_VERIFY_FAILED, number);
}

/* A course may ask for less than programs are promised: then it is told, not failed. */
static void note_alignment(const void *block, uint64_t bytes)
{
    if (bytes >= 16) {
        __atomic_fetch_or(&verifier.address_bits, (uintptr_t)block, __ATOMIC_RELAXED);
    }
}

static bool check_alignment(struct job *job, const struct trace_op *op,
                            const void *block, uint64_t bytes)
{
    uint64_t alignment = bytes >= 16 ? 16 : 8;
    if (op->kind == TRACE_MEMALIGN) {
        alignment = (uint64_t)1 << op->align_log2;
    } else if (job->record->is_lab) {
        alignment = verifier.lab_alignment_bytes;
        note_alignment(block, bytes);
    }
    /* jemalloc's memalign(512, 0) is not aligned, and nothing can live there. */
    if (bytes == 0 || ((uintptr_t)block & (alignment - 1)) == 0) {
        return true;
    }
    fail(job, op, block);
    message_add(job->record, ", which is not aligned to %lu", alignment);
    return false;
}

/* The block is checked over its usable bytes: a program may use them all. */
static bool check_extent(struct job *job, const struct trace_op *op,
                         unsigned char *block, uint64_t bytes)
{
    uint64_t extent_bytes = bytes != 0 ? bytes : 1;
    if (verifier.has_usable_size) {
        uint64_t usable_bytes = malloc_usable_size(block);
        if (usable_bytes < bytes) {
            fail(job, op, block);
            message_add(job->record, ", whose usable size is only %lu", usable_bytes);
            return false;
        }
        extent_bytes = usable_bytes > extent_bytes ? usable_bytes : extent_bytes;
    }
    pthread_mutex_lock(&verifier.lock);
    uint32_t other = extents_overlap(&verifier.extents, (uintptr_t)block, extent_bytes);
    if (other == 0) {
        extents_insert(&verifier.extents, op->slot, (uintptr_t)block, extent_bytes);
    }
    pthread_mutex_unlock(&verifier.lock);
    if (other == 0) {
        return true;
    }
    fail(job, op, block);
    message_add(job->record, "+%lu, which overlaps the live block %p+%lu of slot %lu",
                extent_bytes, job->table[other], verifier.extents.nodes[other].bytes,
                (uint64_t)other);
    return false;
}

/* What realloc must have kept of the old block. */
static bool check_kept(struct job *job, const struct trace_op *op,
                       const unsigned char *block, uint64_t bytes)
{
    uint64_t old_bytes = job->sizes[op->slot];
    uint64_t kept_bytes = old_bytes < bytes ? old_bytes : bytes;
    uint64_t seed = verifier.seeds[op->slot];
    uint64_t head_end = kept_bytes;
    if (block == job->table[op->slot] && kept_bytes > 2 * IN_PLACE_BYTES) {
        head_end = IN_PLACE_BYTES;
    }
    uint64_t wrong = pattern_mismatch(block, 0, head_end, seed);
    if (wrong == head_end && head_end < kept_bytes) {
        wrong = pattern_mismatch(block, kept_bytes - IN_PLACE_BYTES, kept_bytes, seed);
    } else if (wrong == head_end) {
        wrong = kept_bytes;
    }
    if (wrong == kept_bytes) {
        return true;
    }
    fail(job, op, block);
    message_add(job->record, ", which has lost byte %lu of the old %lu", wrong,
                old_bytes);
    return false;
}

static bool check_zero(struct job *job, const struct trace_op *op,
                       const unsigned char *block, uint64_t bytes)
{
    uint64_t dirty = pattern_nonzero(block, bytes);
    if (dirty == bytes) {
        return true;
    }
    fail(job, op, block);
    message_add(job->record, ", whose byte %lu is not zero", dirty);
    return false;
}

/* Before free and realloc. realloc checks what was kept afterwards. */
static bool before_free_verified(struct job *job, const struct trace_op *op)
{
    const unsigned char *block = job->table[op->slot];
    if (block == NULL) {
        return true;
    }
    if (op->kind != TRACE_REALLOC) {
        uint64_t bytes = job->sizes[op->slot];
        uint64_t wrong = pattern_mismatch(block, 0, bytes, verifier.seeds[op->slot]);
        if (wrong != bytes) {
            fail(job, op, block);
            message_add(job->record, ": byte %lu of the %lu at %p has changed", wrong,
                        bytes, (const void *)block);
            return false;
        }
        job->sizes[op->slot] = 0;
    }
    pthread_mutex_lock(&verifier.lock);
    extents_remove(&verifier.extents, op->slot);
    pthread_mutex_unlock(&verifier.lock);
    return true;
}

static bool after_alloc_verified(struct job *job, const struct trace_op *op,
                                 unsigned char *block, uint64_t bytes)
{
    uint64_t kept_bytes = 0;
    if (block == NULL) {
        job->sizes[op->slot] = 0;
        return true;
    }
    if (!check_alignment(job, op, block, bytes) ||
        !check_extent(job, op, block, bytes)) {
        return false;
    }
    if (op->kind == TRACE_REALLOC && job->table[op->slot] != NULL) {
        if (!check_kept(job, op, block, bytes)) {
            return false;
        }
        kept_bytes = job->sizes[op->slot];
    } else {
        verifier.seeds[op->slot] = pattern_seed(op->slot, (uint64_t)(op - job->ops));
    }
    if (op->kind == TRACE_CALLOC && !check_zero(job, op, block, bytes)) {
        return false;
    }
    if (kept_bytes < bytes) {
        pattern_fill(block, kept_bytes, bytes, verifier.seeds[op->slot]);
    }
    job->sizes[op->slot] = bytes;
    return true;
}

static bool verified_pass(struct job *job, uint64_t from, uint64_t to)
{
    static const struct replay_observer observer = {
        .keeps_position = true,
        .before_free = before_free_verified,
        .after_alloc = after_alloc_verified,
    };
    return replay(job, from, to, &observer);
}

void verify_run(struct job *job)
{
    struct worker_record *record = job->record;
    verifier.has_usable_size = library_has_usable_size(job);
    if (record->is_lab) {
        verifier.lab_alignment_bytes = library_lab_alignment_bytes();
    }
    verifier.seeds = job_pages(job->slot_count * sizeof *verifier.seeds);
    if (verifier.seeds == NULL || !extents_open(&verifier.extents, job->slot_count)) {
        message_add(record, "no memory to verify %lu slots", job->slot_count);
        job_fail(job, WORKER_INTERNAL_ERROR, 0);
        return;
    }
    const bool done = thread_group_pass(job, verified_pass) &&
                      thread_group_epilogue(job, verified_pass);
    record->lab_alignment_bytes = verifier.address_bits & -verifier.address_bits;
    if (done) {
        record->status = WORKER_DONE;
    }
}
