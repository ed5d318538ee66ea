/* The launcher: runs a program under the recorder library and keeps its raw log.
 *
 * Owns the log file, which lies in $TMPDIR or /tmp while the program runs and is
 * unlinked before recording_run returns; the program inherits a descriptor of it. One
 * recording at a time: signals of the process are changed while the program runs. */
#ifndef SNUGBENCH_RECORD_LAUNCH_H
#define SNUGBENCH_RECORD_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>

#include "record/log.h"
#include "trace/trace.h"

struct recording {
    struct log_header *log; /* mapped until recording_close */
    size_t mapped_bytes;
    int file;      /* open as long as it is mapped */
    int exit_code; /* the program's own; 128 + n: ended by signal n; 126, 127: never
                      ran, as in a shell */
    int signal;    /* that ended the program; 0: none */
    /* The process ended as another program than the one on record, which the recorder
     * did not get into. */
    bool is_replaced;
};

/* Processes that the program started, directly or not: none of them is on record. */
struct recording_others {
    char text[400];    /* their names and how many of each; empty: none */
    uint32_t unlisted; /* that had no room there */
    bool are_running;  /* some that are listed */
};

/* Run argv (found along PATH) with its own standard streams until it ends. Ctrl-C is
 * the program's, SIGTERM and SIGHUP are passed on to it. false: the error is filled in,
 * and exit_code is 126 or 127 if the program could not be run, 1 if the recording could
 * not. */
bool recording_run(struct recording *recording, char *const argv[],
                   struct trace_error *error);

struct recording_others recording_others(const struct recording *recording);

void recording_close(struct recording *recording);

#endif
