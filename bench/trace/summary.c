#include "trace/summary.h"

#include <stdlib.h>

const char *const trace_kind_names[TRACE_KIND_COUNT] = {
    [TRACE_MALLOC] = "malloc",
    [TRACE_FREE] = "free",
    [TRACE_REALLOC] = "realloc",
    [TRACE_CALLOC] = "calloc",
    [TRACE_MEMALIGN] = "memalign",
    [TRACE_FREE_SIZED] = "free_sized",
    [TRACE_THREAD_START] = "thread_start",
    [TRACE_THREAD_END] = "thread_end",
    [TRACE_MARK] = "mark",
};

struct block {
    uint64_t bytes;
    uint64_t first_op;
    bool is_live;
};

struct summing {
    struct trace_summary *summary;
    struct block *blocks;    /* by slot */
    uint64_t *sizes;         /* room for one per operation */
    uint64_t *lifetimes;     /* the same memory, filled from its other end */
    uint64_t *lifetimes_end; /* an operation has a size or ends a life, never both */
};

unsigned summary_bucket(uint64_t bytes)
{
    if (bytes <= 1) {
        return (unsigned)bytes;
    }
    return 65 - (unsigned)__builtin_clzll(bytes - 1);
}

static void add_request(struct summing *summing, uint64_t index, struct trace_op op)
{
    struct trace_summary *summary = summing->summary;
    struct block *block = &summing->blocks[op.slot];
    uint64_t bytes = (uint64_t)op.size_bytes * op.count;
    summary->bucket_requests[summary_bucket(bytes)]++;
    summary->bucket_bytes[summary_bucket(bytes)] += bytes;
    summing->sizes[summary->size_bytes.count++] = bytes;
    if (!block->is_live) {
        *block = (struct block){.first_op = index, .is_live = true};
        summary->leftover_blocks++;
    }
    summary->leftover_bytes += bytes - block->bytes;
    block->bytes = bytes;
}

static void add_free(struct summing *summing, uint64_t index, uint32_t slot)
{
    if (slot == 0) {
        return;
    }
    struct trace_summary *summary = summing->summary;
    struct block *block = &summing->blocks[slot];
    *--summing->lifetimes = index - block->first_op;
    summary->leftover_blocks--;
    summary->leftover_bytes -= block->bytes;
    *block = (struct block){0};
}

static void add_all(struct summing *summing, const struct trace *trace)
{
    for (uint64_t i = 0; i < trace->header->op_count; i++) {
        struct trace_op op = trace->ops[i];
        switch (op.kind) {
        case TRACE_FREE:
        case TRACE_FREE_SIZED:
            add_free(summing, i, op.slot);
            break;
        case TRACE_THREAD_START:
        case TRACE_THREAD_END:
        case TRACE_MARK:
            break;
        default:
            add_request(summing, i, op);
        }
    }
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static uint64_t at_rank(const uint64_t *sorted, uint64_t count, uint64_t pct)
{
    return sorted[(count * pct + 99) / 100 - 1];
}

struct percentiles summary_percentiles(uint64_t *values, uint64_t count)
{
    if (count == 0) {
        return (struct percentiles){0};
    }
    qsort(values, (size_t)count, sizeof *values, compare);
    return (struct percentiles){
        .count = count,
        .p50 = at_rank(values, count, 50),
        .p90 = at_rank(values, count, 90),
        .p99 = at_rank(values, count, 99),
        .max = values[count - 1],
    };
}

bool trace_summarize(const struct trace *trace, struct trace_summary *summary)
{
    *summary = (struct trace_summary){0};
    size_t op_count = (size_t)trace->header->op_count;
    struct summing summing = {
        .summary = summary,
        .blocks = calloc((size_t)trace->header->slot_count, sizeof *summing.blocks),
        .sizes = calloc(op_count + 1, sizeof *summing.sizes),
    };
    bool done = summing.blocks != NULL && summing.sizes != NULL;
    if (done) {
        summing.lifetimes_end = summing.sizes + op_count + 1;
        summing.lifetimes = summing.lifetimes_end;
        add_all(&summing, trace);
        summary->size_bytes =
            summary_percentiles(summing.sizes, summary->size_bytes.count);
        summary->lifetime_ops = summary_percentiles(
            summing.lifetimes, (uint64_t)(summing.lifetimes_end - summing.lifetimes));
    }
    free(summing.blocks);
    free(summing.sizes);
    return done;
}
