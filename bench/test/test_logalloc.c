/* The reader of logs of Mozilla's logalloc: golden files, and every error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reader_case.h"

static void a_log_with_addresses(void **state)
{
    (void)state;
    golden_reads("logalloc.log", "logalloc", "logalloc.dump");
}

static void a_munged_log(void **state)
{
    (void)state;
    golden_reads("logalloc-munged.log", "logalloc", "logalloc-munged.dump");
}

static void a_log_without_threads(void **state)
{
    (void)state;
    golden_reads("logalloc-old.log", "logalloc", "logalloc-old.dump");
}

static void what_looks_alike_is_not_taken(void **state)
{
    (void)state;
    static const char *const others[] = {
        "1 2\na 0 1\nf 0\n",   "1 a 0 5\n", "1 1 malloc\n",
        "1 1 mallocs(4)=#1\n", "12",        "1 1 malloc(4) = 0x1\n",
        "1 1 malloc(4\n)",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        is_recognised(others[i], strlen(others[i]), "rep");
    }
    is_recognised("1 malloc(4)=0x10\n", 17, "calls");
    is_recognised("malloc(4)=0x10\n", 15, "calls");
    is_recognised("1 free(#4)", 10, "logalloc");
    is_recognised("1 jemalloc_stats()\r\n", 20, "logalloc");
}

static void errors_name_line_and_reason(void **state)
{
    (void)state;
    static const struct error_row rows[] = {
        {"x malloc(1)=#1\n", ":1: expected a process number, found 'x'"},
        {"1 1 new(1)=#1\n",
         ":1: expected a call of malloc, free, calloc, realloc ..., found 'new(1)=#1'"},
        {"1 1 malloc 1\n",
         ":1: expected a call of malloc, free, calloc, realloc ..., found 'malloc'"},
        {"1 1 malloc(1=#1\n", ":1: expected a size in bytes, found '1=#1'"},
        {"1 1 malloc(1\n", ":1: expected a ')', found the end of the line"},
        {"1 1 malloc(1)#1\n", ":1: expected '=' and a result, found '#1'"},
        {"1 1 malloc(1)\n", ":1: expected '=' and a result, found the end of the line"},
        {"1 1 malloc(1)=#1 2\n", ":1: expected the end of the line, found '2'"},
        {"1 1 malloc(-1)=#1\n", ":1: expected a size in bytes, found '-1)=#1'"},
        {"1 1 malloc(140737488355328)=#1\n",
         ":1: expected a size and an alignment below 2^47, found a larger one"},
        {"1 1 calloc(70368744177664,4)=#1\n",
         ":1: expected a size and an alignment below 2^47, found a larger one"},
        {"1 1 memalign(70368744177665,4)=#1\n",
         ":1: expected a size and an alignment below 2^47, found a larger one"},
        {"1 1 malloc(1)=#x\n", ":1: expected the number of a block, found 'x'"},
        {"1 1 free(#1)\n1 1 free(zz)\n", ":2: expected an address, found 'zz)'"},
        {"1 1 free(#1)=#2\n", ":1: expected the end of the line, found '=#2'"},
        {"1 1 realloc(#1)=#1\n",
         ":1: expected a ',' and one more argument, found ')=#1'"},
        {"1 1 jemalloc_stats()\n", ": expected a call, found none"},
    };
    errors_are("logalloc", rows, sizeof rows / sizeof *rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_with_addresses),
        cmocka_unit_test(a_munged_log),
        cmocka_unit_test(a_log_without_threads),
        cmocka_unit_test(what_looks_alike_is_not_taken),
        cmocka_unit_test(errors_name_line_and_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
