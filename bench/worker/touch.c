#include "worker/touch.h"

#include <string.h>

#include "worker/replay.h"

enum {
    PAGE_BYTES = 4096,
    TOUCH_VALUE = 0x5a,
};

static inline bool after_alloc_untouched(struct job *job, const struct trace_op *op,
                                         unsigned char *block, uint64_t bytes)
{
    (void)job, (void)op, (void)block, (void)bytes;
    return true;
}

static inline bool after_alloc_first(struct job *job, const struct trace_op *op,
                                     unsigned char *block, uint64_t bytes)
{
    (void)job, (void)op;
    if (bytes != 0) {
        *block = TOUCH_VALUE;
    }
    return true;
}

/* Bytes of the block that are not new: realloc keeps them, and a program that grows a
 * block does not write the old part again. */
static inline uint64_t kept_bytes(const struct job *job, const struct trace_op *op)
{
    bool grows = op->kind == TRACE_REALLOC && job->table[op->slot] != NULL;
    return grows ? job->sizes[op->slot] : 0;
}

static inline bool after_alloc_page(struct job *job, const struct trace_op *op,
                                    unsigned char *block, uint64_t bytes)
{
    uint64_t offset = kept_bytes(job, op);
    while (offset < bytes) {
        block[offset] = TOUCH_VALUE;
        offset += PAGE_BYTES - ((uintptr_t)(block + offset) & (PAGE_BYTES - 1));
    }
    job->sizes[op->slot] = bytes;
    return true;
}

static inline bool after_alloc_all(struct job *job, const struct trace_op *op,
                                   unsigned char *block, uint64_t bytes)
{
    uint64_t kept = kept_bytes(job, op);
    if (kept < bytes) {
        memset(block + kept, TOUCH_VALUE, bytes - kept);
    }
    job->sizes[op->slot] = bytes;
    return true;
}

static bool pass_none(struct job *job, uint64_t from, uint64_t to)
{
    static const struct replay_observer observer = {.after_alloc =
                                                        after_alloc_untouched};
    return replay(job, from, to, &observer);
}

static bool pass_first(struct job *job, uint64_t from, uint64_t to)
{
    static const struct replay_observer observer = {.after_alloc = after_alloc_first};
    return replay(job, from, to, &observer);
}

static bool pass_page(struct job *job, uint64_t from, uint64_t to)
{
    static const struct replay_observer observer = {.after_alloc = after_alloc_page};
    return replay(job, from, to, &observer);
}

static bool pass_all(struct job *job, uint64_t from, uint64_t to)
{
    static const struct replay_observer observer = {.after_alloc = after_alloc_all};
    return replay(job, from, to, &observer);
}

static enum worker_touch touch_within(const struct worker_record *record,
                                      enum worker_touch touch)
{
    return record->is_floor && touch != TOUCH_NONE ? TOUCH_FIRST : touch;
}

job_pass *touch_pass_for(const struct worker_record *record, enum worker_touch touch)
{
    static job_pass *const passes[] = {
        [TOUCH_NONE] = pass_none,
        [TOUCH_FIRST] = pass_first,
        [TOUCH_PAGE] = pass_page,
        [TOUCH_ALL] = pass_all,
    };
    return passes[touch_within(record, touch)];
}

touch_function *touch_after_alloc(const struct worker_record *record,
                                  enum worker_touch touch)
{
    static touch_function *const arrivals[] = {
        [TOUCH_NONE] = after_alloc_untouched,
        [TOUCH_FIRST] = after_alloc_first,
        [TOUCH_PAGE] = after_alloc_page,
        [TOUCH_ALL] = after_alloc_all,
    };
    return arrivals[touch_within(record, touch)];
}
