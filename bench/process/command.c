#include "process/command.h"
#include "process/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/signals.h"

enum {
    LOOK_NS = 200000000, /* a SIGCHLD ends the wait at once; this is for the rest */
};

static void place(int file, int target)
{
    if (file < 0) {
        file = open("/dev/null", O_RDWR);
    }
    if (file >= 0) {
        dup2(file, target); /* without O_CLOEXEC, unless they are the same */
    }
}

pid_t command_start(char *const argv[], struct command_files files)
{
    fflush(NULL);
    const pid_t pid = fork();
    if (pid != 0) {
        return pid;
    }
    setsid();
    place(files.input, STDIN_FILENO);
    place(files.output, STDOUT_FILENO);
    place(files.errors, STDERR_FILENO);
    sigprocmask(SIG_SETMASK, signals_original_mask(), NULL);
    execvp(argv[0], argv);
    dprintf(STDERR_FILENO, "cannot run '%s': %s\n", argv[0], strerror(errno));
    _exit(127);
}

enum command_end command_wait(pid_t pid, uint64_t timeout_ns, int *wait_status)
{
    const uint64_t deadline_ns =
        timeout_ns > 0 ? clock_now_ns() + timeout_ns : UINT64_MAX;
    enum command_end end = COMMAND_ENDED;
    while (waitpid(pid, wait_status, WNOHANG) == 0) {
        const uint64_t now_ns = clock_now_ns();
        if (signals_interrupted()) {
            end = COMMAND_INTERRUPTED;
        } else if (now_ns >= deadline_ns) {
            end = COMMAND_TIMED_OUT;
        } else {
            signals_wait(deadline_ns - now_ns < LOOK_NS ? deadline_ns
                                                        : now_ns + LOOK_NS);
            continue;
        }
        kill(-pid, SIGKILL);
        kill(pid, SIGKILL);
        while (waitpid(pid, wait_status, 0) < 0 && errno == EINTR) {
        }
        return end;
    }
    return end;
}

enum command_end command_shell(const char *text, struct command_files files,
                               uint64_t timeout_ns, int *wait_status)
{
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, strdup(text), NULL};
    const pid_t pid = argv[2] != NULL ? command_start(argv, files) : -1;
    free(argv[2]);
    return pid < 0 ? COMMAND_NOT_STARTED : command_wait(pid, timeout_ns, wait_status);
}

int command_file(void)
{
    const char *folder = getenv("TMPDIR");
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/snugbench-XXXXXX",
             folder != NULL && folder[0] != '\0' ? folder : "/tmp");
    const int file = mkostemp(path, O_CLOEXEC | O_APPEND);
    if (file < 0) {
        fprintf(stderr, "snugbench: cannot make a file like %s: %s\n", path,
                strerror(errno));
        exit(EXIT_FAILURE);
    }
    unlink(path);
    return file;
}

void command_first_line(int file, char *line, size_t size)
{
    const ssize_t length = pread(file, line, size - 1, 0);
    line[length > 0 ? length : 0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    for (char *at = line; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f) {
            *at = ' '; /* escape sequences must not reach the terminal */
        }
    }
}

void command_ending(int wait_status, char *text, size_t size)
{
    if (WIFSIGNALED(wait_status)) {
        const char *name = sigabbrev_np(WTERMSIG(wait_status));
        snprintf(text, size, "killed by SIG%s", name != NULL ? name : "?");
    } else {
        snprintf(text, size, "exit code %d", WEXITSTATUS(wait_status));
    }
}
