/* What mallinfo2, malloc_stats and malloc_info tell of a heap whose state is known. */
#include "snug.h"

#include <errno.h>
#include <pthread.h>

#include "child.h"

enum {
    SMALL = 20000,
    MEDIUM = 100
};

static void *blocks[SMALL];
static const size_t kib = 1024;
static const size_t mib = (size_t)1024 * 1024;

static void fill(size_t count, size_t bytes)
{
    for (size_t i = 0; i < count; i++) {
        blocks[i] = snug_malloc(bytes);
        CHECK(blocks[i] != NULL);
    }
}

static void empty(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        snug_free(blocks[i]);
    }
}

/* Whatever caches and runs keep, it is free: no trim is needed to see it. */
static void what_was_freed_counts_as_free(void)
{
    snug_free(snug_malloc(40));
    const struct mallinfo2 before = snug_mallinfo2();
    fill(SMALL, 40);
    const struct mallinfo2 full = snug_mallinfo2();
    CHECK_NUMBERS(full.uordblks - before.uordblks, >=, (size_t)SMALL * 40);
    CHECK_NUMBERS(full.uordblks - before.uordblks, <=, (size_t)SMALL * 52);
    empty(SMALL / 2);
    const struct mallinfo2 half = snug_mallinfo2();
    CHECK_NUMBERS(full.uordblks - half.uordblks, >=, (size_t)SMALL / 2 * 40);
    CHECK_NUMBERS(half.fsmblks + half.fordblks, >=, (size_t)SMALL / 2 * 40);
    for (size_t i = SMALL / 2; i < SMALL; i++) {
        snug_free(blocks[i]);
    }
    const struct mallinfo2 after = snug_mallinfo2();
    CHECK_NUMBERS(after.fsmblks, >, 0);
    /* Of empty runs that wait for their objects, the bookkeeping. */
    CHECK_NUMBERS(after.uordblks, <=, before.uordblks + (size_t)SMALL * 2);
    CHECK_NUMBERS(after.uordblks + after.fordblks, ==, after.arena);
}

static void *fill_and_empty(void *bytes)
{
    fill(SMALL, *(const size_t *)bytes);
    empty(SMALL);
    return NULL;
}

/* Lists that wait between threads are free, too; a thread's end frees its own. */
static void what_threads_freed_counts_as_free(void)
{
    static size_t sizes[] = {16, 40, 500, 2000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const size_t before = snug_mallinfo2().uordblks;
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, fill_and_empty, &sizes[i]) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
        const struct mallinfo2 info = snug_mallinfo2();
        CHECK_NUMBERS(info.uordblks + info.fordblks, ==, info.arena);
        CHECK_NUMBERS(info.uordblks, <=, before + SMALL * sizes[i] / 16);
    }
}

/* The text between <malloc ...> and </malloc>; each element closed in its turn. */
static void check_nesting(const char *text)
{
    const char *open[8];
    size_t depth = 0;
    const char *tag = text;
    for (; (tag = strchr(tag, '<')) != NULL; tag++) {
        const size_t length = strcspn(tag, " >");
        if (tag[1] == '/') {
            CHECK(depth > 0);
            depth--;
            CHECK(strncmp(open[depth] + 1, tag + 2, length - 2) == 0);
        } else if (strchr(tag, '>')[-1] != '/') {
            CHECK(depth < 8);
            open[depth++] = tag;
        }
        CHECK(tag == text || depth > 0 || strcmp(tag, "</malloc>\n") == 0);
    }
    CHECK_NUMBERS(depth, ==, 0);
}

static char *info_text(void)
{
    char *text = NULL;
    size_t length = 0;
    FILE *const stream = open_memstream(&text, &length);
    CHECK(stream != NULL && snug_malloc_info(0, stream) == 0 && fclose(stream) == 0);
    return text;
}

