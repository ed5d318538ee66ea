/* The kernel's account of a process, from the text of its files in /proc: for the
 * worker, which reads its own, and for the tracer, which reads the worker's. */
#ifndef SNUGBENCH_WORKER_RESIDENCY_H
#define SNUGBENCH_WORKER_RESIDENCY_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    RESIDENCY_TEXT_BYTES = 4096, /* more than either file has */
};

/* Fields of statm. */
enum statm_field {
    STATM_SIZE,
    STATM_RESIDENT,
    STATM_SHARED,
    STATM_TEXT,
    STATM_LIBRARY,
    STATM_DATA,
    STATM_FIELDS
};

/* "\nAnonymous:   112 kB" as bytes; 0 if the kernel does not have the field. */
static inline uint64_t rollup_field_bytes(const char *text, const char *field)
{
    const char *found = strstr(text, field);
    return found == NULL ? 0 : strtoull(found + strlen(field), NULL, 10) * 1024;
}

/* Of smaps_rollup: private pages that are there. Exact: the kernel walks the page
 * tables. */
static inline uint64_t rollup_resident_bytes(const char *text)
{
    return rollup_field_bytes(text, "\nAnonymous:") +
           rollup_field_bytes(text, "\nPrivate_Hugetlb:");
}

static inline void statm_parse(const char *text, uint64_t page_bytes,
                               uint64_t sizes_bytes[STATM_FIELDS])
{
    for (int i = 0; i < STATM_FIELDS; i++) {
        char *end;
        sizes_bytes[i] = strtoull(text, &end, 10) * page_bytes;
        text = end;
    }
}

#endif
