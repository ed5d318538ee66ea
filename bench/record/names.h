/* What recorded processes and their traces are called. */
#ifndef SNUGBENCH_RECORD_NAMES_H
#define SNUGBENCH_RECORD_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* The first process writes `output`, "dir/make.rep.zst"; the second, a cc1,
 * "dir/make.2-cc1.rep.zst". */
void names_trace(char *path, size_t path_bytes, const char *output, uint32_t number,
                 const char *name);

/* The command line of a process, or nothing. */
void names_command(int32_t pid, char *text, size_t text_bytes);

#endif
