/* What a comparison of a program under several allocators is turned into: the answer in
 * words, one table, CSV, JSON, Markdown. All of them only format the summary, which is
 * made once. Figures that were not measured are empty. */
#ifndef SNUGBENCH_REPORT_COMPARE_H
#define SNUGBENCH_REPORT_COMPARE_H

#include <stdbool.h>
#include <stdio.h>

#include "analysis/compare.h"
#include "live/study.h"
#include "report/report.h"

enum {
    COMPARE_SCHEMA_VERSION = 2
};

/* One line for each allocator. false: out of memory or `out` failed. */
bool compare_table(FILE *out, const struct study *study,
                   const struct compare_summary *summary);

/* Where and how it was measured, in a few lines: below the table, and with -v more. */
void compare_footnotes(FILE *out, const struct study *study,
                       const struct compare_summary *summary, bool is_verbose);

/* Header and rows; false: the stream failed. */
bool compare_csv_write(FILE *out, const struct study *study,
                       const struct compare_summary *summary);
bool compare_samples_write(FILE *out, const struct study *study,
                           const struct compare_summary *summary);
bool compare_memory_write(FILE *out, const struct study *study,
                          const struct compare_summary *summary);
bool compare_json_write(FILE *out, const struct study *study,
                        const struct compare_summary *summary);
bool compare_markdown_write(FILE *out, const struct study *study,
                            const struct compare_summary *summary);
/* A comment with the schema's version, which readers of Markdown do not show. */
void compare_markdown_begin(FILE *out);
/* Text in a cell of Markdown's tables, where a bar would end the cell. */
void compare_markdown_text(FILE *out, const char *text);
bool compare_answer_write(FILE *out, const struct study *study,
                          const struct compare_summary *summary);
bool compare_environment_write(FILE *out, const struct study *study,
                               const struct compare_summary *summary);

/* All of them, whole or not at all, in a directory that is made if it is missing. */
bool compare_write_directory(const struct study *study,
                             const struct compare_summary *summary,
                             const char *directory, struct report_error *error);

enum compare_format {
    COMPARE_CSV,
    COMPARE_JSON,
    COMPARE_MARKDOWN,
};

/* One of them into `path`; "-" is standard output. */
bool compare_export(const struct study *study, const struct compare_summary *summary,
                    enum compare_format format, const char *path,
                    struct report_error *error);

/* "VmHWM of the process", ...: how the peak was found. */
const char *peak_method_text(enum peak_method method);

/* What the score is, with its unit: "time of a run, s". */
const char *score_text(const struct study *study);

#endif
