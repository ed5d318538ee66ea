/* Quantities as people read them: the one place where values get decimals and units.
 * Files for programs hold raw values and name the unit in the column.
 *
 * Includes nothing of the project, so that whatever speaks to people may use it. */
#ifndef SNUGBENCH_REPORT_UNITS_H
#define SNUGBENCH_REPORT_UNITS_H

#include <stdint.h>

/* By value, so that one printf may use several. */
struct units_text {
    char bytes[32];
};

/* Three digits that mean something, but at most two decimals: 0.12, 1.23, 12.3, 1234.
 */
struct units_text units_number(double number);

struct units_text units_count(uint64_t count); /* 1,234,567 */
struct units_text units_many(uint64_t count);  /* the same; 1.2 million */
struct units_text units_bytes(double bytes);   /* 96 B, 1.50 KiB, 93.0 MiB */
struct units_text units_mib(double bytes);     /* the same in MiB, bare, for a column */
struct units_text units_duration(double ns);   /* 250 ns, 1.50 µs, 20.0 ms, 3.00 s */
struct units_text units_clock(double seconds); /* 1:05 */
struct units_text units_ratio(double ratio);   /* 1.23x */
struct units_text units_share(double share);   /* 0.123, of what is at most 1 */
struct units_text units_percent(double share); /* 12 %, 2.5 %; 2 % of 0.02 */
struct units_text units_metric(double value);  /* of a unit that nobody knows */

/* 12.3 ± 4%: a value and half its interval; from 100 % on how many times the upper end
 * is of the lower: 12.3, 3.5-fold. */
struct units_text units_interval(double value, double low, double high);
struct units_text units_mib_interval(double bytes, double low, double high);
struct units_text units_metric_interval(double value, double low, double high);

#endif
