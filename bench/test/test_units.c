/* Quantities as people read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "report/units.h"

struct example {
    double value;
    const char *text;
};

static void assert_each(const struct example *examples, size_t count,
                        struct units_text (*format)(double value))
{
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(format(examples[i].value).bytes, examples[i].text);
    }
}

#define ASSERT_EACH(format, ...)                                                       \
    do {                                                                               \
        static const struct example examples[] = {__VA_ARGS__};                        \
        assert_each(examples, sizeof examples / sizeof *examples, format);             \
    } while (0)

/* Decimals go by the value as it is shown: never 10.00, never 100.0. */
static void test_numbers(void **state)
{
    (void)state;
    ASSERT_EACH(units_number, {0, "0.00"}, {0.004, "0.00"}, {-0.004, "0.00"},
                {1.234, "1.23"}, {9.994, "9.99"}, {9.996, "10.0"}, {12.34, "12.3"},
                {99.94, "99.9"}, {99.96, "100"}, {1234.5, "1234"}, {-12.34, "-12.3"});
}

static void test_bytes(void **state)
{
    (void)state;
    ASSERT_EACH(units_bytes, {0, "0 B"}, {1, "1 B"}, {1023, "1023 B"},
                {1024, "1.00 KiB"}, {1536, "1.50 KiB"}, {1023 * 1024.0, "1023 KiB"},
                {1023.6 * 1024, "1.00 MiB"}, {93.04 * (1 << 20), "93.0 MiB"},
                {0x1p30, "1.00 GiB"}, {0x1p64, "16.0 EiB"});
    ASSERT_EACH(units_mib, {0, "0.00"}, {1 << 20, "1.00"}, {250e6, "238"});
}

static void test_durations(void **state)
{
    (void)state;
    ASSERT_EACH(units_duration, {0, "0 ns"}, {0.5, "0.50 ns"}, {250, "250 ns"},
                {999.6, "1.00 µs"}, {1500, "1.50 µs"}, {2e7, "20.0 ms"},
                {3e9, "3.00 s"}, {3.6e12, "3600 s"});
    ASSERT_EACH(units_clock, {-1, "0:00"}, {59.4, "0:59"}, {59.6, "1:00"}, {65, "1:05"},
                {6000, "100:00"});
}

static void test_ratios(void **state)
{
    (void)state;
    ASSERT_EACH(units_ratio, {1, "1.00x"}, {0.966, "0.97x"}, {12.346, "12.35x"});
    ASSERT_EACH(units_share, {1, "1.000"}, {0.0333, "0.033"});
    ASSERT_EACH(units_percent, {0.02, "2 %"}, {1, "100 %"}, {0.025, "2.5 %"},
                {0.0994, "9.9 %"}, {0.0996, "10 %"}, {0.123, "12 %"});
    ASSERT_EACH(units_metric, {118343.2, "118343"}, {1234.567, "1234.6"},
                {0.0012345, "0.0012345"});
    assert_string_equal(units_interval(20, 19, 21).bytes, "20.0 ± 5%");
    assert_string_equal(units_mib_interval(0x1p20, 0x1p20, 0x1p20).bytes, "1.00 ± 0%");
    assert_string_equal(units_metric_interval(0, 0, 0).bytes, "0 ± 0%");
    assert_string_equal(units_interval(117.2, 100, 134.4).bytes, "117 ±15%");
    assert_string_equal(units_many(0).bytes, "0");
    assert_string_equal(units_many(43210).bytes, "43,210");
    assert_string_equal(units_many(1250000).bytes, "1.2 million");
    assert_string_equal(units_interval(30, 20, 100).bytes, "30.0, 5.0-fold");
}

static void test_counts(void **state)
{
    (void)state;
    assert_string_equal(units_count(0).bytes, "0");
    assert_string_equal(units_count(999).bytes, "999");
    assert_string_equal(units_count(1000).bytes, "1,000");
    assert_string_equal(units_count(1234567).bytes, "1,234,567");
    assert_string_equal(units_count(UINT64_MAX).bytes, "18,446,744,073,709,551,615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),   cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_durations), cmocka_unit_test(test_ratios),
        cmocka_unit_test(test_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
