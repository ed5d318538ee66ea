#include "trace/generator.h"

#include <stdlib.h>

enum {
    FIRST_CAPACITY = 1024
};

bool generator_goes_on(const struct generator *generator)
{
    return !generator->failed &&
           generator->done + generator->live_count + 2 <= generator->parameters.ops;
}

static bool append(struct generator *generator, struct trace_op op)
{
    op.count = 1;
    op.thread = generator->thread;
    if (generator->failed || !trace_builder_append(generator->builder, op)) {
        generator->failed = true;
        return false;
    }
    generator->done++;
    return true;
}

static bool grow(struct generator *generator, size_t needed)
{
    size_t capacity = generator->live_capacity;
    while (capacity < needed) {
        capacity = capacity == 0 ? FIRST_CAPACITY : capacity * 2;
    }
    block_handle *live = reallocarray(generator->live, capacity, sizeof *live);
    if (live == NULL) {
        return false;
    }
    generator->live = live;
    uint32_t *place = reallocarray(generator->place, capacity, sizeof *place);
    if (place == NULL) {
        return false;
    }
    generator->place = place;
    generator->live_capacity = capacity;
    return true;
}

block_handle generator_malloc(struct generator *generator, uint64_t bytes)
{
    if (!generator_goes_on(generator)) {
        return 0;
    }
    uint32_t slot = trace_builder_take_slot(generator->builder);
    /* Slots are dense: with n live blocks the next one is n + 1 at most. */
    if (slot == 0 ||
        (slot >= generator->live_capacity && !grow(generator, (size_t)slot + 1)) ||
        !append(generator, (struct trace_op){.kind = TRACE_MALLOC,
                                             .slot = slot,
                                             .size_bytes = bytes & TRACE_SIZE_MASK})) {
        generator->failed = true;
        return 0;
    }
    generator->place[slot] = (uint32_t)generator->live_count;
    generator->live[generator->live_count++] = slot;
    return slot;
}

void generator_realloc(struct generator *generator, block_handle block, uint64_t bytes)
{
    if (block == 0 || !generator_goes_on(generator)) {
        return;
    }
    append(generator, (struct trace_op){.kind = TRACE_REALLOC,
                                        .slot = block,
                                        .size_bytes = bytes & TRACE_SIZE_MASK});
}

void generator_free(struct generator *generator, block_handle block)
{
    if (block == 0 ||
        !append(generator, (struct trace_op){.kind = TRACE_FREE, .slot = block})) {
        return;
    }
    trace_builder_release_slot(generator->builder, block);
    uint32_t place = generator->place[block];
    block_handle last = generator->live[--generator->live_count];
    generator->live[place] = last;
    generator->place[last] = place;
}

void generator_replace(struct generator *generator, block_handle *place, uint64_t bytes)
{
    generator_free(generator, *place);
    *place = generator_malloc(generator, bytes);
}

void generator_release(struct generator *generator, block_handle *place)
{
    generator_free(generator, *place);
    *place = 0;
}

uint64_t generator_uniform_size(struct generator *generator)
{
    const struct generate_parameters *parameters = &generator->parameters;
    return random_between(&generator->random, parameters->min_bytes,
                          parameters->max_bytes);
}

uint64_t generator_clamp(const struct generator *generator, uint64_t bytes)
{
    const struct generate_parameters *parameters = &generator->parameters;
    if (bytes < parameters->min_bytes) {
        return parameters->min_bytes;
    }
    return bytes > parameters->max_bytes ? parameters->max_bytes : bytes;
}

static uint64_t log2_rounded_up(uint64_t number)
{
    return number <= 1 ? 0 : 64 - (uint64_t)__builtin_clzll(number - 1);
}

uint64_t generator_octave_size(struct generator *generator)
{
    const struct generate_parameters *parameters = &generator->parameters;
    uint64_t k =
        random_between(&generator->random, log2_rounded_up(parameters->min_bytes),
                       log2_rounded_up(parameters->max_bytes));
    uint64_t last = (uint64_t)1 << k;
    return random_between(&generator->random, generator_clamp(generator, last / 2 + 1),
                          generator_clamp(generator, last));
}

block_handle generator_any(struct generator *generator)
{
    return generator->live[random_below(&generator->random, generator->live_count)];
}

block_handle *generator_blocks(struct generator *generator, uint64_t count)
{
    block_handle *blocks = calloc((size_t)count, sizeof *blocks);
    generator->failed = generator->failed || blocks == NULL;
    return blocks;
}

void generator_free_all(struct generator *generator)
{
    while (!generator->failed && generator->live_count > 0) {
        generator_free(generator, generator_any(generator));
    }
}