/* The attribute's number in the last element that begins so. */
static size_t number_in(const char *text, const char *element, const char *attribute)
{
    const char *last = NULL;
    for (const char *at = text; (at = strstr(at, element)) != NULL; at++) {
        last = at;
    }
    CHECK(last != NULL);
    const char *const value = strstr(last, attribute);
    CHECK(value != NULL && value < strchr(last, '>'));
    return strtoul(value + strlen(attribute), NULL, 10);
}

static size_t sum_of_sizes(const char *text)
{
    size_t sum = 0;
    for (const char *at = text; (at = strstr(at, "<size ")) != NULL; at++) {
        const size_t count = number_in(at, "<size ", "count=\"");
        CHECK(count > 0);
        const size_t from = strtoul(strstr(at, "from=\"") + 6, NULL, 10);
        const size_t to = strtoul(strstr(at, "to=\"") + 4, NULL, 10);
        CHECK(to == from || to == 2 * from - 1); /* a class, or a power of two's */
        sum += strtoul(strstr(at, "total=\"") + 7, NULL, 10);
    }
    return sum;
}

static void info_is_the_xml_of_glibc_and_true(void)
{
    fill(SMALL, 40);
    empty(SMALL - 10);
    void *const odd[] = {snug_malloc(5000), snug_malloc(60000), snug_malloc(5000)};
    void *const large = snug_malloc((size_t)80 << 20);
    CHECK(odd[0] != NULL && odd[2] != NULL && large != NULL);
    snug_free(odd[1]);
    char *const text = info_text();
    const struct mallinfo2 info = snug_mallinfo2();
    const char *const begin = "<malloc version=\"1\">\n<heap nr=\"0\">\n<sizes>\n";
    CHECK(strncmp(text, begin, strlen(begin)) == 0);
    check_nesting(text);
    const size_t fast = number_in(text, "<total type=\"fast\"", "size=\"");
    const size_t rest = number_in(text, "<total type=\"rest\"", "size=\"");
    CHECK_NUMBERS(fast, ==, info.fsmblks);
    CHECK_NUMBERS(fast + rest, ==, info.fordblks);
    CHECK_NUMBERS(sum_of_sizes(text) + info.keepcost, ==, info.fordblks);
    CHECK_NUMBERS(number_in(text, "<total type=\"rest\"", "count=\""), ==,
                  info.ordblks + 1);
    CHECK_NUMBERS(number_in(text, "<total type=\"mmap\"", "count=\""), ==, 1);
    CHECK_NUMBERS(number_in(text, "<total type=\"mmap\"", "size=\""), ==, info.hblkhd);
    CHECK_NUMBERS(number_in(text, "<system type=\"current\"", "size=\""), ==,
                  info.arena);
    CHECK_NUMBERS(number_in(text, "<aspace type=\"total\"", "size=\""), ==, info.arena);
    free(text);
}

static void info_refuses_options_and_tells_of_a_full_disk(void)
{
    FILE *const full = fopen("/dev/full", "w");
    CHECK(full != NULL && setvbuf(full, NULL, _IONBF, 0) == 0);
    CHECK_NUMBERS(snug_malloc_info(1, full), ==, EINVAL);
    CHECK_NUMBERS(ferror(full), ==, 0);
    CHECK(snug_malloc_info(0, full) == -1);
    fclose(full);
}

static void check_sums(struct mallinfo2 info)
{
    CHECK_NUMBERS(info.uordblks + info.fordblks, ==, info.arena);
    CHECK_NUMBERS(info.keepcost, <=, info.fordblks);
}

