/* The models. Each runs while generator_goes_on; sizes come from the parameters. */
#include <stdlib.h>

#include "trace/generator.h"

/* Power law with exponent 1: half of the sizes are below twice the minimum, half of the
   others below four times, and so on. */
static uint64_t power_law_size(struct generator *generator)
{
    const struct generate_parameters *parameters = &generator->parameters;
    uint64_t coins = random_next(&generator->random) | (uint64_t)1 << 40;
    uint64_t octave = parameters->min_bytes;
    for (int k = __builtin_ctzll(coins); k > 0 && octave < parameters->max_bytes; k--) {
        octave *= 2;
    }
    if (octave > parameters->max_bytes) {
        octave = parameters->max_bytes;
    }
    return random_between(&generator->random, octave,
                          generator_clamp(generator, 2 * octave - 1));
}

/* Allocations and frees of any block, about as many of each once `live` is reached: the
   lifetimes are exponential. */
static void mix(struct generator *generator, uint64_t (*size)(struct generator *))
{
    uint64_t live = generator->parameters.live;
    while (generator_goes_on(generator)) {
        if (random_below(&generator->random, 2 * live) < generator->live_count) {
            generator_free(generator, generator_any(generator));
        } else {
            generator_malloc(generator, size(generator));
        }
    }
}

void model_random(struct generator *generator)
{
    mix(generator, generator_uniform_size);
}

void model_medium(struct generator *generator)
{
    mix(generator, generator_octave_size);
}

void model_churn(struct generator *generator)
{
    while (generator_goes_on(generator)) {
        if (generator->live_count >= generator->parameters.live) {
            generator_free(generator, generator_any(generator));
        }
        generator_malloc(generator, generator_uniform_size(generator));
    }
}

/* Small and large in turn; the large ones go, and what then comes fits into a hole only
   together with the small neighbour that is still there. */
void model_binary(struct generator *generator)
{
    uint64_t pairs = generator->parameters.live / 2 + 1;
    block_handle *small = generator_blocks(generator, pairs);
    block_handle *large = generator_blocks(generator, pairs);
    while (generator_goes_on(generator)) {
        uint64_t small_bytes = generator_clamp(
            generator,
            generator->parameters.min_bytes +
                random_below(&generator->random, generator->parameters.min_bytes));
        uint64_t large_bytes = generator_clamp(
            generator, generator->parameters.max_bytes -
                           random_below(&generator->random,
                                        generator->parameters.max_bytes / 4 + 1));
        for (uint64_t i = 0; i < pairs; i++) {
            generator_replace(generator, &small[i], small_bytes);
            generator_replace(generator, &large[i], large_bytes);
        }
        for (uint64_t i = 0; i < pairs; i++) {
            generator_release(generator, &large[i]);
        }
        for (uint64_t i = 0; i < pairs; i++) {
            generator_replace(generator, &large[i], large_bytes + small_bytes);
        }
        for (uint64_t i = 0; i < pairs; i++) {
            generator_release(generator, &small[i]);
            generator_release(generator, &large[i]);
        }
    }
    free(small);
    free(large);
}

/* Two neighbours are freed and one request asks for both together. */
void model_coalesce(struct generator *generator)
{
    uint64_t live = generator->parameters.live;
    block_handle *kept = generator_blocks(generator, live);
    for (uint64_t i = 0; generator_goes_on(generator); i = (i + 1) % live) {
        uint64_t bytes = generator_uniform_size(generator);
        block_handle left = generator_malloc(generator, bytes);
        block_handle right = generator_malloc(generator, bytes);
        generator_free(generator, left);
        generator_free(generator, right);
        generator_replace(generator, &kept[i], 2 * bytes);
    }
    free(kept);
}

enum {
    BUFFERS = 8
};

/* Buffer k grows by 2^k bytes at a time from min to max, then starts again; between the
   steps small blocks come and go, in the way of growing in place. */
void model_realloc(struct generator *generator)
{
    const struct generate_parameters *parameters = &generator->parameters;
    block_handle buffers[BUFFERS] = {0};
    uint64_t bytes[BUFFERS] = {0};
    block_handle *small = generator_blocks(generator, parameters->live);
    for (uint64_t i = 0; generator_goes_on(generator); i = (i + 1) % parameters->live) {
        uint64_t k = random_below(&generator->random, BUFFERS);
        bytes[k] += (uint64_t)1 << k;
        if (buffers[k] == 0 || bytes[k] > parameters->max_bytes) {
            bytes[k] = parameters->min_bytes;
            generator_replace(generator, &buffers[k], bytes[k]);
        } else {
            generator_realloc(generator, buffers[k], bytes[k]);
        }
        if (random_below(&generator->random, 4) == 0) {
            generator_replace(generator, &small[i],
                              random_between(&generator->random, 16, 64));
        }
    }
    free(small);
}

