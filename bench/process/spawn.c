#include "process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/clock.h"
#include "process/signals.h"

enum {
    EXIT_NOT_STARTED = 127,
};

/* Ends of pipes, all closed by exec. */
struct pipes {
    int go[2];      /* a byte lets a held child run */
    int failure[2]; /* the errno of a child that cannot run */
};

static void close_file(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

/* ---- in the child ---- */

__attribute__((noreturn)) static void child_give_up(const struct pipes *pipes)
{
    const int reason = errno;
    const ssize_t written = write(pipes->failure[1], &reason, sizeof reason);
    _exit(written == sizeof reason ? EXIT_NOT_STARTED : EXIT_NOT_STARTED - 1);
}

static void child_take_place(const struct process_plan *plan, pid_t parent)
{
    if (plan->kind == PROCESS_COMMAND) {
        setsid();
    } else if (plan->kind == PROCESS_TOOL) {
        const struct rlimit no_core = {0, 0};
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) {
            _exit(EXIT_NOT_STARTED);
        }
        setrlimit(RLIMIT_CORE, &no_core);
    }
}

/* Up out of the way of the descriptors that the program is given. */
static bool raise_file(int *fd)
{
    if (*fd >= 0) {
        *fd = fcntl(*fd, F_DUPFD_CLOEXEC, PROCESS_FILES_MAX);
        return *fd >= 0;
    }
    return true;
}

static bool child_arrange_files(const struct process_plan *plan, struct pipes *pipes)
{
    int files[PROCESS_FILES_MAX];
    bool done = raise_file(&pipes->failure[1]) && raise_file(&pipes->go[0]);
    for (size_t i = 0; done && i < plan->file_count; i++) {
        files[i] = plan->files[i] >= 0 ? plan->files[i]
                                       : open("/dev/null", O_RDWR | O_CLOEXEC);
        done = files[i] >= 0 && raise_file(&files[i]);
    }
    for (size_t i = 0; done && i < plan->file_count; i++) {
        done = dup2(files[i], (int)i) >= 0;
    }
    if (done && plan->kind == PROCESS_TOOL) {
        done = close_range((unsigned)plan->file_count, ~0u, CLOSE_RANGE_CLOEXEC) == 0;
    }
    return done;
}

__attribute__((noreturn)) static void child_run(const struct process_plan *plan,
                                                pid_t parent, struct pipes *pipes)
{
    char go;
    close_file(&pipes->go[1]); /* else it would wait for ever if we die */
    child_take_place(plan, parent);
    if (plan->file_count > 0 && !child_arrange_files(plan, pipes)) {
        child_give_up(pipes);
    }
    signals_restore_mask();
    if (plan->is_held && read(pipes->go[0], &go, 1) != 1) {
        _exit(EXIT_NOT_STARTED); /* whoever held it has given it up */
    }
    if (plan->enter == NULL || plan->enter(plan->context)) {
        char *const *environment =
            plan->environment != NULL ? plan->environment : environ;
        if (plan->path != NULL) {
            execve(plan->path, plan->arguments, environment);
        } else {
            execvpe(plan->arguments[0], plan->arguments, environment);
        }
    }
    child_give_up(pipes);
}

/* ---- in the parent ---- */

static bool open_pipes(struct pipes *pipes, bool is_held)
{
    *pipes = (struct pipes){.go = {-1, -1}, .failure = {-1, -1}};
    return pipe2(pipes->failure, O_CLOEXEC) == 0 &&
           (!is_held || pipe2(pipes->go, O_CLOEXEC) == 0);
}

bool process_start(struct process *process, const struct process_plan *plan,
                   char *error, size_t error_size)
{
    struct pipes pipes;
    int output_fd = plan->output_fd;
    const pid_t parent = getpid();
    fflush(NULL); /* what we have printed stands before what it prints */
    const pid_t pid = open_pipes(&pipes, plan->is_held) ? fork() : -1;
    if (pid == 0) {
        child_run(plan, parent, &pipes);
    }
    *process = (struct process){.pid = 0};
    if (pid < 0) {
        snprintf(error, error_size, "cannot start a process: %s", strerror(errno));
    }
    close_file(&pipes.go[0]);
    close_file(&pipes.failure[1]);
    if (pid < 0) {
        close_file(&pipes.go[1]);
        close_file(&pipes.failure[0]);
        close_file(&output_fd);
        return false;
    }
    if (plan->kind == PROCESS_TOOL) {
        /* Here too: a kill may come before the child has done it. */
        setpgid(pid, pid);
    }
    *process = (struct process){
        .pid = pid,
        .kind = plan->kind,
        .output_fd = output_fd,
        .go_fd = pipes.go[1],
        .failure_fd = pipes.failure[0],
        .interruptions = signals_interruptions(),
        .timeout_ns = plan->timeout_ns,
        .deadline_ns =
            plan->timeout_ns > 0 ? clock_now_ns() + plan->timeout_ns : UINT64_MAX,
    };
    return true;
}

void process_go(struct process *process)
{
    if (write(process->go_fd, "g", 1) != 1) {
        process_kill(process); /* it is dead already */
    }
    close_file(&process->go_fd);
}

int process_start_error(struct process *process)
{
    int reason = 0;
    if (process->failure_fd >= 0) {
        ssize_t length;
        do {
            length = read(process->failure_fd, &reason, sizeof reason);
        } while (length < 0 && errno == EINTR);
        process->start_error = length == sizeof reason ? reason : 0;
        close_file(&process->failure_fd);
    }
    return process->start_error;
}

void process_kill(struct process *process)
{
    if (process->pid > 0 && !process->ended) {
        kill(-process->pid, SIGKILL);
        kill(process->pid, SIGKILL);
    }
}

void process_take_end(struct process *process, int wait_status,
                      const struct rusage *usage)
{
    if (process->kind == PROCESS_TOOL) {
        kill(-process->pid, SIGKILL); /* whatever it left behind */
    }
    process->ended = true;
    process->wait_status = wait_status;
    process->usage = *usage;
    process_start_error(process);
}

void process_stop_late(struct process *process)
{
    if (!process->ended && clock_now_ns() >= process->deadline_ns) {
        process->timed_out = true;
        process->deadline_ns = UINT64_MAX;
        process_kill(process);
    }
}

void process_poll(struct process *process)
{
    int status;
    struct rusage usage;
    if (!process->ended &&
        wait4(process->pid, &status, WNOHANG, &usage) == process->pid) {
        process_take_end(process, status, &usage);
    }
    process_stop_late(process);
}

void process_wait(struct process *process)
{
    /* In this order no SIGCHLD is missed: asking may take one. */
    while (!process->ended && !signals_interrupted_again(process->interruptions)) {
        process_poll(process);
        if (!process->ended) {
            signals_wait(process->deadline_ns);
        }
    }
}

/* The whole group: the leader of a traced one ends only after its threads are taken.
 * Where it does not lead a group (yet) it is alone. */
static bool reap(const struct process *process)
{
    int status;
    pid_t pid = waitpid(-process->pid, &status, __WALL);
    if (pid < 0 && errno == ECHILD) {
        pid = waitpid(process->pid, &status, __WALL);
    }
    return (pid < 0 && errno != EINTR) || (pid == process->pid && !WIFSTOPPED(status));
}

void process_close(struct process *process)
{
    if (process->pid == 0) {
        return;
    }
    process_kill(process);
    while (!process->ended) {
        process->ended = reap(process);
    }
    close_file(&process->output_fd);
    close_file(&process->go_fd);
    close_file(&process->failure_fd);
}
