/* Building, sealing and writing of traces. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "sealed.h"
#include "trace/random.h"
#include "trace_dump.h"

static char folder[] = "/tmp/snug-test-trace-XXXXXX";

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : chdir(folder);
}

static int leave_folder(void **state)
{
    (void)state;
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return chdir("/") + system(command);
}

static void append(struct trace_builder *builder, struct trace_op op)
{
    op.count = op.kind == TRACE_CALLOC ? op.count : 1;
    assert_true(trace_builder_append(builder, op));
}

static void sealing_counts_and_empties(void **state)
{
    (void)state;
    struct trace_builder *builder = trace_builder_create("mine", "-");
    assert_non_null(builder);
    append(builder,
           (struct trace_op){.kind = TRACE_MALLOC, .slot = 1, .size_bytes = 10});
    append(builder,
           (struct trace_op){
               .kind = TRACE_CALLOC, .slot = 2, .count = 3, .size_bytes = 100});
    append(builder, (struct trace_op){.kind = TRACE_FREE, .slot = 1, .thread = 2});
    append(builder, (struct trace_op){.kind = TRACE_FREE, .slot = 0});
    append(builder,
           (struct trace_op){.kind = TRACE_REALLOC, .slot = 2, .size_bytes = 7});
    append(builder,
           (struct trace_op){.kind = TRACE_REALLOC, .slot = 4, .size_bytes = 303});
    append(builder, (struct trace_op){.kind = TRACE_FREE_SIZED, .slot = 2});
    assert_true(trace_builder_note(builder, "before sealing: %d", 4));
    assert_true(trace_builder_remark(builder, "apart from the notes: %d", 6));
    struct trace *trace = seal(builder);
    const struct trace_header *header = trace->header;
    assert_int_equal(header->magic, TRACE_MAGIC);
    assert_int_equal(header->op_count, 7);
    assert_int_equal(header->slot_count, 5);
    assert_int_equal(header->thread_count, 3);
    assert_int_equal(header->peak_live_bytes,
                     310); /* reached twice: the first counts */
    assert_int_equal(header->peak_live_op, 1);
    assert_int_equal(header->peak_live_blocks, 2);
    assert_int_equal(header->allocated_bytes, 10 + 300 + 7 + 303);
    assert_int_equal(header->kind_counts[TRACE_REALLOC], 2);
    assert_int_equal(header->kind_counts[TRACE_FREE], 2);
    assert_int_equal(header->epilogue_count, 1);
    assert_int_equal(trace->ops[7].kind, TRACE_FREE);
    assert_int_equal(trace->ops[7].slot, 4);
    assert_true(trace_note(trace, "also after sealing: %d", 5));
    assert_int_equal(trace->note_count, 2);
    assert_string_equal(trace->notes[0], "before sealing: 4");
    assert_string_equal(trace->notes[1], "also after sealing: 5");
    assert_int_equal(trace->remark_count, 2);
    assert_string_equal(trace->remarks[0], "apart from the notes: 6");
    assert_string_equal(
        trace->remarks[1],
        "Blocks never freed: 1; freed after the last operation, outside the figures.");
    trace_destroy(trace);
}

