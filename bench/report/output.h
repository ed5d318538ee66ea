/* A file that is written aside (.name.XXXXXX in its folder) and renamed when it is
 * whole, and a folder that belongs to one run at a time. */
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

/* What goes into a file. false: the stream failed or memory is out (errno). */
typedef bool output_writer(FILE *out, const void *data);

struct output_file {
    const char *name;
    output_writer *write;
    const void *data;
};

/* All files into `directory`, which is made if it is missing. They are renamed into
 * place after all are written; if that fails, a directory made for them is removed
 * again. false: `error` filled. */
bool output_write_all(const char *directory, const struct output_file *files,
                      size_t count, struct report_error *error);

/* One file; "-" is standard output, and a device or a pipe is written as it is. false:
 * `error` filled. */
bool output_write(const char *path, output_writer *write, const void *data,
                  struct report_error *error);

/* A folder for the files of one run, taken before the run begins: two runs that take
 * turns to rename their files into one folder would leave a mixture. */
struct output_folder {
    const char *path; /* borrowed */
    size_t old_length;
    int lock;
};

/* Makes the folder if it is missing. false: `error` filled, nothing is left behind; it
 * cannot be written, or another process has it. */
bool output_folder_open(struct output_folder *folder, const char *path,
                        struct report_error *error);

/* For the next run. What was made and is still empty is removed. */
void output_folder_close(struct output_folder *folder);

/* Whether output_write can make `path`, found out before minutes of measuring; the last
 * word is with the writing itself. Nothing is changed. false: `error` filled. */
bool output_check(const char *path, struct report_error *error);

/* Whether `path` is there and no plain file: a device or a pipe. */
bool output_is_special(const char *path);

#endif
