#include "record/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "process/ending.h"
#include "process/preload.h"
#include "process/spawn.h"
#include "process/tool.h"

enum {
    DESCRIPTORS_WANTED = 8,
    DESCRIPTOR_ASIDE = 200, /* where programs do not expect one of theirs */
};

/* Where `record` keeps the log while the program runs. */
struct log_file {
    int descriptor;
    char path[PATH_MAX];
};

static volatile sig_atomic_t program_pid;

static bool fail(struct trace_error *error, const char *what, const char *path)
{
    snprintf(error->text, sizeof error->text, "%s %.300s: %s", what, path,
             strerror(errno));
    return false;
}

/* ---- the library and the log ---- */

static const char *library_find(struct trace_error *error)
{
    static char path[PATH_MAX]; /* what preload_path returns, if it is plain */
    char reason[256];
    if (!tool_find("libsnugbench-record.so", path, sizeof path)) {
        fail(error, "cannot find the recorder library, run make:", path);
        return NULL;
    }
    const char *library = preload_path(path, reason, sizeof reason);
    if (library == NULL) {
        snprintf(error->text, sizeof error->text, "%s", reason);
    }
    return library;
}

/* As large as the file system allows: sparse, so it costs nothing. Records that fit, 0
 * and errno on failure. */
static uint64_t file_extend(int file)
{
    for (uint64_t windows = LOG_WINDOW_LIMIT; windows >= 2; windows /= 2) {
        if (ftruncate(file, (off_t)(LOG_HEADER_BYTES + windows * LOG_WINDOW_BYTES)) ==
            0) {
            return windows * LOG_WINDOW_RECORDS;
        }
    }
    return 0;
}

/* NULL and errno on failure. */
static struct log_header *header_create(int file)
{
    uint64_t capacity = file_extend(file);
    if (capacity == 0) {
        return NULL;
    }
    void *start =
        mmap(NULL, LOG_HEADER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (start == MAP_FAILED) {
        return NULL;
    }
    /* Before the first store: a disk that is full already must not end in SIGBUS. */
    if (madvise(start, LOG_HEADER_BYTES, MADV_POPULATE_WRITE) != 0) {
        int reason = errno == EFAULT ? ENOSPC : errno;
        munmap(start, LOG_HEADER_BYTES);
        errno = reason;
        return NULL;
    }
    struct log_header *header = start;
    header->magic = LOG_MAGIC;
    header->capacity = capacity;
    return header;
}

static bool fail_log(struct trace_error *error, const char *path)
{
    switch (errno) {
    case EMFILE:
        return fail(error, "cannot make the log (raise the limit of 'ulimit -n')",
                    path);
    case EINVAL: /* MADV_POPULATE_WRITE */
        snprintf(error->text, sizeof error->text,
                 "cannot make the log: recording needs Linux 5.14 or newer");
        return false;
    default:
        return fail(error, "cannot make the log (TMPDIR names another place)", path);
    }
}

/* What recording and writing the trace take, asked for before the program runs. */
static bool has_descriptors(int file)
{
    int taken[DESCRIPTORS_WANTED];
    size_t count = 0;
    while (count < DESCRIPTORS_WANTED &&
           (taken[count] = fcntl(file, F_DUPFD_CLOEXEC, 0)) >= 0) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        close(taken[i]);
    }
    errno = EMFILE;
    return count == DESCRIPTORS_WANTED;
}

static bool log_create(struct recording *recording, struct log_file *file,
                       struct trace_error *error)
{
    const char *folder = getenv("TMPDIR");
    snprintf(file->path, PATH_MAX, "%s/snugbench-record-XXXXXX",
             folder != NULL && folder[0] != '\0' ? folder : "/tmp");
    file->descriptor = mkostemp(file->path, O_CLOEXEC);
    if (file->descriptor < 0) {
        return fail_log(error, file->path);
    }
    recording->log =
        has_descriptors(file->descriptor) ? header_create(file->descriptor) : NULL;
    recording->mapped_bytes = LOG_HEADER_BYTES;
    if (recording->log == NULL) {
        int reason = errno;
        close(file->descriptor);
        unlink(file->path);
        errno = reason;
        return fail_log(error, file->path);
    }
    return true;
}

