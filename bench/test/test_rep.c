/* The reader of .rep text: dialects against golden dumps, every error by its message.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "reader_case.h"
#include "trace/generate.h"

#define BEGINNING                                                                      \
    "a header of 2 or 4 numbers (or a log of a kind that "                             \
    "'snugbench convert --help' tells of)"

static char folder[] = "/tmp/snug-test-rep-XXXXXX";

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int leave_folder(void **state)
{
    (void)state;
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* A path in the folder, valid until the next call. */
static const char *in_folder(const char *name)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void classic_with_four_header_lines(void **state)
{
    (void)state;
    golden_reads("classic.rep", "rep", "classic.dump");
}

static void modern_with_crlf(void **state)
{
    (void)state;
    char *text = read_whole("bench/test/golden/modern-crlf.rep");
    assert_non_null(strstr(text, "\r\n")); /* no editor has repaired it */
    free(text);
    golden_reads("modern-crlf.rep", "rep", "modern-crlf.dump");
}

static void two_header_numbers(void **state)
{
    (void)state;
    golden_reads("two-numbers.rep", "rep", "two-numbers.dump");
}

static void thread_column(void **state)
{
    (void)state;
    golden_reads("thread-column.rep", "rep", "thread-column.dump");
}

static void superset(void **state)
{
    (void)state;
    golden_reads("superset.rep", "rep", "superset.dump");
}

/* What a file of `text` gives: NULL, or the error behind "FILE". */
static const char *error_of(const void *text, size_t length)
{
    static struct trace_error error;
    const char *path = in_folder("input");
    write_whole(path, text, length);
    struct trace *trace = trace_read(path, &error);
    if (trace != NULL) {
        trace_destroy(trace);
        return NULL;
    }
    assert_null(strchr(error.text, '\n'));
    assert_memory_equal(error.text, path, strlen(path));
    return error.text + strlen(path);
}

static void byte_order_mark(void **state)
{
    (void)state;
    static const char trace[] = "\xef\xbb\xbf"
                                "10\n1\n2\n1\na 0 10\nf 0\n";
    assert_null(error_of(trace, sizeof trace - 1));
    /* One alone is no trace, and none inside one is skipped. */
    assert_string_equal(error_of(trace, 3), ": expected a trace, found an empty file");
    static const char inside[] = "10\n1\n2\n1\n\xef\xbb\xbf"
                                 "a 0 10\nf 0\n";
    assert_non_null(error_of(inside, sizeof inside - 1));
}

