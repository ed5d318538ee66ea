#include "trace/generate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/generator.h"

static const struct generate_model models[] = {
    {"binary",
     "small and large in turn; the large ones go, then come larger ones (64, 448 B)",
     {200000, 1, 64, 512, 4000},
     model_binary},
    {"buffers",
     "files read into buffers that grow by half, among the lines cut from them",
     {200000, 1, 4096, 1 << 22, 4000},
     model_buffers},
    {"chunks",
     "large blocks come and go, the oldest first, with small ones of their own",
     {60000, 1, 1 << 16, 1 << 22, 24},
     model_chunks},
    {"churn",
     "a steady set of blocks, any of them replaced by one of uniform size",
     {400000, 1, 16, 2048, 5000},
     model_churn},
    {"classes",
     "one size after the other, all freed but one in a page of each",
     {200000, 1, 16, 1024, 20000},
     model_classes},
    {"coalesce",
     "two neighbours of one size are freed, one of twice that size is asked for",
     {200000, 1, 16, 8192, 500},
     model_coalesce},
    {"diagrams",
     "small nodes, filled in and swept, and a table of them that doubles",
     {600000, 1, 32, 1 << 23, 200000},
     model_diagrams},
    {"lists",
     "arrays that grow by an eighth as elements are appended, then dropped",
     {400000, 1, 16, 1 << 22, 40000},
     model_lists},
    {"medium",
     "257 B to 1 MiB, every power of two as likely, random lifetimes",
     {200000, 1, 257, 1 << 20, 400},
     model_medium},
    {"nodes",
     "lists of small nodes, one built while the one before is torn down",
     {400000, 1, 16, 64, 10000},
     model_nodes},
    {"phases",
     "filled in, thinned at random, filled up with larger ones, flushed",
     {400000, 1, 16, 512, 40000},
     model_phases},
    {"random",
     "uniform sizes, random lifetimes",
     {200000, 1, 1, 32768, 1500},
     model_random},
    {"realloc",
     "eight buffers growing by 1 to 128 bytes at a time among small blocks",
     {200000, 1, 16, 65536, 500},
     model_realloc},
    {"robson",
     "powers of two, each freed but what is in the way of the next (Robson)",
     {200000, 1, 16, 16384, 60000},
     model_robson},
    {"splinters",
     "holes taken by blocks that leave too little for any other (best fit)",
     {200000, 1, 32, 512, 2000},
     model_splinters},
    {"strings",
     "power-law sizes, most soon gone, first in, first out",
     {400000, 1, 8, 65536, 8000},
     model_strings},
    {"structs",
     "a dozen fixed sizes, some popular, others in each phase; most go at its end",
     {400000, 1, 16, 512, 10000},
     model_structs},
    {"turnover",
     "small objects are all freed, then one block as large as all of them",
     {200000, 1, 16, 256, 20000},
     model_turnover},
    {"vectors",
     "each doubles by a new block: what is freed never suffices",
     {10000, 1, 64, 1 << 20, 8},
     model_vectors},
    {"larson",
     "threads that replace blocks at random and leave them to the next thread",
     {400000, 1, 16, 1000, 4000},
     model_larson},
    {"producer-consumer",
     "threads that make blocks, threads that free them and send small replies",
     {400000, 1, 16, 1000, 4000},
     model_producer_consumer},
};

/* Those with several threads, and how many there are if nobody says otherwise. */
static const struct {
    void (*run)(struct generator *generator);
    uint64_t threads;
} threaded[] = {
    {model_larson, 4},
    {model_producer_consumer, 4},
};

uint64_t generate_default_threads(const struct generate_model *model)
{
    for (size_t i = 0; i < sizeof threaded / sizeof *threaded; i++) {
        if (threaded[i].run == model->run) {
            return threaded[i].threads;
        }
    }
    return 1;
}

const struct generate_model *generate_models(size_t *count)
{
    *count = sizeof models / sizeof *models;
    return models;
}

const struct generate_model *generate_find(const char *name)
{
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        if (strcmp(models[i].name, name) == 0) {
            return &models[i];
        }
    }
    return NULL;
}

static bool parameters_fit(const struct generate_model *model,
                           const struct generate_parameters *parameters,
                           uint64_t threads, struct trace_error *error)
{
    const bool has_threads = generate_default_threads(model) > 1;
    const char *wrong = NULL;
    if (!has_threads && threads != 1) {
        wrong = "one thread: this model has no more";
    } else if (has_threads && (threads < 2 || threads > GENERATE_THREADS_MAX)) {
        wrong = "between 2 and 64 threads";
    } else if (parameters->ops < 2 || parameters->ops > GENERATE_OPS_MAX) {
        wrong = "between 2 and 2^32 operations";
    } else if (parameters->live < 1 || parameters->live > GENERATE_LIVE_MAX) {
        wrong = "between 1 and 2^28 live blocks";
    } else if (parameters->min_bytes < 1 ||
               parameters->min_bytes > parameters->max_bytes) {
        wrong = "a least size between 1 and the greatest";
    } else if (parameters->max_bytes > GENERATE_BYTES_MAX) {
        wrong = "a greatest size of at most 2^40 bytes";
    }
    if (wrong != NULL) {
        snprintf(error->text, sizeof error->text, "expected %s", wrong);
    }
    return wrong == NULL;
}

static struct trace *fail(struct generator *generator, struct trace_error *error)
{
    snprintf(error->text, sizeof error->text, "no memory for the trace: %s",
             strerror(errno));
    trace_builder_destroy(generator->builder);
    return NULL;
}

struct trace *generate_trace(const struct generate_model *model,
                             const struct generate_parameters *parameters,
                             uint64_t threads, struct trace_error *error)
{
    if (!parameters_fit(model, parameters, threads, error)) {
        return NULL;
    }
    struct generator generator = {
        .parameters = *parameters,
        .threads = threads,
        .random = {.state = parameters->seed},
        .builder = trace_builder_create(model->name, "-"),
    };
    if (generator.builder == NULL) {
        return fail(&generator, error);
    }
    model->run(&generator);
    generator_free_all(&generator);
    free(generator.live);
    free(generator.place);
    if (generator.failed) {
        return fail(&generator, error);
    }
    return trace_builder_seal(generator.builder, error);
}