enum {
    RECENT = 32 /* short-lived blocks at a time */
};

/* Three of four strings are soon gone, first in, first out; the others stay long. */
void model_strings(struct generator *generator)
{
    uint64_t live = generator->parameters.live;
    block_handle recent[RECENT] = {0};
    block_handle *kept = generator_blocks(generator, live);
    for (uint64_t i = 0; generator_goes_on(generator); i = (i + 1) % RECENT) {
        uint64_t bytes = power_law_size(generator);
        if (random_below(&generator->random, 4) != 0) {
            generator_replace(generator, &recent[i], bytes);
        } else {
            generator_replace(generator, &kept[random_below(&generator->random, live)],
                              bytes);
        }
    }
    free(kept);
}

enum {
    STRUCT_KINDS = 12,
    /* The r-th most popular kind has the weight 27720 / r, all exact; their sum: */
    STRUCT_WEIGHT = 27720,
    STRUCT_WEIGHT_SUM = 86021
};

/* 0 most often, then 1, ... */
static uint64_t popular_rank(struct generator *generator)
{
    uint64_t at = random_below(&generator->random, STRUCT_WEIGHT_SUM);
    uint64_t rank = 0;
    while (at >= STRUCT_WEIGHT / (rank + 1)) {
        at -= STRUCT_WEIGHT / (rank + 1);
        rank++;
    }
    return rank;
}

/* One phase of a program: other structs are popular, and at its end most of what it
   built goes together. */
static void struct_phase(struct generator *generator, const uint64_t *kind_bytes,
                         block_handle *kept, block_handle *recent)
{
    uint64_t live = generator->parameters.live;
    uint64_t shift = random_below(&generator->random, STRUCT_KINDS);
    for (uint64_t i = 0; i < 2 * live && generator_goes_on(generator); i++) {
        uint64_t kind = (popular_rank(generator) + shift) % STRUCT_KINDS;
        bool stays = random_below(&generator->random, 2) == 0;
        uint64_t where = random_below(&generator->random, live);
        generator_replace(generator, stays ? &kept[where] : &recent[i % RECENT],
                          kind_bytes[kind]);
    }
    for (uint64_t i = 0; i < live && generator_goes_on(generator); i++) {
        if (random_below(&generator->random, 8) != 0) {
            generator_release(generator, &kept[i]);
        }
    }
}

void model_structs(struct generator *generator)
{
    block_handle recent[RECENT] = {0};
    block_handle *kept = generator_blocks(generator, generator->parameters.live);
    uint64_t kind_bytes[STRUCT_KINDS];
    for (int i = 0; i < STRUCT_KINDS; i++) {
        kind_bytes[i] =
            generator_clamp(generator, (generator_octave_size(generator) + 7) / 8 * 8);
    }
    while (generator_goes_on(generator)) {
        struct_phase(generator, kind_bytes, kept, recent);
    }
    free(kept);
}

static void shuffle(struct generator *generator, block_handle *blocks, uint64_t count)
{
    for (uint64_t i = count; i > 1; i--) {
        uint64_t other = random_below(&generator->random, i);
        block_handle last = blocks[i - 1];
        blocks[i - 1] = blocks[other];
        blocks[other] = last;
    }
}

static void reverse(block_handle *blocks, uint64_t count)
{
    for (uint64_t i = 0; i < count / 2; i++) {
        block_handle first = blocks[i];
        blocks[i] = blocks[count - 1 - i];
        blocks[count - 1 - i] = first;
    }
}

/* While one list is built, node by node, the one before is torn down, in the order of
   its building, backwards, or in any order. */
void model_nodes(struct generator *generator)
{
    uint64_t live = generator->parameters.live;
    block_handle *building = generator_blocks(generator, live);
    block_handle *falling = generator_blocks(generator, live);
    while (generator_goes_on(generator)) {
        uint64_t node_bytes =
            generator_clamp(generator, (generator_uniform_size(generator) + 7) / 8 * 8);
        uint64_t length = random_between(&generator->random, live / 2 + 1, live);
        for (uint64_t i = 0; i < live; i++) {
            generator_release(generator, &falling[i]);
            building[i] = i < length ? generator_malloc(generator, node_bytes) : 0;
        }
        uint64_t order = random_below(&generator->random, 3);
        if (order == 1) {
            reverse(building, live);
        } else if (order == 2) {
            shuffle(generator, building, live);
        }
        block_handle *fallen = falling;
        falling = building;
        building = fallen;
    }
    free(building);
    free(falling);
}