static void errors_name_line_and_reason(void **state)
{
    (void)state;
    static const struct error_row rows[] = {
        {"", ": expected a trace, found an empty file"},
        {"\n\n", ":2: expected a header of 2 or 4 numbers, found the end of the file"},
        {"1 2\n", ":1: expected an operation, found the end of the file"},
        {"hello, world\n", ":1: expected " BEGINNING ", found 'hello, world'"},
        {"a 0 1\n", ":1: expected " BEGINNING ", found 'a 0 1'"},
        {"1\na 0 1\n", ":2: expected a header of 2 or 4 numbers, found 1"},
        {"1 2 3\na 0 1\n", ":2: expected a header of 2 or 4 numbers, found 3"},
        {"1 2 3 4 5\na 0 1\n",
         ":1: expected an operation after a header of 4 numbers, found '5'"},
        {"-1 2\na 0 1\n", ":1: expected " BEGINNING ", found '-1'"},
        {"1 99999999999999999999\na 0 1\n",
         ":1: expected a header of 2 or 4 numbers, found '99999999999999999999'"},
        {"\xff\xfe\x81 x\n", ":1: expected " BEGINNING ", found '\\xff\\xfe\\x81 x'"},
        {"1 1\nx 0 1\n",
         ":2: expected an operation (a, r, f, c, m, s or t), found 'x'"},
        {"1 1\nalloc 0 1\n",
         ":2: expected an operation (a, r, f, c, m, s or t), found 'alloc'"},
        {"1 1\na\n", ":2: expected an operation (a, r, f, c, m, s or t), found 'a'"},
        {"1 1\na \n", ":2: expected an id below 2^30, found the end of the line"},
        {"1 1\na 0\n",
         ":2: expected a size below 2^47 bytes, found the end of the line"},
        {"1 1\na x 1\n", ":2: expected an id below 2^30, found 'x'"},
        {"1 1\na -2 1\n", ":2: expected an id below 2^30, found '-2'"},
        {"1 1\na 1073741824 1\n", ":2: expected an id below 2^30, found '1073741824'"},
        {"1 1\na 0 -5\n", ":2: expected a size below 2^47 bytes, found '-5'"},
        {"1 1\na 0 140737488355328\n",
         ":2: expected a size below 2^47 bytes, found '140737488355328'"},
        {"1 1\na 0 18446744073709551616\n",
         ":2: expected a size below 2^47 bytes, found '18446744073709551616'"},
        {"1 1\na 0 12kB\n", ":2: expected a size below 2^47 bytes, found '12kB'"},
        {"1 1\na 0 1e3\n", ":2: expected a size below 2^47 bytes, found '1e3'"},
        {"1 1\na 0 1 junk\n", ":2: expected the end of the line, found 'junk'"},
        {"1 1\r\na 0 1 2\r\n", ":2: expected the end of the line, found '2'"},
        {"1 1\na 0 1\nf 0 0\n", ":3: expected the end of the line, found '0'"},
        {"1 1\na 0 1\na 0 2\n", ":3: expected an id that is not live, found '0'"},
        {"1 1\na 0 1\nc 0 2 2\n", ":3: expected an id that is not live, found '0'"},
        {"1 1\na 0 1\nm 0 8 2\n", ":3: expected an id that is not live, found '0'"},
        {"1 1\na 0 1\nf 1\n",
         ":3: expected an id that was allocated before, found '1'"},
        {"1 1\na 0 1\nf 0\n\nf 0\n",
         ":5: expected an id that is not freed already (double free), found '0'"},
        {"1 1\na 0 1\ns 0\n",
         ":3: expected a size below 2^47 bytes, found the end of the line"},
        {"1 1\nr 0 -1\n", ":2: expected a size below 2^47 bytes, found '-1'"},
        {"1 1\nf -1 9\n", ":2: expected the end of the line, found '9'"},
        {"1 1\nc 0 9000000000 9000000000\n",
         ":2: expected a product below 2^47 bytes, found '9000000000'"},
        {"1 1\nc 0 4 x\n", ":2: expected a size below 2^47 bytes, found 'x'"},
        {"1 1\nm 0 24 8\n", ":2: expected an alignment that is a power of two below "
                            "2^47, found '24'"},
        {"1 1\nm 0 0 8\n", ":2: expected an alignment that is a power of two below "
                           "2^47, found '0'"},
        {"1 1\nt\n", ":2: expected an operation (a, r, f, c, m, s or t), found 't'"},
        {"1 1\nt x\n", ":2: expected a thread number, found 'x'"},
        {"1 1\n0 a 0 1\na 1 1\n",
         ":3: expected a thread number, as in the lines before, found 'a'"},
        {"1 1\na 0 1\n0 a 1 1\n",
         ":3: expected an operation (a, r, f, c, m, s or t), found '0'"},
        {"1 1\n0 a 0 1\n0 t 1\n",
         ":3: expected an operation (a, r, f, c, m or s), found 't'"},
        {"1 1\n0 x 0 1\n",
         ":2: expected an operation (a, r, f, c, m, s or t), found 'x'"},
        {"1 1\n#@ start me\na 0 1\n", ":2: expected a thread number, found 'me'"},
        {"1 1\na 0 aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd\n",
         ":2: expected a size below 2^47 bytes, found "
         "'aaaaaaaaaabbbbbbbbbbccccccccccdd...'"},
        {"1 1\na 0 1\n\x01\x02\n",
         ": expected a trace as text (.rep), plain or compressed, found binary data of "
         "no known format"},
    };
    errors_are(NULL, rows, sizeof rows / sizeof *rows);
}

static void nul_byte_far_into_the_file(void **state)
{
    (void)state;
    char text[6000];
    memset(text, '\n', sizeof text);
    memcpy(text, "1 1", 3);
    memcpy(text + 5000, "a 0 1\0junk", 10);
    const char *found = error_of(text, sizeof text);
    assert_string_equal(found, ":4998: expected text, found a NUL byte");
}

