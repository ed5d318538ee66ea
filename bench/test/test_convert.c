/* From records, written by hand, to operations: what a recorder meets only in bad
 * moments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record/convert.h"
#include "record/forks.h"
#include "record/names.h"

enum {
    TEXT_BYTES = 1024
};

/* Text: "kind slot size thread" of the operations, each with a ';'; then the notes. */
struct fixture {
    struct pointers *pointers;
    char text[TEXT_BYTES];
};

static bool put(void *to, struct trace_op op)
{
    struct fixture *fixture = to;
    size_t length = strlen(fixture->text);
    snprintf(fixture->text + length, TEXT_BYTES - length, "%c%u %llu*%u/%u t%u;",
             "mfrcasSEM"[op.kind], op.slot, (unsigned long long)op.size_bytes, op.count,
             op.align_log2, op.thread);
    return true;
}

static bool note(void *to, const char *sentence)
{
    struct fixture *fixture = to;
    size_t length = strlen(fixture->text);
    snprintf(fixture->text + length, TEXT_BYTES - length, "\n%s", sentence);
    return true;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (fixture == NULL) {
        return -1;
    }
    fixture->pointers =
        pointers_open((struct pointers_target){put, note, fixture}, POINTERS_EXACT);
    *state = fixture;
    return fixture->pointers == NULL;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    pointers_close(fixture->pointers);
    free(fixture);
    return 0;
}

static void add(void **state, uint32_t thread, enum log_kind kind, uint64_t address,
                uint64_t size_bytes, uint64_t extra)
{
    struct fixture *fixture = *state;
    struct log_record record;
    log_record_write(&record, 0, kind, thread, address, size_bytes);
    assert_true(convert_record(fixture->pointers, &record, extra));
}

static void assert_operations(void **state, const char *expected)
{
    struct fixture *fixture = *state;
    assert_true(pointers_finish(fixture->pointers));
    assert_string_equal(fixture->text, expected);
}

static void old_address_is_taken_during_realloc(void **state)
{
    add(state, 0, LOG_MALLOC, 0x100, 10, 0);
    add(state, 0, LOG_REALLOC_BEGIN, 0x100, 0, 0);
    add(state, 1, LOG_MALLOC, 0x100, 11, 0); /* before thread 0 has come back */
    add(state, 0, LOG_REALLOC_END, 0x200, 20, 0);
    add(state, 1, LOG_FREE, 0x100, 0, 0);
    add(state, 0, LOG_FREE, 0x200, 0, 0);
    assert_operations(state, "m1 10*1/0 t0;m2 11*1/0 t1;r1 20*1/0 t0;f2 0*1/0 t1;"
                             "f1 0*1/0 t0;");
}

static void failed_realloc_keeps_the_block(void **state)
{
    struct fixture *fixture = *state;
    add(state, 0, LOG_MALLOC, 0x100, 10, 0);
    add(state, 0, LOG_REALLOC_BEGIN, 0x100, 0, 0);
    add(state, 0, LOG_REALLOC_END, 0, 1 << 30, 0);
    assert_int_equal(pointers_totals(fixture->pointers).live_bytes, 10);
    add(state, 0, LOG_FREE, 0x100, 0, 0);
    assert_operations(state,
                      "m1 10*1/0 t0;f1 0*1/0 t0;\nLeft out 1 calls that failed.");
}

static void a_signal_handler_reallocs_within_a_realloc(void **state)
{
    add(state, 0, LOG_MALLOC, 0x100, 10, 0);
    add(state, 0, LOG_MALLOC, 0x200, 20, 0);
    add(state, 0, LOG_REALLOC_BEGIN, 0x100, 0, 0);
    add(state, 0, LOG_REALLOC_BEGIN, 0x200, 0, 0);
    add(state, 0, LOG_REALLOC_NULL, 0x500, 5, 0);
    add(state, 0, LOG_REALLOC_END, 0x300, 30, 0);
    add(state, 0, LOG_REALLOC_END, 0x400, 40, 0);
    assert_operations(state, "m1 10*1/0 t0;m2 20*1/0 t0;r3 5*1/0 t0;r2 30*1/0 t0;"
                             "r1 40*1/0 t0;");
}

