#include "report/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/files.h"
#include "report/output.h"

static const struct file {
    const char *name;
    bool (*write)(FILE *out, const struct run *run, const struct summary *summary);
} files[] = {
    {"summary.csv", summary_csv_write},
    {"totals.csv", totals_csv_write},
    {"samples.csv", samples_csv_write},
    {"timeline.csv", timeline_csv_write},
    {"syscalls.csv", syscalls_csv_write},
    {"latency.csv", latency_csv_write},
    {"latency_curve.csv", latency_curve_csv_write},
    {"environment.json", environment_write},
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

static bool write_aside(struct output *output, const struct file *file,
                        const char *directory, const struct run *run,
                        const struct summary *summary, struct report_error *error)
{
    if (!output_open(output, directory, file->name, error)) {
        return false;
    }
    if (!file->write(output->stream, run, summary)) {
        return fail(error, output->path);
    }
    return output_finish(output, error);
}

static bool write_files(const struct run *run, const struct summary *summary,
                        const char *directory, struct report_error *error)
{
    struct output outputs[FILE_COUNT] = {{.stream = NULL}};
    bool done = true;
    for (size_t i = 0; done && i < FILE_COUNT; i++) {
        done = write_aside(&outputs[i], &files[i], directory, run, summary, error);
    }
    for (size_t i = 0; done && i < FILE_COUNT; i++) {
        done = output_keep(&outputs[i], error);
    }
    for (size_t i = 0; i < FILE_COUNT; i++) {
        output_close(&outputs[i]);
    }
    return done;
}

bool report_write_directory(const struct run *run, const struct summary *summary,
                            const char *directory, struct report_error *error)
{
    size_t old_length;
    if (!output_make_directory(directory, &old_length, error)) {
        return false;
    }
    if (!write_files(run, summary, directory, error)) {
        output_remove_directory(directory, old_length);
        return false;
    }
    return true;
}

static bool export_to_stdout(const struct run *run, const struct summary *summary,
                             struct report_error *error)
{
    return (summary_csv_write(stdout, run, summary) && fflush(stdout) == 0) ||
           fail(error, "standard output");
}

/* The folder of `path`, allocated; "." if it names none. */
static char *folder_of(const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    *name = slash != NULL ? slash + 1 : path;
    if (slash == NULL) {
        return strdup(".");
    }
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* What is no plain file (/dev/stdout, a pipe) cannot be replaced by a rename. */
static bool export_in_place(const struct run *run, const struct summary *summary,
                            const char *path, struct report_error *error)
{
    FILE *out = fopen(path, "we");
    if (out == NULL) {
        return fail(error, path);
    }
    const bool written = summary_csv_write(out, run, summary);
    return (fclose(out) == 0 && written) || fail(error, path);
}

static bool export_aside(const struct run *run, const struct summary *summary,
                         const char *path, struct report_error *error)
{
    struct file file = {.write = summary_csv_write};
    struct output output = {.stream = NULL};
    char *folder = folder_of(path, &file.name);
    if (folder == NULL) {
        return fail(error, path);
    }
    const bool done = write_aside(&output, &file, folder, run, summary, error) &&
                      output_keep(&output, error);
    output_close(&output);
    free(folder);
    return done;
}

bool report_export_summary(const struct run *run, const struct summary *summary,
                           const char *path, struct report_error *error)
{
    if (strcmp(path, "-") == 0) {
        return export_to_stdout(run, summary, error);
    }
    return output_is_special(path) ? export_in_place(run, summary, path, error)
                                   : export_aside(run, summary, path, error);
}