/* Map what was written too. */
static bool log_map_records(struct recording *recording, const struct log_file *file,
                            struct trace_error *error)
{
    size_t bytes =
        LOG_HEADER_BYTES + (size_t)recording->log->reserved_windows * LOG_WINDOW_BYTES;
    void *start =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file->descriptor, 0);
    if (start == MAP_FAILED) {
        return fail(error, "cannot read the log", file->path);
    }
    munmap(recording->log, recording->mapped_bytes);
    recording->log = start;
    recording->mapped_bytes = bytes;
    return true;
}

/* ---- signals ---- */

struct dispositions {
    struct sigaction interrupt, quit, terminate, hang_up, child;
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
    /* Ignored, as some parents leave it, it would have the kernel forget the exit code.
     */
    sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, &old->child);
}

static void signals_restore(const struct dispositions *old)
{
    sigaction(SIGINT, &old->interrupt, NULL);
    sigaction(SIGQUIT, &old->quit, NULL);
    sigaction(SIGTERM, &old->terminate, NULL);
    sigaction(SIGHUP, &old->hang_up, NULL);
    sigaction(SIGCHLD, &old->child, NULL);
}

/* ---- the program ---- */

/* The descriptor that the program inherits; the log's own, which it does not, if that
 * number is beyond its limit. */
static int descriptor_set_aside(const struct log_file *file)
{
    int aside = fcntl(file->descriptor, F_DUPFD, DESCRIPTOR_ASIDE);
    return aside >= 0 ? aside : file->descriptor;
}

/* What the child needs to become the program. */
struct invitation {
    const char *library;
    const struct log_file *file;
    const struct dispositions *old;
};

/* In the child: its environment, and signals as they were. */
static bool enter_program(const void *context)
{
    const struct invitation *invitation = context;
    const struct log_file *file = invitation->file;
    char text[PATH_MAX + 128];
    struct stat status;
    char *preload = preload_value(invitation->library);
    signals_restore(invitation->old);
    if (preload == NULL || fstat(file->descriptor, &status) != 0) {
        free(preload);
        return false;
    }
    snprintf(text, sizeof text, "%d %d %llu %llu %s", getpid(),
             descriptor_set_aside(file), (unsigned long long)status.st_dev,
             (unsigned long long)status.st_ino, file->path);
    const bool done =
        setenv("LD_PRELOAD", preload, 1) == 0 && setenv(LOG_VARIABLE, text, 1) == 0;
    free(preload);
    return done;
}

/* Whether a process that has ended, but is not reaped, ended as the program that was
 * recorded: it may have become another one by exec, one that the recorder is not in. */
static bool has_kept_its_name(pid_t pid, const struct log_header *header)
{
    char path[64];
    char name[LOG_NAME_BYTES + 1] = "";
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return true;
    }
    bool is_read = fgets(name, sizeof name, file) != NULL;
    fclose(file);
    name[strcspn(name, "\n")] = '\0';
    return !is_read || strncmp(name, header->name, LOG_NAME_BYTES) == 0;
}

/* Until its end; while it is not reaped, it can still be looked at. */
static void program_wait(struct process *program, struct recording *recording)
{
    siginfo_t info;
    const struct log_header *header = recording->log;
    while (waitid(P_PID, (id_t)program->pid, &info, WEXITED | WNOWAIT) < 0 &&
           errno == EINTR) {
    }
    recording->is_replaced = header->images > 0 && header->has_exited == 0 &&
                             !has_kept_its_name(program->pid, header);
    process_poll(program);
}

/* Start the program and wait for its end. false: no process is to be had. */
static bool program_run(struct recording *recording, char *const argv[],
                        const char *library, const struct log_file *file,
                        struct ending *ending, struct trace_error *error)
{
    struct dispositions old;
    struct process program;
    const struct invitation invitation = {library, file, &old};
    const struct process_plan plan = {
        .kind = PROCESS_FOREGROUND,
        .arguments = argv,
        .output_fd = -1,
        .enter = enter_program,
        .context = &invitation,
    };
    signals_take(&old);
    const bool started =
        process_start(&program, &plan, error->text, sizeof error->text);
    if (started) {
        program_pid = program.pid;
        program_wait(&program, recording);
        program_pid = 0;
        *ending = ending_of(&program);
        process_close(&program);
    }
    signals_restore(&old);
    return started;
}