static void peak_is_of_what_lives_at_a_time(void **state)
{
    struct fixture *fixture = *state;
    add(state, 0, LOG_MALLOC, 0x100, 100, 0);
    add(state, 0, LOG_CALLOC, 0x200, 10, 20);
    add(state, 0, LOG_FREE, 0x100, 0, 0);
    add(state, 0, LOG_REALLOC_BEGIN, 0x200, 0, 0);
    add(state, 0, LOG_REALLOC_END, 0x200, 250, 0);
    const struct pointers_totals totals = pointers_totals(fixture->pointers);
    assert_int_equal(totals.peak_live_bytes, 300);
    assert_int_equal(totals.live_bytes, 250);
    assert_int_equal(totals.slots, 2);
}

static void foreign_free_is_dropped(void **state)
{
    add(state, 0, LOG_FREE, 0x900, 0, 0);
    add(state, 0, LOG_FREE, 0, 0, 0);
    add(state, 0, LOG_MALLOC, 0x100, 10, 0);
    assert_operations(state,
                      "f0 0*1/0 t0;m1 10*1/0 t0;\nDropped 1 frees of blocks that "
                      "were not allocated on record.");
}

static void foreign_realloc_becomes_malloc(void **state)
{
    add(state, 0, LOG_REALLOC_BEGIN, 0x900, 0, 0);
    add(state, 0, LOG_REALLOC_END, 0x100, 20, 0);
    add(state, 0, LOG_FREE, 0x100, 0, 0);
    assert_operations(state, "m1 20*1/0 t0;f1 0*1/0 t0;\nTurned 1 reallocs of blocks "
                             "that were not allocated on record into mallocs.");
}

static void lost_free_is_added(void **state)
{
    add(state, 0, LOG_MALLOC, 0x100, 10, 0);
    add(state, 0, LOG_MALLOC, 0x100, 11, 0);
    add(state, 0, LOG_MALLOC, 0x200, 12, 0);
    add(state, 0, LOG_REALLOC_BEGIN, 0x100, 0, 0);
    add(state, 0, LOG_REALLOC_END, 0x200, 13, 0);
    assert_operations(state, "m1 10*1/0 t0;f1 0*1/0 t0;m1 11*1/0 t0;m2 12*1/0 t0;"
                             "f2 0*1/0 t0;r1 13*1/0 t0;\nAdded 2 frees that were not "
                             "logged: the address was handed out again.");
}

static void threads_are_numbered_by_first_record(void **state)
{
    add(state, 2, LOG_MALLOC, 0x100, 10, 0);
    add(state, 70000, LOG_MALLOC, 0x200, 11, 0);
    add(state, 2, LOG_FREE_SIZED, 0x200, 11, 0);
    assert_operations(state, "m1 10*1/0 t0;m2 11*1/0 t1;s2 11*1/0 t0;");
}

static void calloc_and_alignment_fit_an_operation(void **state)
{
    add(state, 0, LOG_CALLOC, 0x100, 3, 100000);    /* swapped */
    add(state, 0, LOG_CALLOC, 0x200, 70000, 70000); /* one product */
    add(state, 0, LOG_MEMALIGN, 0x300, 5, 48);      /* glibc rounds up */
    assert_operations(state, "c1 100000*3/0 t0;c2 4900000000*1/0 t0;a3 5*1/6 t0;");
}

