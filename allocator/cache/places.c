#include "cache/places.h"

/* Mapped at once; what is not used is not resident. */
#define PLACES_MAPPED (64 * KIB / sizeof(struct places))

static struct places of_first_thread;
static struct places *left = &of_first_thread;
static struct places *unused, *unused_end;

struct places *places_take(void)
{
    struct places *const taken = left;
    if (taken != NULL) {
        left = taken->next;
        return taken;
    }
    if (unused == unused_end) {
        unused = os_map(PLACES_MAPPED * sizeof *unused);
        unused_end = unused != NULL ? unused + PLACES_MAPPED : NULL;
    }
    return unused != NULL ? unused++ : NULL;
}

void places_leave(struct places *places)
{
    places->next = left;
    left = places;
}
