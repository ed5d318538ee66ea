#include "process/spawn.h"
#include "process/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/preload.h"
#include "process/signals.h"
#include "process/tool.h"

enum {
    WORKER_TRACE_FD = 3,
    WORKER_RECORD_FD = 4,
    FIRST_UNUSED_FD = 5,
    OUTPUT_LIMIT_BYTES = 64 * 1024,
    EXIT_NOT_STARTED = 127,
};

/* Everything the child needs, made before the fork. */
struct launch {
    const struct process_plan *plan;
    int output_fd;
    int go_fd; /* -1: none */
    pid_t parent;
    char worker_path[PATH_MAX];
    char preload[PATH_MAX + 16];
    char library_path[PATH_MAX + 32];
    char padding[PROCESS_PADDING_LIMIT_BYTES + 32];
    char *environment[5];
};

static bool prepare_environment(struct launch *launch, char *error, size_t error_size)
{
    snprintf(error, error_size, "the path of the library is too long");
    size_t used = 0;
    static char locale[] = "LC_ALL=C";
    launch->environment[used++] = locale;
    if (launch->plan->library != NULL) {
        const char *path = preload_path(launch->plan->library, error, error_size);
        if (path == NULL) {
            return false;
        }
        int length =
            snprintf(launch->preload, sizeof launch->preload, "LD_PRELOAD=%s", path);
        if (length < 0 || (size_t)length >= sizeof launch->preload) {
            return false;
        }
        launch->environment[used++] = launch->preload;
    }
    /* The one thing taken over: a library may need it to find its own libraries. */
    const char *library_path = getenv("LD_LIBRARY_PATH");
    if (library_path != NULL) {
        int length = snprintf(launch->library_path, sizeof launch->library_path,
                              "LD_LIBRARY_PATH=%s", library_path);
        if (length < 0 || (size_t)length >= sizeof launch->library_path) {
            return false;
        }
        launch->environment[used++] = launch->library_path;
    }
    int name_length = snprintf(launch->padding, sizeof launch->padding, "PADDING=");
    memset(launch->padding + name_length, 'x', launch->plan->padding_bytes);
    launch->environment[used++] = launch->padding;
    launch->environment[used] = NULL;
    return true;
}

/* A file that takes at most OUTPUT_LIMIT_BYTES, whatever an allocator prints. */
static int open_output(void)
{
    int fd = memfd_create("snugbench-output", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return -1;
    }
    if (ftruncate(fd, OUTPUT_LIMIT_BYTES) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

__attribute__((noreturn)) static void child_give_up(const char *what)
{
    dprintf(STDERR_FILENO, "cannot %s: %s\n", what, strerror(errno));
    _exit(EXIT_NOT_STARTED);
}

static void child_arrange_fds(const struct launch *launch)
{
    /* Up out of the way first: the sources may stand where the targets go. */
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int high_input = fcntl(input, F_DUPFD_CLOEXEC, FIRST_UNUSED_FD + 1);
    int high_output = fcntl(launch->output_fd, F_DUPFD_CLOEXEC, FIRST_UNUSED_FD + 1);
    int high_trace =
        fcntl(launch->plan->trace_fd, F_DUPFD_CLOEXEC, FIRST_UNUSED_FD + 1);
    int high_record =
        fcntl(launch->plan->record_fd, F_DUPFD_CLOEXEC, FIRST_UNUSED_FD + 1);
    int high_go = -1;
    if (launch->go_fd >= 0) {
        high_go = fcntl(launch->go_fd, F_DUPFD_CLOEXEC, FIRST_UNUSED_FD + 1);
    }
    bool moved = dup2(high_output, STDOUT_FILENO) >= 0 &&
                 dup2(high_output, STDERR_FILENO) >= 0 &&
                 dup2(high_input, STDIN_FILENO) >= 0 &&
                 dup2(high_trace, WORKER_TRACE_FD) >= 0 &&
                 dup2(high_record, WORKER_RECORD_FD) >= 0;
    if (moved && high_go >= 0) {
        moved = dup2(high_go, FIRST_UNUSED_FD) >= 0;
    }
    if (!moved || close_range(FIRST_UNUSED_FD + (high_go >= 0), ~0u, 0) != 0) {
        child_give_up("set up the worker's files");
    }
}

/* Wait until the tracer holds this process, then put the filter in force. */
static void child_enter_filter(const struct sock_fprog *filter)
{
    char go;
    if (read(FIRST_UNUSED_FD, &go, 1) != 1) {
        _exit(EXIT_NOT_STARTED); /* the tracer was refused */
    }
    close(FIRST_UNUSED_FD);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter) != 0) {
        child_give_up("install the seccomp filter");
    }
}

