#include "report/units.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The units of one kind, ascending. */
struct unit {
    const char *name;
    double size;
};

static const struct unit byte_units[] = {
    {"B", 1},        {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30},
    {"TiB", 0x1p40}, {"PiB", 0x1p50}, {"EiB", 0x1p60},
};

static const struct unit time_units[] = {
    {"ns", 1}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}};

/* By the value as it will be rounded, so that 9.996 is 10.0 and not 10.00. */
static int decimals_for(double value)
{
    const double size = fabs(value);
    return size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
}

struct units_text units_number(double number)
{
    const double value = fabs(number) < 0.005 ? 0 : number; /* no "-0.00" */
    struct units_text text;
    snprintf(text.bytes, sizeof text.bytes, "%.*f", decimals_for(value), value);
    return text;
}

struct units_text units_count(uint64_t count)
{
    char digits[24];
    const int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    struct units_text text = {{0}};
    char *out = text.bytes;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            *out++ = ',';
        }
        *out++ = digits[i];
    }
    return text;
}

struct units_text units_many(uint64_t count)
{
    static const double million = 1e6;
    struct units_text text = units_count(count);
    if ((double)count >= million) {
        snprintf(text.bytes, sizeof text.bytes, "%.1f million",
                 (double)count / million);
    }
    return text;
}

/* In the largest unit of which there is at least one, once rounded; in the least if
 * there is not, and then a whole number stands without decimals. */
static struct units_text scaled(double value, const struct unit *units, size_t count)
{
    size_t i = 0;
    while (i + 1 < count &&
           rint(value / units[i].size) * units[i].size >= units[i + 1].size) {
        i++;
    }
    const double number = value / units[i].size;
    const int decimals = i == 0 && number == rint(number) ? 0 : decimals_for(number);
    struct units_text text;
    snprintf(text.bytes, sizeof text.bytes, "%.*f %s", decimals, number, units[i].name);
    return text;
}

struct units_text units_bytes(double bytes)
{
    return scaled(bytes, byte_units, sizeof byte_units / sizeof *byte_units);
}

struct units_text units_mib(double bytes)
{
    return units_number(bytes / 0x1p20);
}

struct units_text units_duration(double ns)
{
    return scaled(ns, time_units, sizeof time_units / sizeof *time_units);
}

struct units_text units_clock(double seconds)
{
    const uint64_t whole = (uint64_t)(seconds > 0 ? seconds + 0.5 : 0);
    struct units_text text;
    snprintf(text.bytes, sizeof text.bytes, "%" PRIu64 ":%02" PRIu64, whole / 60,
             whole % 60);
    return text;
}

struct units_text units_ratio(double ratio)
{
    struct units_text text;
    snprintf(text.bytes, sizeof text.bytes, "%.2fx", ratio);
    return text;
}

struct units_text units_share(double share)
{
    struct units_text text;
    snprintf(text.bytes, sizeof text.bytes, "%.3f", share);
    return text;
}

struct units_text units_percent(double share)
{
    struct units_text text;
    const double percent = 100 * share;
    const bool is_bare = fabs(percent) >= 9.95 || fabs(percent - rint(percent)) < 1e-9;
    snprintf(text.bytes, sizeof text.bytes, "%.*f %%", is_bare ? 0 : 1, percent);
    return text;
}

struct units_text units_metric(double value)
{
    const bool is_long =
        fabs(value) >= 1e5 && fabs(value) < 1e12; /* 118343, no 1e+05 */
    struct units_text text;
    snprintf(text.bytes, sizeof text.bytes, is_long ? "%.0f" : "%.5g", value);
    return text;
}

static struct units_text with_error(struct units_text number, double value, double low,
                                    double high)
{
    struct units_text text;
    const double error = value != 0 ? 50 * (high - low) / value : 0;
    if (fabs(error) >= 99.5 && low > 0) {
        snprintf(text.bytes, sizeof text.bytes, "%.15s, %.1f-fold", number.bytes,
                 high / low);
    } else {
        snprintf(text.bytes, sizeof text.bytes, "%.15s ±%2.0f%%", number.bytes, error);
    }
    return text;
}

struct units_text units_interval(double value, double low, double high)
{
    return with_error(units_number(value), value, low, high);
}

struct units_text units_mib_interval(double bytes, double low, double high)
{
    return with_error(units_mib(bytes), bytes, low, high);
}

struct units_text units_metric_interval(double value, double low, double high)
{
    return with_error(units_metric(value), value, low, high);
}
