/* The sentences about what part the allocator itself has in a program's time and
 * memory; none where nobody asked. */
#ifndef SNUGBENCH_REPORT_OWN_COST_H
#define SNUGBENCH_REPORT_OWN_COST_H

#include "report/telling.h"

void own_cost_tell(const struct telling *tell);

#endif
