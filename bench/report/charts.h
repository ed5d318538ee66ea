/* The charts of a results folder: a table of them, each drawn by gnuplot from a script
 * that is embedded in the executable, out of CSV files and nothing else.
 *
 * signals_hold must be in force, so that an interrupt leaves whole files. */
#ifndef SNUGBENCH_REPORT_CHARTS_H
#define SNUGBENCH_REPORT_CHARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "report/report.h"

/* The part of the page where a chart stands, in the page's order. */
enum chart_section {
    SECTION_SCATTER,
    SECTION_LIVE,
    SECTION_MEMORY,
    SECTION_LATENCY,
    SECTION_TRACES,
    SECTION_SYSCALLS,
    SECTION_MICRO,
    SECTION_SHAPE,
    SECTION_COUNT
};

struct chart {
    const char *name; /* of its files: NAME.svg, NAME.png, NAME.pdf */
    enum chart_section section;
    const char *files[2]; /* CSV that must have rows; NULL: no second one */
    const char *title;
    const char *description; /* for those who do not see it */
    const char *script;
};

extern const struct chart charts[];
extern const size_t charts_count;

/* NULL: no chart is called so. */
const struct chart *chart_find(const char *name);

enum chart_outcome {
    CHART_ABSENT, /* one of its files is missing or has no figures for it */
    CHART_DRAWN,
    CHART_FAILED, /* `error` filled */
};

struct chart_request {
    const char *directory;
    const char *trace; /* NULL: the one with the largest peak, or the first */
};

/* The text of two SVG files; NULL: it is not drawn. */
struct chart_drawing {
    char *wide;
    char *narrow; /* the same for phones: panels one below the other */
};

/* Into the folder, as SVG, PNG and PDF, each whole or as it was before, and into
 * `drawing`, to be freed. */
enum chart_outcome chart_draw(const struct chart *chart,
                              const struct chart_request *request,
                              struct chart_drawing *drawing,
                              struct report_error *error);

void chart_drawing_free(struct chart_drawing *drawing);

/* To standard output, in characters, so many to a line, below its title and
 * description. */
enum chart_outcome chart_print(const struct chart *chart,
                               const struct chart_request *request, unsigned columns,
                               struct report_error *error);

#endif
