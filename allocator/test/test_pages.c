/* The table of vacant pages against an array with a byte for each page. */
#include "heap/pages.h"

#include <string.h>

#include "child.h"
#include "random.h"

enum {
    PAGES = 5000
};

static const uintptr_t base = (uintptr_t)1 << 30;
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
    const size_t before = count(from, to);
    const struct page_range longest =
        pages_occupy(address_of(from) + 100, address_of(to) - 100);
    CHECK_NUMBERS(longest.end - longest.start, <=, before * PAGE_BYTES);
    CHECK(before == 0 || longest.end > longest.start);
    for (uintptr_t at = longest.start; at < longest.end; at += PAGE_BYTES) {
        CHECK(is_vacant[(at - base) / PAGE_BYTES]);
    }
    memset(is_vacant + from, false, to - from);
}

static void ranges_merge_and_split(void)
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
        CHECK(pages_check() == NULL);
    }
    pages_occupy_all();
    CHECK_NUMBERS(pages_vacant_within(base, address_of(PAGES)), ==, 0);
    CHECK_NUMBERS(pages_vacant_bytes, ==, 0);
}

/* What the table has no room for counts as resident: never the other way round. */
static void a_full_table_forgets(void)
{
    for (size_t i = 0; i + 1 < PAGES; i += 2) {
        pages_vacate(address_of(i), address_of(i + 1));
        CHECK_NUMBERS(pages_vacant_bytes, <=, (i / 2 + 1) * PAGE_BYTES);
    }
    CHECK(pages_check() == NULL);
    const size_t full = pages_vacant_bytes;
    CHECK_NUMBERS(full, <, PAGES / 2 * PAGE_BYTES);
    pages_vacate(address_of(0), address_of(PAGES)); /* one range has room again */
    CHECK_NUMBERS(pages_vacant_bytes, ==, PAGES * PAGE_BYTES);
    for (size_t i = 1; i < PAGES; i += 2) {
        pages_occupy(address_of(i), address_of(i + 1));
        CHECK_NUMBERS(pages_vacant_bytes, <=, PAGES * PAGE_BYTES - PAGE_BYTES);
    }
    CHECK(pages_check() == NULL);
    CHECK_NUMBERS(pages_vacant_bytes, <=, PAGES / 2 * PAGE_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(ranges_merge_and_split),
        CHILD_TEST(a_full_table_forgets),
    };
    return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
