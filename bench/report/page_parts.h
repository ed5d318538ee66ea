/* The parts of the page, each with what it reads from the folder. None fails for a file
 * that is missing or cannot be read: it then has nothing to show. */
#ifndef SNUGBENCH_REPORT_PAGE_PARTS_H
#define SNUGBENCH_REPORT_PAGE_PARTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "report/charts.h"
#include "report/page.h"

/* answer.txt: the lines in words, then what was printed below them, closed. */
void page_answer(FILE *out, const char *directory);

/* Of several programs: the way to the page of each, and what its answer begins with. */
void page_programs(FILE *out, const char *directory);

/* One line an allocator, from compare.csv and totals.csv. */
void page_overview(FILE *out, const char *directory);

/* The chart, wide and narrow, with its title and description in it. */
void page_chart(FILE *out, const struct chart *chart,
                const struct chart_drawing *drawing);

/* environment.json as a table. */
void page_environment(FILE *out, json_t *environment);

/* Every CSV file, closed; those with very many cells by name only. */
void page_tables(FILE *out, const char *directory);

/* Opens it for reading; NULL: it is not there. */
FILE *page_open(const char *directory, const char *name);

/* A table whose header sticks and which scrolls in a box of its own. */
void page_table_begin(FILE *out, const char *caption);
void page_table_end(FILE *out);

#endif