static void sealing_refuses_what_is_not_a_trace(void **state)
{
    (void)state;
    static const struct row {
        struct trace_op ops[2];
        const char *expected;
    } rows[] = {
        {{{.kind = TRACE_MALLOC, .slot = 1, .count = 1},
          {.kind = TRACE_MALLOC, .slot = 1, .count = 1}},
         "operation 2: allocates into a full slot"},
        {{{.kind = TRACE_MALLOC, .slot = 1, .count = 1},
          {.kind = TRACE_FREE, .slot = 2, .count = 1}},
         "operation 2: frees an empty slot"},
        {{{.kind = TRACE_FREE, .slot = 0, .count = 1},
          {.kind = TRACE_REALLOC, .slot = 0, .count = 1}},
         "operation 2: allocates into slot 0, which holds NULL"},
        {{{.kind = TRACE_KIND_COUNT}, {.kind = TRACE_MARK}},
         "operation 1: unknown kind of operation"},
        {{{.kind = TRACE_MALLOC, .slot = 1, .count = 2}, {.kind = TRACE_MARK}},
         "operation 1: has a count, but is not a calloc"},
        {{{.kind = TRACE_CALLOC, .slot = 1, .count = 2, .size_bytes = 1ull << 46},
          {.kind = TRACE_MARK}},
         "operation 1: asks for 2^47 bytes or more"},
        {{{.kind = TRACE_MEMALIGN, .slot = 1, .count = 1, .align_log2 = 47},
          {.kind = TRACE_MARK}},
         "operation 1: asks for an alignment of 2^47 or more"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trace_builder *builder = trace_builder_create("bad", "-");
        struct trace_error error = {"no error"};
        assert_true(trace_builder_append(builder, rows[i].ops[0]));
        assert_true(trace_builder_append(builder, rows[i].ops[1]));
        assert_null(trace_builder_seal(builder, &error));
        assert_string_equal(error.text, rows[i].expected);
    }
}

/* Random operations of every kind by three threads; starts with thread 0. */
static struct trace *random_trace(uint64_t seed, int op_count)
{
    struct trace_builder *builder = trace_builder_create("random", "-");
    struct random random = {.state = seed};
    uint32_t live[1000];
    size_t live_count = 0;
    for (int i = 0; i < op_count; i++) {
        struct trace_op op = {
            .kind = (uint8_t)random_below(&random, TRACE_KIND_COUNT),
            .thread = (uint16_t)(i < 3 ? i : (int)random_below(&random, 3)),
            .count = 1,
        };
        uint64_t bytes = random_below(&random, 1000) == 0
                             ? TRACE_SIZE_LIMIT_BYTES / 70000
                             : random_below(&random, 5000);
        bool is_free = op.kind == TRACE_FREE || op.kind == TRACE_FREE_SIZED;
        bool is_event = op.kind > TRACE_FREE_SIZED;
        if (!is_event && !is_free && live_count == 1000) {
            op.kind = TRACE_FREE;
            is_free = true;
        }
        if (is_free) {
            if (live_count > 0 && random_below(&random, 20) != 0) {
                size_t which = (size_t)random_below(&random, live_count);
                op.slot = live[which];
                live[which] = live[--live_count];
                trace_builder_release_slot(builder, op.slot);
            }
            op.size_bytes = (op.kind == TRACE_FREE_SIZED ? bytes : 0) & TRACE_SIZE_MASK;
        } else if (!is_event) {
            op.size_bytes = bytes & TRACE_SIZE_MASK;
            if (op.kind == TRACE_CALLOC) {
                assert_true(
                    trace_op_set_calloc(&op, random_below(&random, 70000), bytes));
            } else if (op.kind == TRACE_MEMALIGN) {
                op.align_log2 = (uint8_t)random_below(&random, 20);
            }
            if (op.kind == TRACE_REALLOC && live_count > 0 &&
                random_below(&random, 2) == 0) {
                op.slot = live[random_below(&random, live_count)];
            } else {
                op.slot = trace_builder_take_slot(builder);
                live[live_count++] = op.slot;
            }
        }
        assert_true(trace_builder_append(builder, op));
    }
    return seal(builder);
}

static void samples_ascend_and_meet_the_peak(void **state)
{
    (void)state;
    static const int counts[] = {1, 2, 3, 199, 200, 201, 399, 1000, 54321};
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        struct trace *trace = random_trace(k, counts[k]);
        const struct trace_header *header = trace->header;
        uint64_t before = 0;
        bool meets_peak = false;
        assert_in_range(header->sample_count, 1, 400);
        for (uint64_t i = 0; i < header->sample_count; i++) {
            uint64_t sample = trace->samples[i];
            assert_true(sample > before);
            /* A grid of 200: no gap is wider. */
            assert_true(sample - before <= header->op_count / 200 + 1);
            meets_peak = meets_peak || sample == header->peak_live_op + 1;
            before = sample;
        }
        assert_int_equal(before, header->op_count);
        assert_true(meets_peak);
        trace_destroy(trace);
    }
}

