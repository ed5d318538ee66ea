/* Knobs: what the environment says, read once when the heap first needs it, and
 * documented in snug.h. Programs with more rights than their user ignore it. Under the
 * heap lock. */
#ifndef SNUG_KNOBS_H
#define SNUG_KNOBS_H

#include "base/assertions.h"

enum knobs_purge {
    KNOBS_PURGE_USUAL,
    KNOBS_PURGE_NEVER, /* nothing goes back but by malloc_trim */
    KNOBS_PURGE_ALWAYS /* an emptied heap goes back each time */
};

struct knobs {
    size_t preallocate_bytes;    /* the heap grows by at least this */
    size_t mmap_threshold_bytes; /* blocks of this size get mappings of their own */
    size_t huge_pages;           /* 1: ask for them */
    enum knobs_purge purge;
};

/* Before libc has set the environment up: the defaults, and it is asked again later. */
COLD_CODE const struct knobs *knobs_get(void);

/* What a variable of ours says; NULL: not set, or empty, or not for this program. */
const char *knobs_value(const char *variable);

/* "snug: VARIABLE: not understood, see snug.h: VALUE", on stderr. */
COLD_CODE void knobs_complain(const char *variable, const char *value, size_t length);

#endif
