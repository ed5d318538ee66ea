/* Names on the command line to libraries, and the one line that tells what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/preload.h"
#include "runner/allocators.h"
#include "runner/run.h"

static char directory[] = "/tmp/snugbench-allocators-XXXXXX";

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) == NULL;
}

static int remove_directory(void **state)
{
    (void)state;
    return rmdir(directory);
}

/* A file of that name in the test's own directory that begins as a library does. */
static void make_file(const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("\177ELF", file);
    fclose(file);
}

static void assert_refused(const char *const *specs, size_t count, const char *expected)
{
    struct allocator_list list;
    struct allocator_error error;
    assert_false(allocators_parse(&list, specs, count, &error));
    assert_int_equal(list.count, 0);
    if (strstr(error.text, expected) == NULL) {
        fail_msg("expected '%s' in: %s", expected, error.text);
    }
}

static void test_own_names(void **state)
{
    (void)state;
    const char *const specs[] = {"snug", "glibc", "floor"};
    struct allocator_list list;
    struct allocator_error error;
    assert_true(allocators_parse(&list, specs, 3, &error));
    assert_int_equal(list.count, 3);
    assert_string_equal(list.items[0].name, "snug");
    assert_non_null(strstr(list.items[0].library, "/libsnug.so"));
    assert_null(list.items[1].library);
    assert_false(list.items[1].is_floor);
    assert_true(list.items[2].is_floor);
    allocators_free(&list);
}

static void test_library_is_resolved(void **state)
{
    (void)state;
    char path[PATH_MAX];
    make_file("libmine.so", path);
    char link[PATH_MAX + 16];
    snprintf(link, sizeof link, "%s/other.so", directory);
    assert_int_equal(symlink(path, link), 0);
    char spec[PATH_MAX + 32];
    snprintf(spec, sizeof spec, "mine=%s", link);
    const char *const specs[] = {spec};
    struct allocator_list list;
    struct allocator_error error;
    assert_true(allocators_parse(&list, specs, 1, &error));
    assert_string_equal(list.items[0].name, "mine");
    assert_string_equal(list.items[0].library, path);
    allocators_free(&list);
    unlink(link);
    unlink(path);
}

/* A path alone, known by its slash: the file has the name. */
static void test_names_of_files(void **state)
{
    (void)state;
    static const struct {
        const char *file, *name;
    } cases[] = {{"libmine.so", "mine"},
                 {"libmine-2.1.so.5.3", "mine-2.1"},
                 {"other.so", "other"},
                 {"a=b.so", "a=b"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[PATH_MAX];
        char spec[PATH_MAX + 16];
        make_file(cases[i].file, path);
        snprintf(spec, sizeof spec, "%s,ONE=1", path);
        char named[PATH_MAX + 16];
        snprintf(named, sizeof named, "%s=%s", cases[i].name, path);
        const char *const specs[] = {spec, named};
        struct allocator_list list;
        struct allocator_error error;
        assert_true(allocators_parse(&list, specs, 1, &error));
        assert_string_equal(list.items[0].name, cases[i].name);
        assert_string_equal(list.items[0].library, path);
        assert_string_equal(list.items[0].variables[0], "ONE=1");
        allocators_free(&list);
        if (strchr(cases[i].name, '=') == NULL) {
            assert_refused(specs, 2, "is given twice; give the second another name");
        }
        unlink(path);
    }
    const char *const absent[] = {"./libnone.so"};
    assert_refused(absent, 1, "cannot read the library './libnone.so': No such file");
    const char *const nameless[] = {"./lib.so"};
    assert_refused(nameless, 1, "'' is no name for an allocator; write -a NAME=");
}

static void test_settings_and_other_names(void **state)
{
    (void)state;
    const char *const specs[] = {"snug,ONE=1", "lazy=snug,ONE=a:1,b:2,TWO=,x"};
    struct allocator_list list;
    struct allocator_error error;
    assert_true(allocators_parse(&list, specs, 2, &error));
    assert_string_equal(list.items[0].name, "snug");
    assert_string_equal(list.items[0].variables[0], "ONE=1");
    assert_null(list.items[0].variables[1]);
    assert_string_equal(list.items[1].name, "lazy");
    assert_string_equal(list.items[1].library, list.items[0].library);
    /* A comma separates only before a name and "=". */
    assert_string_equal(list.items[1].variables[0], "ONE=a:1,b:2");
    assert_string_equal(list.items[1].variables[1], "TWO=,x");
    assert_null(list.items[1].variables[2]);
    allocators_free(&list);
}

static void test_refusals(void **state)
{
    (void)state;
    const char *const unknown[] = {"fastalloc"};
    assert_refused(unknown, 1,
                   "no allocator 'fastalloc'; write -a fastalloc=LIBRARY.so");
    const char *const twice[] = {"glibc", "snug", "glibc"};
    assert_refused(twice, 3, "'glibc' is given twice");
    const char *const absent[] = {"mine=/nowhere/libmine.so"};
    assert_refused(absent, 1, "'/nowhere/libmine.so': No such file");
    const char *const folder[] = {"mine=/tmp"};
    assert_refused(folder, 1, "is no file");
    const char *const no_letter[] = {"o\xe4=/tmp/x.so"};
    assert_refused(no_letter, 1, "is no name");
    const char *const nameless[] = {"=/tmp/x.so"};
    assert_refused(nameless, 1, "is no name");
    const char *const quoted[] = {"a\"b=/tmp/x.so"};
    assert_refused(quoted, 1, "is no name");
    char name[80];
    memset(name, 'n', sizeof name);
    memcpy(name + 70, "=/x", 4);
    const char *const endless[] = {name};
    assert_refused(endless, 1, "too long");
}

/* The loader splits LD_PRELOAD at spaces and colons and expands '$'. */
static void test_paths_that_preload_cannot_hold(void **state)
{
    (void)state;
    static const char *const names[] = {"lib mine.so", "lib:mine.so", "lib$mine.so"};
    char error[512];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[PATH_MAX];
        struct stat wanted;
        struct stat found;
        make_file(names[i], path);
        const char *other = preload_path(path, error, sizeof error);
        assert_non_null(other);
        assert_null(strpbrk(other, " :$"));
        assert_ptr_equal(preload_path(path, error, sizeof error), other);
        assert_int_equal(stat(path, &wanted), 0);
        assert_int_equal(stat(other, &found), 0);
        assert_int_equal(found.st_ino, wanted.st_ino);
        unlink(path);
    }
    static const char plain[] = "/nowhere/libmine.so";
    assert_ptr_equal(preload_path(plain, error, sizeof error), plain);
}

