/* What can still be read of a compressed file that is cut off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace/contents.h"
#include "trace/sink.h"

enum {
    BLOCK_BYTES = 1 << 17, /* of text, as libarchive makes them of zstd */
    TEXT_BYTES = 40 * BLOCK_BYTES + BLOCK_BYTES - 1000,
    LINE_BYTES = 20
};

static char path[] = "/tmp/snug-test-contents-XXXXXX.zst";

static int write_text(void **state)
{
    (void)state;
    struct trace_error error = {""};
    const int file = mkstemps(path, 4);
    struct sink *sink = file >= 0 ? sink_open(path, SINK_FAIR, &error) : NULL;
    char line[LINE_BYTES + 1];
    for (unsigned i = 0; sink != NULL && i < TEXT_BYTES / LINE_BYTES; i++) {
        snprintf(line, sizeof line, "%19u\n", i * 2654435761u);
        sink_put(sink, line, LINE_BYTES);
    }
    close(file);
    return sink != NULL && sink_finish(sink, &error) ? 0 : -1;
}

static int remove_text(void **state)
{
    (void)state;
    return unlink(path);
}

/* All that is given, `step` bytes at a time. */
static size_t read_by(size_t step, bool *has_failed)
{
    static char text[TEXT_BYTES];
    enum contents_status status;
    const char *reason;
    size_t got;
    size_t count = 0;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    struct contents *contents = contents_open(file, &status);
    assert_non_null(contents);
    assert_int_equal(status, CONTENTS_OPEN);
    while ((got = contents_read(contents, text, step)) > 0) {
        count += got;
        usleep(200); /* the other thread is ahead, and waits for room */
    }
    *has_failed = contents_failed(contents, &reason);
    contents_close(contents);
    close(file);
    return count;
}

/* Whatever the pieces in which it is read. */
static void test_cut_off(void **state)
{
    (void)state;
    static const size_t steps[] = {TEXT_BYTES, 100000, 40000};
    const size_t whole = TEXT_BYTES / LINE_BYTES * LINE_BYTES;
    struct stat before;
    bool has_failed;
    assert_int_equal(read_by(TEXT_BYTES, &has_failed), whole);
    assert_false(has_failed);
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(truncate(path, before.st_size - 1), 0);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        const size_t count = read_by(steps[i], &has_failed);
        assert_true(has_failed);
        assert_in_range(count, whole - BLOCK_BYTES, whole - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cut_off, write_text, remove_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
