/* Knobs: what the environment says, read once when the heap first needs it, and
 * documented in snug.h. Programs with more rights than their user ignore it. Under the
 * heap lock. */
#ifndef SNUG_KNOBS_H
#define SNUG_KNOBS_H

#include "base.h"

struct knobs {
    size_t preallocate_bytes;    /* the heap grows by at least this */
    size_t mmap_threshold_bytes; /* SIZE_MAX: not set, the threshold adapts */
    size_t huge_pages;           /* 1: ask for them */
    size_t purge_ms;             /* SIZE_MAX: not set; KNOBS_PURGE_NEVER */
};

#define KNOBS_PURGE_NEVER (SIZE_MAX - 1)

/* Before libc has set the environment up: the defaults, and it is asked again later. */
COLD_CODE const struct knobs *knobs_get(void);

/* How long after giving memory back more may be given; usual_ns if SNUG_PURGE is not
 * set, UINT64_MAX: never. */
uint64_t knobs_purge_ns(uint64_t usual_ns);

/* "snug: VARIABLE: not understood, see snug.h: VALUE", on stderr. */
COLD_CODE void knobs_complain(const char *variable, const char *value, size_t length);

#endif
