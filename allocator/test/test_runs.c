/* Runs of small objects, seen from outside: how long they are, in which order they give
 * out what was freed, what stays of them. */
#include "snug.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/os.h"
#include "child.h"
#include "random.h"
#include "small/run.h"

static const size_t kib = 1024;
static const size_t mib = (size_t)1024 * 1024;

/* What a free object held (object.h) may stand in a block that is new to the program:
 * it must not be taken for free. Blocks of 512 bytes come from the heap at first. */
static void what_was_an_object_is_not_taken_for_free(void)
{
    enum {
        OBJECTS = 200,
        BLOCKS = 7
    };
    void *objects[OBJECTS];
    void *blocks[BLOCKS];
    for (size_t size = 16; size < 512; size += 16) {
        for (size_t i = 0; i < OBJECTS; i++) {
            objects[i] = snug_malloc(size);
        }
        for (size_t i = 0; i < OBJECTS; i++) {
            snug_free(objects[i]);
        }
        snug_malloc_trim(0); /* the runs go back to the heap */
        for (size_t i = 0; i < BLOCKS; i++) {
            blocks[i] = snug_malloc(512);
        }
        for (size_t i = 0; i < BLOCKS; i++) {
            snug_free(blocks[i]);
        }
    }
}

/* Small objects find room between blocks that live, though no run of full length does:
 * the heap grows by less than half of them. */
static void runs_are_as_short_as_what_is_free(void)
{
    enum {
        GAPS = 500,
        GAP_BYTES = 4000,
        OBJECT_BYTES = 64
    };
    void *gaps[GAPS];
    for (size_t i = 0; i < GAPS; i++) {
        gaps[i] = snug_malloc(GAP_BYTES);
        CHECK(gaps[i] != NULL && snug_malloc(600) != NULL);
    }
    for (size_t i = 0; i < GAPS; i++) {
        snug_free(gaps[i]);
    }
    struct snug_stats before, after;
    CHECK(snug_stats(&before));
    const size_t bytes = (size_t)GAPS * GAP_BYTES / 2;
    for (size_t i = 0; i < bytes; i += OBJECT_BYTES) {
        CHECK(snug_malloc(OBJECT_BYTES) != NULL);
    }
    CHECK(snug_stats(&after));
    CHECK_NUMBERS(after.touched_bytes - before.touched_bytes, <, bytes / 2);
    CHECK_HEAP();
}

/* Objects that were freed in any order are given out as they lie: a list or tree that
 * is built anew is not scattered. */
static void what_was_freed_is_given_out_in_order(void)
{
    enum {
        OBJECTS = 4000,
        OBJECT_BYTES = 48,
        RUN_OBJECTS = 6 * 1024 / OBJECT_BYTES
    };
    static char *objects[OBJECTS];
    static size_t order[OBJECTS];
    for (size_t i = 0; i < OBJECTS; i++) {
        objects[i] = snug_malloc(OBJECT_BYTES);
        order[i] = i;
        CHECK(objects[i] != NULL);
    }
    struct random random = {4};
    random_shuffle(&random, order, OBJECTS);
    for (size_t i = 0; i < OBJECTS; i++) {
        if (order[i] % 20 != 0) { /* the others keep their runs */
            snug_free(objects[order[i]]);
        }
    }
    snug_malloc_trim(0); /* all lists are empty */
    size_t falls = 0;
    const char *last = snug_malloc(OBJECT_BYTES);
    for (size_t i = 0; i < OBJECTS / 2; i++) {
        const char *const object = snug_malloc(OBJECT_BYTES);
        CHECK(object != NULL);
        falls += object < last;
        last = object;
    }
    CHECK_NUMBERS(falls, <=, OBJECTS / RUN_OBJECTS + 1);
    CHECK_HEAP();
}

/* Where the system refuses memory for a larger map: blocks, but no runs. */
static void without_a_map_there_are_no_runs(void)
{
    skip_if_emulated(); /* the break does not move so far */
    struct snug_stats before, after;
    CHECK_NUMBERS(snug_mallopt(M_MMAP_MAX, 0), ==, 1);
    CHECK(snug_malloc(100) != NULL);
    CHECK(snug_stats(&before));
    os_fail_nth(2); /* the break moves, then more is asked for the map than it covers */
    if (snug_malloc(2 * kib * mib) == NULL) {
        _exit(CHILD_SKIPPED);
    }
    for (size_t i = 0; i < 2000; i++) {
        CHECK(snug_malloc(100) != NULL);
    }
    CHECK(snug_stats(&after));
    CHECK_NUMBERS(after.runs, ==, before.runs);
    CHECK_HEAP();
}