static void the_image_is_whole_and_read_only(void **state)
{
    (void)state;
    struct trace *trace = random_trace(5, 100000);
    size_t bytes = trace->mapped_bytes;
    struct stat status;
    assert_int_equal(fstat(trace->memfd, &status), 0);
    assert_int_equal(status.st_size, bytes);
    void *image = mmap(NULL, bytes, PROT_READ, MAP_SHARED, trace->memfd, 0);
    assert_ptr_not_equal(image, MAP_FAILED);
    assert_memory_equal(image, trace->header, bytes);
    const struct trace_header *header = image;
    assert_int_equal(header->samples_offset + 8 * header->sample_count, bytes);
    munmap(image, bytes);
    assert_ptr_equal(mmap(NULL, bytes, PROT_WRITE, MAP_SHARED, trace->memfd, 0),
                     MAP_FAILED);
    assert_int_equal(pwrite(trace->memfd, "x", 1, 0), -1);
    assert_int_equal(ftruncate(trace->memfd, 0), -1);
    trace_destroy(trace);
}

static void assert_same_trace(const struct trace *left, const struct trace *right)
{
    assert_int_equal(left->mapped_bytes, right->mapped_bytes);
    assert_memory_equal(left->header, right->header, left->mapped_bytes);
}

static void what_is_written_reads_the_same(void **state)
{
    (void)state;
    static const char *const paths[] = {"t.rep",    "t.rep.zst", "t.rep.gz",
                                        "t.rep.xz", "t.rep.lz4", "t.rep.bz2"};
    static const char *const comments[] = {"one", "two\nlines\r", "", "#@ start x",
                                           NULL};
    struct trace_error error = {"no error"};
    struct trace *trace = random_trace(7, 30000);
    assert_int_equal(trace->header->thread_count, 3);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_true(trace_write(trace, paths[i], comments, &error));
        struct trace *again = trace_read(paths[i], &error);
        if (again == NULL) {
            fail_msg("%s", error.text);
            break;
        }
        assert_string_equal(again->name, "t");
        assert_same_trace(trace, again);
        /* The header is right: of the notes it could earn there is none. */
        for (size_t k = 0; k < again->note_count; k++) {
            assert_null(strstr(again->notes[k], "header"));
        }
        trace_destroy(again);
    }
    trace_destroy(trace);
}

static void a_plain_trace_is_plain_course_text(void **state)
{
    (void)state;
    struct trace_builder *builder = trace_builder_create("plain", "-");
    struct trace_error error;
    append(builder,
           (struct trace_op){.kind = TRACE_MALLOC, .slot = 1, .size_bytes = 24});
    append(builder,
           (struct trace_op){.kind = TRACE_REALLOC, .slot = 1, .size_bytes = 512});
    append(builder, (struct trace_op){.kind = TRACE_FREE, .slot = 0});
    append(builder, (struct trace_op){.kind = TRACE_FREE, .slot = 1});
    struct trace *trace = seal(builder);
    assert_true(trace_write(trace, "plain.rep", NULL, &error));
    char *text = read_whole("plain.rep");
    assert_string_equal(text, "1\n1\n4\n512\na 0 24\nr 0 512\nf -1\nf 0\n");
    free(text);
    trace_destroy(trace);
}

/* Nothing but what is named stands in the folder. */
static void assert_folder_holds(const char *expected)
{
    FILE *list = popen("LC_ALL=C ls -A | tr '\\n' ' '", "r");
    char found[1000] = "";
    assert_non_null(list);
    assert_non_null(fgets(found, sizeof found, list));
    assert_int_equal(pclose(list), 0);
    assert_string_equal(found, expected);
}

static void failing_writes_leave_nothing_behind(void **state)
{
    (void)state;
    assert_int_equal(mkdir("failing", 0777) | chdir("failing"), 0);
    struct trace *trace = random_trace(9, 50000);
    struct trace_error error;
    assert_false(trace_write(trace, "/dev/full", NULL, &error));
    assert_string_equal(error.text, "/dev/full: cannot be written: No space left on "
                                    "device");
    assert_false(trace_write(trace, "nowhere/t.rep", NULL, &error));
    assert_string_equal(error.text,
                        "nowhere/t.rep: cannot be created: No such file or directory");
    assert_false(trace_write(trace, ".", NULL, &error));
    assert_string_equal(error.text, ".: cannot be created: Is a directory");

    write_whole("old.rep", "old", 3);
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small = {.rlim_cur = 100000, .rlim_max = RLIM_INFINITY};
    const struct rlimit none = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    bool written = trace_write(trace, "old.rep", NULL, &error);
    bool written_small = trace_write(trace, "old.rep.zst", NULL, &error);
    setrlimit(RLIMIT_FSIZE, &none);
    assert_false(written);
    assert_false(written_small);
    assert_string_equal(error.text, "old.rep.zst: cannot be written: File too large");
    assert_folder_holds("old.rep ");
    char *text = read_whole("old.rep");
    assert_string_equal(text, "old");
    free(text);
    trace_destroy(trace);
    assert_int_equal(chdir(folder), 0);
}

