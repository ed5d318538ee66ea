/* What LD_PRELOAD can hold: it separates names at blanks and colons and expands what
 * follows a '$'. */
#ifndef SNUGBENCH_PROCESS_PRELOAD_H
#define SNUGBENCH_PROCESS_PRELOAD_H

#include <stddef.h>

/* The library's absolute path, or another to the same file, through a symbolic link
 * that is made in $TMPDIR or a like place and removed at exit. Valid until then. NULL:
 * `error` says why there is none. Not for use in several threads. */
const char *preload_path(const char *library, char *error, size_t error_size);

/* Such a path, and behind it what stands in our own LD_PRELOAD. Free it; NULL: out of
 * memory. */
char *preload_value(const char *path);

#endif
