/* The arithmetic of sizes, at the ends of its range. */
#include "base/size.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "small/class.h"

static void powers_of_two_are_told_from_others(void **state)
{
    (void)state;
    assert_false(is_power_of_two(0));
    assert_true(is_power_of_two(1));
    assert_true(is_power_of_two(2));
    assert_false(is_power_of_two(3));
    assert_false(is_power_of_two(SIZE_MAX));
    for (unsigned bit = 2; bit < 64; bit++) {
        const size_t power = (size_t)1 << bit;
        assert_true(is_power_of_two(power));
        assert_false(is_power_of_two(power - 1));
        assert_false(is_power_of_two(power + 1));
    }
}

static void aligning_reaches_the_nearest_multiple(void **state)
{
    (void)state;
    for (size_t alignment = 1; alignment <= 4096; alignment *= 2) {
        for (size_t n = 0; n <= 3 * 4096; n += alignment < 64 ? 1 : 7) {
            const size_t up = align_up(n, alignment);
            const size_t down = align_down(n, alignment);
            assert_true(up >= n && up - n < alignment && up % alignment == 0);
            assert_true(down <= n && n - down < alignment && down % alignment == 0);
        }
    }
    const size_t highest = (size_t)1 << 63;
    assert_int_equal(align_up(1, highest), highest);
    assert_int_equal(align_up(highest, highest), highest);
    assert_int_equal(align_down(SIZE_MAX, highest), highest);
    assert_int_equal(align_down(SIZE_MAX, 16), SIZE_MAX - 15);
    assert_int_equal(align_up(SIZE_MAX - 15, 16), SIZE_MAX - 15);
}

static void the_logarithm_is_the_highest_bit(void **state)
{
    (void)state;
    assert_int_equal(floor_log2(1), 0);
    for (unsigned bit = 1; bit < 64; bit++) {
        const size_t power = (size_t)1 << bit;
        assert_int_equal(floor_log2(power), bit);
        assert_int_equal(floor_log2(power - 1), bit - 1);
        assert_int_equal(floor_log2(power | 1), bit);
    }
    assert_int_equal(floor_log2(SIZE_MAX), 63);
}

/* The smallest multiple of the alignment that holds request and header. */
static void a_block_is_the_smallest_that_holds_its_request(void **state)
{
    (void)state;
    const size_t first[] = {0, 1, 8, 23, 24};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        assert_int_equal(block_bytes_from_request(first[i]), BLOCK_MIN_BYTES);
    }
    for (size_t request = 25; request < 100000; request++) {
        const size_t bytes = block_bytes_from_request(request);
        assert_int_equal(bytes % ALIGNMENT_BYTES, 0);
        assert_true(bytes >= request + BLOCK_HEADER_BYTES);
        assert_true(bytes - ALIGNMENT_BYTES < request + BLOCK_HEADER_BYTES);
    }
}

static void the_largest_request_does_not_overflow(void **state)
{
    (void)state;
    const size_t bytes = block_bytes_from_request(REQUEST_LIMIT_BYTES);
    assert_true(bytes > REQUEST_LIMIT_BYTES);
    assert_true(bytes < (size_t)1 << 47);
    assert_int_equal(bytes % ALIGNMENT_BYTES, 0);
    /* With the largest alignment that is let through, still far from wrapping round. */
    assert_true(align_up(2 * bytes, PAGE_BYTES) > bytes);
}

/* What a grown block takes beyond its size: half of what it may keep. */
static void the_slack_of_a_grown_block_is_small(void **state)
{
    (void)state;
    for (size_t bytes = BLOCK_MIN_BYTES; bytes < 100 * MIB;
         bytes += bytes / 7 / 16 * 16 + 16) {
        const size_t slack = block_slack(bytes);
        assert_int_equal(slack % ALIGNMENT_BYTES, 0);
        assert_true(slack < block_least_rest(bytes));
        assert_true(slack + ALIGNMENT_BYTES > bytes / 64);
    }
}

/* Each size from the first block on falls into one class, the classes follow each other
 * without a gap, and one that is asked for has blocks that are all large enough. */
static void the_classes_of_blocks_cover_all_sizes(void **state)
{
    (void)state;
    size_t class = 0;
    for (size_t bytes = MEDIUM_FIRST_BYTES; bytes <= MEDIUM_LIMIT_BYTES;
         bytes += ALIGNMENT_BYTES) {
        const struct medium_class of = medium_class_of(bytes);
        const bool is_next = of.bytes == bytes;
        assert_true(class == 0 || of.class == class + is_next);
        class = of.class;
        assert_true(class >= SMALL_CLASS_COUNT && class < CLASS_COUNT);
        assert_true(of.bytes <= bytes && bytes < of.bytes + of.step);
        assert_int_equal(medium_class_bytes(class), of.bytes);
        const struct medium_class wanted = medium_class_for(bytes);
        assert_int_equal(wanted.class, is_next ? class : class + 1);
        assert_int_equal(wanted.bytes, is_next ? bytes : of.bytes + of.step);
    }
    assert_int_equal(class, CLASS_COUNT - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(powers_of_two_are_told_from_others),
        cmocka_unit_test(aligning_reaches_the_nearest_multiple),
        cmocka_unit_test(the_logarithm_is_the_highest_bit),
        cmocka_unit_test(a_block_is_the_smallest_that_holds_its_request),
        cmocka_unit_test(the_largest_request_does_not_overflow),
        cmocka_unit_test(the_slack_of_a_grown_block_is_small),
        cmocka_unit_test(the_classes_of_blocks_cover_all_sizes),
    };
    return cmocka_run_group_tests_name("size", tests, NULL, NULL);
}
