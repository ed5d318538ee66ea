#include "analysis/significance.h"

#include <math.h>

/* The continued fraction of the incomplete beta function (Abramowitz and
 * Stegun 26.5.8), by Lentz's method. */
static double beta_fraction(double a, double b, double x)
{
    enum {
        STEPS = 300
    };
    const double tiny = 1e-300;
    double c = 1;
    double d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double value = d;
    for (int m = 1; m <= STEPS; m++) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        const double terms[] = {even, odd};
        double factor = 1;
        for (int k = 0; k < 2; k++) {
            d = 1 + terms[k] * d;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = 1 + terms[k] / c;
            c = fabs(c) < tiny ? tiny : c;
            factor = c * d;
            value *= factor;
        }
        if (fabs(factor - 1) < 1e-14) {
            break;
        }
    }
    return value;
}

double significance_beta(double a, double b, double x)
{
    if (x <= 0 || x >= 1) {
        return x <= 0 ? 0 : 1;
    }
    /* The fraction converges fast on this side of the mean only. */
    if (x > (a + 1) / (a + b + 2)) {
        const double front =
            exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
        return 1 - front * beta_fraction(b, a, 1 - x) / b;
    }
    const double front =
        exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    return front * beta_fraction(a, b, x) / a;
}

double significance_of_ratios(const double *ratios, size_t count)
{
    if (count < 2) {
        return 1;
    }
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += log(ratios[i]);
    }
    const double mean = sum / (double)count;
    double squares = 0;
    for (size_t i = 0; i < count; i++) {
        const double off = log(ratios[i]) - mean;
        squares += off * off;
    }
    const double freedom = (double)(count - 1);
    const double variance = squares / freedom / (double)count; /* of the mean */
    if (variance <= 0) {
        return mean == 0 ? 1 : 0;
    }
    const double t2 = mean * mean / variance;
    return significance_beta(freedom / 2, 0.5, freedom / (freedom + t2));
}

/* The k-th smallest of n (from 0) times n - k, ties in their order. */
static double alone(const double *p, size_t count, size_t index)
{
    size_t below = 0;
    for (size_t i = 0; i < count; i++) {
        below += p[i] < p[index] || (p[i] == p[index] && i < index);
    }
    return fmin(1, p[index] * (double)(count - below));
}

void significance_holm(const double *p, double *adjusted, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        adjusted[i] = 0;
        /* No smaller than that of any with a smaller p. */
        for (size_t k = 0; k < count; k++) {
            if (p[k] <= p[i]) {
                adjusted[i] = fmax(adjusted[i], alone(p, count, k));
            }
        }
    }
}
