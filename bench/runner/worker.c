#include "runner/worker.h"

#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "process/ending.h"
#include "process/output.h"
#include "process/preload.h"
#include "process/tool.h"

enum {
    ARGUMENTS_LIMIT = 16, /* the launcher's included */
    ENVIRONMENT_LIMIT = 64,
};

static const char preload_variable[] = "LD_PRELOAD=";

/* Its own words, which point into the rest. */
struct environment {
    char preload[PATH_MAX + 16];
    char library_path[PATH_MAX + 32];
    char padding[PROCESS_PADDING_LIMIT_BYTES + 32];
    char *words[ENVIRONMENT_LIMIT];
};

static bool prepare_environment(struct environment *environment,
                                const struct worker_plan *plan, char *error,
                                size_t error_size)
{
    snprintf(error, error_size, "the path of the library is too long");
    size_t used = 0;
    static char locale[] = "LC_ALL=C";
    environment->words[used++] = locale;
    if (plan->library != NULL) {
        const char *path = preload_path(plan->library, error, error_size);
        if (path == NULL) {
            return false;
        }
        int length = snprintf(environment->preload, sizeof environment->preload, "%s%s",
                              preload_variable, path);
        if (length < 0 || (size_t)length >= sizeof environment->preload) {
            return false;
        }
        if (plan->launcher == NULL) {
            environment->words[used++] = environment->preload;
        }
    }
    /* The one thing taken over: a library may need it to find its own libraries. */
    const char *library_path = getenv("LD_LIBRARY_PATH");
    if (library_path != NULL) {
        int length =
            snprintf(environment->library_path, sizeof environment->library_path,
                     "LD_LIBRARY_PATH=%s", library_path);
        if (length < 0 || (size_t)length >= sizeof environment->library_path) {
            return false;
        }
        environment->words[used++] = environment->library_path;
    }
    for (char *const *variable = plan->variables; variable != NULL && *variable != NULL;
         variable++) {
        if (used + 2 == ENVIRONMENT_LIMIT) { /* padding and end come behind */
            snprintf(error, error_size, "too many variables; at most %d",
                     ENVIRONMENT_LIMIT - 5);
            return false;
        }
        environment->words[used++] = *variable;
    }
    int name_length =
        snprintf(environment->padding, sizeof environment->padding, "PADDING=");
    memset(environment->padding + name_length, 'x', plan->padding_bytes);
    environment->padding[(size_t)name_length + plan->padding_bytes] = '\0';
    environment->words[used++] = environment->padding;
    environment->words[used] = NULL;
    return true;
}

/* Arguments of the tool, behind the launcher's, if there is one. Returns the path of
 * what is to be run. */
static const char *prepare_arguments(const char *arguments[ARGUMENTS_LIMIT],
                                     const struct worker_plan *plan,
                                     const char *tool_path,
                                     const struct environment *environment)
{
    size_t count = 0;
    if (plan->launcher == NULL) {
        arguments[count++] = plan->tool;
    } else {
        for (const char *const *at = plan->launcher; *at != NULL; at++) {
            arguments[count++] = *at;
        }
        if (plan->library != NULL) {
            arguments[count++] = "--preload";
            arguments[count++] = environment->preload + sizeof preload_variable - 1;
        }
        arguments[count++] = tool_path;
    }
    /* The descriptors, as they are given out below. */
    arguments[count++] = "3";
    arguments[count++] = plan->trace_fd >= 0 ? "4" : NULL;
    arguments[count++] = plan->streams_fd >= 0 ? "5" : NULL;
    arguments[count] = NULL;
    return plan->launcher == NULL ? tool_path : arguments[0];
}

/* In the child, which the tracer holds by now. */
static bool enter_filter(const void *filter)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter) == 0;
}

bool worker_start(struct process *process, const struct worker_plan *plan, char *error,
                  size_t error_size)
{
    char path[PATH_MAX];
    struct environment environment;
    *process = (struct process){.pid = 0};
    if (!tool_find(plan->tool, path, sizeof path)) {
        snprintf(error, error_size, "%s is missing; 'make' builds it beside snugbench",
                 path);
        return false;
    }
    if (!prepare_environment(&environment, plan, error, error_size)) {
        return false;
    }
    const int output_fd = output_limited();
    if (output_fd < 0) {
        snprintf(error, error_size, "no file for the worker's output: %s",
                 strerror(errno));
        return false;
    }
    const bool has_trace = plan->trace_fd >= 0;
    const char *arguments[ARGUMENTS_LIMIT];
    struct process_plan process_plan = {
        .kind = PROCESS_TOOL,
        .path = prepare_arguments(arguments, plan, path, &environment),
        .arguments = (char **)(uintptr_t)arguments,
        .environment = environment.words,
        .files = {-1, output_fd, output_fd, plan->record_fd},
        .file_count = 4,
        .output_fd = output_fd,
        .timeout_ns = plan->timeout_ns,
        .is_held = plan->filter != NULL,
        .enter = plan->filter != NULL ? enter_filter : NULL,
        .context = plan->filter,
    };
    if (has_trace) {
        process_plan.files[3] = plan->trace_fd;
        process_plan.files[4] = plan->record_fd;
        process_plan.files[5] = plan->streams_fd;
        process_plan.file_count = plan->streams_fd >= 0 ? 6 : 5;
    }
    return process_start(process, &process_plan, error, error_size);
}

enum result_status worker_judge(const struct process *process, const char *place,
                                const char *limit, char *text, size_t size)
{
    const struct ending ending = ending_of(process);
    char line[160];
    output_first_line(process->output_fd, line, sizeof line);
    const char *printed = line[0] != '\0' ? "; it printed: " : "";
    const char *blank = place[0] != '\0' ? " " : "";
    switch (ending.kind) {
    case ENDING_TIMED_OUT:
        snprintf(text, size, "%s%s%s, stopped after %g s%s%s%s",
                 ending.is_looping ? "looping" : "waiting", blank, place,
                 ending.limit_s, limit, printed, line);
        return RESULT_TIMED_OUT;
    case ENDING_SIGNAL:
        if (ending.number == SIGKILL) {
            snprintf(text, size,
                     "killed%s%s, most likely by the kernel for want of memory", blank,
                     place);
            return RESULT_OUT_OF_MEMORY;
        }
        snprintf(text, size, "SIG%s%s%s%s%s", sigabbrev_np(ending.number), blank, place,
                 printed, line);
        return RESULT_CRASHED;
    case ENDING_NOT_RUN:
        snprintf(text, size, "the tool cannot be run: %s", strerror(ending.number));
        return RESULT_ERROR;
    case ENDING_NONE:
        snprintf(text, size, "%s", place);
        return RESULT_INTERRUPTED;
    case ENDING_EXIT:
        break;
    }
    snprintf(text, size, "ended with code %d%s%s%s%s", ending.number, blank, place,
             printed, line);
    return RESULT_ERROR;
}