static void control_bytes_are_escaped(void **state)
{
    (void)state;
    char text[6000];
    memset(text, '\n', sizeof text);
    memcpy(text, "1 1\na 0 1", 9);
    memcpy(text + 5000, "\x1b[31m'\x7f", 7);
    const char *found = error_of(text, sizeof text);
    assert_string_equal(found, ":4993: expected an operation (a, r, f, c, m, s or t), "
                               "found '\\x1b[31m\\x27\\x7f'");
}

static void lines_have_a_limit(void **state)
{
    (void)state;
    enum {
        LIMIT = 65536,
        HUGE_LINE = 3 << 20
    };
    char *text = malloc(HUGE_LINE);
    assert_non_null(text);
    memset(text, 'x', HUGE_LINE);
    memcpy(text, "1 1\n#", 5);
    memcpy(text + 4 + LIMIT, "\na 0 1\n", 7);
    assert_null(error_of(text, 4 + LIMIT + 7)); /* a comment as long as may be */
    text[4 + LIMIT] = 'x';
    const char *expected =
        ":2: expected a line of at most 65536 bytes, found a longer one";
    assert_string_equal(error_of(text, 4 + LIMIT + 2), expected);
    assert_string_equal(error_of(text, HUGE_LINE), expected);
    free(text);
}

static void binary_noise(void **state)
{
    (void)state;
    unsigned char noise[5000];
    uint64_t x = 88172645463325252u;
    for (size_t i = 0; i < sizeof noise; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        noise[i] = (unsigned char)x;
    }
    static const char expected[] = ": expected a trace as text (.rep), plain or "
                                   "compressed, found binary data of no known format";
    assert_string_equal(error_of(noise, sizeof noise), expected);
    /* Single bytes that no text holds, near the beginning. */
    static const char nul[] = "1 1\na 0 \0001\n";
    static const char del[] = "1 1\na 0 1\x7f\n";
    for (size_t i = 0; i < 2; i++) {
        const char *found =
            i == 0 ? error_of(nul, sizeof nul - 1) : error_of(del, sizeof del - 1);
        assert_non_null(found);
        assert_string_equal(found, expected);
    }
}

static void file_errors(void **state)
{
    (void)state;
    struct trace_error error;
    char expected[300];
    assert_null(trace_read(folder, &error));
    snprintf(expected, sizeof expected,
             "%s: expected a trace file, found a directory; name its files", folder);
    assert_string_equal(error.text, expected);

    assert_null(trace_read(in_folder("absent"), &error));
    snprintf(expected, sizeof expected,
             "%s/absent: cannot be opened: No such file or directory", folder);
    assert_string_equal(error.text, expected);
    if (geteuid() != 0) { /* root may read everything */
        write_whole(in_folder("secret"), "1 1\na 0 1\n", 10);
        assert_int_equal(chmod(in_folder("secret"), 0), 0);
        assert_null(trace_read(in_folder("secret"), &error));
        assert_non_null(strstr(error.text, "cannot be opened: Permission denied"));
    }
}

/* Every compression, cut in the middle, in its last byte and soon after its beginning.
 */
static void truncated_compression(void **state)
{
    (void)state;
    static const char *const names[] = {"t.rep.zst", "t.rep.gz", "t.rep.xz",
                                        "t.rep.lz4", "t.rep.bz2"};
    struct trace_error error;
    const struct generate_model *model = generate_find("random");
    struct generate_parameters parameters = model->defaults;
    parameters.ops = 30000;
    struct trace *trace = generate_trace(model, &parameters, 1, &error);
    assert_non_null(trace);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *path = in_folder(names[i]);
        assert_true(trace_write(trace, path, NULL, &error));
        struct stat status;
        assert_int_equal(stat(path, &status), 0);
        const off_t cuts[] = {status.st_size - 1, status.st_size / 2, 40};
        for (size_t k = 0; k < sizeof cuts / sizeof *cuts; k++) {
            assert_int_equal(truncate(path, cuts[k]), 0);
            assert_null(trace_read(path, &error));
            const char *at = strstr(error.text, ": expected the rest of the compressed "
                                                "data, found the end of the file");
            if (at == NULL) {
                fail_msg("%s", error.text);
            }
        }
    }
    trace_destroy(trace);
}

