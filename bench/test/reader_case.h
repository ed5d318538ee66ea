/* What the test of every reader does: a golden file read and told from its contents,
 * and each error by its message. */
#ifndef SNUGBENCH_TEST_READER_CASE_H
#define SNUGBENCH_TEST_READER_CASE_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace/formats/format.h"
#include "trace_dump.h"

/* bench/test/golden/FILE is recognised as `format` and reads as `dump` has it. */
static inline void golden_reads(const char *file, const char *format, const char *dump)
{
    char path[80];
    struct trace_error error = {"no error"};
    snprintf(path, sizeof path, "bench/test/golden/%s", file);
    struct trace *trace = trace_read(path, &error);
    if (trace == NULL) {
        fail_msg("%s", error.text);
        return;
    }
    assert_string_equal(trace->format, format);
    char *found = trace_dump(trace);
    snprintf(path, sizeof path, "bench/test/golden/%s", dump);
    char *expected = read_whole(path);
    assert_string_equal(found, expected);
    free(found);
    free(expected);
    trace_destroy(trace);
}

/* These contents are refused with `expected` behind the file's name; read as `format`,
 * or as what they are told to be if it is NULL. */
static inline void error_is(const char *format, const char *contents, size_t length,
                            const char *expected)
{
    char path[] = "/tmp/snug-test-reader-XXXXXX";
    struct trace_error error = {"no error"};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    write_whole(path, contents, length);
    assert_null(
        trace_read_as(path, format != NULL ? trace_format_find(format) : NULL, &error));
    unlink(path);
    assert_memory_equal(error.text, path, strlen(path));
    assert_string_equal(error.text + strlen(path), expected);
}

struct error_row {
    const char *text;
    const char *expected;
};

static inline void errors_are(const char *format, const struct error_row *rows,
                              size_t count)
{
    for (size_t i = 0; i < count; i++) {
        error_is(format, rows[i].text, strlen(rows[i].text), rows[i].expected);
    }
}

/* Bytes that may be NUL. */
struct binary_row {
    const char *bytes;
    size_t length;
    const char *expected;
};

#define BINARY_ROW(bytes, expected)                                                    \
    {                                                                                  \
        bytes, sizeof(bytes) - 1, expected                                             \
    }

static inline void binary_errors_are(const char *format, const struct binary_row *rows,
                                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        error_is(format, rows[i].bytes, rows[i].length, rows[i].expected);
    }
}

/* Is what begins so told to be of `format` (NULL: of none)? */
static inline void is_recognised(const char *text, size_t length, const char *format)
{
    size_t count = 0;
    const struct trace_format *const *formats = trace_formats(&count);
    size_t i = 0;
    while (i < count && !formats[i]->recognises(text, length)) {
        i++;
    }
    assert_string_equal(i < count ? formats[i]->name : "none",
                        format != NULL ? format : "none");
}

#endif