/* Mappings stand right behind the break and a little further. */
static void allocate_behind_what_stops_the_break(void)
{
    skip_if_emulated(); /* the break is elsewhere */
    enum {
        OBJECTS = 1000000,
        OBJECT_BYTES = 112
    };
    struct snug_stats stats;
    char *const end = (char *)align_up((uintptr_t)sbrk(0), PAGE_BYTES);
    for (size_t ahead = 0; ahead <= 4 * mib; ahead += 2 * mib) {
        if (mmap(end + ahead, PAGE_BYTES, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
                 0) != end + ahead) {
            _exit(CHILD_SKIPPED);
        }
    }
    for (size_t i = 0; i < OBJECTS; i++) {
        CHECK(snug_malloc(OBJECT_BYTES - 8) != NULL);
    }
    CHECK(snug_stats(&stats));
    CHECK_NUMBERS(stats.regions, >, 1);
    CHECK_NUMBERS(stats.runs, >, (size_t)OBJECTS * OBJECT_BYTES / (8 * kib) * 3 / 4);
    CHECK_HEAP();
}

static void there_are_runs_where_the_break_cannot_go_on(void)
{
    CHECK(snug_malloc(100) != NULL);
    allocate_behind_what_stops_the_break();
}

static void there_are_runs_where_the_break_cannot_move(void)
{
    allocate_behind_what_stops_the_break();
}

/* The numbers of granules have 32 bits, while a map may cover more: beyond 4 TiB from
 * its first granule there are no runs. */
static void a_heap_of_many_terabytes_is_sound(void)
{
    skip_if_emulated(); /* nor is so much given */
    enum {
        OBJECTS = 2000,
        BLOCKS = 4200 / 8
    };
    static void *objects[OBJECTS];
    CHECK_NUMBERS(snug_mallopt(M_MMAP_MAX, 0), ==, 1);
    const char *const first = snug_malloc(120 * mib);
    for (size_t i = 0; i < BLOCKS; i++) {
        if (snug_malloc(8 * kib * mib) == NULL) { /* untouched: as a rule it is given */
            _exit(CHILD_SKIPPED);
        }
    }
    for (size_t i = 0; i < OBJECTS; i++) {
        objects[i] = snug_malloc(100);
        CHECK(objects[i] != NULL);
    }
    CHECK_NUMBERS((uintptr_t)objects[OBJECTS - 1] - (uintptr_t)first, >, 4 * mib * mib);
    CHECK_HEAP();
    for (size_t step = 2; step > 0; step--) {
        for (size_t i = 0; i < OBJECTS; i += step) {
            snug_free(objects[i]);
            objects[i] = NULL;
        }
        snug_malloc_trim(0);
        CHECK_HEAP();
    }
}

/* Ten bytes too many for what stands behind the last object of a run. */
static void overflow_from_the_end_of_a_run(void)
{
    enum {
        OBJECTS = 200,
        OBJECT_BYTES = 240
    };
    char *objects[OBJECTS];
    char *last = NULL;
    char *run = NULL;
    for (size_t i = 0; i < OBJECTS; i++) {
        objects[i] = snug_malloc(OBJECT_BYTES);
        const struct map_entry entry = map_lookup(objects[i]);
        if (entry.size_class != 0) {
            last = objects[i];
            run = (char *)run_of(entry, last);
        }
        if (last != NULL && last + 2 * (size_t)OBJECT_BYTES > run) {
            memset(last, 'x', (size_t)(run - last) + 10);
            last = NULL;
        }
    }
    for (size_t i = 0; i < OBJECTS; i++) {
        snug_free(objects[i]);
    }
    snug_malloc_trim(0); /* from the lists to the runs */
}

static void an_overflow_into_a_run_is_noticed(void **state)
{
    (void)state;
    const struct child_result result = child_run(overflow_from_the_end_of_a_run);
    assert_true(WIFSIGNALED(result.status));
    assert_int_equal(WTERMSIG(result.status), SIGABRT);
    assert_non_null(strstr(result.errors, "overflow of the object that ends before"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(what_was_an_object_is_not_taken_for_free),
        CHILD_TEST(runs_are_as_short_as_what_is_free),
        CHILD_TEST(what_was_freed_is_given_out_in_order),
        cmocka_unit_test(an_overflow_into_a_run_is_noticed),
        CHILD_TEST(without_a_map_there_are_no_runs),
        CHILD_TEST(there_are_runs_where_the_break_cannot_go_on),
        CHILD_TEST(there_are_runs_where_the_break_cannot_move),
        CHILD_TEST(a_heap_of_many_terabytes_is_sound),
    };
    return cmocka_run_group_tests_name("runs", tests, NULL, NULL);
}
