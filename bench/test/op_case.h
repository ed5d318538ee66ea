/* Traces made by hand, an operation a word, for tests of what is made of traces. */
#ifndef SNUGBENCH_TEST_OP_CASE_H
#define SNUGBENCH_TEST_OP_CASE_H

#include <unistd.h>

#include "trace_dump.h"

/* Text in .rep as a trace, without its header: "a 0 32\nf 0\n". */
static inline struct trace *trace_of(const char *lines)
{
    char path[] = "/tmp/snug-test-ops-XXXXXX";
    char text[4096];
    struct trace_error error = {"no error"};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    snprintf(text, sizeof text, "1 1\n%s", lines);
    write_whole(path, text, strlen(text));
    struct trace *trace = trace_read(path, &error);
    unlink(path);
    if (trace == NULL) {
        fail_msg("%s", error.text);
    }
    return trace;
}

/* The same of a trace, which ends here. */
static inline void lines_are(struct trace *trace, const char *expected)
{
    char path[] = "/tmp/snug-test-ops-XXXXXX";
    struct trace_error error = {"no error"};
    assert_non_null(trace);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_true(trace_write(trace, path, NULL, &error));
    char *text = read_whole(path);
    unlink(path);
    const char *body = text;
    for (int line = 0; line < 4; line++) {
        body = strchr(body, '\n') + 1;
    }
    assert_string_equal(body, expected);
    free(text);
    trace_destroy(trace);
}

#endif
