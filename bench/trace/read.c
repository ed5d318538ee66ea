/* trace_read: which format is it, and what is the trace called. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/formats/format.h"
#include "trace/sink.h"

#define TRACE_FORMAT_ROW(name) &name##_format,
static const struct trace_format *const formats[] = {TRACE_FORMATS(TRACE_FORMAT_ROW)};

const struct trace_format *const *trace_formats(size_t *count)
{
    *count = sizeof formats / sizeof *formats;
    return formats;
}

const struct trace_format *trace_format_find(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(formats[i]->name, name) == 0) {
            return formats[i];
        }
    }
    return NULL;
}

static bool ends_with(const char *text, size_t length, const char *ending)
{
    size_t ending_length = strlen(ending);
    return length > ending_length &&
           memcmp(text + length - ending_length, ending, ending_length) == 0;
}

/* "dir/cc1.rep.zst" is called cc1: one ending of compression and one of format fall,
 * and that of a file that is not finished. */
static char *name_of(const char *path)
{
    static const char *const compressions[] = {".zst", ".gz",  ".xz",
                                               ".lz4", ".bz2", ".zip"};
    static const char *const endings[] = {".rep", ".trace", ".txt", ".log"};
    if (strcmp(path, "-") == 0) {
        return strdup("stdin");
    }
    const char *slash = strrchr(path, '/');
    const char *base = slash == NULL ? path : slash + 1;
    size_t length = strlen(base);
    if (ends_with(base, length, SINK_PART_ENDING)) {
        length -= strlen(SINK_PART_ENDING);
    }
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
    /* A newline would end the line that the name stands in, of CSV files and tables. */
    char *name = strndup(base, length);
    for (char *at = name; at != NULL && *at != '\0'; at++) {
        *at = iscntrl((unsigned char)*at) ? '?' : *at;
    }
    return name;
}

static const struct trace_format *recognise(const struct input *input)
{
    size_t length = 0;
    const char *text = input_peek(input, &length);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (formats[i]->recognises(text, length)) {
            return formats[i];
        }
    }
    return NULL;
}

/* What was dropped is all that was found. */
static void fail_without_calls(const struct input *input,
                               const struct trace_builder *builder,
                               struct trace_error *error)
{
    const char *dropped = trace_builder_last_note(builder);
    char message[256];
    snprintf(message, sizeof message, "expected a call, found none%s%s",
             dropped != NULL ? " that counts. " : "", dropped != NULL ? dropped : "");
    input_fail_file(input, error, message);
}

/* The builder is gone in any case. */
static struct trace *read_into(struct trace_builder *builder, struct input *input,
                               const struct trace_format *format,
                               struct trace_error *error)
{
    if (format == NULL) {
        format = recognise(input);
    }
    if (format == NULL) {
        input_fail_file(input, error,
                        "expected a trace as text (.rep), plain or compressed, found "
                        "binary data of no known format");
        trace_builder_destroy(builder);
        return NULL;
    }
    if (!format->read(input, builder, error)) {
        trace_builder_destroy(builder);
        return NULL;
    }
    if (trace_builder_op_count(builder) == 0) {
        fail_without_calls(input, builder, error);
        trace_builder_destroy(builder);
        return NULL;
    }
    struct trace_error why;
    struct trace *trace = trace_builder_seal(builder, &why);
    if (trace == NULL) {
        input_fail_file(input, error, why.text);
        return NULL;
    }
    trace->format = format->name;
    return trace;
}

struct trace *trace_read_as(const char *path, const struct trace_format *format,
                            struct trace_error *error)
{
    char *name = name_of(path);
    struct trace_builder *builder =
        name == NULL ? NULL : trace_builder_create(name, path);
    free(name);
    if (builder == NULL) {
        snprintf(error->text, sizeof error->text, "no memory to read a trace: %s",
                 strerror(errno));
        return NULL;
    }
    struct input *input = input_open(path, error);
    if (input == NULL) {
        trace_builder_destroy(builder);
        return NULL;
    }
    struct trace *trace = read_into(builder, input, format, error);
    input_close(input);
    return trace;
}

struct trace *trace_read(const char *path, struct trace_error *error)
{
    return trace_read_as(path, NULL, error);
}
