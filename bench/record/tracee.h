/* A recorded process as snugbench sees it: its ring, emptied into its trace. */
#ifndef SNUGBENCH_RECORD_TRACEE_H
#define SNUGBENCH_RECORD_TRACEE_H

#include <limits.h>

#include "record/convert.h"
#include "record/forks.h"
#include "record/recording.h"
#include "trace/formats/rep_write.h"

struct tracee {
    struct log_ring *ring; /* mapped */
    uint32_t ring_number;
    uint32_t number; /* in order of appearance, from 1 */
    int32_t pid;
    int pidfd;       /* -1: it had ended before it was met, or is not visible */
    bool is_visible; /* `pid` is of a process namespace that we see */
    bool is_program; /* the process that snugbench started */
    bool has_ended;
    bool is_stopped;           /* nothing is read any more */
    uint64_t waiting_since_ns; /* for what its parent had; 0: it is read */
    const struct recording_options *options;
    struct forks *forks;
    struct pointers *pointers;    /* NULL once the file is finished */
    const struct addresses *live; /* in there */
    struct trace_writer writer;
    uint64_t next;     /* the position to read */
    uint64_t left_out; /* calls that were not written */
    uint64_t hole_since_ns;
    uint64_t cut_ns; /* when all that was read by then was in the file */
    uint64_t operations;
    struct recorded *recorded; /* what is told of it; NULL: its file is finished */
};

/* Takes over the mapped ring. NULL with error filled in: the process is not recorded,
 * and the ring is still the caller's. */
struct tracee *tracee_open(struct log_ring *ring, uint32_t ring_number, uint32_t number,
                           const struct recording_options *options, struct forks *forks,
                           uint64_t now_ns, struct trace_error *error);

/* Whether the process has, or had, the pid of a ring's owner. Of the same namespace, as
 * far as that is known. */
bool tracee_has_pid_of(const struct tracee *tracee, const struct log_ring *ring);

/* Reads some of what is there. Whether there is more to read at once. */
bool tracee_drain(struct tracee *tracee, uint64_t now_ns);

/* A call was begun and not yet written, so the calls behind it wait. */
bool tracee_has_hole(const struct tracee *tracee);

/* A sentence for the user and for the end of the file. */
void tracee_note(struct tracee *tracee, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The program goes on, unrecorded. */
void tracee_stop(struct tracee *tracee, const char *why);

/* The process has ended, or is stopped: reads the rest, and names the file if it holds
 * anything. */
struct recorded *tracee_finish(struct tracee *tracee);

/* A file that is not finished is as if it had never been. */
void tracee_close(struct tracee *tracee);

#endif
