/* The program under the recorder library: its start, its signals, its end.
 *
 * One program at a time: signals of this process are changed from launch_start to
 * launch_end. */
#ifndef SNUGBENCH_RECORD_LAUNCH_H
#define SNUGBENCH_RECORD_LAUNCH_H

#include <stdbool.h>
#include <stdio.h>

#include "process/spawn.h"
#include "record/log.h"
#include "trace/trace.h"

struct launched {
    struct process process;
    /* Of the process at its end; empty: not known. */
    char last_name[LOG_NAME_BYTES + 1];
    /* When last looked at, it ran without the library in it. */
    bool has_no_library;
};

/* The library's path, as LD_PRELOAD takes it. NULL with error filled in. */
const char *launch_library(struct trace_error *error);

/* Starts argv (found along PATH) with the library and an invitation to the log: of this
 * process alone, or of all its children too. Signals wake the sleeper at header->wake.
 * false: no process is to be had, and the error is filled in. */
bool launch_start(struct launched *launched, char *const argv[], const char *library,
                  struct log_header *header, int file, bool follow_fork,
                  struct trace_error *error);

/* Looks whether it still has the library in it, which it loses by exec. */
void launch_look(struct launched *launched);

/* Whether the library is not among a process's mappings, as its /proc/PID/maps has them
 * from here on; `otherwise` where that cannot be known: the memory that they are of is
 * gone, and what could be read of them need not be all. */
bool launch_lacks_library(FILE *maps, bool otherwise);

/* Whether a process has the log's file under the number that the program had it. */
bool launch_is_inherited(int file);

/* Looks whether it has ended. */
bool launch_has_ended(struct launched *launched);

/* A signal that would end the program came after it had ended. */
bool launch_is_interrupted(void);

/* Signals are as before. */
void launch_end(struct launched *launched);

#endif