static void compressed_nothing_is_empty(void **state)
{
    (void)state;
    static const unsigned char gzip_of_nothing[] = {31, 139, 8, 0, 0, 0, 0, 0, 0, 3,
                                                    3,  0,   0, 0, 0, 0, 0, 0, 0, 0};
    const char *found = error_of(gzip_of_nothing, sizeof gzip_of_nothing);
    assert_string_equal(found, ": expected a trace, found an empty file");
}

static void sparse_ids_and_far_sizes(void **state)
{
    (void)state;
    static const char text[] = "1 1 1 1\n"
                               "a 1073741823 140737488355327\n"
                               "a 5 38000000000\n"
                               "f 1073741823\n";
    assert_null(error_of(text, sizeof text - 1));
    struct trace_error error;
    struct trace *trace = trace_read(in_folder("input"), &error);
    assert_non_null(trace);
    assert_int_equal(trace->header->slot_count, 3);
    assert_int_equal(trace->header->peak_live_bytes, 140737488355327 + 38000000000);
    trace_destroy(trace);
}

/* Peak payload of the body: 30. */
static void weights_of_a_course(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum trace_weight weight;
    } rows[] = {
        {"20000 2 4 0", WEIGHT_NONE},        {"20000 2 4 1", WEIGHT_BOTH},
        {"20000 2 4 2", WEIGHT_UTILIZATION}, {"20000 2 4 3", WEIGHT_THROUGHPUT},
        {"20000 2 4 10", WEIGHT_BOTH},       {"0 2 4 30", WEIGHT_NONE},
        {"1 2 4 30", WEIGHT_BOTH},           {"2 2 4 30", WEIGHT_UTILIZATION},
        {"3 2 4 30", WEIGHT_THROUGHPUT},     {"2 4", WEIGHT_BOTH},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[100];
        int length = snprintf(text, sizeof text, "%s\na 0 10\na 1 20\nf 0\nf 1\n",
                              rows[i].header);
        struct trace_error error;
        assert_null(error_of(text, (size_t)length));
        struct trace *trace = trace_read(in_folder("input"), &error);
        assert_non_null(trace);
        assert_int_equal(trace->weight, rows[i].weight);
        assert_true(trace_write(trace, in_folder("output.rep"), NULL, &error));
        trace_destroy(trace);
        trace = trace_read(in_folder("output.rep"), &error);
        assert_non_null(trace);
        assert_int_equal(trace->weight, rows[i].weight);
        trace_destroy(trace);
    }
}

static void threads_have_a_limit(void **state)
{
    (void)state;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    fprintf(out, "1 65536\n");
    for (unsigned i = 0; i < 65536; i++) {
        fprintf(out, "%u f -1\n", 1000000 + 7 * i);
    }
    fflush(out);
    assert_null(error_of(text, length));
    fprintf(out, "1 f -1\n");
    fclose(out);
    const char *found = error_of(text, length);
    assert_string_equal(found, ":65538: expected at most 65536 threads, found another");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classic_with_four_header_lines),
        cmocka_unit_test(modern_with_crlf),
        cmocka_unit_test(byte_order_mark),
        cmocka_unit_test(two_header_numbers),
        cmocka_unit_test(thread_column),
        cmocka_unit_test(superset),
        cmocka_unit_test(errors_name_line_and_reason),
        cmocka_unit_test(nul_byte_far_into_the_file),
        cmocka_unit_test(control_bytes_are_escaped),
        cmocka_unit_test(lines_have_a_limit),
        cmocka_unit_test(binary_noise),
        cmocka_unit_test(file_errors),
        cmocka_unit_test(truncated_compression),
        cmocka_unit_test(compressed_nothing_is_empty),
        cmocka_unit_test(sparse_ids_and_far_sizes),
        cmocka_unit_test(weights_of_a_course),
        cmocka_unit_test(threads_have_a_limit),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
