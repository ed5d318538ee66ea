/* What a model writes its trace with. It owns the live blocks and sees to it that the
 * trace never outgrows its parameters.ops: near the end it refuses what would leave no
 * room for freeing all that is live, so a model need only look at generator_goes_on now
 * and then. */
#ifndef SNUGBENCH_TRACE_GENERATOR_H
#define SNUGBENCH_TRACE_GENERATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/builder.h"
#include "trace/generate.h"
#include "trace/random.h"

/* A slot of the trace; 0: no block. */
typedef uint32_t block_handle;

struct generator {
    struct generate_parameters parameters;
    struct random random;
    uint64_t threads; /* at once; a model without them has one */
    uint16_t thread;  /* that does what comes next */
    struct trace_builder *builder;
    uint64_t done;        /* operations */
    uint64_t live_count;  /* blocks */
    block_handle *live;   /* live_count, in no order that means anything */
    uint32_t *place;      /* by slot: where in live */
    size_t live_capacity; /* of both */
    bool failed;          /* out of memory: nothing more is written */
};

/* Is there room for one more block and its free? */
bool generator_goes_on(const struct generator *generator);

/* 0: the trace is full or memory is out; a model may go on as if nothing had happened,
 * since freeing or resizing block 0 does nothing. */
block_handle generator_malloc(struct generator *generator, uint64_t bytes);
void generator_realloc(struct generator *generator, block_handle block, uint64_t bytes);
void generator_free(struct generator *generator, block_handle block);

/* Replace what stands in `*place` by a new block, or by block 0. */
void generator_replace(struct generator *generator, block_handle *place,
                       uint64_t bytes);
void generator_release(struct generator *generator, block_handle *place);

/* Into the range of sizes that the parameters allow. */
uint64_t generator_clamp(const struct generator *generator, uint64_t bytes);

/* Uniform over that range; or log-uniform: an octave (2^(k-1), 2^k], each as likely,
 * then a size in it, each as likely. */
uint64_t generator_uniform_size(struct generator *generator);
uint64_t generator_octave_size(struct generator *generator);

/* Any live block, each as likely; there must be one. */
block_handle generator_any(struct generator *generator);

/* `count` block 0s for the model to keep its blocks in; NULL: out of memory, noted. */
block_handle *generator_blocks(struct generator *generator, uint64_t count);

/* Free what is left, in random order. */
void generator_free_all(struct generator *generator);

/* The models, in models.c. */
void model_binary(struct generator *generator);
void model_churn(struct generator *generator);
void model_coalesce(struct generator *generator);
void model_medium(struct generator *generator);
void model_nodes(struct generator *generator);
void model_random(struct generator *generator);
void model_realloc(struct generator *generator);
void model_strings(struct generator *generator);
void model_structs(struct generator *generator);

/* In models_large.c. */
void model_buffers(struct generator *generator);
void model_chunks(struct generator *generator);
void model_diagrams(struct generator *generator);
void model_lists(struct generator *generator);
void model_phases(struct generator *generator);
void model_turnover(struct generator *generator);

/* In adversaries.c. */
void model_classes(struct generator *generator);
void model_robson(struct generator *generator);
void model_splinters(struct generator *generator);
void model_vectors(struct generator *generator);

/* Those with threads, in models_threads.c. */
void model_larson(struct generator *generator);
void model_producer_consumer(struct generator *generator);

#endif
