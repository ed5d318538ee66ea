/* report.html: one file that holds all of a results folder for people. The answer comes
 * first, then charts, then what stands behind them.
 *
 * It needs nothing from the network and no script; text of files is escaped. What the
 * folder does not hold is named in one list, with the command that measures it. */
#ifndef SNUGBENCH_REPORT_PAGE_H
#define SNUGBENCH_REPORT_PAGE_H

#include <stdbool.h>
#include <stdio.h>

#include "report/charts.h"

struct page {
    const char *directory;
    const struct chart_drawing *drawings; /* of each of `charts` */
    const char *chart_problem; /* why charts are missing; NULL: they are not */
};

/* false: the stream failed or memory is out (errno). */
bool page_write(FILE *out, const void *page);

/* Whether the folder has a file of that name. */
bool page_has(const char *directory, const char *name);

#endif
