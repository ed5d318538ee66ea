/* What a server keeps after its load, and whether it still grows, in two lines. */
#ifndef SNUGBENCH_REPORT_SERVER_H
#define SNUGBENCH_REPORT_SERVER_H

#include "report/telling.h"

void server_tell(const struct telling *tell);

#endif
