#include "runner/tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/run.h"
#include "runner/signals.h"

enum {
    CALL_LIMIT = 1024, /* numbers in use end at 470 */
    SYSCALL_STOP = SIGTRAP | 0x80,
};

struct syscall_tracer {
    struct sock_fprog filter;
    uint64_t calls[CALL_LIMIT][PHASE_COUNT];
    enum worker_phase phase;
    bool saw_call;
    int statm_fd;
    uint64_t page_bytes;
    uint64_t peak_accessible_bytes;
    uint64_t peak_reserved_bytes;
};

/* The filter that traces every call, as BPF in `filter`. */
static bool export_filter(struct sock_fprog *filter)
{
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_TRACE(0));
    int fd = memfd_create("snugbench-filter", MFD_CLOEXEC);
    bool exported = context != NULL && fd >= 0 && seccomp_export_bpf(context, fd) == 0;
    if (exported) {
        off_t bytes = lseek(fd, 0, SEEK_END);
        filter->len = (unsigned short)((size_t)bytes / sizeof *filter->filter);
        filter->filter = run_allocate(filter->len, sizeof *filter->filter);
        exported = pread(fd, filter->filter, (size_t)bytes, 0) == bytes;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (context != NULL) {
        seccomp_release(context);
    }
    return exported;
}

struct syscall_tracer *syscalls_create(const char **reason)
{
    struct syscall_tracer *tracer = run_allocate(1, sizeof *tracer);
    tracer->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    tracer->statm_fd = -1;
    if (!export_filter(&tracer->filter)) {
        *reason = "libseccomp cannot make a filter for this system";
        syscalls_destroy(tracer);
        return NULL;
    }
    return tracer;
}

void syscalls_destroy(struct syscall_tracer *tracer)
{
    if (tracer != NULL) {
        free(tracer->filter.filter);
        free(tracer);
    }
}

/* What can raise a peak; the others need no second stop. */
static bool can_enlarge(uint64_t number)
{
    return number == (uint64_t)SCMP_SYS(brk) || number == (uint64_t)SCMP_SYS(mmap) ||
           number == (uint64_t)SCMP_SYS(mremap) ||
           number == (uint64_t)SCMP_SYS(mprotect) ||
           number == (uint64_t)SCMP_SYS(pkey_mprotect);
}

/* Fields of statm, in pages: size resident shared text lib data dt. */
static void read_peaks(struct syscall_tracer *tracer)
{
    char text[256];
    ssize_t length = pread(tracer->statm_fd, text, sizeof text - 1, 0);
    if (length <= 0) {
        return; /* it has just died */
    }
    text[length] = '\0';
    uint64_t fields[6] = {0};
    char *at = text;
    for (int i = 0; i < 6; i++) {
        fields[i] = strtoull(at, &at, 10) * tracer->page_bytes;
    }
    if (fields[0] > tracer->peak_reserved_bytes) {
        tracer->peak_reserved_bytes = fields[0];
    }
    if (fields[5] > tracer->peak_accessible_bytes) {
        tracer->peak_accessible_bytes = fields[5];
    }
}

/* Returns whether the call's end is of interest too. */
static bool count_call(struct syscall_tracer *tracer, pid_t thread)
{
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0 ||
        info.op != PTRACE_SYSCALL_INFO_SECCOMP) {
        return false; /* killed meanwhile */
    }
    tracer->saw_call = true;
    uint64_t number = info.seccomp.nr;
    if (number == (uint64_t)SCMP_SYS(prctl) &&
        info.seccomp.args[0] == WORKER_MARK_PRCTL) {
        uint64_t phase = info.seccomp.args[1];
        tracer->phase = phase < PHASE_COUNT ? (enum worker_phase)phase : tracer->phase;
        return false;
    }
    if (number < CALL_LIMIT) {
        tracer->calls[number][tracer->phase]++;
    }
    return can_enlarge(number);
}

