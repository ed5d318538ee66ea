/* One gnuplot that draws one chart. It gets its scripts as files in memory, so that
 * nothing has to be found on disk and nothing is left there. */
#ifndef SNUGBENCH_REPORT_GNUPLOT_H
#define SNUGBENCH_REPORT_GNUPLOT_H

#include <stdbool.h>

#include "process/spawn.h"

struct gnuplot_plan {
    const char *script;    /* the text of it */
    const char *directory; /* of the CSV files */
    const char *trace;     /* NULL: the script chooses */
    const char *format;    /* "svg", "narrow", "png", "pdf", "text" */
    const char *out;       /* the file; NULL: standard output */
    unsigned columns;      /* of a text */
};

struct gnuplot {
    bool is_started;
    struct process process;
    char complaint[200]; /* after gnuplot_wait: the last it said, if it failed */
};

enum gnuplot_ending {
    GNUPLOT_DONE,
    GNUPLOT_NO_FIGURES, /* the files hold none for this chart */
    GNUPLOT_NO_TRACE,   /* not the one that is asked for */
    GNUPLOT_MISSING,
    GNUPLOT_FAILED,
};

/* A failure is told by gnuplot_wait. signals_hold must be in force. */
void gnuplot_start(struct gnuplot *gnuplot, const struct gnuplot_plan *plan);

enum gnuplot_ending gnuplot_wait(struct gnuplot *gnuplot);

#endif
