/* A file that is written aside (.name.tmp in its folder) and renamed when it is whole.
 */
#ifndef SNUGBENCH_REPORT_OUTPUT_H
#define SNUGBENCH_REPORT_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "report/report.h"

struct output {
    FILE *stream; /* NULL once finished */
    char *path;
    char *aside_path;
};

/* false: `error` filled, nothing to close. */
bool output_open(struct output *output, const char *directory, const char *name,
                 struct report_error *error);

/* Flush to the disk and close; the file still stands aside. false: `error` filled. */
bool output_finish(struct output *output, struct report_error *error);

/* Rename a finished file into place. false: `error` filled. */
bool output_keep(const struct output *output, struct report_error *error);

/* Frees; removes what was not kept. */
void output_close(struct output *output);

/* mkdir -p. *old_length: how much of the path was there before. false: `error` filled,
 * nothing is left behind. */
bool output_make_directory(const char *directory, size_t *old_length,
                           struct report_error *error);

/* Undo it, as far as what was made is empty; errno is kept. */
void output_remove_directory(const char *directory, size_t old_length);

/* Whether `path` is there and no plain file: a device or a pipe. */
bool output_is_special(const char *path);

#endif
