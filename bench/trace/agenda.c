#include "trace/agenda.h"

#include <stdlib.h>

enum {
    FIRST_CAPACITY = 256
};

void agenda_destroy(struct agenda *agenda)
{
    free(agenda->entries);
    *agenda = (struct agenda){0};
}

static bool is_before(const struct agenda_entry *a, const struct agenda_entry *b)
{
    return a->due < b->due || (a->due == b->due && a->number < b->number);
}

bool agenda_put(struct agenda *agenda, struct agenda_entry entry)
{
    if (agenda->count == agenda->capacity) {
        size_t capacity = agenda->capacity == 0 ? FIRST_CAPACITY : agenda->capacity * 2;
        struct agenda_entry *entries =
            reallocarray(agenda->entries, capacity, sizeof *entries);
        if (entries == NULL) {
            return false;
        }
        agenda->entries = entries;
        agenda->capacity = capacity;
    }
    entry.number = agenda->put_count++;
    size_t at = agenda->count++;
    while (at > 0 && is_before(&entry, &agenda->entries[(at - 1) / 2])) {
        agenda->entries[at] = agenda->entries[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    agenda->entries[at] = entry;
    return true;
}

const struct agenda_entry *agenda_first(const struct agenda *agenda)
{
    return &agenda->entries[0];
}

struct agenda_entry agenda_take(struct agenda *agenda)
{
    struct agenda_entry first = agenda->entries[0];
    struct agenda_entry last = agenda->entries[--agenda->count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < agenda->count &&
            is_before(&agenda->entries[child + 1], &agenda->entries[child])) {
            child++;
        }
        if (child >= agenda->count || !is_before(&agenda->entries[child], &last)) {
            break;
        }
        agenda->entries[at] = agenda->entries[child];
        at = child;
    }
    agenda->entries[at] = last;
    return first;
}
