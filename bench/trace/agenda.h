/* Steps that are due at a time: a binary heap, the earliest first; of those due at
 * once, the one that was put in first. */
#ifndef SNUGBENCH_TRACE_AGENDA_H
#define SNUGBENCH_TRACE_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agenda_entry {
    uint64_t due;
    uint64_t number; /* set by agenda_put */
    uint64_t step;   /* whose it is, and what: the user's */
    uint32_t slot;
    uint32_t steps_left;
};

/* All zero is empty. */
struct agenda {
    struct agenda_entry *entries;
    size_t count;
    size_t capacity;
    uint64_t put_count;
};

void agenda_destroy(struct agenda *agenda);

/* O(log n). false: out of memory (errno). */
bool agenda_put(struct agenda *agenda, struct agenda_entry entry);

/* The earliest, which must be there: a look, or out of the agenda (O(log n)). */
const struct agenda_entry *agenda_first(const struct agenda *agenda);
struct agenda_entry agenda_take(struct agenda *agenda);

#endif
