#include "report/gnuplot.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "process/ending.h"
#include "report/embedded.h"

enum {
    EXIT_NO_FIGURES = 3, /* as the scripts say it */
    EXIT_NO_TRACE = 4,
};

enum script {
    SCRIPT_STYLE,
    SCRIPT_CANVAS,
    SCRIPT_ROWS,
    SCRIPT_ONE_TRACE,
    SCRIPT_CHART,
    SCRIPT_COUNT
};

/* A script as a file in memory, which a child inherits. -1: there is none to be had. */
static int file_of(const char *text)
{
    const int file = memfd_create("snugbench.gp", 0);
    const size_t length = strlen(text);
    if (file >= 0 && write(file, text, length) != (ssize_t)length) {
        close(file);
        return -1;
    }
    return file;
}

static void close_files(const int *files)
{
    for (size_t i = 0; i < SCRIPT_COUNT; i++) {
        if (files[i] >= 0) {
            close(files[i]);
        }
    }
}

static bool open_files(int *files, const struct gnuplot_plan *plan)
{
    const char *const texts[SCRIPT_COUNT] = {[SCRIPT_STYLE] = chart_style,
                                             [SCRIPT_CANVAS] = chart_canvas,
                                             [SCRIPT_ROWS] = chart_rows,
                                             [SCRIPT_ONE_TRACE] = chart_one_trace,
                                             [SCRIPT_CHART] = plan->script};
    bool done = true;
    for (size_t i = 0; i < SCRIPT_COUNT; i++) {
        files[i] = done ? file_of(texts[i]) : -1;
        done = files[i] >= 0;
    }
    if (!done) {
        close_files(files);
    }
    return done;
}

/* "name='text'; ": a single quote would end gnuplot's string; doubled, it stands for
 * itself. */
static void set_variable(FILE *out, const char *name, const char *text)
{
    fprintf(out, "%s='", name);
    for (; text != NULL && *text != '\0'; text++) {
        fprintf(out, *text == '\'' ? "''" : "%c", *text);
    }
    fputs("'; ", out);
}

/* What the scripts expect to be set, allocated; NULL: out of memory. */
static char *settings_of(const struct gnuplot_plan *plan, const int *files)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return NULL;
    }
    set_variable(out, "dir", plan->directory);
    set_variable(out, "trace", plan->trace);
    set_variable(out, "format", plan->format);
    set_variable(out, "out", plan->out);
    fprintf(out, "columns=%u; style='/dev/fd/%d'; canvas='/dev/fd/%d'; ", plan->columns,
            files[SCRIPT_STYLE], files[SCRIPT_CANVAS]);
    fprintf(out, "rows='/dev/fd/%d'; one_trace='/dev/fd/%d'", files[SCRIPT_ROWS],
            files[SCRIPT_ONE_TRACE]);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

void gnuplot_start(struct gnuplot *gnuplot, const struct gnuplot_plan *plan)
{
    int files[SCRIPT_COUNT];
    char error[256];
    *gnuplot = (struct gnuplot){.is_started = false};
    if (!open_files(files, plan)) {
        return;
    }
    const int errors_fd = memfd_create("snugbench.err", MFD_CLOEXEC);
    char name[] = "gnuplot";
    char option[] = "-e";
    char script[32];
    snprintf(script, sizeof script, "/dev/fd/%d", files[SCRIPT_CHART]);
    char *settings = settings_of(plan, files);
    if (settings != NULL) {
        gnuplot->is_started = process_start(
            &gnuplot->process,
            &(struct process_plan){
                .kind = PROCESS_COMMAND,
                .arguments = (char *[]){name, option, settings, script, NULL},
                .files = {STDIN_FILENO, STDOUT_FILENO, errors_fd},
                .file_count = 3,
                .output_fd = errors_fd,
            },
            error, sizeof error);
    }
    free(settings);
    close_files(files);
}

/* The last line of what it printed: warnings come before the error that ends it. */
static void keep_complaint(struct gnuplot *gnuplot)
{
    char text[2048];
    const ssize_t length = pread(gnuplot->process.output_fd, text, sizeof text - 1, 0);
    char *rest = text;
    text[length > 0 ? length : 0] = '\0';
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        if (line[strspn(line, " ^")] != '\0') {
            snprintf(gnuplot->complaint, sizeof gnuplot->complaint, "%s", line);
        }
    }
}

enum gnuplot_ending gnuplot_wait(struct gnuplot *gnuplot)
{
    gnuplot->complaint[0] = '\0';
    if (!gnuplot->is_started) {
        return GNUPLOT_FAILED;
    }
    process_wait(&gnuplot->process);
    const struct ending ending = ending_of(&gnuplot->process);
    if (!ending_is_good(ending) && gnuplot->process.output_fd >= 0) {
        keep_complaint(gnuplot);
    }
    process_close(&gnuplot->process);
    if (ending.kind == ENDING_NOT_RUN && ending.number == ENOENT) {
        return GNUPLOT_MISSING;
    }
    if (ending.kind == ENDING_EXIT && ending.number == EXIT_NO_FIGURES) {
        return GNUPLOT_NO_FIGURES;
    }
    if (ending.kind == ENDING_EXIT && ending.number == EXIT_NO_TRACE) {
        return GNUPLOT_NO_TRACE;
    }
    return ending_is_good(ending) ? GNUPLOT_DONE : GNUPLOT_FAILED;
}
