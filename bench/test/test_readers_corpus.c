/* What `make fuzz` starts from and what it has found worth keeping, without libFuzzer.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reader_fuzz.h"

enum {
    INPUT_BYTES = 64 * 1024
};

static void run_all(const char *folder)
{
    static uint8_t input[INPUT_BYTES];
    DIR *files = opendir(folder);
    assert_non_null(files); /* run it where the Makefile stands */
    size_t count = 0;
    for (const struct dirent *entry = readdir(files); entry != NULL;
         entry = readdir(files)) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "rb");
        if (file != NULL) {
            fuzz_readers(input, fread(input, 1, sizeof input, file));
            fclose(file);
            count++;
        }
    }
    closedir(files);
    assert_true(count > 0);
}

static void corpus(void **state)
{
    (void)state;
    run_all("bench/test/corpus");
}

static void golden_files(void **state)
{
    (void)state;
    run_all("bench/test/golden");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corpus),
        cmocka_unit_test(golden_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
