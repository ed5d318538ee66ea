#include "process/follow.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

bool follow_begin(pid_t pid)
{
    const long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                         PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT;
    return ptrace(PTRACE_SEIZE, pid, NULL, options) == 0;
}

/* A thread's number in, its process's out; the number itself if it has gone. */
static pid_t process_of(pid_t thread)
{
    char path[64];
    char line[128];
    pid_t process = thread;
    snprintf(path, sizeof path, "/proc/%d/status", thread);
    FILE *in = fopen(path, "re");
    while (in != NULL && fgets(line, sizeof line, in) != NULL) {
        if (strncmp(line, "Tgid:", 5) == 0) {
            process = (pid_t)strtol(line + 5, NULL, 10);
            break;
        }
    }
    if (in != NULL) {
        fclose(in);
    }
    return process;
}

static bool is_stopping(int number)
{
    return number == SIGSTOP || number == SIGTSTP || number == SIGTTIN ||
           number == SIGTTOU;
}

void follow_stop(struct tree *tree, pid_t pid, int wait_status)
{
    const int number = WSTOPSIG(wait_status);
    switch (wait_status >> 16) {
    case PTRACE_EVENT_EXIT:
        tree_look(tree, process_of(pid));
        break;
    case PTRACE_EVENT_EXEC:
        tree_forget_image(tree, pid);
        break;
    case PTRACE_EVENT_STOP:
        if (is_stopping(number)) {
            /* A real stop: it stays in it until somebody continues it. */
            ptrace(PTRACE_LISTEN, pid, NULL, NULL);
            return;
        }
        break;
    case 0:
        ptrace(PTRACE_CONT, pid, NULL, (long)number);
        return;
    default:
        break;
    }
    ptrace(PTRACE_CONT, pid, NULL, NULL);
}
