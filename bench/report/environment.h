/* What a reader needs to know of the place of a run, whatever was run. */
#ifndef SNUGBENCH_REPORT_ENVIRONMENT_H
#define SNUGBENCH_REPORT_ENVIRONMENT_H

#include <jansson.h>

/* date_utc, machine and software; NULL: out of memory. */
json_t *environment_create(void);

#endif
