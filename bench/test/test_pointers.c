/* From calls by address to a trace: what logs of several threads get wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/addresses.h"
#include "trace/pointers.h"
#include "trace/random.h"

static struct trace_builder *builder;
static struct pointers *pointers;

static void begin(enum pointers_order order)
{
    builder = trace_builder_create("log", "log");
    assert_non_null(builder);
    pointers = pointers_open(pointers_into_builder(builder), order);
    assert_non_null(pointers);
}

static void allocated(uint64_t tid, uint64_t address, uint64_t bytes)
{
    assert_true(
        pointers_allocate(pointers, tid, address,
                          (struct trace_op){.kind = TRACE_MALLOC,
                                            .size_bytes = bytes & TRACE_SIZE_MASK}));
}

static void freed(uint64_t tid, uint64_t address)
{
    assert_true(pointers_free(pointers, tid, address));
}

static void resized(uint64_t tid, uint64_t old, uint64_t address, uint64_t bytes)
{
    assert_true(pointers_realloc_begin(pointers, tid, old));
    assert_true(pointers_realloc_end(pointers, tid, address, bytes));
}

/* "kind slot size thread" joined by ';', then the notes, each on its line. */
static void assert_gives(const char *expected)
{
    struct trace_error error = {""};
    char text[1024] = "";
    assert_true(pointers_finish(pointers));
    pointers_close(pointers);
    struct trace *trace = trace_builder_seal(builder, &error);
    assert_string_equal(error.text, "");
    assert_non_null(trace);
    for (uint64_t i = 0; i < trace->header->op_count; i++) {
        struct trace_op op = trace->ops[i];
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "%c%u %u t%u;",
                 "mfrcasSEM"[op.kind], op.slot, (unsigned)op.size_bytes, op.thread);
    }
    for (size_t i = 0; i < trace->note_count; i++) {
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "\n%s", trace->notes[i]);
    }
    assert_string_equal(text, expected);
    trace_destroy(trace);
}

static void a_late_free_is_put_in_order(void **state)
{
    (void)state;
    begin(POINTERS_LATE_FREES);
    allocated(7, 0x100, 10);
    allocated(9, 0x200, 11);
    allocated(9, 0x100, 12); /* thread 7 has freed it already */
    allocated(9, 0x300, 13);
    freed(7, 0x100);
    freed(9, 0x100);
    assert_gives("m1 10 t0;m2 11 t1;m3 13 t1;f1 0 t0;m1 12 t1;f1 0 t1;\n"
                 "Put in order 1 frees that were logged late: their addresses had been "
                 "handed out again.");
}

static void several_wait_for_one_address(void **state)
{
    (void)state;
    begin(POINTERS_LATE_FREES);
    allocated(1, 0x100, 10);
    allocated(2, 0x100, 11);
    allocated(3, 0x100, 12);
    freed(1, 0x100);
    freed(2, 0x100);
    freed(3, 0x100);
    assert_gives("m1 10 t0;f1 0 t0;m1 11 t1;f1 0 t1;m1 12 t2;f1 0 t2;\n"
                 "Put in order 2 frees that were logged late: their addresses had been "
                 "handed out again.");
}

/* Within a thread the order is right: the free is of the block that waits. */
static void a_thread_frees_what_it_was_handed(void **state)
{
    (void)state;
    begin(POINTERS_LATE_FREES);
    allocated(1, 0x100, 10);
    allocated(2, 0x200, 11);
    allocated(2, 0x100, 12);
    freed(2, 0x100);
    freed(1, 0x100); /* late beyond repair: there is no such block any more */
    assert_gives("m1 10 t0;m2 11 t1;f1 0 t1;m1 12 t1;f1 0 t1;\n"
                 "Dropped 1 frees of blocks that were not allocated on record.\n"
                 "Added 1 frees that were not logged: the address was handed out "
                 "again.");
}

static void a_realloc_waits_too(void **state)
{
    (void)state;
    begin(POINTERS_LATE_FREES);
    allocated(1, 0x100, 10);
    allocated(2, 0x200, 11);
    resized(2, 0x200, 0x100, 20);
    freed(1, 0x100);
    freed(2, 0x100);
    assert_gives("m1 10 t0;m2 11 t1;f1 0 t0;r2 20 t1;f2 0 t1;\n"
                 "Put in order 1 frees that were logged late: their addresses had been "
                 "handed out again.");
}

