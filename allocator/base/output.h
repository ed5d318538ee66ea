/* Where the allocator's lines go: what stderr was when the process began, and never to
 * a file that has come to stand at its number since.
 *
 * In this order: a copy of that descriptor, kept by the debug levels; descriptor 2, if
 * it still is that file, or a pipe or the null device, which a program has made its
 * stderr on purpose; the terminal, if stderr was one; nowhere. Level 0 keeps no copy:
 * who reads a pipe to its end would wait for a daemon that has closed its stderr. */
#ifndef SNUG_OUTPUT_H
#define SNUG_OUTPUT_H

#include "base/text.h"

/* Keep a copy of stderr from now on. */
void output_keep_stderr(void);
/* Write all of a text. Errors are ignored, there is no one to tell; errno is kept. */
void output_write(const struct text *text);
/* The same of what text_format makes of it, up to 512 bytes. */
__attribute__((format(printf, 1, 2))) void output_print(const char *format, ...);

#endif
