/* How a trace differs from others: each figure beside the least, the median and the
 * greatest of theirs. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/stat.h"
#include "report/units.h"

static double ratio(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

static double peak_live(const struct stat_trace *facts)
{
    return (double)facts->header.peak_live_bytes;
}

static double steadiness(const struct stat_trace *facts)
{
    double peak_bytes = (double)facts->header.peak_live_bytes;
    return peak_bytes > 0 ? facts->shape.mean_live_bytes / peak_bytes : 0;
}

static double median_size(const struct stat_trace *facts)
{
    return (double)facts->summary.size_bytes.p50;
}

static double large_share(const struct stat_trace *facts)
{
    return ratio(facts->shape.large_bytes, facts->header.allocated_bytes);
}

static double large_peak_share(const struct stat_trace *facts)
{
    return ratio(facts->shape.large_peak_bytes, facts->header.peak_live_bytes);
}

static double grown_share(const struct stat_trace *facts)
{
    return ratio(facts->shape.grown_bytes, facts->header.allocated_bytes);
}

static double largest_grown(const struct stat_trace *facts)
{
    return (double)facts->shape.largest_grown_bytes;
}

static double longest_chain(const struct stat_trace *facts)
{
    return (double)facts->shape.longest_chain;
}

static double median_lifetime(const struct stat_trace *facts)
{
    return (double)facts->summary.lifetime_ops.p50;
}

static double long_lifetime(const struct stat_trace *facts)
{
    return (double)facts->shape.lifetime_bytes.p90;
}

static double other_threads(const struct stat_trace *facts)
{
    return ratio(facts->shape.other_thread_frees, facts->shape.lifetime_bytes.count);
}

static struct units_text whole(double value)
{
    return units_count((uint64_t)value);
}

static const struct feature {
    const char *name;
    double (*of)(const struct stat_trace *facts);
    struct units_text (*text)(double value);
} features[] = {
    {"peak live", peak_live, units_bytes},
    {"mean live / peak live", steadiness, units_share},
    {"median size", median_size, units_bytes},
    {"share of bytes in large blocks", large_share, units_share},
    {"the same of live bytes at the peak", large_peak_share, units_share},
    {"share of bytes grown by realloc", grown_share, units_share},
    {"most steps of one block", longest_chain, whole},
    {"largest block that grew", largest_grown, units_bytes},
    {"median lifetime, operations", median_lifetime, whole},
    {"90 % live up to, bytes", long_lifetime, units_bytes},
    {"share of frees by other threads", other_threads, units_share},
};

enum {
    FEATURE_COUNT = sizeof features / sizeof *features
};

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Ten rows or more are needed to speak of a tenth. */
static const char *place(double value, const double *others, size_t count)
{
    if (value > others[count - 1]) {
        return "above all";
    }
    if (value < others[0]) {
        return "below all";
    }
    size_t below = 0;
    size_t above = 0;
    for (size_t i = 0; i < count; i++) {
        below += others[i] < value;
        above += others[i] > value;
    }
    if (count >= 10 && below * 10 >= count * 9) {
        return "upper tenth";
    }
    return count >= 10 && above * 10 >= count * 9 ? "lower tenth" : "";
}

static void compare_feature(const struct feature *feature,
                            const struct stat_traces *traces, double *others)
{
    size_t count = traces->count - 1;
    for (size_t i = 0; i < count; i++) {
        others[i] = feature->of(&traces->traces[i + 1]);
    }
    qsort(others, count, sizeof *others, compare);
    double value = feature->of(&traces->traces[0]);
    printf("  %-34s  %10s  %10s  %10s  %10s  %s\n", feature->name,
           feature->text(value).bytes, feature->text(others[0]).bytes,
           feature->text(others[(count - 1) / 2]).bytes,
           feature->text(others[count - 1]).bytes, place(value, others, count));
}

bool stat_compare(const struct stat_traces *traces)
{
    double *others = calloc(traces->count, sizeof *others);
    if (others == NULL) {
        return false;
    }
    printf("%s beside %s other%s (large: 128 KiB and more)\n\n", traces->traces[0].name,
           units_count(traces->count - 1).bytes, traces->count == 2 ? "" : "s");
    printf("  %-34s  %10s  %10s  %10s  %10s\n", "", "here", "least", "median", "most");
    for (size_t i = 0; i < FEATURE_COUNT; i++) {
        compare_feature(&features[i], traces, others);
    }
    free(others);
    return true;
}
