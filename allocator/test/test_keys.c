/* The key that tells when a thread ends: making it may allocate, and there may be none
 * left. pthread_key_create is this file's. */
#include "snug.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "child.h"

static bool watching, no_keys_left;
static unsigned keys_made;

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    if (no_keys_left) {
        return EAGAIN;
    }
    if (watching) {
        keys_made++;
        snug_free(snug_malloc(3000));
    }
    static int (*next)(pthread_key_t *, void (*)(void *));
    if (next == NULL) {
        *(void **)&next = dlsym(RTLD_NEXT, "pthread_key_create");
    }
    return next(key, destructor);
}

static void *wait_for_the_end(void *unused)
{
    pause();
    return unused;
}

/* A key for the ends of threads has to be asked for: no lock is held meanwhile. */
static void a_key_may_be_made_with_blocks(void)
{
    pthread_t other;
    CHECK(pthread_create(&other, NULL, wait_for_the_end, NULL) == 0);
    watching = true;
    snug_free(snug_malloc(100));
    CHECK_NUMBERS(keys_made, ==, 1);
    CHECK_HEAP();
}

static void *churn_blocks(void *unused)
{
    void *blocks[200];
    for (size_t i = 0; i < 200; i++) {
        blocks[i] = snug_malloc(10 + i * i);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], 1, 10 + i * i);
    }
    for (size_t i = 0; i < 200; i++) {
        snug_free(blocks[i]);
    }
    return unused;
}

/* Programs may have all keys before they allocate: nothing is kept that would stay. */
static void without_a_key_no_lists(void)
{
    no_keys_left = true;
    churn_blocks(NULL);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, churn_blocks, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    struct snug_stats stats;
    CHECK(snug_stats(&stats));
    CHECK_NUMBERS(stats.kept_blocks, ==, 0);
    CHECK_NUMBERS(stats.live_blocks, ==, 0);
    CHECK_HEAP();
}

enum {
    OBJECTS = 1000
};
static void *objects[OBJECTS];
static bool key_is_set;

/* What libc does for a key that is not among its first, here of the objects' size. */
int pthread_setspecific(pthread_key_t key, const void *value)
{
    if (watching) {
        CHECK(snug_malloc(SMALL_LIMIT_BYTES) != NULL);
        key_is_set = true;
    }
    static int (*next)(pthread_key_t, const void *);
    if (next == NULL) {
        *(void **)&next = dlsym(RTLD_NEXT, "pthread_setspecific");
    }
    return next(key, value);
}

static void *free_all_but_last(void *unused)
{
    for (size_t i = 0; i < OBJECTS - 1; i++) {
        snug_free(objects[i]);
    }
    return unused;
}

static void *free_last(void *unused)
{
    watching = true;
    snug_free(objects[OBJECTS - 1]); /* of a run */
    CHECK(key_is_set);
    CHECK_HEAP();
    return unused;
}

/* A thread's first call frees: as its key is set it gets a list that is not full. */
static void a_first_free_finds_a_list(void)
{
    static void *(*const calls[])(void *) = {free_all_but_last, free_last};
    for (size_t i = 0; i < OBJECTS; i++) {
        objects[i] = snug_malloc(SMALL_LIMIT_BYTES);
    }
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, calls[i], NULL) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(a_key_may_be_made_with_blocks),
        CHILD_TEST(without_a_key_no_lists),
        CHILD_TEST(a_first_free_finds_a_list),
    };
    return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