static bool run(struct recording *recording, char *const argv[], const char *library,
                const struct log_file *file, struct trace_error *error)
{
    struct ending ending;
    if (!program_run(recording, argv, library, file, &ending, error)) {
        return false;
    }
    if (ending.kind == ENDING_NOT_RUN) {
        recording->exit_code = ending_exit_code(ending);
        snprintf(error->text, sizeof error->text, "cannot run %.300s: %s", argv[0],
                 ending.number == ENOENT
                     ? "no such program, or its interpreter is missing"
                     : strerror(ending.number));
        return false;
    }
    if (recording->log->images == 0) {
        snprintf(error->text, sizeof error->text,
                 "%.200s did not load the recorder: record a program that is linked "
                 "dynamically with glibc and is not set-user-ID",
                 argv[0]);
        return false;
    }
    if (!log_map_records(recording, file, error)) {
        return false;
    }
    recording->exit_code = ending_exit_code(ending);
    recording->signal = ending.kind == ENDING_SIGNAL ? ending.number : 0;
    return true;
}

bool recording_run(struct recording *recording, char *const argv[],
                   struct trace_error *error)
{
    struct log_file file;
    *recording = (struct recording){.exit_code = 1};
    const char *library = library_find(error);
    if (library == NULL || !log_create(recording, &file, error)) {
        return false;
    }
    bool has_run = run(recording, argv, library, &file, error);
    unlink(file.path);
    recording->file = file.descriptor;
    if (!has_run) {
        recording_close(recording);
    }
    return has_run;
}

void recording_close(struct recording *recording)
{
    if (recording->log != NULL) {
        munmap(recording->log, recording->mapped_bytes);
        recording->log = NULL;
        /* Processes that the program left behind may have it open for long: no room is
         * taken by it. */
        (void)!ftruncate(recording->file, LOG_HEADER_BYTES);
        close(recording->file);
    }
}

/* ---- what was not recorded ---- */

/* A child notes itself when it first runs, which may be after its parent has ended. */
static void wait_for_children(const struct log_header *log)
{
    enum {
        STEP_NS = 1000000,
        STEPS = 1000
    };
    for (int i = 0; i < STEPS && log->forked < log->forks; i++) {
        nanosleep(&(struct timespec){.tv_nsec = STEP_NS}, NULL);
    }
}

/* "name (2 processes, 1 still running)" for all of the name of others[first], which is
 * the first of that name. false: no room for it. */
static bool describe_others(struct recording_others *others,
                            const struct log_header *log, uint32_t first,
                            uint32_t count)
{
    const char *name = log->others[first].name;
    uint32_t processes = 0;
    uint32_t running = 0;
    char ending[40] = "";
    for (uint32_t i = first; i < count; i++) {
        int32_t pid = log->others[i].pid;
        if (strncmp(log->others[i].name, name, LOG_NAME_BYTES) == 0) {
            processes++;
            running += pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
        }
    }
    if (running > 0) {
        snprintf(ending, sizeof ending, ", %u still running", running);
    }
    size_t length = strlen(others->text);
    size_t room = sizeof others->text - length;
    int more = snprintf(others->text + length, room, "%s%.*s (%u process%s%s)",
                        length > 0 ? ", " : "", LOG_NAME_BYTES, name, processes,
                        processes == 1 ? "" : "es", ending);
    if (more < 0 || (size_t)more >= room) {
        others->text[length] = '\0';
        return false;
    }
    others->are_running = others->are_running || running > 0;
    others->unlisted -= processes;
    return true;
}

struct recording_others recording_others(const struct recording *recording)
{
    const struct log_header *log = recording->log;
    struct recording_others others = {.text = ""};
    wait_for_children(log);
    others.unlisted = log->other_count;
    uint32_t count = others.unlisted < LOG_OTHERS ? others.unlisted : LOG_OTHERS;
    for (uint32_t i = 0; i < count; i++) {
        bool is_first = true;
        for (uint32_t j = 0; j < i && is_first; j++) {
            is_first =
                strncmp(log->others[j].name, log->others[i].name, LOG_NAME_BYTES) != 0;
        }
        if (is_first && !describe_others(&others, log, i, count)) {
            break;
        }
    }
    return others;
}
