/* The bits of vacant pages against an array with a byte for each page. */
#include "heap/pages.h"

#include <string.h>

#include "base/os.h"
#include "child.h"
#include "random.h"

enum {
    PAGES = 5000
};

static const uintptr_t base = (uintptr_t)1 << 40;
static bool is_vacant[PAGES];

static uintptr_t address_of(size_t page)
{
    return base + page * PAGE_BYTES;
}

static size_t count(size_t from, size_t to)
{
    size_t vacant = 0;
    for (size_t i = from; i < to; i++) {
        vacant += is_vacant[i];
    }
    return vacant;
}

static void vacate(size_t from, size_t to)
{
    pages_vacate(address_of(from), address_of(to));
    memset(is_vacant + from, true, to - from);
}

/* A part of a page at each end counts as the page. */
static void occupy(size_t from, size_t to)
{
    size_t most = 0;
    for (size_t i = from, run = 0; i < to; i++) {
        run = is_vacant[i] ? run + 1 : 0;
        most = run > most ? run : most;
    }
    const struct page_range longest =
        pages_occupy(address_of(from) + 100, address_of(to) - 100);
    CHECK_NUMBERS(longest.end - longest.start, ==, most * PAGE_BYTES);
    for (uintptr_t at = longest.start; at < longest.end; at += PAGE_BYTES) {
        CHECK(is_vacant[(at - base) / PAGE_BYTES]);
    }
    memset(is_vacant + from, false, to - from);
}

static void ranges_grow_and_shrink(void)
{
    struct random random = {3};
    for (size_t n = 0; n < 3000; n++) {
        const size_t from = random_below(&random, PAGES - 40);
        const size_t to = from + 1 + random_below(&random, n % 5 == 0 ? 40 : 4);
        if (n % 3 == 0) {
            occupy(from, to);
        } else {
            vacate(from, to);
        }
        CHECK_NUMBERS(pages_vacant_bytes, ==, count(0, PAGES) * PAGE_BYTES);
        CHECK_NUMBERS(pages_vacant_within(address_of(from), address_of(to)), ==,
                      count(from, to) * PAGE_BYTES);
    }
    CHECK_NUMBERS(pages_vacant_bytes, !=, 0);
    pages_occupy(base, address_of(PAGES));
    CHECK_NUMBERS(pages_vacant_within(base, address_of(PAGES)), ==, 0);
    CHECK_NUMBERS(pages_vacant_bytes, ==, 0);
}

/* A heap may go on far above and below. */
static void pages_far_from_each_other_are_vacant(void)
{
    static const uintptr_t gib = (uintptr_t)1 << 30;
    static const uintptr_t places[] = {PAGE_BYTES, 32 * gib, 1000 * gib, 250000 * gib};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        /* both sides of where another word, or piece of the bits, begins */
        pages_vacate(places[i] - PAGE_BYTES, places[i] + PAGE_BYTES);
    }
    CHECK_NUMBERS(pages_vacant_bytes, ==, 8 * PAGE_BYTES);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        CHECK_NUMBERS(pages_vacant_within(places[i] - 1, places[i] + 1), ==,
                      2 * PAGE_BYTES);
        const struct page_range met = pages_occupy(places[i], places[i] + 1);
        CHECK(met.start == places[i] && met.end == places[i] + PAGE_BYTES);
    }
    CHECK_NUMBERS(pages_vacant_bytes, ==, 4 * PAGE_BYTES);
}

/* Where there is no memory for the bits the system is asked once, not for each word;
 * for the first of them it is not asked. */
static void without_bits_pages_count_as_resident(void)
{
    os_fail_nth(1);
    pages_vacate(2 * base, 2 * base + PAGE_BYTES);
    CHECK_NUMBERS(pages_vacant_bytes, ==, PAGE_BYTES);
    pages_occupy(2 * base, 2 * base + PAGE_BYTES);
    pages_vacate(base, base + 1000 * PAGE_BYTES);
    CHECK_NUMBERS(pages_vacant_bytes, ==, 0);
    CHECK_NUMBERS(pages_occupy(base, base + PAGE_BYTES).end, ==, 0);
    pages_vacate(base, base + 1000 * PAGE_BYTES);
    CHECK_NUMBERS(pages_vacant_bytes, ==, 1000 * PAGE_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(ranges_grow_and_shrink),
        CHILD_TEST(pages_far_from_each_other_are_vacant),
        CHILD_TEST(without_bits_pages_count_as_resident),
    };
    return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
