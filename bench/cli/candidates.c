#include "cli/candidates.h"

#include <stdio.h>
#include <stdlib.h>

#include "process/memory.h"
#include "process/preload.h"
#include "process/program.h"

/* Takes what it is made of out of `allocator`. false: it cannot be preloaded. */
static bool add(struct study *study, struct allocator *allocator,
                struct allocator_error *error)
{
    study->candidates =
        memory_grow(study->candidates, study->count + 1, sizeof *study->candidates);
    struct candidate *candidate = &study->candidates[study->count++];
    *candidate = (struct candidate){.name = allocator->name,
                                    .library = allocator->library,
                                    .variables = allocator->variables};
    *allocator = (struct allocator){.name = NULL};
    while (candidate->variables != NULL &&
           candidate->variables[candidate->variable_count] != NULL) {
        candidate->variable_count++;
    }
    if (candidate->library == NULL) {
        return true;
    }
    /* A program cannot tell whose malloc it calls, as a worker can. */
    if (!program_defines_malloc(candidate->library)) {
        snprintf(error->text, sizeof error->text,
                 "'%s' defines no malloc that programs could use, so it is no "
                 "allocator (jemalloc with a prefix, mimalloc without override?)",
                 candidate->library);
        return false;
    }
    /* It may be the library's own path, which it borrows. */
    candidate->preload =
        preload_path(candidate->library, error->text, sizeof error->text);
    return candidate->preload != NULL;
}

bool candidates_parse(struct study *study, const char *const *specs, size_t spec_count,
                      struct allocator_error *error)
{
    struct allocator_list list;
    bool done = allocators_parse(&list, specs, spec_count, error);
    for (size_t i = 0; done && i < list.count; i++) {
        done = (spec_count == 0 && list.items[i].is_floor) ||
               add(study, &list.items[i], error);
    }
    allocators_free(&list);
    if (!done) {
        candidates_free(study);
    }
    return done;
}

void candidates_free(struct study *study)
{
    for (size_t i = 0; i < study->count; i++) {
        struct candidate *candidate = &study->candidates[i];
        for (size_t k = 0; k < candidate->variable_count; k++) {
            free(candidate->variables[k]);
        }
        free(candidate->name);
        free(candidate->library);
        free(candidate->variables);
        free(candidate->times);
        free(candidate->memories);
        free(candidate->points);
    }
    free(study->candidates);
    study->candidates = NULL;
    study->count = 0;
}
