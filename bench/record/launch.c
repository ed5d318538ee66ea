#include "record/launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/preload.h"
#include "process/tool.h"

#define LIBRARY_NAME "libsnugbench-record.so"

enum {
    DESCRIPTOR_ASIDE = 200, /* where programs do not expect one of theirs */
};

static volatile sig_atomic_t program_pid; /* 0: none runs */
static volatile sig_atomic_t is_interrupted;
static struct log_header *header_to_wake;

/* ---- the library ---- */

const char *launch_library(struct trace_error *error)
{
    static char path[PATH_MAX]; /* what preload_path returns, if it is plain */
    char reason[256];
    if (!tool_find(LIBRARY_NAME, path, sizeof path)) {
        snprintf(error->text, sizeof error->text,
                 "cannot find the recorder library, run make: %.300s: %s", path,
                 strerror(errno));
        return NULL;
    }
    const char *library = preload_path(path, reason, sizeof reason);
    if (library == NULL) {
        snprintf(error->text, sizeof error->text, "%s", reason);
    }
    return library;
}

/* ---- signals ---- */

static struct dispositions {
    struct sigaction interrupt, quit, terminate, hang_up, child;
} before;

/* The number changes before anyone can go to sleep on it, so no signal is missed. */
static void wake(void)
{
    atomic_fetch_add(&header_to_wake->wake, 1);
    syscall(SYS_futex, &header_to_wake->wake, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void on_child(int number)
{
    int saved_errno = errno;
    (void)number;
    wake();
    errno = saved_errno;
}

static void pass_on(int number)
{
    int saved_errno = errno;
    if (program_pid > 0) {
        kill(program_pid, number);
    } else {
        is_interrupted = 1;
        wake();
    }
    errno = saved_errno;
}

/* The terminal sends Ctrl-C to the program too: it ends, and its trace is written. That
 * is the kernel's; what a process sends came to snugbench. */
static void on_terminal(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (program_pid == 0 || info->si_code != SI_KERNEL) {
        pass_on(number);
    }
}

static void signals_take(void)
{
    const struct sigaction terminal = {.sa_sigaction = on_terminal,
                                       .sa_flags = SA_RESTART | SA_SIGINFO};
    const struct sigaction forward = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &terminal, &before.interrupt);
    sigaction(SIGQUIT, &terminal, &before.quit);
    sigaction(SIGTERM, &forward, &before.terminate);
    sigaction(SIGHUP, &forward, &before.hang_up);
    /* Ignored, as some parents leave it, it would have the kernel forget the exit
     * code. */
    sigaction(SIGCHLD,
              &(struct sigaction){.sa_handler = on_child, .sa_flags = SA_RESTART},
              &before.child);
}

static void signals_restore(void)
{
    sigaction(SIGINT, &before.interrupt, NULL);
    sigaction(SIGQUIT, &before.quit, NULL);
    sigaction(SIGTERM, &before.terminate, NULL);
    sigaction(SIGHUP, &before.hang_up, NULL);
    sigaction(SIGCHLD, &before.child, NULL);
}

bool launch_is_interrupted(void)
{
    return is_interrupted != 0;
}

/* ---- the program ---- */

/* The descriptor that the program inherits; the log's own, which it does not, if that
 * number is beyond its limit. */
static int descriptor_set_aside(int file)
{
    int aside = fcntl(file, F_DUPFD, DESCRIPTOR_ASIDE);
    return aside >= 0 ? aside : file;
}

/* What the child needs to become the program. */
struct invitation {
    const char *library;
    int file;
    bool follow_fork;
};

/* In the child: its environment, and signals as they were. */
static bool enter_program(const void *context)
{
    const struct invitation *invitation = context;
    char text[256];
    struct stat status;
    char *preload = preload_value(invitation->library);
    signals_restore();
    if (preload == NULL || fstat(invitation->file, &status) != 0) {
        free(preload);
        return false;
    }
    snprintf(text, sizeof text, "%d %d %llu %llu /proc/%d/fd/%d",
             invitation->follow_fork ? 0 : getpid(),
             descriptor_set_aside(invitation->file), (unsigned long long)status.st_dev,
             (unsigned long long)status.st_ino, getppid(), invitation->file);
    bool done =
        setenv("LD_PRELOAD", preload, 1) == 0 && setenv(LOG_VARIABLE, text, 1) == 0;
    free(preload);
    return done;
}

bool launch_start(struct launched *launched, char *const argv[], const char *library,
                  struct log_header *header, int file, bool follow_fork,
                  struct trace_error *error)
{
    const struct invitation invitation = {library, file, follow_fork};
    const struct process_plan plan = {
        .kind = PROCESS_FOREGROUND,
        .arguments = argv,
        .output_fd = -1,
        .enter = enter_program,
        .context = &invitation,
    };
    header_to_wake = header;
    is_interrupted = 0;
    signals_take();
    *launched = (struct launched){.last_name = ""};
    if (!process_start(&launched->process, &plan, error->text, sizeof error->text)) {
        signals_restore();
        return false;
    }
    program_pid = launched->process.pid;
    return true;
}

void launch_end(struct launched *launched)
{
    process_close(&launched->process);
    signals_restore();
}

/* What a process that has ended, but is not reaped, ended as. */
static void read_name(struct launched *launched)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/comm", launched->process.pid);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        if (fgets(launched->last_name, sizeof launched->last_name, file) == NULL) {
            launched->last_name[0] = '\0';
        }
        launched->last_name[strcspn(launched->last_name, "\n")] = '\0';
        fclose(file);
    }
}

bool launch_lacks_library(FILE *maps, bool otherwise)
{
    char *line = NULL;
    size_t size = 0;
    bool has_library = false;
    while (!has_library && getline(&line, &size, maps) > 0) {
        has_library = strstr(line, "/" LIBRARY_NAME) != NULL;
    }
    /* The kernel hands the lines out in parts, and no more of them once the memory is
     * gone, by exit or exec: then there is no first line any more, either. */
    rewind(maps);
    const bool is_known = has_library || getline(&line, &size, maps) > 0;
    free(line);
    return is_known ? !has_library : otherwise;
}

/* Once it has ended, or if it is another user's, its mappings cannot be read. */
void launch_look(struct launched *launched)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/maps", launched->process.pid);
    FILE *maps = launched->process.ended ? NULL : fopen(path, "re");
    if (maps != NULL) {
        launched->has_no_library = launch_lacks_library(maps, launched->has_no_library);
        fclose(maps);
    }
}

/* One that was begun by vfork() or posix_spawn() is counted by nobody. */
bool launch_is_inherited(int file)
{
    struct stat log;
    struct stat other;
    char path[PATH_MAX];
    bool is_found = false;
    DIR *processes = fstat(file, &log) == 0 ? opendir("/proc") : NULL;
    const struct dirent *entry;
    while (!is_found && processes != NULL && (entry = readdir(processes)) != NULL) {
        snprintf(path, sizeof path, "/proc/%s/fd/%d", entry->d_name, DESCRIPTOR_ASIDE);
        is_found = stat(path, &other) == 0 && other.st_dev == log.st_dev &&
                   other.st_ino == log.st_ino;
    }
    if (processes != NULL) {
        closedir(processes);
    }
    return is_found;
}

bool launch_has_ended(struct launched *launched)
{
    siginfo_t info = {0};
    struct process *process = &launched->process;
    if (!process->ended &&
        waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOWAIT | WNOHANG) == 0 &&
        info.si_pid == process->pid) {
        read_name(launched);
        program_pid = 0; /* before it is reaped: the number may be another's then */
        process_poll(process);
    }
    return process->ended;
}
