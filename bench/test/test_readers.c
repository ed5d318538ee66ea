/* The readers of logs of calls: a golden file of each, and errors by their message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reader_case.h"

static void golden_files(void **state)
{
    (void)state;
    golden_reads("android.txt", "android", "android.dump");
    golden_reads("valgrind.log", "valgrind", "valgrind.dump");
    golden_reads("ltrace.log", "ltrace", "ltrace.dump");
    golden_reads("calls.log", "calls", "calls.dump");
}

static void android_comes_in_a_zip(void **state)
{
    (void)state;
    golden_reads("android.zip", "android", "android.dump");
}

static void errors_in_android(void **state)
{
    (void)state;
    static const struct error_row rows[] = {
        {"1: free 0x0\nx: free 0x0\n",
         ":2: expected a thread number and ':', found 'x:'"},
        {"1: free 0x0\n9999999999: free 0x0\n",
         ":2: expected a thread number and ':', found '9999999999:'"},
        {"1: free 0x0\n1: mallok 0x10 1\n",
         ":2: expected malloc, calloc, realloc, memalign, free or thread_done, found "
         "'mallok'"},
        {"1: free 0x0\n1: posix_memalign 0x10 1\n",
         ":2: expected malloc, calloc, realloc, memalign, free or thread_done, found "
         "'posix_memalign'"},
        {"1: malloc 0y10 1\n", ":1: expected a hexadecimal address, found '0y10'"},
        {"1: malloc 0x10\n", ":1: expected a size in bytes, found the end of the line"},
        {"1: calloc 0x10 -1 4\n", ":1: expected a number of elements, found '-1'"},
        {"1: memalign 0x10 0x40 4\n", ":1: expected an alignment, found '0x40'"},
        {"1: realloc 0x10 - 4\n", ":1: expected a hexadecimal address, found '-'"},
        {"1: malloc 0x10 1 2\n",
         ":1: expected a time in nanoseconds, found the end of the line"},
        {"1: malloc 0x10 1 2 3 4\n", ":1: expected the end of the line, found '4'"},
        {"1: thread_done 0x0 1 2\n", ":1: expected the end of the line, found '2'"},
        {"1: malloc 0x10 140737488355328\n",
         ":1: expected a size and an alignment below 2^47, found a larger one"},
        {"1: calloc 0x10 4294967296 4294967296\n",
         ":1: expected a size and an alignment below 2^47, found a larger one"},
        {"1: memalign 0x10 140737488355328 1\n",
         ":1: expected a size and an alignment below 2^47, found a larger one"},
    };
    errors_are(NULL, rows, sizeof rows / sizeof *rows);
}

static void errors_in_valgrind(void **state)
{
    (void)state;
    static const struct error_row rows[] = {
        {"==1== Memcheck\n--1-- malloc(x) = 0x10\n",
         ":2: expected a size in bytes, found 'x)'"},
        {"--1-- malloc(24 = 0x10\n", ":1: expected a ')', found the end of the line"},
        {"--1-- malloc(24) 0x10\n", ":1: expected '=' and a result, found '0x10'"},
        {"--1-- malloc(24) = 0x\n", ":1: expected an address, found '0x'"},
        {"--1-- malloc(24)\n--1--  = 24x\n", ":2: expected an address, found '24x'"},
        {"--1-- realloc(0x10) = 0x10\n",
         ":1: expected a ',' and one more argument, found ')'"},
        {"--1-- calloc(1,18446744073709551616) = 0x0\n",
         ":1: expected a size in bytes, found '18446744073709551616)'"},
        {"--1-- memalign(al x, size 1) = 0x10\n",
         ":1: expected an alignment, found 'x,'"},
        {"--1-- realloc(0x0,8)malloc(y) = 0x10\n",
         ":1: expected a size in bytes, found 'y)'"},
        {"==1== Memcheck\n", ": expected a call, found none"},
    };
    errors_are(NULL, rows, sizeof rows / sizeof *rows);
}

static void errors_in_ltrace(void **state)
{
    (void)state;
    static const struct error_row rows[] = {
        {"free(1)      = <void>\n[pid 7] free(xyz)  = <void>\n",
         ":2: expected an address, found 'xyz)'"},
        {"[pid 7] malloc(24)  0x10 = <void>\n",
         ":1: expected '=' and a result, found '0x10'"},
        {"[pid 7] malloc(24 <unfinished ...>\n[pid 7] <... malloc resumed> = 0x10\n",
         ":2: expected a ')', found the end of the line"},
        {"[pid 7] malloc(24 <unfinished ...>\n[pid 7] <... malloc resumed> ) = x\n",
         ":2: expected an address, found 'x'"},
        {"[pid 7] calloc(24 <unfinished ...>\n",
         ":1: expected a ',' and one more argument, found '<unfinished'"},
        {"puts(\"malloc(24)\")     = 10\n", ": expected a call, found none"},
    };
    errors_are(NULL, rows, sizeof rows / sizeof *rows);
}

static void errors_in_calls(void **state)
{
    (void)state;
    static const struct error_row rows[] = {
        {"malloc(24)=0x10\nmalloc(24]=0x20\n",
         ":2: expected a size in bytes, found '24]=0x20'"},
        {"malloc(24 = 0x10\n", ":1: expected a ')', found the end of the line"},
        {"malloc(24) -> 0x10\n", ":1: expected '=' and a result, found '->'"},
        {"malloc(24)\n  returns 0x10z\n", ":2: expected an address, found '0x10z'"},
        {"malloc(24) = 0x11112222333344445\n",
         ":1: expected an address, found '0x11112222333344445'"},
        {"malloc(1)\n", ": expected a call, found none that counts. Left out 1 calls "
                        "whose results are not in the log."},
        {"free(0x10)\nfree(0x20)\n",
         ": expected a call, found none that counts. Dropped 2 frees of blocks that "
         "were not allocated on record."},
    };
    errors_are(NULL, rows, sizeof rows / sizeof *rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_files),      cmocka_unit_test(android_comes_in_a_zip),
        cmocka_unit_test(errors_in_android), cmocka_unit_test(errors_in_valgrind),
        cmocka_unit_test(errors_in_ltrace),  cmocka_unit_test(errors_in_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