static void a_free_that_never_comes_is_added_at_the_end(void **state)
{
    (void)state;
    begin(POINTERS_LATE_FREES);
    allocated(1, 0x100, 10);
    allocated(2, 0x100, 11);
    assert_gives("m1 10 t0;f1 0 t1;m1 11 t1;\n"
                 "Added 1 frees that were not logged: the address was handed out "
                 "again.");
}

static void nothing_waits_in_an_exact_log(void **state)
{
    (void)state;
    begin(POINTERS_EXACT);
    allocated(1, 0x100, 10);
    allocated(2, 0x100, 11);
    freed(2, 0x100);
    assert_gives("m1 10 t0;f1 0 t1;m1 11 t1;f1 0 t1;\n"
                 "Added 1 frees that were not logged: the address was handed out "
                 "again.");
}

static void nothing_waits_with_one_thread(void **state)
{
    (void)state;
    begin(POINTERS_LATE_FREES);
    allocated(1, 0x100, 10);
    allocated(1, 0x100, 11);
    allocated(1, 0x200, 12);
    freed(1, 0x100);
    assert_gives("m1 10 t0;f1 0 t0;m1 11 t0;m2 12 t0;f1 0 t0;\n"
                 "Added 1 frees that were not logged: the address was handed out "
                 "again.");
}

/* The wait has an end, in calls and in blocks that wait. */
static void waiting_is_bounded(void **state)
{
    (void)state;
    struct trace_error error;
    begin(POINTERS_LATE_FREES);
    allocated(1, 0x100, 10);
    for (int i = 0; i < 1000; i++) {
        allocated(2, 0x100, 11);
    }
    for (int i = 0; i < 100000; i++) {
        freed(1, 0);
    }
    /* Before the end: each of them has landed. */
    assert_int_equal(trace_builder_op_count(builder), 1 + 2 * 1000 + 100000);
    assert_true(pointers_finish(pointers));
    pointers_close(pointers);
    trace_destroy(trace_builder_seal(builder, &error));
}

static void reallocs_of_all_kinds(void **state)
{
    (void)state;
    begin(POINTERS_EXACT);
    resized(1, 0, 0x100, 10);     /* of NULL */
    resized(1, 0x100, 0x100, 20); /* in place */
    resized(1, 0x900, 0x300, 30); /* of a block that is not on record */
    resized(1, 0x100, 0, 40);     /* failed: the block lives on */
    freed(1, 0x100);
    freed(1, 0x900);
    freed(1, 0);
    allocated(1, 0, 50); /* failed */
    assert_gives("r1 10 t0;r1 20 t0;m2 30 t0;f1 0 t0;f0 0 t0;\n"
                 "Dropped 1 frees of blocks that were not allocated on record.\n"
                 "Turned 1 reallocs of blocks that were not allocated on record into "
                 "mallocs.\n"
                 "Left out 2 calls that failed.");
}

static void the_old_address_is_free_during_a_realloc(void **state)
{
    (void)state;
    begin(POINTERS_EXACT);
    allocated(1, 0x100, 10);
    assert_true(pointers_realloc_begin(pointers, 1, 0x100));
    allocated(2, 0x100, 11);
    assert_true(pointers_realloc_end(pointers, 1, 0x200, 20));
    freed(2, 0x100);
    freed(1, 0x200);
    assert_gives("m1 10 t0;m2 11 t1;r1 20 t0;f2 0 t1;f1 0 t0;");
}

/* A signal handler may realloc within a realloc. */
static void reallocs_end_last_begun_first(void **state)
{
    (void)state;
    begin(POINTERS_EXACT);
    allocated(1, 0x100, 10);
    allocated(1, 0x200, 20);
    assert_true(pointers_realloc_begin(pointers, 1, 0x100));
    assert_true(pointers_realloc_begin(pointers, 1, 0x200));
    assert_true(pointers_realloc_end(pointers, 1, 0x300, 30));
    assert_true(pointers_realloc_end(pointers, 1, 0x400, 40));
    assert_gives("m1 10 t0;m2 20 t0;r2 30 t0;r1 40 t0;");
}

