/* Processes that the program started, directly or not, and that are not on record. */
#ifndef SNUGBENCH_RECORD_OTHERS_H
#define SNUGBENCH_RECORD_OTHERS_H

#include "record/log.h"

/* In the notes on a process that became another program, which is not recorded. */
#define RECORDED_REPLACED "became another program by exec"
/* Only its name changed, which a program can do by itself. */
#define RECORDED_RENAMED "if it " RECORDED_REPLACED
/* Begins the line at the head of a trace that has the path of what was recorded. */
#define RECORDED_IMAGE "image: "

struct others {
    char text[320];    /* their names and how many of each; empty: none */
    uint32_t unlisted; /* that had no room there */
};

struct others others_describe(const struct log_header *header);

#endif
