#include "analysis/statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* Enough that the ends of an interval differ from seed to seed by less than they mean;
 * few enough that a whole run is analysed in a second. */
enum {
    RESAMPLES = 2000
};

static int compare_doubles(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Insertion sort: rows are short, and this runs 2,000 times a figure. */
static void sort(double *values, size_t count)
{
    if (count > 64) {
        qsort(values, count, sizeof *values, compare_doubles);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        const double value = values[i];
        size_t hole = i;
        for (; hole > 0 && values[hole - 1] > value; hole--) {
            values[hole] = values[hole - 1];
        }
        values[hole] = value;
    }
}

/* Linear between order statistics; `values` sorted. */
static double quantile(const double *values, size_t count, double share)
{
    const double position = share * (double)(count - 1);
    const size_t below = (size_t)position;
    const size_t above = below + 1 < count ? below + 1 : below;
    return values[below] + (position - (double)below) * (values[above] - values[below]);
}

double statistics_median(double *values, size_t count)
{
    sort(values, count);
    return quantile(values, count, 0.5);
}

size_t statistics_outlier_count(double *values, size_t count)
{
    if (count < 4) {
        return 0;
    }
    sort(values, count);
    const double lower = quantile(values, count, 0.25);
    const double upper = quantile(values, count, 0.75);
    const double reach = 1.5 * (upper - lower);
    size_t outliers = 0;
    for (size_t i = 0; i < count; i++) {
        outliers += values[i] < lower - reach || values[i] > upper + reach;
    }
    return outliers;
}

double statistics_center(const struct series *rows, size_t row_count, double *scratch)
{
    double sum = 0;
    for (size_t i = 0; i < row_count; i++) {
        for (size_t k = 0; k < rows[i].count; k++) {
            scratch[k] = rows[i].values[k];
        }
        sum += log(statistics_median(scratch, rows[i].count));
    }
    return exp(sum / (double)row_count);
}

uint64_t statistics_random(uint64_t *state)
{
    uint64_t mixed = *state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

/* A whole number below `count`, by the high bits of a product (the low ones of a simple
 * generator are its weak ones). */
static size_t random_below(uint64_t *state, size_t count)
{
    return (size_t)(((statistics_random(state) >> 32) * count) >> 32);
}

static double resampled_center(const struct series *rows, size_t row_count,
                               double *scratch, uint64_t *state)
{
    double sum = 0;
    for (size_t i = 0; i < row_count; i++) {
        for (size_t k = 0; k < rows[i].count; k++) {
            scratch[k] = rows[i].values[random_below(state, rows[i].count)];
        }
        sum += log(statistics_median(scratch, rows[i].count));
    }
    return exp(sum / (double)row_count);
}

struct interval statistics_bootstrap(const struct series *rows, size_t row_count,
                                     double *scratch, uint64_t seed)
{
    double centers[RESAMPLES];
    for (size_t sample = 0; sample < RESAMPLES; sample++) {
        centers[sample] = resampled_center(rows, row_count, scratch, &seed);
    }
    sort(centers, RESAMPLES);
    return (struct interval){.low = quantile(centers, RESAMPLES, 0.025),
                             .high = quantile(centers, RESAMPLES, 0.975)};
}

static double log_mean(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += log(values[i]);
    }
    return sum / (double)count;
}

double statistics_log_spread(const double *values, size_t count)
{
    const double mean = log_mean(values, count);
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        const double distance = log(values[i]) - mean;
        squares += distance * distance;
    }
    return sqrt(squares / (double)(count - 1));
}

/* P(|T| > t) for Student's t: for whole degrees of freedom the integral is a finite sum
 * (Abramowitz and Stegun 26.7.3 and 26.7.4). */
static double student_tail(double t, size_t degrees)
{
    const double angle = atan(t / sqrt((double)degrees));
    const double square = cos(angle) * cos(angle);
    const bool is_odd = degrees % 2 == 1;
    double term = is_odd ? cos(angle) : 1;
    double sum = degrees == 1 ? 0 : term;
    for (size_t i = is_odd ? 3 : 2; i + 2 <= degrees; i += 2) {
        term *= square * (double)(i - 1) / (double)i;
        sum += term;
    }
    const double inside =
        is_odd ? (angle + sin(angle) * sum) * M_2_PI : sin(angle) * sum;
    return inside < 1 ? 1 - inside : 0;
}

double statistics_p_value(const struct series *rows, size_t row_count)
{
    double mean = 0;
    double variance = 0; /* of the mean */
    double weight = 0;
    for (size_t i = 0; i < row_count; i++) {
        if (rows[i].count < 2) {
            return 1;
        }
        const double count = (double)rows[i].count;
        const double spread = statistics_log_spread(rows[i].values, rows[i].count);
        const double share = spread * spread / count;
        mean += log_mean(rows[i].values, rows[i].count);
        variance += share;
        weight += share * share / (count - 1);
    }
    if (variance <= 0) {
        return fabs(mean) > 0 ? 0 : 1;
    }
    /* Rounding must not take a whole degree. */
    const double degrees = floor(variance * variance / weight + 1e-6);
    return student_tail(fabs(mean) / sqrt(variance), (size_t)degrees);
}

/* p_values[index] times how many are not smaller, ties in their order. */
static double holm_alone(const double *p_values, size_t count, size_t index)
{
    size_t below = 0;
    for (size_t i = 0; i < count; i++) {
        below += p_values[i] < p_values[index] ||
                 (p_values[i] <= p_values[index] && i < index);
    }
    return fmin(1, p_values[index] * (double)(count - below));
}

double statistics_holm(const double *p_values, size_t count, size_t index)
{
    double adjusted = 0;
    /* No smaller than that of any with a smaller p. */
    for (size_t i = 0; i < count; i++) {
        if (p_values[i] <= p_values[index]) {
            adjusted = fmax(adjusted, holm_alone(p_values, count, i));
        }
    }
    return adjusted;
}

struct interval statistics_share(size_t hits, size_t trials)
{
    const double z = 1.959964; /* 2.5 % of the normal distribution lie beyond */
    const double n = (double)trials;
    const double share = (double)hits / n;
    const double scale = 1 + z * z / n;
    const double middle = (share + z * z / (2 * n)) / scale;
    const double reach =
        z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale;
    return (struct interval){.low = hits == 0 ? 0 : middle - reach,
                             .high = hits == trials ? 1 : middle + reach};
}

double statistics_binomial_tail(size_t hits, size_t trials, double probability)
{
    const double n = (double)trials;
    double sum = 0;
    for (size_t i = hits; i <= trials; i++) {
        const double k = (double)i;
        sum += exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) +
                   k * log(probability) + (n - k) * log1p(-probability));
    }
    return sum < 1 ? sum : 1;
}

double statistics_random_normal(uint64_t *state)
{
    /* Box and Muller; the first lies above 0. */
    const double first = ((double)(statistics_random(state) >> 11) + 1) * 0x1p-53;
    const double second = (double)(statistics_random(state) >> 11) * 0x1p-53;
    return sqrt(-2 * log(first)) * cos(2 * M_PI * second);
}

size_t statistics_pair_ratios(const struct round_value *reference,
                              size_t reference_count, const struct round_value *subject,
                              size_t subject_count, double *ratios)
{
    size_t count = 0;
    for (size_t i = 0, k = 0; i < reference_count && k < subject_count;) {
        if (reference[i].round < subject[k].round) {
            i++;
        } else if (reference[i].round > subject[k].round) {
            k++;
        } else {
            ratios[count++] = reference[i++].value / subject[k++].value;
        }
    }
    return count;
}
