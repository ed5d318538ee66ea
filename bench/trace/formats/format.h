/* The file formats that can be read: one file here and one row below for each. The
 * first row that recognises the contents reads them. */
#ifndef SNUGBENCH_TRACE_FORMATS_FORMAT_H
#define SNUGBENCH_TRACE_FORMATS_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/builder.h"
#include "trace/input.h"

struct trace_format {
    const char *name; /* as --from has it */
    const char *summary;
    /* `text` is the beginning of the file, `length` at most 4096. */
    bool (*recognises)(const char *text, size_t length);
    /* Append everything to `builder`. What is dropped or repaired is counted and told
     * in its notes. false with error filled in. */
    bool (*read)(struct input *input, struct trace_builder *builder,
                 struct trace_error *error);
};

/* NAME stands for NAME_format in NAME.c. rep takes any text, so it is last. */
#define TRACE_FORMATS(ROW)                                                             \
    ROW(mtrace)                                                                        \
    ROW(logalloc)                                                                      \
    ROW(heaptrack)                                                                     \
    ROW(protobuf)                                                                      \
    ROW(libmalloc)                                                                     \
    ROW(android)                                                                       \
    ROW(valgrind)                                                                      \
    ROW(ltrace)                                                                        \
    ROW(calls)                                                                         \
    ROW(rep)

#define TRACE_FORMAT_DECLARE(name) extern const struct trace_format name##_format;
TRACE_FORMATS(TRACE_FORMAT_DECLARE)

/* All of them, `count`, in the order in which they are asked. */
const struct trace_format *const *trace_formats(size_t *count);

/* NULL: no format of that name. */
const struct trace_format *trace_format_find(const char *name);

#endif
