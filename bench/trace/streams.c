#include "trace/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace/addresses.h"
#include "trace/slots.h"

enum {
    /* What is in marks[]. */
    MARK_AWAITS = 1,
    MARK_PUBLISHES = 2,
    MARK_SPAWNS = 4, /* the next operation is the first of its thread */
    MARK_SHARED = 8, /* makes a block that another thread touches */

    LINE_SLOTS = 64 / sizeof(void *),
    LINE_WORDS = 64 / sizeof(uint32_t),
    PAGE_BYTES = 4096,
};

/* No operation. */
#define NONE UINT64_MAX

struct member {
    uint64_t first, last;  /* operations; NONE: there are none */
    uint64_t length;       /* of the stream */
    uint64_t shared_count; /* blocks that it makes and others touch */
    uint64_t word_count;   /* that it publishes */
    uint64_t ended;        /* threads that have ended when it begins */
    uint64_t next_op, next_shared, next_word;
    struct slots slots; /* of its own range */
    uint64_t own_base;
};

/* What stands in a slot of the trace. */
struct block {
    uint64_t born, last; /* operations; NONE: the slot is empty */
    uint32_t slot;       /* as the streams have it, less own_base if it is an own one */
    uint32_t word;       /* published last */
};

/* Which operations of another thread are known to be done. */
struct knowledge {
    struct addresses pairs; /* of threads; slots are places in `known`, from 1 */
    uint64_t *known;        /* all operations below it */
    uint64_t capacity;
};

struct split {
    const struct trace *trace;
    const struct trace_op *ops;
    uint64_t op_count, thread_count;
    struct member *members;
    struct block *blocks; /* by slot of the trace */
    uint8_t *marks;       /* by operation */
    struct knowledge knowledge;
    struct streams *streams; /* in the making */
    struct stream_header header;
};

static bool has_block(struct trace_op op)
{
    return op.kind <= TRACE_FREE_SIZED && op.slot != 0;
}

static bool is_free(struct trace_op op)
{
    return op.kind == TRACE_FREE || op.kind == TRACE_FREE_SIZED;
}

static uint64_t round_up(uint64_t number, uint64_t unit)
{
    return (number + unit - 1) / unit * unit;
}

/* The entry of a pair of threads; NULL: out of memory. */
static uint64_t *known_entry(struct knowledge *knowledge, uint16_t who, uint16_t whom)
{
    const uint64_t pair = ((uint64_t)who << 16 | whom) + 1;
    const struct live_block entry = addresses_find(&knowledge->pairs, pair);
    if (entry.slot != 0) {
        return &knowledge->known[entry.slot - 1];
    }
    const uint64_t index = knowledge->pairs.count;
    if (index == knowledge->capacity) {
        uint64_t capacity = index == 0 ? 64 : 2 * index;
        uint64_t *known = reallocarray(knowledge->known, capacity, sizeof *known);
        if (known == NULL) {
            return NULL;
        }
        knowledge->known = known;
        knowledge->capacity = capacity;
    }
    const struct live_block added = {pair, 0, (uint32_t)index + 1};
    if (addresses_add(&knowledge->pairs, added) != ADDRESSES_ADDED) {
        return NULL;
    }
    knowledge->known[index] = 0;
    return &knowledge->known[index];
}

/* Where threads begin and end. */
static void find_threads(struct split *split)
{
    for (uint64_t i = 0; i < split->op_count; i++) {
        struct member *member = &split->members[split->ops[i].thread];
        member->first = member->first == NONE ? i : member->first;
        member->last = i;
    }
}

/* Operation i is the first of its thread: who did the one before it begins it. As many
 * threads as had ended then, that one left out, will have ended. */
static bool begin_thread(struct split *split, uint64_t i, uint64_t ended)
{
    const uint16_t thread = split->ops[i].thread;
    const uint64_t there = ++split->header.begun_count - ended;
    split->members[thread].ended = ended;
    if (there > split->header.seat_count) {
        split->header.seat_count = there;
    }
    if (i == 0) {
        return true;
    }
    split->marks[i - 1] |= MARK_SPAWNS;
    uint64_t *known = known_entry(&split->knowledge, thread, split->ops[i - 1].thread);
    if (known == NULL) {
        return false;
    }
    *known = i;
    return true;
}

/* Operation i goes on with a block where another thread left it. */
static bool hand_over(struct split *split, uint64_t i, const struct block *block)
{
    split->marks[block->born] |= MARK_SHARED;
    uint64_t *known = known_entry(&split->knowledge, split->ops[i].thread,
                                  split->ops[block->last].thread);
    if (known == NULL) {
        return false;
    }
    if (*known <= block->last) {
        *known = block->last + 1;
        split->marks[block->last] |= MARK_PUBLISHES;
        split->marks[i] |= MARK_AWAITS;
    }
    return true;
}

