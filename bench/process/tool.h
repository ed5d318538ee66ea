/* Where snugbench's own files are: the tools and the libraries that it starts programs
 * with. */
#ifndef SNUGBENCH_PROCESS_TOOL_H
#define SNUGBENCH_PROCESS_TOOL_H

#include <stdbool.h>
#include <stddef.h>

/* The path of a file of ours (the worker, a library): beside this executable, one
 * directory above, or where `make install` puts it. false: not there; `path` is where a
 * build has it. */
bool tool_find(const char *name, char *path, size_t size);

#endif
