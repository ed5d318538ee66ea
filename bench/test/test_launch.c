/* What is known of a program's mappings, also when it ends while they are read. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "record/launch.h"

/* A process that waits, without the recorder, like this one. */
static pid_t start(void)
{
    const pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    assert_true(child > 0);
    return child;
}

static FILE *open_maps(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "re");
    assert_non_null(maps);
    return maps;
}

static void end(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void expect(FILE *maps, bool otherwise, bool expected)
{
    assert_int_equal(launch_lacks_library(maps, otherwise), expected);
    fclose(maps);
}

static void test_library_is_seen(void **state)
{
    static char whole[] = "1000-2000 r--p 00000000 00:01 1 /usr/bin/sort\n"
                          "3000-4000 r--p 00000000 00:01 2 /lib/libc.so.6\n"
                          "5000-6000 r--p 00000000 00:01 3 "
                          "/usr/lib/libsnugbench-record.so\n";
    (void)state;
    expect(fmemopen(whole, sizeof whole - 1, "r"), true, false);
}

static void test_library_is_missing(void **state)
{
    (void)state;
    const pid_t child = start();
    expect(open_maps(child), false, true);
    end(child);
}

/* Its first lines were read before it ended, and the rest is not to be had. */
static void test_process_ends_between_two_lines(void **state)
{
    char line[512];
    (void)state;
    for (int otherwise = 0; otherwise < 2; otherwise++) {
        const pid_t child = start();
        FILE *maps = open_maps(child);
        assert_non_null(fgets(line, sizeof line, maps));
        end(child);
        expect(maps, otherwise, otherwise);
    }
}

/* All of them were, but the end of the list is not told from the end of the process. */
static void test_process_ends_behind_the_last_line(void **state)
{
    char line[512];
    long lines = 0;
    (void)state;
    const pid_t child = start();
    FILE *maps = open_maps(child);
    while (fgets(line, sizeof line, maps) != NULL) {
        lines++;
    }
    rewind(maps);
    while (lines-- > 0) {
        assert_non_null(fgets(line, sizeof line, maps));
    }
    end(child);
    expect(maps, false, false);
}

static void test_process_has_ended(void **state)
{
    (void)state;
    for (int otherwise = 0; otherwise < 2; otherwise++) {
        const pid_t child = start();
        FILE *maps = open_maps(child);
        end(child);
        expect(maps, otherwise, otherwise);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_library_is_seen),
        cmocka_unit_test(test_library_is_missing),
        cmocka_unit_test(test_process_ends_between_two_lines),
        cmocka_unit_test(test_process_ends_behind_the_last_line),
        cmocka_unit_test(test_process_has_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
