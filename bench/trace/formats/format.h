/* The file formats that can be read: one reader, one file, one row of the table in
 * read.c. The first row that recognises the contents reads them. */
#ifndef SNUGBENCH_TRACE_FORMATS_FORMAT_H
#define SNUGBENCH_TRACE_FORMATS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/input.h"
#include "trace/trace.h"

struct trace_format {
    const char *name;
    /* `text` is the beginning of the file, `length` at most 4096. */
    bool (*recognises)(const char *text, size_t length);
    /* Append everything to `trace` and seal it. false with error filled in. */
    bool (*read)(struct input *input, struct trace *trace, struct trace_error *error);
};

extern const struct trace_format rep_format;

#endif
