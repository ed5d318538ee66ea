#include "cli/candidates.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process/memory.h"
#include "process/preload.h"

/* Whether a comma is followed by "NAME=": only then it separates, for values have
 * commas of their own (MALLOC_CONF=a:1,b:2). */
static bool begins_variable(const char *text)
{
    size_t length = 0;
    while (isalnum((unsigned char)text[length]) || text[length] == '_') {
        length++;
    }
    return length > 0 && !isdigit((unsigned char)text[0]) && text[length] == '=';
}

static char *next_variable(char *text)
{
    for (char *comma = strchr(text, ','); comma != NULL;
         comma = strchr(comma + 1, ',')) {
        if (begins_variable(comma + 1)) {
            return comma;
        }
    }
    return NULL;
}

static bool is_known(const char *name)
{
    bool known = false;
    for (size_t i = 0; i < allocators_known_count() && !known; i++) {
        struct known_state state = allocators_known(i);
        known = strcmp(state.name, name) == 0;
        free(state.library);
    }
    return known;
}

static bool is_taken(const struct study *study, const char *name,
                     struct allocator_error *error)
{
    for (size_t i = 0; i < study->count; i++) {
        if (strcmp(study->candidates[i].name, name) == 0) {
            snprintf(error->text, sizeof error->text,
                     "allocator '%s' is given twice; give the second another name "
                     "(-a NAME=LIBRARY)",
                     name);
            return true;
        }
    }
    return false;
}

/* NULL: `error` says why the library cannot be preloaded. */
static struct candidate *add(struct study *study, const char *name, const char *library,
                             struct allocator_error *error)
{
    study->candidates =
        memory_grow(study->candidates, study->count + 1, sizeof *study->candidates);
    struct candidate *candidate = &study->candidates[study->count++];
    *candidate = (struct candidate){.name = memory_copy(name)};
    if (library == NULL) {
        return candidate;
    }
    candidate->library = memory_copy(library);
    /* It may be the library's own path, which it borrows. */
    candidate->preload =
        preload_path(candidate->library, error->text, sizeof error->text);
    return candidate->preload != NULL ? candidate : NULL;
}

/* "NAME" or "NAME=LIBRARY", where LIBRARY may be an allocator that is known by name:
 * then it is looked up by that and called as the user wants. */
static bool find_library(const char *spec, struct allocator_list *list,
                         struct allocator_error *error)
{
    const char *equals = strchr(spec, '=');
    if (equals == NULL || !is_known(equals + 1)) {
        return allocators_parse(list, &spec, 1, error);
    }
    const char *known = equals + 1;
    if (!allocators_parse(list, &known, 1, error)) {
        return false;
    }
    free(list->items[0].name);
    list->items[0].name = strndup(spec, (size_t)(equals - spec));
    if (list->items[0].name != NULL && list->items[0].name[0] == '\0') {
        snprintf(error->text, sizeof error->text,
                 "'%s' has no name; write -a NAME=LIBRARY", spec);
        return false;
    }
    return list->items[0].name != NULL;
}

static void add_variables(struct candidate *candidate, char *text)
{
    while (text != NULL) {
        char *end = next_variable(text);
        if (end != NULL) {
            *end = '\0';
        }
        candidate->variables =
            memory_grow(candidate->variables, candidate->variable_count + 1,
                        sizeof *candidate->variables);
        candidate->variables[candidate->variable_count++] = memory_copy(text);
        text = end != NULL ? end + 1 : NULL;
    }
}

static bool add_spec(struct study *study, const char *spec,
                     struct allocator_error *error)
{
    char *head = memory_copy(spec);
    char *comma = next_variable(head);
    struct allocator_list list = {.count = 0};
    if (comma != NULL) {
        *comma = '\0';
    }
    struct candidate *candidate = NULL;
    if (find_library(head, &list, error) &&
        !is_taken(study, list.items[0].name, error)) {
        candidate = add(study, list.items[0].name, list.items[0].library, error);
    }
    if (candidate != NULL) {
        add_variables(candidate, comma != NULL ? comma + 1 : NULL);
    }
    allocators_free(&list);
    free(head);
    return candidate != NULL;
}

static bool add_installed(struct study *study, struct allocator_error *error)
{
    struct allocator_list list;
    if (!allocators_parse(&list, NULL, 0, error)) {
        return false;
    }
    bool done = true;
    for (size_t i = 0; done && i < list.count; i++) {
        done = list.items[i].is_floor ||
               add(study, list.items[i].name, list.items[i].library, error) != NULL;
    }
    allocators_free(&list);
    return done;
}

bool candidates_parse(struct study *study, const char *const *specs, size_t spec_count,
                      struct allocator_error *error)
{
    bool done = spec_count > 0 || add_installed(study, error);
    for (size_t i = 0; done && i < spec_count; i++) {
        done = add_spec(study, specs[i], error);
    }
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
