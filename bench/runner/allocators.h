/* The allocators of this machine: names to libraries.
 *
 * A known name is looked up where Debian puts it; any other is given with its library.
 */
#ifndef SNUGBENCH_RUNNER_ALLOCATORS_H
#define SNUGBENCH_RUNNER_ALLOCATORS_H

#include <stdbool.h>
#include <stddef.h>

#include "runner/result.h"

struct allocator_list {
    struct allocator *items;
    size_t count;
};

/* One line for the user, without "snugbench: ". */
struct allocator_error {
    char text[512];
};

/* From "name", "name=lib.so", "name=known" or "name=mm.c" (see lab.h) specifications,
 * or a path alone, known by a slash ("./libname.so.2", "./name.c"), each with
 * ",VARIABLE=value" behind as often as wanted; none at all: every known allocator that
 * is installed. false: `error` says what to do. */
bool allocators_parse(struct allocator_list *list, const char *const *specs,
                      size_t spec_count, struct allocator_error *error);

/* Add the floor, last, unless it is there: memory figures are growth over it. false:
 * its library is missing. */
bool allocators_add_floor(struct allocator_list *list, struct allocator_error *error);

void allocators_free(struct allocator_list *list);

/* What one of them owns. */
void allocator_free(struct allocator *allocator);

/* What `snugbench list` shows of one known allocator. */
struct known_state {
    const char *name;
    char *library; /* NULL: missing, or nothing to preload */
    bool is_available;
    char version[64];   /* "" unknown */
    const char *remedy; /* how to get it */
};

size_t allocators_known_count(void);

/* Fills in the `index`-th known allocator; free(state.library) afterwards. */
struct known_state allocators_known(size_t index);

#endif