/* Those that never end are forgotten when there are too many. */
static void begins_without_ends_are_bounded(void **state)
{
    (void)state;
    struct trace_error error;
    begin(POINTERS_EXACT);
    for (uint64_t i = 1; i <= 10000; i++) {
        allocated(i, 16 * i, 10);
        assert_true(pointers_realloc_begin(pointers, i, 16 * i));
    }
    assert_true(pointers_realloc_end(pointers, 10000, 0x100, 20));
    assert_true(pointers_realloc_end(pointers, 1, 0x200, 30)); /* of an unknown block */
    assert_int_equal(trace_builder_op_count(builder), 10002);
    assert_true(pointers_finish(pointers));
    pointers_close(pointers);
    struct trace *trace = trace_builder_seal(builder, &error);
    assert_non_null(trace);
    assert_int_equal(trace->ops[10000].kind, TRACE_REALLOC);
    assert_int_equal(trace->ops[10001].kind, TRACE_MALLOC);
    trace_destroy(trace);
}

static void other_operations_pass(void **state)
{
    (void)state;
    struct trace_op op = {.kind = TRACE_MALLOC};
    begin(POINTERS_EXACT);
    assert_true(pointers_event(pointers, 5, TRACE_THREAD_START));
    assert_true(trace_op_set_calloc(&op, 3, 8));
    assert_true(pointers_allocate(pointers, 5, 0x100, op));
    assert_true(pointers_free_sized(pointers, 5, 0x100, 24));
    op = (struct trace_op){.size_bytes = 7};
    assert_true(trace_op_set_memalign(&op, 48)); /* rounded up */
    assert_int_equal(op.align_log2, 6);
    assert_true(pointers_allocate(pointers, 5, 0x100, op));
    assert_false(trace_op_set_memalign(&op, ((uint64_t)1 << 46) + 1));
    assert_gives("S0 0 t0;c1 8 t0;s1 24 t0;a1 7 t0;");
}

/* Against a plain array: blocks that lie close together, addresses of every alignment,
 * numbers in their place, sizes of every width. */
static void addresses_are_a_map(void **state)
{
    enum {
        KEYS = 20000,
        STEPS = 400000
    };
    static const struct row {
        uint64_t base, step;
    } rows[] = {{0x7f0000000000, 16}, {0x7f0000000000, 8}, {1, 1}, {0, 16},
                {UINT64_MAX, -7ull},  {0x100000, 1 << 20}};
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        uint32_t slots[KEYS] = {0}; /* 0: not in there */
        struct addresses addresses = {0};
        struct random random = {.state = 11};
        uint64_t count = 0;
        for (uint32_t step = 1; step <= STEPS; step++) {
            uint32_t key = (uint32_t)random_below(&random, KEYS);
            uint64_t address = rows[r].base + key * rows[r].step;
            struct live_block found = addresses_find(&addresses, address);
            assert_int_equal(found.slot, slots[key]);
            if (found.slot == 0) {
                uint64_t bytes = (uint64_t)step << step % 30;
                struct live_block block = {address, bytes, step};
                assert_int_equal(addresses_add(&addresses, block), ADDRESSES_ADDED);
                slots[key] = step;
                count++;
            } else {
                assert_int_equal(addresses_add(&addresses, found), ADDRESSES_TAKEN);
                found = addresses_take(&addresses, address);
                assert_int_equal(found.slot, slots[key]);
                assert_int_equal(found.size_bytes,
                                 (uint64_t)found.slot << found.slot % 30);
                assert_int_equal(found.address, address);
                slots[key] = 0;
                count--;
            }
        }
        assert_int_equal(addresses.count, count);
        struct live_block *list = addresses_list(&addresses);
        assert_non_null(list);
        for (uint64_t i = 1; i < count; i++) {
            assert_true(list[i - 1].slot < list[i].slot);
        }
        free(list);
        addresses_destroy(&addresses);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_late_free_is_put_in_order),
        cmocka_unit_test(several_wait_for_one_address),
        cmocka_unit_test(a_thread_frees_what_it_was_handed),
        cmocka_unit_test(a_realloc_waits_too),
        cmocka_unit_test(a_free_that_never_comes_is_added_at_the_end),
        cmocka_unit_test(nothing_waits_in_an_exact_log),
        cmocka_unit_test(nothing_waits_with_one_thread),
        cmocka_unit_test(waiting_is_bounded),
        cmocka_unit_test(reallocs_of_all_kinds),
        cmocka_unit_test(the_old_address_is_free_during_a_realloc),
        cmocka_unit_test(reallocs_end_last_begun_first),
        cmocka_unit_test(begins_without_ends_are_bounded),
        cmocka_unit_test(other_operations_pass),
        cmocka_unit_test(addresses_are_a_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
