/* trace_read: which format is it, and what is the trace called. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/formats/format.h"

static const struct trace_format *const formats[] = {
    &rep_format,
};

static bool ends_with(const char *text, size_t length, const char *ending)
{
    size_t ending_length = strlen(ending);
    return length > ending_length &&
           memcmp(text + length - ending_length, ending, ending_length) == 0;
}

/* "dir/cc1.rep.zst" is called cc1: one ending of compression and one of format fall. */
static char *name_of(const char *path)
{
    static const char *const compressions[] = {".zst", ".gz", ".xz", ".lz4", ".bz2"};
    static const char *const endings[] = {".rep", ".trace", ".txt", ".log"};
    if (strcmp(path, "-") == 0) {
        return strdup("stdin");
    }
    const char *slash = strrchr(path, '/');
    const char *base = slash == NULL ? path : slash + 1;
    size_t length = strlen(base);
    for (size_t i = 0; i < sizeof compressions / sizeof *compressions; i++) {
        if (ends_with(base, length, compressions[i])) {
            length -= strlen(compressions[i]);
            break;
        }
    }
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (ends_with(base, length, endings[i])) {
            length -= strlen(endings[i]);
            break;
        }
    }
    return strndup(base, length);
}

static bool read_into(struct input *input, struct trace *trace,
                      struct trace_error *error)
{
    size_t length = 0;
    const char *text = input_peek(input, &length);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (formats[i]->recognises(text, length)) {
            return formats[i]->read(input, trace, error);
        }
    }
    return input_fail_file(
        input, error,
        "expected a trace as text (.rep), plain or compressed, found "
        "binary data of no known format");
}

struct trace *trace_read(const char *path, struct trace_error *error)
{
    char *name = name_of(path);
    struct trace *trace = name == NULL ? NULL : trace_create(name, path);
    free(name);
    if (trace == NULL) {
        snprintf(error->text, sizeof error->text, "no memory to read a trace: %s",
                 strerror(errno));
        return NULL;
    }
    struct input *input = input_open(path, error);
    bool done = input != NULL && read_into(input, trace, error);
    input_close(input);
    if (!done) {
        trace_destroy(trace);
        return NULL;
    }
    return trace;
}
