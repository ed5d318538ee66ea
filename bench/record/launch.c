#include "record/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_LARGEST_BYTES ((size_t)64 << 30) /* sparse: 2^31 calls */
#define LOG_SMALLEST_BYTES ((size_t)64 << 20)

static volatile sig_atomic_t program_pid;

static bool fail(struct trace_error *error, const char *what, const char *path)
{
    snprintf(error->text, sizeof error->text, "%s %.300s: %s", what, path,
             strerror(errno));
    return false;
}

/* ---- the library and the log ---- */

/* libsnugbench-record.so lies beside the running program. */
static bool library_find(char path[PATH_MAX], struct trace_error *error)
{
    static const char name[] = "libsnugbench-record.so";
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - sizeof name - 1);
    if (length < 0) {
        return fail(error, "cannot read", "/proc/self/exe");
    }
    path[length] = '\0';
    strcpy(strrchr(path, '/') + 1, name);
    if (access(path, R_OK) != 0) {
        return fail(error, "cannot find the recorder library, run make:", path);
    }
    if (strpbrk(path, " :") != NULL) { /* both separate names in LD_PRELOAD */
        snprintf(
            error->text, sizeof error->text,
            "cannot preload %.300s: move the build to a path without blank or colon",
            path);
        return false;
    }
    return true;
}

/* Make and map the file, as large as file system and address space limit allow. */
static bool log_create(struct recording *recording, char path[PATH_MAX],
                       struct trace_error *error)
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, PATH_MAX, "%s/snugbench-record-XXXXXX",
             folder != NULL && folder[0] != '\0' ? folder : "/tmp");
    int file = mkostemp(path, O_CLOEXEC);
    if (file < 0) {
        return fail(error, "cannot make the log (TMPDIR names another place)", path);
    }
    void *start = MAP_FAILED;
    size_t bytes = LOG_LARGEST_BYTES;
    for (; bytes >= LOG_SMALLEST_BYTES; bytes /= 2) {
        if (ftruncate(file, (off_t)bytes) != 0) {
            continue;
        }
        start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
                     file, 0);
        if (start != MAP_FAILED) {
            break;
        }
    }
    /* Before the first store: a disk that is full already must not end in SIGBUS. */
    int blocks_error = posix_fallocate(file, 0, LOG_HEADER_BYTES);
    int map_error = errno;
    close(file);
    if (start == MAP_FAILED || blocks_error != 0) {
        if (start != MAP_FAILED) {
            munmap(start, bytes);
        }
        unlink(path);
        errno = blocks_error != 0 ? blocks_error : map_error;
        return fail(error, "cannot make the log (TMPDIR names another place)", path);
    }
    recording->log = start;
    recording->mapped_bytes = bytes;
    recording->log->magic = LOG_MAGIC;
    return true;
}

/* ---- signals ---- */

struct dispositions {
    struct sigaction interrupt, quit, terminate, hang_up;
};

static void pass_on(int number)
{
    int saved_errno = errno;
    if (program_pid > 0) {
        kill(program_pid, number);
    }
    errno = saved_errno;
}

/* The terminal sends Ctrl-C to the program too: it ends, and its trace is written. */
static void signals_take(struct dispositions *old)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction forward = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &ignore, &old->interrupt);
    sigaction(SIGQUIT, &ignore, &old->quit);
    sigaction(SIGTERM, &forward, &old->terminate);
    sigaction(SIGHUP, &forward, &old->hang_up);
}

static void signals_restore(const struct dispositions *old)
{
    sigaction(SIGINT, &old->interrupt, NULL);
    sigaction(SIGQUIT, &old->quit, NULL);
    sigaction(SIGTERM, &old->terminate, NULL);
    sigaction(SIGHUP, &old->hang_up, NULL);
}

/* ---- the program ---- */

static bool environment_set(const char *library, const char *log_path)
{
    char preload[2 * PATH_MAX];
    char pid[32];
    const char *others = getenv("LD_PRELOAD");
    bool has_others = others != NULL && others[0] != '\0';
    int length = snprintf(preload, sizeof preload, "%s%s%s", library,
                          has_others ? ":" : "", has_others ? others : "");
    snprintf(pid, sizeof pid, "%d", getpid());
    if (length >= (int)sizeof preload) {
        errno = E2BIG;
        return false;
    }
    return setenv("LD_PRELOAD", preload, 1) == 0 &&
           setenv(LOG_FILE_VARIABLE, log_path, 1) == 0 &&
           setenv(LOG_PID_VARIABLE, pid, 1) == 0;
}

/* In the child. On failure its errno goes through the pipe, which a successful exec
 * closes. */
static _Noreturn void program_exec(char *const argv[], const char *library,
                                   const char *log_path, int failure_pipe)
{
    if (environment_set(library, log_path)) {
        execvp(argv[0], argv);
    }
    int reason = errno;
    ssize_t written = write(failure_pipe, &reason, sizeof reason);
    _exit(written == sizeof reason ? 127 : 126);
}

/* Start the program and wait for its end. 0 or the errno that kept it from running. */
static int program_run(char *const argv[], const char *library, const char *log_path,
                       int *wait_status)
{
    int failure_pipe[2];
    struct dispositions old;
    int reason = 0;
    if (pipe2(failure_pipe, O_CLOEXEC) != 0) {
        return errno;
    }
    signals_take(&old);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        signals_restore(&old);
        program_exec(argv, library, log_path, failure_pipe[1]);
    }
    if (pid < 0) {
        reason = errno;
    }
    program_pid = pid;
    close(failure_pipe[1]);
    if (pid > 0) {
        if (read(failure_pipe[0], &reason, sizeof reason) != sizeof reason) {
            reason = 0;
        }
        while (waitpid(pid, wait_status, 0) < 0 && errno == EINTR) {
        }
    }
    program_pid = 0;
    signals_restore(&old);
    close(failure_pipe[0]);
    return reason;
}

static void explain_no_start(struct recording *recording, const char *program,
                             int reason, struct trace_error *error)
{
    recording->exit_code = reason == ENOENT ? 127 : 126;
    snprintf(error->text, sizeof error->text, "cannot run %.300s: %s", program,
             reason == ENOENT ? "no such program, or its interpreter is missing"
                              : strerror(reason));
}

bool recording_run(struct recording *recording, char *const argv[],
                   struct trace_error *error)
{
    char library[PATH_MAX];
    char log_path[PATH_MAX];
    int wait_status = 0;
    *recording = (struct recording){.exit_code = 1};
    if (!library_find(library, error) || !log_create(recording, log_path, error)) {
        return false;
    }
    int reason = program_run(argv, library, log_path, &wait_status);
    unlink(log_path);
    if (reason != 0) {
        explain_no_start(recording, argv[0], reason, error);
        recording_close(recording);
        return false;
    }
    if (WIFSIGNALED(wait_status)) {
        recording->signal = WTERMSIG(wait_status);
        recording->exit_code = 128 + recording->signal;
    } else {
        recording->exit_code = WEXITSTATUS(wait_status);
    }
    if (recording->log->images > 0) {
        return true;
    }
    recording->exit_code = 1;
    snprintf(
        error->text, sizeof error->text,
        "%.200s did not load the recorder: record a program that is linked dynamically "
        "with glibc and is not set-user-ID",
        argv[0]);
    recording_close(recording);
    return false;
}

void recording_close(struct recording *recording)
{
    if (recording->log != NULL) {
        munmap(recording->log, recording->mapped_bytes);
        recording->log = NULL;
    }
}
