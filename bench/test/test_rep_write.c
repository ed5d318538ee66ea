/* A trace written while it comes into being: totals come last, or it is given up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
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
    static const char *const paths[] = {"l.rep", "l.rep.zst", "l.rep.gz", "l.rep.xz",
                                        "l.rep.lz4"};
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
        cmocka_unit_test(a_discarded_file_is_not_there),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