__attribute__((noreturn)) static void child_run(const struct launch *launch)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != launch->parent) {
        _exit(EXIT_NOT_STARTED);
    }
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    child_arrange_fds(launch);
    sigprocmask(SIG_SETMASK, signals_original_mask(), NULL);
    char trace_fd[] = "3";
    char record_fd[] = "4";
    char worker[] = "snugbench-worker";
    char micro[] = "snugbench-micro";
    char *for_worker[] = {worker, trace_fd, record_fd, NULL};
    char *for_micro[] = {micro, record_fd, NULL};
    char **arguments = launch->plan->tool == NULL ? for_worker : for_micro;
    if (launch->plan->filter != NULL) {
        child_enter_filter(launch->plan->filter);
    }
    execve(launch->worker_path, arguments, launch->environment);
    child_give_up("run the worker");
}

static bool prepare_launch(struct launch *launch, char *error, size_t error_size)
{
    const char *tool = launch->plan->tool;
    if (!tool_find(tool == NULL ? "snugbench-worker" : tool, launch->worker_path,
                   sizeof launch->worker_path)) {
        snprintf(error, error_size, "%s is missing; 'make' builds it beside snugbench",
                 launch->worker_path);
        return false;
    }
    if (!prepare_environment(launch, error, error_size)) {
        return false;
    }
    launch->parent = getpid();
    launch->output_fd = open_output();
    if (launch->output_fd < 0) {
        snprintf(error, error_size, "no file for the worker's output: %s",
                 strerror(errno));
        return false;
    }
    return true;
}

bool process_start(struct process *process, const struct process_plan *plan,
                   char *error, size_t error_size)
{
    *process = (struct process){.output_fd = -1, .go_fd = -1};
    struct launch launch = {.plan = plan, .go_fd = -1};
    if (!prepare_launch(&launch, error, error_size)) {
        return false;
    }
    int go[2] = {-1, -1};
    pid_t pid = -1;
    if (plan->filter == NULL || pipe2(go, O_CLOEXEC) == 0) {
        launch.go_fd = go[0];
        pid = fork();
    }
    if (pid == 0) {
        if (go[1] >= 0) {
            close(go[1]);
        }
        child_run(&launch);
    }
    if (go[0] >= 0) {
        close(go[0]);
    }
    if (pid < 0) {
        snprintf(error, error_size, "cannot start a process: %s", strerror(errno));
        close(launch.output_fd);
        if (go[1] >= 0) {
            close(go[1]);
        }
        return false;
    }
    setpgid(pid, pid); /* here too: a kill may come before the child has done it */
    process->pid = pid;
    process->output_fd = launch.output_fd;
    process->go_fd = go[1];
    process->deadline_ns = clock_now_ns() + plan->timeout_ns;
    return true;
}

void process_go(struct process *process)
{
    if (write(process->go_fd, "g", 1) != 1) {
        process_kill(
            process); /* cannot happen: the pipe is empty and the child reads */
    }
    close(process->go_fd);
    process->go_fd = -1;
}

void process_kill(struct process *process)
{
    if (process->pid > 0 && !process->ended) {
        kill(-process->pid, SIGKILL);
        kill(process->pid, SIGKILL);
    }
}

void process_poll(struct process *process)
{
    if (process->ended) {
        return;
    }
    if (wait4(process->pid, &process->wait_status, WNOHANG, &process->usage) ==
        process->pid) {
        kill(-process->pid, SIGKILL); /* whatever it left behind */
        process->ended = true;
    } else if (!process->timed_out && clock_now_ns() >= process->deadline_ns) {
        process->timed_out = true;
        process_kill(process);
    }
}

void process_first_line(const struct process *process, char *line, size_t size)
{
    line[0] = '\0';
    ssize_t length = pread(process->output_fd, line, size - 1, 0);
    if (length <= 0) {
        return;
    }
    line[length] = '\0';
    line[strcspn(line, "\n")] = '\0';
    for (char *at = line; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f) {
            *at = ' '; /* escape sequences must not reach the terminal */
        }
    }
}

void process_close(struct process *process)
{
    process_kill(process);
    while (process->pid > 0 && !process->ended) {
        /* The whole group: the leader of a traced one ends only after its threads are
         * taken. */
        int status;
        pid_t pid = waitpid(-process->pid, &status, __WALL);
        process->ended =
            (pid < 0 && errno != EINTR) || (pid == process->pid && !WIFSTOPPED(status));
    }
    if (process->output_fd >= 0) {
        close(process->output_fd);
    }
    if (process->go_fd >= 0) {
        close(process->go_fd);
    }
    process->output_fd = process->go_fd = -1;
}