/* What orders threads, in one walk over the total order. */
static bool find_order(struct split *split)
{
    uint64_t ended = 0; /* threads whose last operation is before the one before i */
    for (uint64_t i = 0; i < split->op_count; i++) {
        const struct trace_op op = split->ops[i];
        if (i >= 2) {
            ended += split->members[split->ops[i - 2].thread].last == i - 2;
        }
        if (split->members[op.thread].first == i && !begin_thread(split, i, ended)) {
            return false;
        }
        if (!has_block(op)) {
            continue;
        }
        struct block *block = &split->blocks[op.slot];
        if (block->born == NONE) {
            block->born = i;
        } else if (split->ops[block->last].thread != op.thread &&
                   !hand_over(split, i, block)) {
            return false;
        }
        block->last = i;
        if (is_free(op)) {
            block->born = NONE;
        }
    }
    return true;
}

static void count_streams(struct split *split)
{
    for (uint64_t i = 0; i < split->op_count; i++) {
        struct member *member = &split->members[split->ops[i].thread];
        const uint8_t marks = split->marks[i];
        member->length += 1 + (uint64_t)__builtin_popcount(
                                  marks & (MARK_AWAITS | MARK_PUBLISHES | MARK_SPAWNS));
        member->shared_count += (marks & MARK_SHARED) != 0;
        member->word_count += (marks & MARK_PUBLISHES) != 0;
    }
    uint64_t slot = LINE_SLOTS;
    uint64_t word = 0;
    for (uint64_t i = 0; i < split->thread_count; i++) {
        struct member *member = &split->members[i];
        member->next_op = split->header.op_count;
        member->next_shared = slot;
        member->next_word = word;
        split->header.op_count += member->length;
        slot = round_up(slot + member->shared_count, LINE_SLOTS);
        word = round_up(word + member->word_count, LINE_WORDS);
    }
    split->header.slot_count = slot;
    split->header.word_count = word;
}

