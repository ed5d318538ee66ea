/* Models of programs with large blocks, blocks that grow, and large live sets. */
#include <stdlib.h>

#include "trace/generator.h"

enum {
    OPEN_FILES = 3,
    LINES_MAX = 400
};

/* A file is read into a buffer that grows by half until the file fits; lines are cut
   from it, some of which outlive it. A few files are open at a time. */
void model_buffers(struct generator *generator)
{
    const struct generate_parameters *parameters = &generator->parameters;
    block_handle files[OPEN_FILES] = {0};
    block_handle *lines = generator_blocks(generator, parameters->live);
    uint64_t next_line = 0;
    for (uint64_t file = 0; generator_goes_on(generator); file++) {
        block_handle *buffer = &files[file % OPEN_FILES];
        uint64_t file_bytes = generator_octave_size(generator);
        uint64_t bytes = parameters->min_bytes;
        generator_replace(generator, buffer, bytes);
        while (bytes < file_bytes) {
            bytes = generator_clamp(generator, bytes + bytes / 2 + 1);
            generator_realloc(generator, *buffer, bytes);
        }
        uint64_t count = random_between(&generator->random, 1, LINES_MAX);
        for (uint64_t i = 0; i < count; i++) {
            generator_replace(generator, &lines[next_line],
                              random_between(&generator->random, 16, 160));
            next_line = (next_line + 1) % parameters->live;
        }
    }
    free(lines);
}

enum {
    ENTITIES = 100
};

/* A world of chunks, each with entities of its own. Where the player goes chunks are
   loaded; to make room for one, one of the oldest goes with all that is in it. */
void model_chunks(struct generator *generator)
{
    uint64_t live = generator->parameters.live;
    block_handle *chunks = generator_blocks(generator, live);
    block_handle *entities = generator_blocks(generator, live * ENTITIES);
    for (uint64_t i = 0; generator_goes_on(generator); i++) {
        uint64_t oldest = i % live;
        uint64_t which =
            (oldest + random_below(&generator->random, live / 4 + 1)) % live;
        block_handle *own = &entities[which * ENTITIES];
        for (uint64_t k = 0; k < ENTITIES; k++) {
            generator_release(generator, &own[k]);
        }
        generator_replace(generator, &chunks[which], generator_octave_size(generator));
        uint64_t count = random_between(&generator->random, 1, ENTITIES);
        for (uint64_t k = 0; k < count; k++) {
            own[k] = generator_malloc(generator,
                                      random_between(&generator->random, 32, 256));
        }
    }
    free(entities);
    free(chunks);
}

/* An interpreter's lists: an array of pointers that grows by an eighth as elements are
   appended; every second list owns its elements. The elements go one by one, then the
   array. */
void model_lists(struct generator *generator)
{
    const struct generate_parameters *parameters = &generator->parameters;
    block_handle *elements = generator_blocks(generator, parameters->live);
    for (uint64_t list = 0; generator_goes_on(generator); list++) {
        /* A long list now and then, many short ones. */
        uint64_t length = parameters->live >> random_below(&generator->random, 8);
        uint64_t room = 4;
        block_handle array =
            generator_malloc(generator, generator_clamp(generator, room * 8));
        for (uint64_t i = 0; i < length; i++) {
            if (i == room) {
                room += room / 8 + 6;
                generator_realloc(generator, array,
                                  generator_clamp(generator, room * 8));
            }
            if (list % 2 == 0) {
                uint64_t bytes = 24 + 8 * random_below(&generator->random, 3);
                elements[i] =
                    generator_malloc(generator, generator_clamp(generator, bytes));
            }
        }
        for (uint64_t i = 0; i < length; i++) {
            generator_release(generator, &elements[i]);
        }
        generator_free(generator, array);
    }
    free(elements);
}

/* Decision diagrams: nodes of a few sizes in a table that doubles. When `live` nodes
   are there, the dead are swept, one in two or three, in the order of the table;
   then the holes are filled again. */
void model_diagrams(struct generator *generator)
{
    const struct generate_parameters *parameters = &generator->parameters;
    uint64_t live = parameters->live;
    block_handle *nodes = generator_blocks(generator, live);
    block_handle table = 0;
    uint64_t room = 64;
    while (generator_goes_on(generator)) {
        for (uint64_t i = 0; i < live; i++) {
            if (nodes[i] == 0) {
                uint64_t bytes =
                    parameters->min_bytes + 8 * random_below(&generator->random, 3);
                nodes[i] =
                    generator_malloc(generator, generator_clamp(generator, bytes));
            }
            if (i == room) {
                room *= 2;
                generator_replace(generator, &table,
                                  generator_clamp(generator, room * 8));
            }
        }
        uint64_t one_in = random_between(&generator->random, 2, 3);
        for (uint64_t i = 0; i < live; i++) {
            if (random_below(&generator->random, one_in) == 0) {
                generator_release(generator, &nodes[i]);
            }
        }
    }
    free(nodes);
}

/* A server that runs for long: its keys are filled in, thinned at random, filled up
   again with values three times as large, and all flushed. */
void model_phases(struct generator *generator)
{
    uint64_t live = generator->parameters.live;
    block_handle *keys = generator_blocks(generator, live);
    block_handle *values = generator_blocks(generator, live);
    while (generator_goes_on(generator)) {
        for (uint64_t i = 0; i < live; i++) {
            keys[i] = generator_malloc(generator, generator_clamp(generator, 24));
            values[i] = generator_malloc(generator, generator_uniform_size(generator));
        }
        for (uint64_t i = 0; i < live; i++) {
            if (random_below(&generator->random, 10) < 7) {
                generator_release(generator, &keys[i]);
                generator_release(generator, &values[i]);
            }
        }
        for (uint64_t i = 0; i < live; i++) {
            if (keys[i] == 0) {
                keys[i] = generator_malloc(generator, generator_clamp(generator, 24));
                values[i] =
                    generator_malloc(generator, 3 * generator_uniform_size(generator));
            }
        }
        for (uint64_t i = 0; i < live; i++) {
            generator_release(generator, &keys[i]);
            generator_release(generator, &values[i]);
        }
    }
    free(values);
    free(keys);
}

/* Small objects are built and all freed; then one block as large as all of them
   together is asked for, and half of it kept for a while. */
void model_turnover(struct generator *generator)
{
    uint64_t live = generator->parameters.live;
    block_handle *small = generator_blocks(generator, live);
    block_handle large = 0;
    while (generator_goes_on(generator)) {
        uint64_t sum_bytes = 0;
        for (uint64_t i = 0; i < live; i++) {
            uint64_t bytes = generator_octave_size(generator);
            sum_bytes += bytes;
            small[i] = generator_malloc(generator, bytes);
        }
        generator_release(generator, &large);
        for (uint64_t i = 0; i < live; i++) {
            generator_release(generator, &small[i]);
        }
        uint64_t large_bytes =
            sum_bytes < GENERATE_BYTES_MAX ? sum_bytes : GENERATE_BYTES_MAX;
        large = generator_malloc(generator, large_bytes);
        generator_realloc(generator, large, large_bytes / 2 + 1);
    }
    free(small);
}
