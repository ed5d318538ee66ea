#include "report/gnuplot.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report/carried.h"
#include "runner/signals.h"

enum {
    EXIT_NO_FIGURES = 3 /* as the scripts say it */
};

enum script {
    SCRIPT_STYLE,
    SCRIPT_CANVAS,
    SCRIPT_ROWS,
    SCRIPT_CHART,
    SCRIPT_COUNT
};

/* A script as a file in memory, which a child inherits. -1 and errno. */
static int file_of(const char *text)
{
    const int file = memfd_create("snugbench.gp", 0);
    const size_t length = strlen(text);
    if (file >= 0 && write(file, text, length) != (ssize_t)length) {
        close(file);
        errno = ENOSPC;
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
                                             [SCRIPT_CHART] = plan->script};
    bool done = true;
    for (size_t i = 0; i < SCRIPT_COUNT; i++) {
        files[i] = done ? file_of(texts[i]) : -1;
        done = files[i] >= 0;
    }
    if (!done) {
        const int reason = errno;
        close_files(files);
        errno = reason;
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
    fprintf(out, "rows='/dev/fd/%d'", files[SCRIPT_ROWS]);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* 0 or an errno. Signals are for it as they were for us. */
static int spawn(pid_t *pid, char **arguments)
{
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, signals_original_mask());
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    const int reason =
        posix_spawnp(pid, arguments[0], NULL, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    return reason;
}

void gnuplot_start(struct gnuplot *gnuplot, const struct gnuplot_plan *plan)
{
    int files[SCRIPT_COUNT];
    *gnuplot = (struct gnuplot){.pid = -1};
    if (!open_files(files, plan)) {
        gnuplot->error_number = errno;
        return;
    }
    char name[] = "gnuplot";
    char option[] = "-e";
    char script[32];
    snprintf(script, sizeof script, "/dev/fd/%d", files[SCRIPT_CHART]);
    char *settings = settings_of(plan, files);
    gnuplot->error_number =
        settings == NULL
            ? ENOMEM
            : spawn(&gnuplot->pid, (char *[]){name, option, settings, script, NULL});
    free(settings);
    close_files(files);
}

enum gnuplot_ending gnuplot_wait(struct gnuplot *gnuplot)
{
    int status = 0;
    if (gnuplot->error_number != 0) {
        return gnuplot->error_number == ENOENT ? GNUPLOT_MISSING : GNUPLOT_FAILED;
    }
    while (waitpid(gnuplot->pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_FIGURES) {
        return GNUPLOT_NO_FIGURES;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? GNUPLOT_DONE
                                                         : GNUPLOT_FAILED;
}
