/* lifetimes: blocks of random sizes that live for random times, in the spirit of
 * alloc-test (Ignatchenko and Ivanchykhin, "Testing memory allocators", 2018). The
 * slots are divided among the threads. A step picks one, those at the front far more
 * often than those at the back: an empty slot gets a block, a full one loses its own.
 * So most blocks die young and some stay for long. Sizes reach from 16 bytes, or from
 * 512 where bench->amount is beyond 8 KiB, to bench->amount. Up to 1 KiB each octave
 * is half as likely as the one below, else as likely; within an octave every size is
 * as likely as any other, so sizes rarely come back. Of a new block the first 64 bytes
 * are written and one byte in each further page; the first 64 are read before it is
 * freed. Fixed work from an empty heap, page faults included; one operation is one
 * step. */
#include <string.h>

#include "micro/cases.h"
#include "micro/thread_group.h"

enum {
    SLOT_COUNT = 100 * 1000,
    STEP_COUNT = 4 * 1000 * 1000,
    MEDIUM_STEP_COUNT = 1000 * 1000,
    SMALL_LIMIT_BYTES = 1024,
    MIXED_LIMIT_BYTES = 8 * 1024,
    USED_BYTES = 64,
};

struct slot {
    unsigned char *block; /* NULL: empty */
    uint32_t bytes;
};

struct lifetimes {
    struct slot *slots;
    uint64_t slot_count;
    uint64_t step_count;
    uint32_t least_bytes, octaves;
    bool small_are_frequent;
    uint64_t sum; /* so that what is read is used */
} __attribute__((aligned(128)));

static uint32_t draw_bytes(const struct lifetimes *lives, struct random *random)
{
    uint64_t octave;
    if (lives->small_are_frequent) {
        octave = (uint64_t)__builtin_ctzll(random_next(random) |
                                           1ull << (lives->octaves - 1));
    } else {
        octave = random_below(random, lives->octaves);
    }
    const uint64_t least = (uint64_t)lives->least_bytes << octave;
    return (uint32_t)(least + random_below(random, least));
}

static uint32_t used_of(const struct slot *slot)
{
    return slot->bytes < USED_BYTES ? slot->bytes : USED_BYTES;
}

static void fill_slot(struct slot *slot, uint32_t bytes)
{
    slot->block = bench_malloc(bytes);
    slot->bytes = bytes;
    memset(slot->block, (int)bytes, used_of(slot));
    bench_touch_pages((char *)slot->block, bytes);
}

static void empty_slot(struct lifetimes *lives, struct slot *slot)
{
    for (uint32_t i = 0; i < used_of(slot); i++) {
        lives->sum += slot->block[i];
    }
    free(slot->block);
    slot->block = NULL;
}

static uint64_t live_through(void *state, struct random *random)
{
    struct lifetimes *lives = state;
    for (uint64_t step = 0; step < lives->step_count; step++) {
        const uint64_t reach = 1 + random_below(random, lives->slot_count);
        struct slot *slot = &lives->slots[random_below(random, reach)];
        if (slot->block != NULL) {
            empty_slot(lives, slot);
        } else {
            fill_slot(slot, draw_bytes(lives, random));
        }
    }
    return lives->step_count;
}

static void empty_all(void *state)
{
    struct lifetimes *lives = state;
    for (uint64_t i = 0; i < lives->slot_count; i++) {
        if (lives->slots[i].block != NULL) {
            empty_slot(lives, &lives->slots[i]);
        }
    }
}

/* Octaves from 16 bytes, or above small objects: the last ends at `most`. */
static void set_sizes(struct lifetimes *lives, uint64_t most)
{
    lives->least_bytes = most > MIXED_LIMIT_BYTES ? 512 : 16;
    lives->octaves = (uint32_t)__builtin_ctzll(most / lives->least_bytes);
    lives->small_are_frequent = most <= SMALL_LIMIT_BYTES;
}

void lifetimes_run(struct bench *bench)
{
    const uint32_t count = bench->row->threads;
    struct lifetimes *lives = bench_table(bench, count * sizeof *lives);
    struct thread_group_work works[THREAD_GROUP_LIMIT];
    const bool is_medium = bench->amount > MIXED_LIMIT_BYTES;
    /* Fewer medium blocks live at a time: two thousand, some 50 MiB. */
    const uint64_t slots = is_medium ? SLOT_COUNT / 25 : SLOT_COUNT;
    const uint64_t steps = is_medium ? MEDIUM_STEP_COUNT : STEP_COUNT;
    for (uint32_t i = 0; i < count; i++) {
        lives[i].slot_count = bench_scaled(bench, slots) / count + 1;
        lives[i].step_count = bench_scaled(bench, steps) / count + 1;
        lives[i].slots = bench_table(bench, lives[i].slot_count * sizeof(struct slot));
        set_sizes(&lives[i], bench->amount);
        works[i] = (struct thread_group_work){live_through, empty_all, &lives[i]};
    }
    thread_group_run_once(bench, works, count);
}
