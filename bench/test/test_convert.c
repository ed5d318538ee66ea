/* From raw logs, written by hand, to traces: what a recorder meets only in bad moments.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record/convert.h"

enum {
    LOG_RECORDS = 32
};

static struct log_header *log_new(void)
{
    struct log_header *log =
        calloc(1, LOG_HEADER_BYTES + LOG_RECORDS * sizeof(struct log_record));
    assert_non_null(log);
    log->reserved_windows = 1;
    log->threads = 3;
    return log;
}

static void add(struct log_header *log, uint32_t thread, enum log_kind kind,
                uint64_t address, uint64_t size_bytes, uint64_t extra)
{
    assert_true(log->claimed < LOG_RECORDS);
    struct log_record *record = &log_records(log)[log->claimed++];
    record->address = address;
    record->size_bytes = size_bytes;
    record->extra = extra;
    record->thread = thread;
    record->kind = (uint8_t)kind;
}

/* The trace as text, "kind slot size thread" joined by ';', then its notes. */
static void assert_converts_to(struct log_header *log, const char *operations,
                               const char *note)
{
    struct trace_error error = {""};
    struct trace *trace = convert_log(log, "log", &error);
    char text[1024] = "";
    assert_string_equal(error.text, "");
    assert_non_null(trace);
    for (uint64_t i = 0; i < trace->header->op_count; i++) {
        struct trace_op op = trace->ops[i];
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "%c%u %u t%u;",
                 "mfrcasSEM"[op.kind], op.slot, (unsigned)op.size_bytes, op.thread);
    }
    assert_string_equal(text, operations);
    bool noted = note == NULL;
    for (size_t i = 0; i < trace->note_count && note != NULL; i++) {
        noted = noted || strstr(trace->notes[i], note) != NULL;
    }
    assert_true(noted);
    trace_destroy(trace);
    free(log);
}

static void old_address_is_taken_during_realloc(void **state)
{
    (void)state;
    struct log_header *log = log_new();
    add(log, 0, LOG_MALLOC, 0x100, 10, 0);
    add(log, 0, LOG_REALLOC_BEGIN, 0x100, 20, 0);
    add(log, 1, LOG_MALLOC, 0x100, 11, 0); /* before thread 0 has come back */
    add(log, 0, LOG_REALLOC_END, 0x200, 20, 0x100);
    add(log, 1, LOG_FREE, 0x100, 0, 0);
    add(log, 0, LOG_FREE, 0x200, 0, 0);
    assert_converts_to(log, "m1 10 t0;m2 11 t1;r1 20 t0;f2 0 t1;f1 0 t0;", NULL);
}

static void failed_realloc_keeps_the_block(void **state)
{
    (void)state;
    struct log_header *log = log_new();
    add(log, 0, LOG_MALLOC, 0x100, 10, 0);
    add(log, 0, LOG_REALLOC_BEGIN, 0x100, 1 << 30, 0);
    add(log, 0, LOG_REALLOC_END, 0, 1 << 30, 0x100);
    add(log, 0, LOG_FREE, 0x100, 0, 0);
    assert_converts_to(log, "m1 10 t0;f1 0 t0;", NULL);
}

static void realloc_cut_off_leaves_the_block(void **state)
{
    (void)state;
    struct log_header *log = log_new();
    add(log, 0, LOG_MALLOC, 0x100, 10, 0);
    add(log, 0, LOG_REALLOC_BEGIN, 0x100, 20, 0);
    assert_converts_to(log, "m1 10 t0;", NULL);
}

static void foreign_free_is_dropped(void **state)
{
    (void)state;
    struct log_header *log = log_new();
    add(log, 0, LOG_FREE, 0x900, 0, 0);
    add(log, 0, LOG_MALLOC, 0x100, 10, 0);
    assert_converts_to(log, "m1 10 t0;", "Dropped 1 frees");
}

static void foreign_realloc_becomes_malloc(void **state)
{
    (void)state;
    struct log_header *log = log_new();
    add(log, 0, LOG_REALLOC_BEGIN, 0x900, 20, 0);
    add(log, 0, LOG_REALLOC_END, 0x100, 20, 0x900);
    add(log, 0, LOG_FREE, 0x100, 0, 0);
    assert_converts_to(log, "m1 20 t0;f1 0 t0;", "Turned 1 reallocs");
}

