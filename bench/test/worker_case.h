/* Traces made by hand and one worker run over them. */
#ifndef SNUGBENCH_TEST_WORKER_CASE_H
#define SNUGBENCH_TEST_WORKER_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process/signals.h"
#include "process/tool.h"
#include "runner/job.h"
#include "sealed.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

enum {
    PAGE_BYTES = 4096,
    MIXED_OPS = 20000,
    MIXED_SLOTS = 500,
};

/* For what hangs: no test takes so long, and scripts/run-tests waits a little longer.
 */
static const uint64_t timeout_ns = UINT64_C(240) * 1000 * 1000 * 1000;

#define MALLOC(at, bytes)                                                              \
    {                                                                                  \
        .kind = TRACE_MALLOC, .slot = (at), .size_bytes = (bytes), .count = 1          \
    }
#define REALLOC(at, bytes)                                                             \
    {                                                                                  \
        .kind = TRACE_REALLOC, .slot = (at), .size_bytes = (bytes), .count = 1         \
    }
#define CALLOC(at, n, bytes)                                                           \
    {                                                                                  \
        .kind = TRACE_CALLOC, .slot = (at), .size_bytes = (bytes), .count = (n)        \
    }
#define MEMALIGN(at, log2, bytes)                                                      \
    {                                                                                  \
        .kind = TRACE_MEMALIGN, .slot = (at), .size_bytes = (bytes), .count = 1,       \
        .align_log2 = (log2)                                                           \
    }
#define FREE(at)                                                                       \
    {                                                                                  \
        .kind = TRACE_FREE, .slot = (at), .count = 1                                   \
    }
#define MARK                                                                           \
    {                                                                                  \
        .kind = TRACE_MARK, .count = 1                                                 \
    }

static inline struct trace *make_trace(const struct trace_op *ops, size_t count)
{
    struct trace_builder *builder = trace_builder_create("handmade", "handmade");
    uint32_t slots = 0;
    assert_non_null(builder);
    for (size_t i = 0; i < count; i++) {
        while (slots < ops[i].slot) {
            slots = trace_builder_take_slot(builder);
        }
        assert_true(trace_builder_append(builder, ops[i]));
    }
    return seal(builder);
}

static inline struct allocator *tool_allocator(const char *name)
{
    static char path[PATH_MAX];
    static char resolved[PATH_MAX];
    static struct allocator allocator;
    assert_true(tool_find(name, path, sizeof path));
    assert_non_null(realpath(path, resolved));
    allocator = (struct allocator){.name = path, .library = resolved};
    return &allocator;
}

static inline struct allocator *broken_allocator(const char *name)
{
    char file[64];
    snprintf(file, sizeof file, "libbroken-%s.so", name);
    return tool_allocator(file);
}

static const struct allocator glibc = {.library = NULL};

/* Run to the end; what the worker answered stays in the job until job_close. */
static inline struct job run(const struct trace *trace,
                             const struct allocator *allocator, enum worker_mode mode)
{
    struct job job = {
        .allocator = allocator,
        .trace = trace,
        .mode = mode,
        .touch = TOUCH_FIRST,
        .warm_min_passes = 3,
        .timeout_ns = timeout_ns,
    };
    job_run_all(&job, 1, 1);
    assert_non_null(job.record);
    return job;
}

static inline uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* A fresh block for an empty slot. Sizes of all magnitudes to 256 KiB, and 0. */
static inline struct trace_op random_allocation(uint64_t *random, uint32_t slot)
{
    uint64_t limit = UINT64_C(2) << next_random(random) % 18;
    uint64_t bytes = next_random(random) % limit;
    struct trace_op op = MALLOC(slot, bytes % TRACE_SIZE_LIMIT_BYTES);
    switch (next_random(random) % 8) {
    case 0:
        op.kind = TRACE_CALLOC;
        op.count = (uint16_t)(1 + next_random(random) % 3);
        break;
    case 1:
        op.kind = TRACE_REALLOC;
        break;
    case 2:
        op.kind = TRACE_MEMALIGN;
        /* Odd: mimalloc 2.0.9 misaligns a size that equals its alignment (its #700). */
        op.size_bytes = (bytes | 1) % TRACE_SIZE_LIMIT_BYTES;
        op.align_log2 = (uint8_t)(4 + next_random(random) % 8);
        break;
    default:
        break;
    }
    return op;
}

/* Every kind of operation in random order. */
static inline struct trace *make_mixed_trace(void)
{
    static struct trace_op ops[MIXED_OPS];
    bool full[MIXED_SLOTS + 1] = {false};
    uint64_t random = 1;
    for (size_t i = 0; i < MIXED_OPS; i++) {
        uint32_t slot = 1 + (uint32_t)(next_random(&random) % MIXED_SLOTS);
        struct trace_op op = random_allocation(&random, slot);
        if (!full[slot]) {
            full[slot] = true;
        } else if (next_random(&random) % 3 == 0) {
            op = (struct trace_op)REALLOC(slot, op.size_bytes | 1);
        } else {
            op = (struct trace_op)FREE(slot);
            full[slot] = false;
        }
        ops[i] = op;
    }
    return make_trace(ops, MIXED_OPS);
}

#endif