static void links_stay_and_modes_follow_the_mask(void **state)
{
    (void)state;
    struct trace *trace = random_trace(11, 100);
    struct trace_error error;
    write_whole("target.rep", "old", 3);
    assert_int_equal(symlink("target.rep", "link.rep"), 0);
    mode_t mask = umask(027);
    assert_true(trace_write(trace, "link.rep", NULL, &error));
    umask(mask);
    struct stat status;
    assert_int_equal(lstat("link.rep", &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(stat("target.rep", &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    struct trace *again = trace_read("target.rep", &error);
    assert_non_null(again);
    assert_same_trace(trace, again);
    trace_destroy(again);
    trace_destroy(trace);
}

static void no_memory_is_an_answer(void **state)
{
    (void)state;
    struct trace_builder *builder = trace_builder_create("large", "-");
    struct rlimit before;
    assert_non_null(builder);
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    const struct rlimit small = {.rlim_cur = 64 << 20, .rlim_max = before.rlim_max};
    const struct trace_op op = {.kind = TRACE_MARK, .count = 1};
    assert_int_equal(setrlimit(RLIMIT_AS, &small), 0);
    int appended = 0;
    while (appended < 10000000 && trace_builder_append(builder, op)) {
        appended++;
    }
    int reason = errno;
    setrlimit(RLIMIT_AS, &before);
    assert_in_range(appended, 65536, 64 << 16);
    assert_int_equal(reason, ENOMEM);
    assert_int_equal(trace_builder_op_count(builder), appended);
    assert_true(
        trace_builder_append(builder, op)); /* with memory there again it goes on */
    trace_destroy(seal(builder));
}

static void callocs_keep_their_product(void **state)
{
    (void)state;
    static const struct row {
        uint64_t count, size_bytes;
        uint64_t as_count, as_size_bytes; /* as_size_bytes UINT64_MAX: refused */
    } rows[] = {
        {3, 5, 3, 5},
        {0, 70000, 0, 70000},
        {65535, 65536, 65535, 65536},
        {65536, 2, 2, 65536},
        {70000, 70000, 1, 4900000000},
        {70000, 0, 0, 70000},
        {2, (uint64_t)1 << 46, 0, UINT64_MAX},
        {(uint64_t)1 << 32, (uint64_t)1 << 32, 0, UINT64_MAX},
        {0, (uint64_t)1 << 47, 0, UINT64_MAX},
        {UINT64_MAX, 0, 1, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct trace_op op = {.slot = 1};
        bool fits = trace_op_set_calloc(&op, rows[i].count, rows[i].size_bytes);
        assert_int_equal(fits, rows[i].as_size_bytes != UINT64_MAX);
        if (fits) {
            assert_int_equal(op.count, rows[i].as_count);
            assert_int_equal(op.size_bytes, rows[i].as_size_bytes);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealing_counts_and_empties),
        cmocka_unit_test(sealing_refuses_what_is_not_a_trace),
        cmocka_unit_test(samples_ascend_and_meet_the_peak),
        cmocka_unit_test(the_image_is_whole_and_read_only),
        cmocka_unit_test(what_is_written_reads_the_same),
        cmocka_unit_test(a_plain_trace_is_plain_course_text),
        cmocka_unit_test(failing_writes_leave_nothing_behind),
        cmocka_unit_test(links_stay_and_modes_follow_the_mask),
        cmocka_unit_test(no_memory_is_an_answer),
        cmocka_unit_test(callocs_keep_their_product),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