static void lost_free_is_added(void **state)
{
    (void)state;
    struct log_header *log = log_new();
    add(log, 0, LOG_MALLOC, 0x100, 10, 0);
    add(log, 0, LOG_MALLOC, 0x100, 11, 0);
    add(log, 0, LOG_MALLOC, 0x200, 12, 0);
    add(log, 0, LOG_REALLOC_BEGIN, 0x100, 13, 0);
    add(log, 0, LOG_REALLOC_END, 0x200, 13, 0x100);
    assert_converts_to(log, "m1 10 t0;f1 0 t0;m1 11 t0;m2 12 t0;f2 0 t0;r1 13 t0;",
                       "Added 2 frees");
}

static void unwritten_record_is_left_out(void **state)
{
    (void)state;
    struct log_header *log = log_new();
    add(log, 0, LOG_MALLOC, 0x100, 10, 0);
    add(log, 0, LOG_UNWRITTEN, 0, 0, 0);
    add(log, 0, LOG_FREE, 0x100, 0, 0);
    assert_converts_to(log, "m1 10 t0;f1 0 t0;", "Left out 1 calls");
}

static void full_log_ends_at_its_first_hole(void **state)
{
    (void)state;
    struct log_header *log = log_new();
    log->full = 28;
    add(log, 0, LOG_MALLOC, 0x100, 10, 0);
    add(log, 0, LOG_UNWRITTEN, 0, 0, 0);
    add(log, 0, LOG_MALLOC, 0x100, 11, 0);
    assert_converts_to(log, "m1 10 t0;", "No space left");
}

static void claims_beyond_the_file_are_not_read(void **state)
{
    (void)state;
    struct log_header *log = log_new();
    add(log, 0, LOG_MALLOC, 0x100, 10, 0);
    log->reserved_windows = 0;
    assert_converts_to(log, "", NULL);
}

static void records_before_the_first_are_of_another_image(void **state)
{
    (void)state;
    struct log_header *log = log_new();
    add(log, 0, LOG_MALLOC, 0x100, 10, 0);
    add(log, 0, LOG_MALLOC, 0x200, 11, 0);
    log->first = 1;
    assert_converts_to(log, "m1 11 t0;", NULL);
}

static void threads_are_numbered_by_first_record(void **state)
{
    (void)state;
    struct log_header *log = log_new();
    add(log, 2, LOG_MALLOC, 0x100, 10, 0);
    add(log, 0, LOG_MALLOC, 0x200, 11, 0);
    add(log, 2, LOG_FREE_SIZED, 0x200, 11, 0);
    assert_converts_to(log, "m1 10 t0;m2 11 t1;s2 11 t0;", NULL);
}

static void calloc_and_alignment_fit_an_operation(void **state)
{
    (void)state;
    struct log_header *log = log_new();
    struct trace_error error = {""};
    add(log, 0, LOG_CALLOC, 0x100, 3, 100000);    /* swapped */
    add(log, 0, LOG_CALLOC, 0x200, 70000, 70000); /* one product */
    add(log, 0, LOG_MEMALIGN, 0x300, 5, 48);      /* glibc rounds up */
    struct trace *trace = convert_log(log, "log", &error);
    assert_non_null(trace);
    assert_int_equal(trace->ops[0].count, 3);
    assert_int_equal(trace->ops[0].size_bytes, 100000);
    assert_int_equal(trace->ops[1].count, 1);
    assert_int_equal(trace->ops[1].size_bytes, 4900000000);
    assert_int_equal(trace->ops[2].align_log2, 6);
    trace_destroy(trace);
    free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_address_is_taken_during_realloc),
        cmocka_unit_test(failed_realloc_keeps_the_block),
        cmocka_unit_test(realloc_cut_off_leaves_the_block),
        cmocka_unit_test(foreign_free_is_dropped),
        cmocka_unit_test(foreign_realloc_becomes_malloc),
        cmocka_unit_test(lost_free_is_added),
        cmocka_unit_test(unwritten_record_is_left_out),
        cmocka_unit_test(full_log_ends_at_its_first_hole),
        cmocka_unit_test(claims_beyond_the_file_are_not_read),
        cmocka_unit_test(records_before_the_first_are_of_another_image),
        cmocka_unit_test(threads_are_numbered_by_first_record),
        cmocka_unit_test(calloc_and_alignment_fit_an_operation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
