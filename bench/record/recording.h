/* A recording: runs a program under the recorder library and writes its calls as a
 * trace while it runs, one file for each process that is recorded.
 *
 * The memory file of log.h is this process's own; the program inherits a descriptor of
 * it. One recording at a time: signals of the process are changed while the program
 * runs. */
#ifndef SNUGBENCH_RECORD_RECORDING_H
#define SNUGBENCH_RECORD_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/trace.h"

struct recording_options {
    const char *output;
    const char *const *comments; /* for the head of each file, NULL-terminated */
    bool follow_fork;            /* children too */
    uint64_t max_ops;            /* of a process; 0: all */
    uint64_t duration_ns;        /* 0: to the end */
};

enum {
    RECORDING_MIB = 2, /* of shared memory for a process */
    RECORDED_NOTES = 12,
    RECORDED_NOTE_BYTES = 400
};

/* What became of a recorded process. */
struct recorded {
    uint32_t number; /* 1: the first */
    char path[4096];
    uint64_t operations; /* 0: there is no file */
    uint32_t threads;
    uint64_t peak_live_bytes;
    char notes[RECORDED_NOTES][RECORDED_NOTE_BYTES];
    size_t note_count;
    char failure[512]; /* empty: none */
    struct recorded *next;
};

struct recording {
    struct recorded *processes; /* by number */
    int exit_code; /* the program's own; 128 + n: ended by signal n; 126, 127: never
                      ran, as in a shell; 1: the recording failed */
    int signal;    /* that ended the program; 0: none */
    int attach_failure; /* the errno that kept a process from being recorded; 0: none */
    bool was_seen;      /* the recorder came to life in the program */
};

/* Run argv (found along PATH) with its own standard streams until it ends. Ctrl-C is
 * the program's; SIGTERM, SIGHUP and a SIGINT that a process sent are passed on to it.
 * With follow_fork until all recorded processes have ended, or one of these signals
 * comes after the program's end. false: the error is filled in, and exit_code is 126 or
 * 127 if the program could not be run, 1 if the recording could not. */
bool recording_run(struct recording *recording, char *const argv[],
                   const struct recording_options *options, struct trace_error *error);

void recording_destroy(struct recording *recording);

#endif
