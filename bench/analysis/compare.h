/* From the raw study to the figures people read and to the answer, made once and handed
 * down: the table, the text and every file show these.
 *
 * Speed is a ratio to the reference by round, above 1 is better, whatever the score is:
 * a time or a number of which more (or less) is better. Memory is this / reference,
 * below 1 is smaller. */
#ifndef SNUGBENCH_ANALYSIS_COMPARE_H
#define SNUGBENCH_ANALYSIS_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/answer.h"
#include "analysis/summary.h"
#include "live/study.h"

struct compare_row {
    bool present;          /* it did not fail and has been measured */
    struct estimate score; /* seconds or --load-metric: median over rounds */
    struct estimate cpu_s; /* user + system */
    struct figure user_s, system_s;
    struct figure outlier_count; /* rounds beyond Tukey's fences; they stay in */
    struct comparison speed;
    struct figure speed_p; /* after Holm's correction over all allocators */
    bool is_undecided; /* neither different nor narrow enough to be called the same */
    size_t peak_count; /* runs behind the peak; of one there is no interval */
    struct estimate peak_bytes;
    struct estimate peak_ratio;
    enum size_verdict peak_verdict;
    struct figure minor_faults, major_faults, process_count;
    struct estimate left_bytes;              /* servers */
    struct estimate growth_bytes_per_minute; /* servers; may be negative */
};

struct compare_summary {
    struct compare_row *rows; /* as study->candidates */
    size_t count;
    double effect; /* smaller differences are none; 0.02 is 2 % */
    struct answer answer;
    bool
        is_certain; /* no verdict against the reference would change with more rounds */
    enum peak_method method;
    size_t peak_count;  /* the least of all rows */
    double peak_effect; /* smaller differences of peaks are none */
};

/* NULL: out of memory. */
struct compare_summary *compare_create(const struct study *study, double effect);
void compare_destroy(struct compare_summary *summary);

/* Whether more rounds would change no verdict and not who is the fastest: all intervals
 * of speed, against the reference and of the fastest against all others, are narrower
 * than half the effect to each side, or what they say is clear (p < 0.01). */
bool compare_is_decided(const struct study *study, double effect);

#endif
