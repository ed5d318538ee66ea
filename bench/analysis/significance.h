/* Whether a difference is more than chance, and what many comparisons at once do to
 * that. Pure functions. */
#ifndef SNUGBENCH_ANALYSIS_SIGNIFICANCE_H
#define SNUGBENCH_ANALYSIS_SIGNIFICANCE_H

#include <stddef.h>

/* Two-sided p of Student's t over the logarithms of `ratios`: how often equal
 * allocators would give a mean as far from 1. All positive; 1 below two values. The
 * bootstrap of few rounds cannot say less than "all on one side"; t can, and skewed
 * times make it larger, not smaller. */
double significance_of_ratios(const double *ratios, size_t count);

/* Holm's correction: adjusted[i] may be read as if the comparison stood alone, although
 * all are made at once. */
void significance_holm(const double *p, double *adjusted, size_t count);

/* The regularised incomplete beta function; a, b > 0, 0 <= x <= 1. */
double significance_beta(double a, double b, double x);

#endif
