/* One input to the readers of traces: the name of a format and a newline, if it is to
 * be forced, then the contents of a file. What a reader takes is sealed, written as
 * .rep and read back: the same operations must come. */
#ifndef SNUGBENCH_TEST_READER_FUZZ_H
#define SNUGBENCH_TEST_READER_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace/formats/format.h"
#include "trace/trace.h"

enum {
    FUZZ_NAME_BYTES = 32
};

/* The format that the first line names, and where the contents begin. */
static inline const struct trace_format *fuzz_format(const uint8_t *data, size_t size,
                                                     size_t *start)
{
    char name[FUZZ_NAME_BYTES];
    const uint8_t *newline = size == 0 ? NULL : memchr(data, '\n', size);
    *start = 0;
    if (newline == NULL || newline - data >= FUZZ_NAME_BYTES) {
        return NULL;
    }
    memcpy(name, data, (size_t)(newline - data));
    name[newline - data] = '\0';
    const struct trace_format *format = trace_format_find(name);
    *start = format == NULL ? 0 : (size_t)(newline - data) + 1;
    return format;
}

static inline void fuzz_require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz_readers: %s\n", what);
        abort();
    }
}

static inline void fuzz_read_back(const struct trace *trace)
{
    char path[64];
    struct trace_error error;
    const char *const comments[] = {NULL};
    snprintf(path, sizeof path, "/tmp/snug-fuzz-readers-%d.rep", (int)getpid());
    if (!trace_write(trace, path, comments, &error)) {
        fuzz_require(false, error.text);
    }
    struct trace *again = trace_read(path, &error);
    unlink(path);
    fuzz_require(again != NULL, error.text);
    fuzz_require(again->header->op_count == trace->header->op_count &&
                     again->header->peak_live_bytes == trace->header->peak_live_bytes,
                 "not what was written");
    trace_destroy(again);
}

static inline void fuzz_readers(const uint8_t *data, size_t size)
{
    size_t start;
    const struct trace_format *format = fuzz_format(data, size, &start);
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    fuzz_require(fd >= 0 &&
                     write(fd, data + start, size - start) == (ssize_t)(size - start),
                 "no file");
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct trace_error error = {""};
    struct trace *trace = trace_read_as(path, format, &error);
    fuzz_require(trace != NULL || error.text[0] != '\0', "an error without a text");
    if (trace != NULL) {
        fuzz_read_back(trace);
        trace_destroy(trace);
    }
    close(fd);
}

#endif
