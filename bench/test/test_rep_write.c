/* A trace written while it comes into being: totals come last, or it is given up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "trace/formats/rep_write.h"
#include "trace/random.h"

enum {
    PAIRS = 20000
};

static char folder[] = "/tmp/snug-test-rep-write-XXXXXX";

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int leave_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static const struct trace_totals unknown = {.weight = WEIGHT_BOTH};

static struct trace_op malloc_of(uint64_t i)
{
    struct random random = {.state = i};
    return (struct trace_op){.kind = TRACE_MALLOC,
                             .slot = 1,
                             .thread = (uint16_t)(i / 1000 % 3),
                             .count = 1,
                             .size_bytes = random_below(&random, 100000) & 0xfffff};
}

static void write_pairs(struct trace_writer *writer)
{
    for (uint64_t i = 0; i < PAIRS; i++) {
        struct trace_op op = malloc_of(i);
        trace_writer_op(writer, op);
        op.kind = TRACE_FREE;
        trace_writer_op(writer, op);
    }
}

static void assert_pairs(const struct trace *trace)
{
    assert_int_equal(trace->header->op_count, 2 * PAIRS);
    for (uint64_t i = 0; i < PAIRS; i++) {
        struct trace_op op = malloc_of(i);
        assert_memory_equal(&trace->ops[2 * i], &op, sizeof op);
        assert_int_equal(trace->ops[2 * i + 1].kind, TRACE_FREE);
        assert_int_equal(trace->ops[2 * i + 1].slot, 1);
    }
}

/* Some files cannot go back to their beginning: readers are told nothing wrong. */
static void totals_can_come_last(void **state)
{
    static const char *const paths[] = {"l.rep",    "l.rep.zst", "l.rep.gz",
                                        "l.rep.xz", "l.rep.lz4", "l.rep.bz2"};
    const struct trace_totals totals = {WEIGHT_BOTH, 1, 12345678, 99999};
    struct trace_error error = {""};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct trace_writer writer;
        assert_true(trace_writer_open(&writer, paths[i], SINK_QUICK, unknown, &error));
        write_pairs(&writer);
        trace_writer_total(&writer, totals);
        assert_int_equal(access(paths[i], F_OK), -1);
        assert_true(trace_writer_finish(&writer, &error));
        struct trace *trace = trace_read(paths[i], &error);
        assert_string_equal(error.text, "");
        assert_pairs(trace);
        /* The wrong number of operations is noticed, so the head was read. */
        bool has_note = false;
        for (size_t k = 0; k < trace->note_count; k++) {
            has_note = has_note || strstr(trace->notes[k], "12345678") != NULL;
        }
        assert_int_equal(has_note, i < 2);
        trace_destroy(trace);
        unlink(paths[i]);
    }
}

/* As if the process were killed now: what was cut is read, what came behind it is not
 * needed, and the reader says that there was more. */
static void what_was_cut_can_be_read(void **state)
{
    static const char *const paths[] = {"c.rep",    "c.rep.zst", "c.rep.gz",
                                        "c.rep.xz", "c.rep.lz4", "c.rep.bz2"};
    struct trace_error error = {""};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char part[20];
        struct trace_writer writer;
        error.text[0] = '\0';
        snprintf(part, sizeof part, "%s.part", paths[i]);
        assert_true(trace_writer_open(&writer, paths[i], SINK_QUICK, unknown, &error));
        write_pairs(&writer);
        trace_writer_cut(&writer);
        trace_writer_cut(&writer); /* nothing new: nothing happens */
        struct trace *trace = trace_read(part, &error);
        assert_string_equal(error.text, "");
        assert_pairs(trace);
        assert_string_equal(trace->name, "c");
        assert_int_equal(trace->note_count, 1);
        assert_non_null(strstr(trace->notes[0], "The end is missing"));
        trace_destroy(trace);
        assert_null(trace_read(paths[i], &error));
        assert_non_null(strstr(error.text, ": not there; what a recording that was "));
        assert_non_null(strstr(error.text, part));
        error.text[0] = '\0';
        trace_writer_total(&writer,
                           (struct trace_totals){WEIGHT_BOTH, 1, 2 * PAIRS, 0});
        assert_true(trace_writer_finish(&writer, &error));
        assert_int_equal(access(part, F_OK), -1);
        trace = trace_read(paths[i], &error);
        assert_string_equal(error.text, "");
        assert_pairs(trace);
        for (size_t k = 0; k < trace->note_count; k++) {
            assert_null(strstr(trace->notes[k], "The end is missing"));
        }
        trace_destroy(trace);
        unlink(paths[i]);
    }
}

/* A part that ends anywhere, within a number or a compressed block. */
static void a_part_may_end_anywhere(void **state)
{
    static const char *const paths[] = {"e.rep", "e.rep.zst", "e.rep.gz"};
    struct trace_error error = {""};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char part[20];
        struct trace_writer writer;
        struct stat status;
        snprintf(part, sizeof part, "%s.part", paths[i]);
        assert_true(trace_writer_open(&writer, paths[i], SINK_QUICK, unknown, &error));
        write_pairs(&writer);
        trace_writer_cut(&writer);
        write_pairs(&writer);
        trace_writer_cut(&writer);
        assert_int_equal(stat(part, &status), 0);
        for (off_t lost = 1; lost <= 12; lost++) {
            assert_int_equal(truncate(part, status.st_size - lost), 0);
            struct trace *trace = trace_read(part, &error);
            assert_non_null(trace);
            const uint64_t count = trace->header->op_count;
            /* libarchive keeps what it has of a damaged stream. */
            assert_in_range(count, i == 0 ? 4 * PAIRS - lost : PAIRS, 4 * PAIRS - 1);
            for (uint64_t k = 0; k < count; k++) {
                struct trace_op op = malloc_of(k / 2 % PAIRS);
                assert_int_equal(trace->ops[k].size_bytes,
                                 k % 2 == 0 ? op.size_bytes : 0);
            }
            assert_non_null(strstr(trace->notes[0], "The end is missing"));
            trace_destroy(trace);
        }
        trace_writer_discard(&writer);
        assert_int_equal(access(part, F_OK), -1);
    }
}

static void two_recordings_do_not_share_a_file(void **state)
{
    struct trace_writer writer;
    struct trace_writer other;
    struct trace_error error = {""};
    (void)state;
    assert_true(trace_writer_open(&writer, "two.rep", SINK_QUICK, unknown, &error));
    assert_false(trace_writer_open(&other, "two.rep", SINK_QUICK, unknown, &error));
    assert_string_equal(error.text, "two.rep is being written by another recording");
    write_pairs(&writer);
    assert_true(trace_writer_finish(&writer, &error));
    assert_int_equal(unlink("two.rep"), 0);
}

static void a_discarded_file_is_not_there(void **state)
{
    struct trace_writer writer;
    struct trace_error error;
    (void)state;
    assert_true(trace_writer_open(&writer, "no.rep.zst", SINK_QUICK, unknown, &error));
    write_pairs(&writer);
    trace_writer_discard(&writer);
    assert_int_equal(access("no.rep.zst", F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totals_can_come_last),
        cmocka_unit_test(what_was_cut_can_be_read),
        cmocka_unit_test(a_part_may_end_anywhere),
        cmocka_unit_test(two_recordings_do_not_share_a_file),
        cmocka_unit_test(a_discarded_file_is_not_there),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