/* One stop of one thread: look, then let it go on. Failures mean that it was killed. */
static void handle_stop(struct syscall_tracer *tracer, pid_t thread, int status)
{
    int signal_number = WSTOPSIG(status);
    int event = status >> 16;
    if (event == PTRACE_EVENT_SECCOMP) {
        bool look_again = count_call(tracer, thread);
        ptrace(look_again ? PTRACE_SYSCALL : PTRACE_CONT, thread, 0, 0);
    } else if (signal_number == SYSCALL_STOP) {
        read_peaks(tracer);
        ptrace(PTRACE_CONT, thread, 0, 0);
    } else if (event != 0) {
        ptrace(PTRACE_CONT, thread, 0, 0); /* a new thread or process; a group stop */
    } else {
        ptrace(PTRACE_CONT, thread, 0, signal_number);
    }
}

/* Take every report that waits; true: there may be more of the process group. */
static bool drain_reports(struct syscall_tracer *tracer, struct process *process)
{
    int status;
    struct rusage usage;
    pid_t thread;
    while ((thread = wait4(-process->pid, &status, __WALL | WNOHANG, &usage)) > 0) {
        if (WIFSTOPPED(status)) {
            handle_stop(tracer, thread, status);
        } else if (thread == process->pid) {
            process->wait_status = status;
            process->usage = usage;
            process->ended = true;
            kill(-process->pid, SIGKILL); /* what it left running */
        }
    }
    return thread == 0 || !process->ended;
}

/* false: interrupted. */
static bool follow(struct syscall_tracer *tracer, struct process *process)
{
    for (;;) {
        if (signals_interrupted()) {
            return false;
        }
        if (!drain_reports(tracer, process)) {
            return true;
        }
        if (!process->timed_out && signals_now_ns() >= process->deadline_ns) {
            process->timed_out = true;
            kill(-process->pid, SIGKILL);
        }
        signals_wait(process->timed_out ? UINT64_MAX : process->deadline_ns);
    }
}

static bool attach(struct syscall_tracer *tracer, struct process *process)
{
    const unsigned long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP |
                                  PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                                  PTRACE_O_TRACEVFORK | PTRACE_O_TRACESYSGOOD;
    if (ptrace(PTRACE_SEIZE, process->pid, 0, options) != 0) {
        return false;
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/statm", (int)process->pid);
    tracer->statm_fd = open(path, O_RDONLY | O_CLOEXEC);
    return tracer->statm_fd >= 0;
}

static void take_counts(const struct syscall_tracer *tracer,
                        struct syscall_counts *counts)
{
    counts->measured = true;
    counts->peak_accessible_bytes = tracer->peak_accessible_bytes;
    counts->peak_reserved_bytes = tracer->peak_reserved_bytes;
    for (int number = 0; number < CALL_LIMIT; number++) {
        const uint64_t *calls = tracer->calls[number];
        if (calls[PHASE_START_UP] + calls[PHASE_REPLAY] + calls[PHASE_TEARDOWN] == 0) {
            continue;
        }
        counts->items =
            run_grow(counts->items, counts->count + 1, sizeof *counts->items);
        struct syscall_count *item = &counts->items[counts->count++];
        *item = (struct syscall_count){.name = ""};
        memcpy(item->calls, calls, sizeof item->calls);
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
        if (name != NULL) {
            snprintf(item->name, sizeof item->name, "%s", name);
        } else {
            snprintf(item->name, sizeof item->name, "syscall_%d", number);
        }
        free(name);
    }
}

void syscalls_trace(struct syscall_tracer *tracer, struct job *job,
                    struct syscall_counts *counts, const char **refused)
{
    *counts = (struct syscall_counts){0};
    *refused = NULL;
    memset(tracer->calls, 0, sizeof tracer->calls);
    tracer->phase = PHASE_START_UP;
    tracer->saw_call = false;
    tracer->peak_accessible_bytes = tracer->peak_reserved_bytes = 0;
    job->filter = &tracer->filter;
    if (!job_start(job)) {
        return;
    }
    if (!attach(tracer, &job->process)) {
        *refused = "ptrace";
        process_kill(&job->process);
    } else {
        process_go(&job->process);
        bool finished = follow(tracer, &job->process);
        if (finished && !tracer->saw_call && !job->process.timed_out) {
            *refused = "seccomp";
        } else {
            job_judge(job, !finished);
        }
        if (!finished) {
            process_kill(&job->process);
        }
    }
    if (tracer->statm_fd >= 0) {
        close(tracer->statm_fd);
        tracer->statm_fd = -1;
    }
    if (*refused == NULL && job->status == RESULT_OK) {
        take_counts(tracer, counts);
    }
}
