/* The launcher: runs a program under the recorder library and keeps its raw log.
 *
 * Owns the log file, which lies in $TMPDIR or /tmp while the program runs and is
 * unlinked before recording_run returns. One recording at a time: signals of the
 * process are changed while the program runs. */
#ifndef SNUGBENCH_RECORD_LAUNCH_H
#define SNUGBENCH_RECORD_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>

#include "record/log.h"
#include "trace/trace.h"

struct recording {
    struct log_header *log; /* mapped until recording_close */
    size_t mapped_bytes;
    int exit_code; /* the program's own; 128 + n: ended by signal n; 126, 127: never
                      ran, as in a shell */
    int signal;    /* that ended the program; 0: none */
};

/* Run argv (found along PATH) with its own standard streams until it ends. Ctrl-C is
 * the program's, SIGTERM and SIGHUP are passed on to it. false: the error is filled in,
 * and exit_code is 126 or 127 if the program could not be run, 1 if the recording could
 * not. */
bool recording_run(struct recording *recording, char *const argv[],
                   struct trace_error *error);

void recording_close(struct recording *recording);

#endif
