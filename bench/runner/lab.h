/* A course's allocator (mm_init, mm_malloc, mm_free, mm_realloc over mem_sbrk),
 * compiled from its source into a library that can be preloaded.
 *
 * The library lies in a private folder that is removed when this process ends, by exit
 * or by SIGINT, SIGTERM or SIGHUP. One thread. */
#ifndef SNUGBENCH_RUNNER_LAB_H
#define SNUGBENCH_RUNNER_LAB_H

#include <stdbool.h>
#include <stddef.h>

/* Whether `path` names C source, not a library. */
bool lab_is_source(const char *path);

/* The library made of the source at `path`; free() it. What the compiler says goes to
 * stderr under a line of ours. NULL: `error` says why there is none. */
char *lab_compile(const char *path, char *error, size_t error_size);

#endif
