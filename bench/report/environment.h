/* What a reader needs to know of the place of a run, whatever was run. */
#ifndef SNUGBENCH_REPORT_ENVIRONMENT_H
#define SNUGBENCH_REPORT_ENVIRONMENT_H

#include <jansson.h>

#include "live/study.h"

enum {
    FILES_SCHEMA_VERSION = 2 /* of all files of a results folder */
};

/* schema_version, date_utc, machine and software; NULL: out of memory. */
json_t *environment_create(void);

/* The seed and the allocators of a comparison. */
void environment_add_study(json_t *object, const struct study *study);

#endif
