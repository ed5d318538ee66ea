/* Adversaries from the literature: programs that make an allocator of a certain kind
 * waste as much as it can. A trace cannot look at addresses, so what depends on them is
 * played against an ideal heap: first fit, no headers, words of min_bytes. */
#include <stdlib.h>

#include "trace/generator.h"

/* A block in the ideal heap; address and size in words. */
struct placed {
    uint64_t address;
    uint64_t words;
    block_handle block;
};

struct ideal {
    struct generator *generator;
    struct placed *placed; /* by address */
    struct placed *spare;  /* for the next arrangement */
    uint64_t count;
    uint64_t live_words;
};

/* Does it lie on an address that is `offset` modulo `modulus`? */
static bool occupies(const struct placed *placed, uint64_t offset, uint64_t modulus)
{
    return (offset - placed->address) % modulus < placed->words;
}

/* How much of chunks of `modulus` words stays unusable behind the blocks that occupy
   the offset. */
static uint64_t potential(const struct ideal *ideal, uint64_t offset, uint64_t modulus)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < ideal->count; i++) {
        if (occupies(&ideal->placed[i], offset, modulus)) {
            sum += modulus - ideal->placed[i].words;
        }
    }
    return sum;
}

static void free_others(struct ideal *ideal, uint64_t offset, uint64_t modulus)
{
    uint64_t kept = 0;
    for (uint64_t i = 0; i < ideal->count; i++) {
        if (occupies(&ideal->placed[i], offset, modulus)) {
            ideal->placed[kept++] = ideal->placed[i];
        } else {
            generator_free(ideal->generator, ideal->placed[i].block);
            ideal->live_words -= ideal->placed[i].words;
        }
    }
    ideal->count = kept;
}

/* First fit of blocks of one size is one sweep: from gap to gap, and behind the
   last. */
static void fill(struct ideal *ideal, uint64_t words, uint64_t most_words)
{
    uint64_t wanted = (most_words - ideal->live_words) / words;
    uint64_t end = 0;
    uint64_t count = 0;
    uint64_t bytes = words * ideal->generator->parameters.min_bytes;
    for (uint64_t i = 0; i <= ideal->count; i++) {
        uint64_t next = i < ideal->count ? ideal->placed[i].address : UINT64_MAX;
        for (; wanted > 0 && next - end >= words; wanted--) {
            ideal->spare[count++] = (struct placed){
                .address = end,
                .words = words,
                .block = generator_malloc(ideal->generator, bytes),
            };
            ideal->live_words += words;
            end += words;
        }
        if (i < ideal->count) {
            ideal->spare[count++] = ideal->placed[i];
            end = next + ideal->placed[i].words;
        }
    }
    struct placed *before = ideal->placed;
    ideal->placed = ideal->spare;
    ideal->spare = before;
    ideal->count = count;
}

/* Robson's program: any allocator that moves nothing needs M / 2 * log2 n bytes for M
   live bytes of sizes up to n. In step i all blocks go but those in the way of aligned
   chunks of 2^i words; then blocks of 2^i words are asked for, until M words are live.

   J. M. Robson, "Bounds for some functions concerning dynamic storage allocation",
   Journal of the ACM 21(3), 1974; in this form in N. Cohen and E. Petrank, "Limitations
   of partial compaction: towards practical bounds", PLDI 2013. */
void model_robson(struct generator *generator)
{
    const struct generate_parameters *parameters = &generator->parameters;
    struct ideal ideal = {
        .generator = generator,
        .placed = calloc((size_t)parameters->live, sizeof *ideal.placed),
        .spare = calloc((size_t)parameters->live, sizeof *ideal.spare),
    };
    if (ideal.placed == NULL || ideal.spare == NULL) {
        generator->failed = true;
        free(ideal.placed);
        free(ideal.spare);
        return;
    }
    while (generator_goes_on(generator)) {
        uint64_t offset = 0;
        fill(&ideal, 1, parameters->live);
        for (uint64_t words = 2; words <= parameters->live &&
                                 words * parameters->min_bytes <= parameters->max_bytes;
             words *= 2) {
            uint64_t other = offset + words / 2;
            if (potential(&ideal, other, words) > potential(&ideal, offset, words)) {
                offset = other;
            }
            free_others(&ideal, offset, words);
            fill(&ideal, words, parameters->live);
        }
        for (uint64_t i = 0; i < ideal.count; i++) {
            generator_free(generator, ideal.placed[i].block);
        }
        ideal.count = 0;
        ideal.live_words = 0;
    }
    free(ideal.placed);
    free(ideal.spare);
}