static bool open_image(struct split *split)
{
    struct streams *streams = split->streams;
    struct stream_header *header = &split->header;
    header->magic = STREAM_MAGIC;
    header->thread_count = split->thread_count;
    header->first_thread = split->op_count > 0 ? split->ops[0].thread : 0;
    header->epilogue_count = split->trace->header->epilogue_count;
    header->begins_offset = PAGE_BYTES;
    header->ops_offset =
        PAGE_BYTES + round_up((split->thread_count + 1) * sizeof(uint64_t), 64);
    streams->mapped_bytes =
        (size_t)(header->ops_offset +
                 (header->op_count + header->epilogue_count) * sizeof(struct trace_op));
    streams->memfd = memfd_create("snugbench-streams", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (streams->memfd < 0 ||
        ftruncate(streams->memfd, (off_t)streams->mapped_bytes) != 0) {
        return false;
    }
    void *image = mmap(NULL, streams->mapped_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
                       streams->memfd, 0);
    if (image == MAP_FAILED) {
        return false;
    }
    streams->header = image;
    *streams->header = *header;
    uint64_t *begins = (uint64_t *)(void *)((char *)image + header->begins_offset);
    for (uint64_t i = 0; i < split->thread_count; i++) {
        begins[i] = split->members[i].next_op;
    }
    begins[split->thread_count] = header->op_count;
    return true;
}

static struct trace_op *image_ops(const struct split *split)
{
    return (struct trace_op *)(void *)((char *)split->streams->header +
                                       split->header.ops_offset);
}

static void put(const struct split *split, struct member *member, struct trace_op op)
{
    image_ops(split)[member->next_op++] = op;
}

/* The slot of the streams for an operation on a block; false: out of memory. */
static bool take_slot(struct split *split, uint64_t i, struct block *block)
{
    const struct trace_op op = split->ops[i];
    struct member *member = &split->members[op.thread];
    if (block->born == NONE) {
        block->born = i;
        block->slot = (split->marks[i] & MARK_SHARED) != 0
                          ? (uint32_t)member->next_shared++
                          : slots_take(&member->slots);
    } else if (is_free(op) && (split->marks[block->born] & MARK_SHARED) == 0) {
        slots_release(&member->slots, block->slot);
    }
    return block->slot != 0;
}

/* Own slots are numbered from the thread's base, which is not known yet: until
 * add_bases, `thread` tells them apart. */
static bool put_op(struct split *split, uint64_t i)
{
    struct trace_op op = split->ops[i];
    struct member *member = &split->members[op.thread];
    const uint8_t marks = split->marks[i];
    struct block *block = &split->blocks[op.slot];
    const bool touches = has_block(op);
    if ((marks & MARK_AWAITS) != 0) {
        put(split, member,
            (struct trace_op){.kind = STREAM_AWAIT, .slot = block->word});
    }
    op.thread = op.kind <= TRACE_FREE_SIZED; /* slot 0, too, is one of its own */
    if (touches) {
        if (!take_slot(split, i, block)) {
            return false;
        }
        op.slot = block->slot;
        op.thread = (split->marks[block->born] & MARK_SHARED) == 0;
        if (is_free(op)) {
            block->born = NONE;
        }
    }
    put(split, member, op);
    if ((marks & MARK_PUBLISHES) != 0) {
        block->word = (uint32_t)member->next_word++;
        put(split, member,
            (struct trace_op){.kind = STREAM_PUBLISH, .slot = block->word});
    }
    if ((marks & MARK_SPAWNS) != 0) {
        const uint16_t next = split->ops[i + 1].thread;
        put(split, member,
            (struct trace_op){.kind = STREAM_SPAWN,
                              .slot = next,
                              .size_bytes =
                                  split->members[next].ended & TRACE_SIZE_MASK});
    }
    return true;
}

static bool put_all(struct split *split)
{
    for (uint64_t i = 0; i < split->trace->header->slot_count; i++) {
        split->blocks[i].born = NONE;
    }
    for (uint64_t i = 0; i < split->op_count; i++) {
        if (!put_op(split, i)) {
            return false;
        }
    }
    return true;
}

/* The ranges of own slots lie behind the shared ones. */
static void add_bases(struct split *split)
{
    struct stream_header *header = &split->header;
    struct trace_op *ops = image_ops(split);
    for (uint64_t i = 0, at = 0; i < split->thread_count; i++) {
        struct member *member = &split->members[i];
        member->own_base = header->slot_count;
        for (; at < member->next_op; at++) {
            ops[at].slot += ops[at].thread != 0 ? (uint32_t)member->own_base : 0;
            ops[at].thread = (uint16_t)i;
        }
        header->slot_count =
            round_up(header->slot_count + member->slots.next, LINE_SLOTS);
    }
}

static void put_epilogue(struct split *split)
{
    struct trace_op *ops = image_ops(split) + split->header.op_count;
    for (uint64_t i = 0; i < split->header.epilogue_count; i++) {
        ops[i] = split->ops[split->op_count + i];
        const struct block *block = &split->blocks[ops[i].slot];
        const bool is_own = (split->marks[block->born] & MARK_SHARED) == 0;
        const uint16_t thread = split->ops[block->born].thread;
        ops[i].slot =
            block->slot + (is_own ? (uint32_t)split->members[thread].own_base : 0);
    }
}

static bool has_room(const struct split *split)
{
    return split->header.slot_count < UINT32_MAX &&
           split->header.word_count < UINT32_MAX;
}

static bool make(struct split *split)
{
    find_threads(split);
    if (!find_order(split)) {
        return false;
    }
    count_streams(split);
    if (!has_room(split) || !open_image(split) || !put_all(split)) {
        return false;
    }
    add_bases(split);
    if (!has_room(split)) {
        return false;
    }
    put_epilogue(split);
    *split->streams->header = split->header;
    mprotect(split->streams->header, split->streams->mapped_bytes, PROT_READ);
    fcntl(split->streams->memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
    fcntl(split->streams->memfd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE);
    return true;
}

static bool allocate(struct split *split)
{
    const uint64_t slot_count = split->trace->header->slot_count;
    split->streams = calloc(1, sizeof *split->streams);
    if (split->streams == NULL) {
        return false;
    }
    split->streams->memfd = -1;
    split->members = calloc((size_t)split->thread_count, sizeof *split->members);
    split->blocks = malloc((size_t)slot_count * sizeof *split->blocks);
    split->marks = calloc((size_t)split->op_count + 1, sizeof *split->marks);
    if (split->members == NULL || split->blocks == NULL || split->marks == NULL) {
        return false;
    }
    for (uint64_t i = 0; i < split->thread_count; i++) {
        split->members[i].first = split->members[i].last = NONE;
        slots_init(&split->members[i].slots);
    }
    for (uint64_t i = 0; i < slot_count; i++) {
        split->blocks[i] = (struct block){.born = NONE};
    }
    return true;
}

struct streams *streams_create(const struct trace *trace, struct trace_error *error)
{
    struct split split = {
        .trace = trace,
        .ops = trace->ops,
        .op_count = trace->header->op_count,
        .thread_count = trace->header->thread_count,
    };
    if (!allocate(&split) || !make(&split)) {
        snprintf(error->text, sizeof error->text,
                 "no memory to part the trace into threads: %s", strerror(errno));
        streams_destroy(split.streams);
        split.streams = NULL;
    }
    for (uint64_t i = 0; split.members != NULL && i < split.thread_count; i++) {
        slots_destroy(&split.members[i].slots);
    }
    addresses_destroy(&split.knowledge.pairs);
    free(split.knowledge.known);
    free(split.members);
    free(split.blocks);
    free(split.marks);
    return split.streams;
}

void streams_destroy(struct streams *streams)
{
    if (streams == NULL) {
        return;
    }
    if (streams->header != NULL) {
        munmap(streams->header, streams->mapped_bytes);
    }
    if (streams->memfd >= 0) {
        close(streams->memfd);
    }
    free(streams);
}
