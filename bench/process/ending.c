#include "process/ending.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "process/clock.h"
#include "process/output.h"

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

struct ending ending_of(const struct process *process)
{
    const int status = process->wait_status;
    if (process->timed_out) {
        const double limit_s = (double)process->timeout_ns / NS_PER_SECOND;
        const double processor_s =
            seconds_of(process->usage.ru_utime) + seconds_of(process->usage.ru_stime);
        return (struct ending){.kind = ENDING_TIMED_OUT,
                               .limit_s = limit_s,
                               .is_looping = processor_s * 2 > limit_s};
    }
    if (!process->ended) {
        return (struct ending){.kind = ENDING_NONE};
    }
    if (process->start_error != 0) {
        return (struct ending){.kind = ENDING_NOT_RUN, .number = process->start_error};
    }
    if (WIFSIGNALED(status)) {
        return (struct ending){.kind = ENDING_SIGNAL, .number = WTERMSIG(status)};
    }
    return (struct ending){.kind = ENDING_EXIT, .number = WEXITSTATUS(status)};
}

bool ending_is_good(struct ending ending)
{
    return ending.kind == ENDING_EXIT && ending.number == 0;
}

int ending_exit_code(struct ending ending)
{
    enum {
        SIGNALLED = 128,
        NOT_FOUND = 127,
        NOT_RUNNABLE = 126
    };
    switch (ending.kind) {
    case ENDING_EXIT:
        return ending.number;
    case ENDING_SIGNAL:
        return SIGNALLED + ending.number;
    case ENDING_NOT_RUN:
        return ending.number == ENOENT ? NOT_FOUND : NOT_RUNNABLE;
    case ENDING_NONE:
    case ENDING_TIMED_OUT:
        break;
    }
    return SIGNALLED + SIGKILL;
}

void ending_text(struct ending ending, char *text, size_t size)
{
    const char *name;
    switch (ending.kind) {
    case ENDING_EXIT:
        snprintf(text, size, "exit code %d", ending.number);
        return;
    case ENDING_SIGNAL:
        name = sigabbrev_np(ending.number);
        snprintf(text, size, "killed by SIG%s", name != NULL ? name : "?");
        return;
    case ENDING_TIMED_OUT:
        snprintf(text, size, "timed out after %g s (--timeout)", ending.limit_s);
        return;
    case ENDING_NOT_RUN:
        snprintf(text, size, "cannot be run: %s", strerror(ending.number));
        return;
    case ENDING_NONE:
        break;
    }
    snprintf(text, size, "interrupted");
}

void ending_quote(struct ending ending, int output_fd, char *text, size_t size)
{
    char words[96];
    char line[200];
    ending_text(ending, words, sizeof words);
    output_first_line(output_fd, line, sizeof line);
    snprintf(text, size, "%s%s%s", words, line[0] != '\0' ? ": " : "", line);
}
