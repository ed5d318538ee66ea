/* What a reader of text looks at to recognise its format: the lines at the beginning of
 * a file. */
#ifndef SNUGBENCH_TRACE_PEEK_H
#define SNUGBENCH_TRACE_PEEK_H

#include <stdbool.h>
#include <stddef.h>

/* Does one of the lines match? They are handed over NUL-terminated, at most 255 bytes
 * of each; those that begin with '#' are comments and left out. */
bool peek_any_line(const char *text, size_t length, bool (*matches)(const char *line));

#endif
