/* Threads without number, and signals in the middle of calls. Forks amid threads:
 * test_stress. */
#include "snug.h"

#include <pthread.h>
#include <stdatomic.h>

#include "child.h"
#include "pattern.h"
#include "random.h"

enum {
    BLOCKS = 200,
    THREADS = 10000,
    SIGNALS_LEAST = 200
};

static size_t resident_pages(void)
{
    FILE *const file = fopen("/proc/self/statm", "r");
    char text[128] = "";
    CHECK(file != NULL && fgets(text, sizeof text, file) != NULL);
    fclose(file);
    char *second = text;
    CHECK(strtoul(text, &second, 10) > 0);
    return strtoul(second, NULL, 10);
}

/* Fills a cache of many classes and leaves it to the thread's end. */
static void *short_life(void *unused)
{
    char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = snug_malloc(8 + i * 37 % 3000);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], 0xee, 8 + i * 37 % 3000);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        snug_free(blocks[i]);
    }
    return unused;
}

/* Two at a time, so that lists go between them. */
static void resident_memory_levels_off(void)
{
    size_t after_a_thousand = 0;
    for (size_t i = 0; i < THREADS / 2; i++) {
        pthread_t threads[2];
        for (size_t k = 0; k < 2; k++) {
            CHECK(pthread_create(&threads[k], NULL, short_life, NULL) == 0);
        }
        for (size_t k = 0; k < 2; k++) {
            CHECK(pthread_join(threads[k], NULL) == 0);
        }
        if (i + 1 == 500) {
            after_a_thousand = resident_pages();
        }
    }
    const size_t pages = resident_pages();
    fprintf(stderr, "# resident: %zu pages after 1,000 threads, %zu after %d\n",
            after_a_thousand, pages, THREADS);
    CHECK_HEAP();
    CHECK_NUMBERS(4 * pages, <=, 5 * after_a_thousand);
}

static atomic_bool done;
static atomic_size_t signals;
static volatile sig_atomic_t scratch;

/* It does not allocate, as POSIX asks. */
static void on_signal(int number)
{
    signals++;
    scratch = number;
}

static void *send_signals(void *target)
{
    while (!done) {
        CHECK(pthread_kill(*(const pthread_t *)target, SIGUSR1) == 0);
    }
    return NULL;
}

static void signals_may_interrupt_any_call(void)
{
    static char *blocks[BLOCKS];
    static size_t sizes[BLOCKS];
    struct random random = {3};
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    pthread_t self = pthread_self();
    pthread_t sender;
    CHECK(pthread_create(&sender, NULL, send_signals, &self) == 0);
    for (size_t n = 0; n < 30000 || signals < SIGNALS_LEAST; n++) {
        const size_t i = random_below(&random, BLOCKS);
        if (blocks[i] != NULL) {
            CHECK(pattern_holds(blocks[i], sizes[i], sizes[i], i));
        }
        sizes[i] = 1 + random_size(&random, 18);
        if (n % 3 == 0) {
            blocks[i] = snug_realloc(blocks[i], sizes[i]);
        } else {
            snug_free(blocks[i]);
            blocks[i] = snug_malloc(sizes[i]);
        }
        CHECK(blocks[i] != NULL);
        pattern_fill(blocks[i], sizes[i], i);
    }
    done = true;
    CHECK(pthread_join(sender, NULL) == 0);
    CHECK_HEAP();
}

static void signals_may_interrupt_at_level_check(void)
{
    CHECK(snug_debug("check"));
    signals_may_interrupt_any_call();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(resident_memory_levels_off),
        CHILD_TEST(signals_may_interrupt_any_call),
        CHILD_TEST(signals_may_interrupt_at_level_check),
    };
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
