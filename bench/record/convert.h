/* From the records of a process to calls by address. */
#ifndef SNUGBENCH_RECORD_CONVERT_H
#define SNUGBENCH_RECORD_CONVERT_H

#include "record/log.h"
#include "trace/pointers.h"

/* A record, with the number of the LOG_EXTRA behind it if it has one. Those that are no
 * calls are left out. false: out of memory (errno). */
bool convert_record(struct pointers *pointers, const struct log_record *record,
                    uint64_t extra);

#endif
