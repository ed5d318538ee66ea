/* The programs of a results folder of several, by its programs.csv: each has a folder
 * of its own inside. */
#ifndef SNUGBENCH_REPORT_PROGRAM_NAMES_H
#define SNUGBENCH_REPORT_PROGRAM_NAMES_H

#include <stddef.h>

struct sheet;

struct program_names {
    const char **items; /* each once, in the order of the file */
    size_t count;       /* 0: there is no such file */
    struct sheet *sheet;
};

struct program_names program_names_read(const char *directory);
void program_names_free(struct program_names *names);

#endif
