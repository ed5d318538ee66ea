#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/compare.h"
#include "report/output.h"

typedef bool compare_writer(FILE *, const struct study *,
                            const struct compare_summary *);

bool compare_answer_write(FILE *out, const struct study *study,
                          const struct compare_summary *summary)
{
    answer_print(out, study, summary);
    fputc('\n', out);
    if (!compare_table(out, study, summary, false)) {
        return false;
    }
    compare_footnotes(out, study, summary, true);
    return !ferror(out);
}

static void put_cell(FILE *out, const struct estimate estimate, double scale)
{
    if (estimate.present) {
        fprintf(out, " %.4g ± %.2g |", scale * estimate.value,
                scale * (estimate.high - estimate.low) / 2);
    } else {
        fputs(" |", out);
    }
}

bool compare_markdown_write(FILE *out, const struct study *study,
                            const struct compare_summary *summary)
{
    const char *reference = study->candidates[study->reference_index].name;
    fprintf(out, "| allocator | %s | speed v %s | verdict | peak MiB | v %s |\n",
            score_text(study), reference, reference);
    fputs("|:---|---:|---:|:---|---:|---:|\n", out);
    for (size_t i = 0; i < study->count; i++) {
        const struct compare_row *row = &summary->rows[i];
        fprintf(out, "| %s |", study->candidates[i].name);
        if (study->candidates[i].failed) {
            fprintf(out, " | | failed: %s | | |\n", study->candidates[i].failure);
            continue;
        }
        put_cell(out, row->score, 1);
        if (row->speed.ratio.present) {
            fprintf(out, " %.3f |", row->speed.ratio.value);
        } else {
            fputs(" |", out);
        }
        fprintf(out, " %s |",
                row->is_undecided ? "undecided" : verdict_text(row->speed.verdict));
        put_cell(out, row->peak_bytes, 1.0 / (1 << 20));
        if (row->peak_ratio.present) {
            fprintf(out, " %.3f |\n", row->peak_ratio.value);
        } else {
            fputs(" |\n", out);
        }
    }
    return !ferror(out);
}

static const struct file {
    const char *name;
    compare_writer *write;
} files[] = {
    {"compare.csv", compare_csv_write},
    {"samples.csv", compare_samples_write},
    {"memory.csv", compare_memory_write},
    {"compare.json", compare_json_write},
    {"answer.txt", compare_answer_write},
    {"environment.json", compare_environment_write},
};

enum {
    FILE_COUNT = sizeof files / sizeof *files
};

static bool fail(struct report_error *error, const char *path)
{
    snprintf(error->text, sizeof error->text, "cannot write '%s': %s", path,
             strerror(errno));
    return false;
}

static bool write_aside(struct output *output, compare_writer *write,
                        const char *directory, const char *name,
                        const struct study *study,
                        const struct compare_summary *summary,
                        struct report_error *error)
{
    if (!output_open(output, directory, name, error)) {
        return false;
    }
    if (!write(output->stream, study, summary)) {
        return fail(error, output->path);
    }
    return output_finish(output, error);
}

bool compare_write_directory(const struct study *study,
                             const struct compare_summary *summary,
                             const char *directory, struct report_error *error)
{
    size_t old_length;
    if (!output_make_directory(directory, &old_length, error)) {
        return false;
    }
    struct output outputs[FILE_COUNT] = {{.stream = NULL}};
    bool done = true;
    for (size_t i = 0; done && i < FILE_COUNT; i++) {
        done = write_aside(&outputs[i], files[i].write, directory, files[i].name, study,
                           summary, error);
    }
    for (size_t i = 0; done && i < FILE_COUNT; i++) {
        done = output_keep(&outputs[i], error);
    }
    for (size_t i = 0; i < FILE_COUNT; i++) {
        output_close(&outputs[i]);
    }
    if (!done) {
        output_remove_directory(directory, old_length);
    }
    return done;
}

static bool export_in_place(const struct study *study,
                            const struct compare_summary *summary,
                            compare_writer *write, const char *path,
                            struct report_error *error)
{
    FILE *out = fopen(path, "we");
    if (out == NULL) {
        return fail(error, path);
    }
    const bool written = write(out, study, summary);
    return (fclose(out) == 0 && written) || fail(error, path);
}

static bool export_aside(const struct study *study,
                         const struct compare_summary *summary, compare_writer *write,
                         const char *path, struct report_error *error)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL   ? strdup(".")
                   : slash == path ? strdup("/")
                                   : strndup(path, (size_t)(slash - path));
    struct output output = {.stream = NULL};
    if (folder == NULL) {
        return fail(error, path);
    }
    const bool done =
        write_aside(&output, write, folder, slash != NULL ? slash + 1 : path, study,
                    summary, error) &&
        output_keep(&output, error);
    output_close(&output);
    free(folder);
    return done;
}

bool compare_export(const struct study *study, const struct compare_summary *summary,
                    enum compare_format format, const char *path,
                    struct report_error *error)
{
    static compare_writer *const writers[] = {[COMPARE_CSV] = compare_csv_write,
                                              [COMPARE_JSON] = compare_json_write,
                                              [COMPARE_MARKDOWN] =
                                                  compare_markdown_write};
    if (strcmp(path, "-") == 0) {
        return (writers[format](stdout, study, summary) && fflush(stdout) == 0) ||
               fail(error, "standard output");
    }
    if (output_is_special(path)) {
        return export_in_place(study, summary, writers[format], path, error);
    }
    return export_aside(study, summary, writers[format], path, error);
}