static void mallinfo_adds_up(void)
{
    const struct mallinfo2 nothing = snug_mallinfo2();
    CHECK_NUMBERS(nothing.hblks, ==, 0);
    check_sums(nothing);
    snug_free(snug_malloc(5000));
    snug_malloc_trim(0);
    const struct mallinfo2 before = snug_mallinfo2();
    check_sums(before);
    fill(MEDIUM, 5000);
    void *const large = snug_malloc(80 * mib);
    CHECK(large != NULL);
    struct mallinfo2 info = snug_mallinfo2();
    check_sums(info);
    CHECK_NUMBERS(info.uordblks - before.uordblks, >=, (size_t)MEDIUM * 5000);
    CHECK_NUMBERS(info.uordblks - before.uordblks, <=, (size_t)MEDIUM * 5100);
    CHECK_NUMBERS(info.hblks, ==, 1);
    CHECK_NUMBERS(info.hblkhd, >=, 80 * mib);
    CHECK_NUMBERS(info.hblkhd, <=, 80 * mib + 8 * kib);
    for (size_t i = 0; i < MEDIUM; i += 2) {
        snug_free(blocks[i]);
    }
    snug_free(large);
    info = snug_mallinfo2();
    check_sums(info);
    CHECK_NUMBERS(info.hblks, ==, 0);
    CHECK_NUMBERS(info.hblkhd, ==, 0);
    CHECK_NUMBERS(info.ordblks - before.ordblks, ==, MEDIUM / 2);
    CHECK_NUMBERS(info.fordblks - info.keepcost, >=, (size_t)MEDIUM / 2 * 5000);
    for (size_t i = 1; i < MEDIUM; i += 2) {
        snug_free(blocks[i]);
    }
    snug_malloc_trim(0); /* what is in lists coalesces */
    info = snug_mallinfo2();
    check_sums(info);
    CHECK_NUMBERS(info.uordblks, ==, before.uordblks);
    CHECK_NUMBERS(info.ordblks, ==, before.ordblks);
}

static void stats_are_written_without_allocating(void)
{
    snug_free(snug_malloc(100));
    const struct snug_system_calls before = snug_system_calls();
    int pipe_ends[2];
    CHECK(pipe(pipe_ends) == 0);
    const int saved = dup(STDERR_FILENO);
    CHECK(dup2(pipe_ends[1], STDERR_FILENO) == STDERR_FILENO);
    snug_malloc_stats();
    CHECK(dup2(saved, STDERR_FILENO) == STDERR_FILENO);
    char text[4096] = "";
    CHECK(read(pipe_ends[0], text, sizeof text - 1) > 0);
    char arena[40];
    snprintf(arena, sizeof arena, "%zu bytes", snug_mallinfo2().arena);
    CHECK(strncmp(text, "snug: ", 6) == 0);
    CHECK(strstr(text, arena) != NULL);
    CHECK(text[strlen(text) - 1] == '\n');
    const struct snug_system_calls after = snug_system_calls();
    CHECK(memcmp(&before, &after, sizeof before) == 0);
}

static void check_pages_of_their_own(const char *level, size_t small_too)
{
    CHECK(snug_debug(level));
    char *const small = snug_malloc(40);
    char *const large[] = {snug_malloc(100000), snug_malloc(70 * mib)};
    struct mallinfo2 info = snug_mallinfo2();
    CHECK_NUMBERS(info.hblks, ==, 2 + small_too);
    CHECK_NUMBERS(info.hblkhd, ==, 100000 + 70 * mib + small_too * 40);
    snug_free(large[1]);
    info = snug_mallinfo2();
    CHECK_NUMBERS(info.hblks, ==, 1 + small_too);
    CHECK_NUMBERS(info.hblkhd, ==, 100000 + small_too * 40);
    snug_free(large[0]);
    snug_free(small);
}

static void mallinfo_counts_blocks_between_guard_pages_at_check(void)
{
    check_pages_of_their_own("check", 0);
}

static void mallinfo_counts_all_blocks_at_guard(void)
{
    check_pages_of_their_own("guard", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(what_was_freed_counts_as_free),
        CHILD_TEST(what_threads_freed_counts_as_free),
        CHILD_TEST(mallinfo_adds_up),
        CHILD_TEST(mallinfo_counts_blocks_between_guard_pages_at_check),
        CHILD_TEST(mallinfo_counts_all_blocks_at_guard),
        CHILD_TEST(stats_are_written_without_allocating),
        CHILD_TEST(info_is_the_xml_of_glibc_and_true),
        CHILD_TEST(info_refuses_options_and_tells_of_a_full_disk),
    };
    return cmocka_run_group_tests_name("info", tests, NULL, NULL);
}
