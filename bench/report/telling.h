/* The words that several sentences of the answer have in common. */
#ifndef SNUGBENCH_REPORT_TELLING_H
#define SNUGBENCH_REPORT_TELLING_H

#include <stdbool.h>
#include <stdio.h>

#include "analysis/answer.h"

struct telling {
    FILE *out;
    const struct answer *answer;
};

/* From here on a ratio reads better than a percentage. */
extern const double telling_many_times;

const char *telling_name(const struct telling *tell, size_t index);
const struct answer_row *telling_reference(const struct telling *tell);
const char *telling_reference_name(const struct telling *tell);
bool telling_has_several_traces(const struct telling *tell);

/* Of a program: some process ran without the preload under this allocator. */
bool telling_is_unreached(const struct telling *tell, size_t index);
/* ", as far as the preload reaches" where that is not everywhere. */
const char *telling_reach(const struct telling *tell);

/* "a, b and c" of the rows that `is_chosen` says. */
void telling_put_names(const struct telling *tell,
                       bool (*is_chosen)(const struct telling *, size_t));

/* "1.23 s", "812 ms", "91.5 million calls a second" or "12.5 (requests a second)";
 * without the unit where it has just been said. */
void telling_put_score(const struct telling *tell, double value, bool with_unit);

/* ", with 12 % less memory", ", but 8 % slower": after what is said of the other;
 * nothing without a verdict. */
void telling_put_memory_change(const struct telling *tell,
                               const struct answer_row *row);
void telling_put_speed_change(const struct telling *tell, const struct answer_row *row);

#endif
