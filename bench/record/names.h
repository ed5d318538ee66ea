/* What the traces of recorded processes are called. */
#ifndef SNUGBENCH_RECORD_NAMES_H
#define SNUGBENCH_RECORD_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first process writes `output`, "dir/make.rep.zst"; the second, a cc1,
 * "dir/make.2-cc1.rep.zst". */
void names_trace(char *path, size_t path_bytes, const char *output, uint32_t number,
                 const char *name);

/* Whether a file beside `output` has the name of another process's trace. */
bool names_is_of_child(const char *output, const char *name);

#endif