enum {
    PAGE_BYTES = 4096
};

/* Size classes: the same number of bytes is asked for in one size after the other, and
   of each all is freed but one block in a page, so that no page of it goes to another
   size.

   P. R. Wilson, M. S. Johnstone, M. Neely and D. Boles, "Dynamic storage allocation:
   a survey and critical review", IWMM 1995, on segregated storage; B. Powers, D.
   Tench, E. D. Berger and A. McGregor, "Mesh: compacting memory management for C/C++
   applications", PLDI 2019. */
void model_classes(struct generator *generator)
{
    const struct generate_parameters *parameters = &generator->parameters;
    block_handle *blocks = generator_blocks(generator, parameters->live);
    block_handle *kept = generator_blocks(generator, parameters->live);
    uint64_t next_kept = 0;
    while (generator_goes_on(generator)) {
        uint64_t bytes = parameters->min_bytes;
        while (bytes <= parameters->max_bytes && generator_goes_on(generator)) {
            uint64_t count = 1 + (parameters->live - 1) * parameters->min_bytes / bytes;
            uint64_t step = 1 + (PAGE_BYTES - 1) / bytes;
            for (uint64_t i = 0; i < count; i++) {
                blocks[i] = generator_malloc(generator, bytes);
            }
            for (uint64_t i = 0; i < count; i++) {
                if (i % step == step / 2 && step > 1) {
                    generator_free(generator, kept[next_kept]);
                    kept[next_kept] = blocks[i];
                    next_kept = (next_kept + 1) % parameters->live;
                } else {
                    generator_free(generator, blocks[i]);
                }
            }
            bytes += bytes / 4 + 1;
        }
        for (uint64_t i = 0; i < parameters->live; i++) {
            generator_release(generator, &kept[i]);
        }
    }
    free(kept);
    free(blocks);
}

/* Splinters of best fit: every second block goes, and what takes its hole leaves one
   that is smaller than anything that will be asked for. (Sizes are multiples of 16 less
   8, as a header of 8 bytes makes them whole.)

   J. E. Shore, "On the external storage fragmentation produced by first-fit and
   best-fit allocation strategies", Communications of the ACM 18(8), 1975; J. M.
   Robson, "Worst case fragmentation of first fit and best fit storage allocation
   strategies", The Computer Journal 20(3), 1977. */
void model_splinters(struct generator *generator)
{
    uint64_t live = generator->parameters.live;
    block_handle *blocks = generator_blocks(generator, live);
    while (generator_goes_on(generator)) {
        uint64_t unit = generator_uniform_size(generator) / 2 / 16 * 16 + 16;
        uint64_t hole = generator_clamp(generator, 2 * unit - 24);
        uint64_t taken = generator_clamp(generator, unit - 8);
        for (uint64_t i = 0; i < live; i++) {
            blocks[i] = generator_malloc(generator, hole);
        }
        for (uint64_t i = 0; i < live; i += 2) {
            generator_release(generator, &blocks[i]);
        }
        for (uint64_t i = 0; i < live; i += 2) {
            blocks[i] = generator_malloc(generator, taken);
        }
        for (uint64_t i = 0; i < live; i++) {
            generator_release(generator, &blocks[i]);
        }
    }
    free(blocks);
}

/* Growth by doubling: a vector moves to a new block of twice its size, and what it
   leaves behind, all its blocks so far together, is always smaller than the next.

   The documentation of folly's fbvector tells why a growth factor of 2 is the worst
   there is. */
void model_vectors(struct generator *generator)
{
    const struct generate_parameters *parameters = &generator->parameters;
    block_handle *vectors = generator_blocks(generator, parameters->live);
    while (generator_goes_on(generator)) {
        for (uint64_t bytes = parameters->min_bytes;
             bytes <= parameters->max_bytes && generator_goes_on(generator);
             bytes *= 2) {
            for (uint64_t i = 0; i < parameters->live; i++) {
                block_handle before = vectors[i];
                vectors[i] = generator_malloc(generator, bytes);
                generator_free(generator, before);
            }
        }
        for (uint64_t i = 0; i < parameters->live; i++) {
            generator_release(generator, &vectors[i]);
        }
    }
    free(vectors);
}
