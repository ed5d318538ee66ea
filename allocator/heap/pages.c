#include "heap/pages.h"

#include <string.h>

#define RANGES_LIMIT ((size_t)1024)

static struct page_range ranges[RANGES_LIMIT];
static size_t range_count;
size_t pages_vacant_bytes;

static size_t range_bytes(struct page_range range)
{
    return range.end - range.start;
}

/* The index of the first range that ends behind an address. */
static size_t first_behind(uintptr_t address)
{
    size_t low = 0;
    size_t high = range_count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (ranges[middle].end > address) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* Put `count` ranges in the place of `old_count` ones from an index on. */
static void replace(size_t at, size_t old_count, const struct page_range *with,
                    size_t count)
{
    memmove(&ranges[at + count], &ranges[at + old_count],
            (range_count - at - old_count) * sizeof *ranges);
    memcpy(&ranges[at], with, count * sizeof *with);
    range_count += count - old_count;
}

void pages_vacate(uintptr_t start, uintptr_t end)
{
    if (start >= end) {
        return;
    }
    const size_t at = first_behind(start - 1); /* one that ends at start is met, too */
    struct page_range merged = {start, end};
    size_t met = 0;
    size_t bytes_before = 0;
    for (; at + met < range_count && ranges[at + met].start <= end; met++) {
        const struct page_range range = ranges[at + met];
        bytes_before += range_bytes(range);
        merged.start = range.start < merged.start ? range.start : merged.start;
        merged.end = range.end > merged.end ? range.end : merged.end;
    }
    if (met == 0 && range_count == RANGES_LIMIT) {
        return;
    }
    replace(at, met, &merged, 1);
    pages_vacant_bytes += range_bytes(merged) - bytes_before;
}

static struct page_range whole_pages(uintptr_t start, uintptr_t end)
{
    return (struct page_range){align_down(start, PAGE_BYTES),
                               align_up(end, PAGE_BYTES)};
}

/* The part of a range that lies in another. */
static struct page_range common_part(struct page_range range, struct page_range other)
{
    return (struct page_range){range.start > other.start ? range.start : other.start,
                               range.end < other.end ? range.end : other.end};
}

struct page_range pages_occupy(uintptr_t start, uintptr_t end)
{
    const struct page_range pages = whole_pages(start, end);
    struct page_range longest = {0, 0};
    size_t at = first_behind(pages.start);
    while (at < range_count && ranges[at].start < pages.end) {
        const struct page_range range = ranges[at];
        const struct page_range part = common_part(range, pages);
        struct page_range left[2] = {{0, 0}, {0, 0}};
        size_t count = 0;
        if (range.start < part.start) {
            left[count++] = (struct page_range){range.start, part.start};
        }
        if (part.end < range.end) {
            left[count++] = (struct page_range){part.end, range.end};
        }
        pages_vacant_bytes -= range_bytes(part);
        if (range_count + count > RANGES_LIMIT + 1) { /* no room to split: forgotten */
            count = 1;
            pages_vacant_bytes -= range_bytes(left[1]);
        }
        replace(at, 1, left, count);
        at += count;
        if (range_bytes(part) > range_bytes(longest)) {
            longest = part;
        }
    }
    return longest;
}

size_t pages_vacant_within(uintptr_t start, uintptr_t end)
{
    const struct page_range pages = whole_pages(start, end);
    size_t bytes = 0;
    for (size_t i = first_behind(pages.start);
         i < range_count && ranges[i].start < pages.end; i++) {
        bytes += range_bytes(common_part(ranges[i], pages));
    }
    return bytes;
}

void pages_occupy_all(void)
{
    range_count = 0;
    pages_vacant_bytes = 0;
}

const char *pages_check(void)
{
    size_t bytes = 0;
    for (size_t i = 0; i < range_count; i++) {
        if (ranges[i].start >= ranges[i].end ||
            (ranges[i].start | ranges[i].end) % PAGE_BYTES != 0) {
            return "vacant pages are not whole pages";
        }
        if (i > 0 && ranges[i - 1].end >= ranges[i].start) {
            return "the ranges of vacant pages are not sorted and apart";
        }
        bytes += range_bytes(ranges[i]);
    }
    return bytes == pages_vacant_bytes ? NULL : "the sum of vacant pages is wrong";
}
