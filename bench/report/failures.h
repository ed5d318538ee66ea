/* What failed, and what a row stands for that is not what its name says: the first
 * lines of the answer. */
#ifndef SNUGBENCH_REPORT_FAILURES_H
#define SNUGBENCH_REPORT_FAILURES_H

#include "report/telling.h"

void failures_tell(const struct telling *tell);

#endif
