/* What a program prints, caught in a file, so that its own words can be quoted. */
#ifndef SNUGBENCH_PROCESS_OUTPUT_H
#define SNUGBENCH_PROCESS_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/* In memory, and takes only its beginning, whatever an allocator prints. -1: none to be
 * had (errno). */
int output_limited(void);

/* An unlinked file in TMPDIR; ends snugbench where none can be made. */
int output_file(void);

/* The first line, or the last if the first begins a stack of Python's, without control
 * characters; "" none. */
void output_first_line(int fd, char *line, size_t size);

/* Whether two files hold the same, from their beginnings. */
bool output_is_same(int left, int right);

#endif
