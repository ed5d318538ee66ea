#include "runner/sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process/memory.h"
#include "runner/warnings.h"

enum {
    KEPT_LIMIT_BYTES = 1 << 30
};

void sources_take(struct sources *sources, const char *path, struct trace *trace)
{
    for (size_t i = 0; i < trace->note_count; i++) {
        fprintf(stderr, "snugbench: %s: %s\n", path, trace->notes[i]);
    }
    for (size_t i = 0; i < trace->remark_count && !sources->is_brief; i++) {
        fprintf(stderr, "snugbench: %s: %s\n", path, trace->remarks[i]);
    }
    sources->items =
        memory_grow(sources->items, sources->count + 1, sizeof *sources->items);
    struct source *source = &sources->items[sources->count++];
    *source = (struct source){
        .path = path,
        .name = memory_copy(trace->name),
        .header = *trace->header,
        .weight = trace->weight,
        .kept = trace,
    };
    bool is_stream = strcmp(path, "-") == 0; /* comes only once */
    if (!is_stream && trace->mapped_bytes > KEPT_LIMIT_BYTES - sources->kept_bytes) {
        trace_destroy(trace);
        source->kept = NULL;
    } else if (!is_stream) {
        sources->kept_bytes += trace->mapped_bytes;
    }
}

bool sources_add(struct sources *sources, const char *path, struct trace_error *error)
{
    struct trace *trace = trace_read(path, error);
    if (trace != NULL) {
        sources_take(sources, path, trace);
    }
    return trace != NULL;
}

static void print_share(enum warning_id id, size_t part, size_t whole)
{
    char share[64];
    snprintf(share, sizeof share, "%zu of %zu", part, whole);
    warning_print(id, share);
}

void sources_sum_up(const struct sources *sources)
{
    size_t unfreed = 0;
    size_t threaded = 0;
    for (size_t i = 0; i < sources->count; i++) {
        unfreed += sources->items[i].header.epilogue_count > 0;
        threaded += sources->items[i].header.thread_count > 1;
    }
    if (unfreed > 0 && sources->is_brief) {
        print_share(WARNING_UNFREED, unfreed, sources->count);
    }
    if (threaded > 0 && sources->is_flat) {
        print_share(WARNING_THREADED, threaded, sources->count);
    }
}

static bool is_name_taken(const struct run *run, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(run->traces[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

void sources_describe(const struct sources *sources, struct run *run)
{
    for (size_t i = 0; i < sources->count; i++) {
        const struct source *source = &sources->items[i];
        bool is_taken = is_name_taken(run, i, source->name);
        run->traces[i] = (struct trace_facts){
            .name = memory_copy(is_taken ? source->path : source->name),
            .path = memory_copy(source->path),
            .header = source->header,
            .weight = source->weight,
        };
    }
}

struct trace *sources_open(const struct sources *sources, size_t index,
                           struct trace_error *error)
{
    const struct source *source = &sources->items[index];
    if (source->kept != NULL) {
        return source->kept;
    }
    struct trace *trace = trace_read(source->path, error);
    if (trace != NULL &&
        memcmp(trace->header, &source->header, sizeof source->header) != 0) {
        snprintf(error->text, sizeof error->text,
                 "%s: changed since it was checked; run again", source->path);
        trace_destroy(trace);
        trace = NULL;
    }
    return trace;
}

void sources_close(struct sources *sources, size_t index, struct trace *trace)
{
    if (sources->is_reused && sources->items[index].kept == trace) {
        return;
    }
    /* Kept or not, its turn is over. */
    sources->items[index].kept = NULL;
    trace_destroy(trace);
}

void sources_free(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        if (sources->items[i].kept != NULL) {
            trace_destroy(sources->items[i].kept);
        }
        free(sources->items[i].name);
    }
    free(sources->items);
    *sources = (struct sources){0};
}
