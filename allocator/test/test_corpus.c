/* What `make fuzz` has found worth keeping, once more without libFuzzer: every file of
 * allocator/test/corpus in a process of its own, at every level. */
#include <dirent.h>

#include "child.h"
#include "fuzz.h"

#define FOLDER "allocator/test/corpus"

enum {
    INPUT_BYTES = 64 * 1024
};

static uint8_t input[INPUT_BYTES];
static size_t input_bytes;
static const char *level; /* NULL: none */

static void run_input(void)
{
    CHECK(level == NULL || snug_debug(level));
    fuzz_run(input, input_bytes);
}

static bool read_input(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, FOLDER "/%s", name);
    FILE *const file = fopen(path, "rb");
    assert_true(file != NULL);
    input_bytes = fread(input, 1, sizeof input, file);
    fclose(file);
    return input_bytes > 0;
}

static void replay_all(const char *at_level)
{
    level = at_level;
    DIR *const folder = opendir(FOLDER);
    assert_true(folder != NULL); /* run it where the Makefile stands */
    size_t count = 0;
    for (const struct dirent *entry = readdir(folder); entry != NULL;
         entry = readdir(folder)) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        assert_true(read_input(entry->d_name));
        const struct child_result result = child_run(run_input);
        if (result.status != 0) {
            fail_msg("%s (status %#x): %s", entry->d_name, (unsigned)result.status,
                     result.errors);
        }
        count++;
    }
    closedir(folder);
    assert_true(count > 0);
}

static void corpus_at_level_0(void **state)
{
    (void)state;
    replay_all(NULL);
}

static void corpus_at_level_check(void **state)
{
    (void)state;
    replay_all("check=10");
}

static void corpus_at_level_guard(void **state)
{
    (void)state;
    replay_all("guard");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corpus_at_level_0),
        cmocka_unit_test(corpus_at_level_check),
        cmocka_unit_test(corpus_at_level_guard),
    };
    return cmocka_run_group_tests_name("corpus", tests, NULL, NULL);
}