static void a_child_begins_with_what_its_parent_had(void **state)
{
    struct fixture *parent = *state;
    struct fixture *child = NULL;
    struct forks forks = {0};
    add(state, 0, LOG_MALLOC, 0x100, 10, 0);
    add(state, 0, LOG_MALLOC, 0x200, 20, 0);
    add(state, 0, LOG_CALLOC, 0x300, 5, 6);
    add(state, 0, LOG_FREE, 0x100, 0, 0);
    assert_true(forks_keep(&forks, 7, pointers_live(parent->pointers)));
    assert_null(forks_take(&forks, 8));
    struct legacy *legacy = forks_take(&forks, 7);
    assert_non_null(legacy);
    assert_int_equal(legacy->count, 2);
    assert_int_equal(set_up((void **)&child), 0);
    for (uint64_t i = 0; i < legacy->count; i++) {
        assert_true(pointers_inherit(child->pointers, legacy->blocks[i]));
    }
    add((void **)&child, 5, LOG_FREE, 0x200, 0, 0);
    assert_operations((void **)&child, "m1 20*1/0 t0;m2 30*1/0 t0;f1 0*1/0 t0;");
    legacy_destroy(legacy);
    tear_down((void **)&child);
    for (uint32_t i = 0; i < 300; i++) { /* the oldest are forgotten */
        assert_true(forks_keep(&forks, 100 + i, pointers_live(parent->pointers)));
    }
    assert_null(forks_take(&forks, 100));
    legacy_destroy(forks_take(&forks, 399));
    legacy = forks_take(&forks, 400 - LOG_RINGS); /* all that can be on record */
    assert_non_null(legacy);
    legacy_destroy(legacy);
    forks_destroy(&forks);
}

static void records_keep_what_they_are_given(void **state)
{
    (void)state;
    struct log_record record = {0};
    const uint64_t position = 300ull * LOG_RECORDS + 5; /* laps begin again */
    assert_false(log_record_is_written(&record, 0));
    log_record_write(&record, position, LOG_REALLOC_END, LOG_THREADS - 2,
                     0xfffffffffff8, ((uint64_t)1 << 47) - 1);
    assert_true(log_record_is_written(&record, position));
    assert_false(log_record_is_written(&record, position - LOG_RECORDS));
    assert_false(log_record_is_written(&record, position + LOG_RECORDS));
    assert_int_equal(log_record_kind(&record), LOG_REALLOC_END);
    assert_int_equal(log_record_thread(&record), LOG_THREADS - 2);
    assert_int_equal(log_record_address(&record), 0xfffffffffff8);
    assert_int_equal(log_record_size(&record), ((uint64_t)1 << 47) - 1);
}

static void traces_are_named_by_order_and_program(void **state)
{
    static const struct row {
        const char *output;
        uint32_t number;
        const char *name;
        const char *path;
    } rows[] = {
        {"make.rep.zst", 1, "make", "make.rep.zst"},
        {"a.b/make.rep.zst", 2, "cc1", "a.b/make.2-cc1.rep.zst"},
        {"a.rep/make", 3, "cc1", "a.rep/make.3-cc1"},
        {"a/.rep", 3, "cc1", "a/.rep.3-cc1"},
        {"x.rep", 12, "a/b c", "x.12-a_b_c.rep"},
        {"x.gz", 12, "a program of 16", "x.12-a_program_of_16.gz"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[100];
        names_trace(path, sizeof path, rows[i].output, rows[i].number, rows[i].name);
        assert_string_equal(path, rows[i].path);
    }
}

#define WITH_FIXTURE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(old_address_is_taken_during_realloc),
        WITH_FIXTURE(failed_realloc_keeps_the_block),
        WITH_FIXTURE(a_signal_handler_reallocs_within_a_realloc),
        WITH_FIXTURE(peak_is_of_what_lives_at_a_time),
        WITH_FIXTURE(foreign_free_is_dropped),
        WITH_FIXTURE(foreign_realloc_becomes_malloc),
        WITH_FIXTURE(lost_free_is_added),
        WITH_FIXTURE(threads_are_numbered_by_first_record),
        WITH_FIXTURE(calloc_and_alignment_fit_an_operation),
        WITH_FIXTURE(a_child_begins_with_what_its_parent_had),
        cmocka_unit_test(records_keep_what_they_are_given),
        cmocka_unit_test(traces_are_named_by_order_and_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