static void test_default_is_what_list_shows(void **state)
{
    (void)state;
    struct allocator_list list;
    struct allocator_error error;
    assert_true(allocators_parse(&list, NULL, 0, &error));
    size_t available = 0;
    for (size_t i = 0; i < allocators_known_count(); i++) {
        struct known_state known = allocators_known(i);
        /* The compiler's own run only when they are asked for. */
        if (known.is_available && strcmp(known.name, "scudo") != 0) {
            assert_string_equal(list.items[available].name, known.name);
            available++;
        } else if (!known.is_available) {
            assert_non_null(known.remedy);
        }
        free(known.library);
    }
    assert_int_equal(list.count, available);
    assert_string_equal(list.items[0].name, "snug");
    assert_string_equal(list.items[1].name, "glibc");
    assert_true(list.items[list.count - 1].is_floor);
    allocators_free(&list);
}

static void test_floor_is_added_once(void **state)
{
    (void)state;
    const char *const specs[] = {"glibc"};
    struct allocator_list list;
    struct allocator_error error;
    assert_true(allocators_parse(&list, specs, 1, &error));
    assert_true(allocators_add_floor(&list, &error));
    assert_true(allocators_add_floor(&list, &error));
    assert_int_equal(list.count, 2);
    assert_true(list.items[1].is_floor);
    allocators_free(&list);
}

static void test_reference(void **state)
{
    (void)state;
    static const struct {
        const char *specs[3];
        size_t count, reference, floor;
    } rows[] = {
        {{"snug", "glibc", "floor"}, 3, 1, 2},
        {{"floor", "snug"}, 2, 1, 0},
        {{"snug"}, 1, 0, SIZE_MAX},
        {{"floor"}, 1, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct allocator_list list;
        struct allocator_error error;
        assert_true(allocators_parse(&list, rows[i].specs, rows[i].count, &error));
        struct run *run = run_create(&list, 0);
        assert_int_equal(run->reference_index, rows[i].reference);
        assert_int_equal(run->floor_index, rows[i].floor);
        run_destroy(run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_names),
        cmocka_unit_test(test_library_is_resolved),
        cmocka_unit_test(test_names_of_files),
        cmocka_unit_test(test_settings_and_other_names),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_paths_that_preload_cannot_hold),
        cmocka_unit_test(test_default_is_what_list_shows),
        cmocka_unit_test(test_floor_is_added_once),
        cmocka_unit_test(test_reference),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
