#include "runner/tracer.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/memory.h"
#include "worker/residency.h"

enum {
    CALL_LIMIT = 1024, /* numbers in use end at 470 */
    /* By how many pages the kernel's counters, which statm shows, may be wrong: they
     * are kept by processor and added up in batches of at most twice the processors, at
     * least 32, since Linux 6.2, and by thread in batches of 64 before. */
    BATCH_PAGES_MIN = 32,
    THREAD_BATCH_PAGES = 64,
};

struct tracer {
    pid_t pid;
    const struct worker_record *record;
    bool finds_peaks;
    enum worker_phase phase;
    uint64_t calls[CALL_LIMIT][PHASE_COUNT];
    int statm_fd;
    int rollup_fd; /* -1: outside the replay. Of the address space it is opened in */
    uint64_t page_bytes;
    uint64_t processor_count;
    uint64_t thread_count; /* ever started */
    bool uses_hugetlb;     /* such pages are in no field of statm */
    struct memory_peaks peaks;
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
        filter->filter = memory_allocate(filter->len, sizeof *filter->filter);
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

/* Waits until it is held, then makes a call under the filter. */
__attribute__((noreturn)) static void probe_child(int go_fd,
                                                  const struct sock_fprog *filter)
{
    char go;
    bool filtered = read(go_fd, &go, 1) == 1 &&
                    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter) == 0;
    _exit(!filtered);
}

/* The call that is refused here, NULL if none is: tried on a child. */
static const char *find_refusal(const struct sock_fprog *filter)
{
    int go[2];
    if (pipe2(go, O_CLOEXEC) != 0) {
        return "pipe";
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(go[1]);
        probe_child(go[0], filter);
    }
    close(go[0]);
    const unsigned long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP;
    bool held = pid > 0 && ptrace(PTRACE_SEIZE, pid, 0, options) == 0 &&
                write(go[1], "g", 1) == 1;
    close(go[1]);
    int status = 0;
    bool stopped = pid > 0 && waitpid(pid, &status, __WALL) == pid &&
                   status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
    if (stopped) {
        kill(pid, SIGKILL);
        waitpid(pid, &status, __WALL);
    }
    return !held ? "ptrace" : !stopped ? "seccomp" : NULL;
}

struct sock_fprog *tracer_filter_create(const char **refused)
{
    struct sock_fprog *filter = memory_allocate(1, sizeof *filter);
    *refused = export_filter(filter) ? find_refusal(filter) : "seccomp";
    if (*refused != NULL) {
        tracer_filter_destroy(filter);
        return NULL;
    }
    return filter;
}

void tracer_filter_destroy(struct sock_fprog *filter)
{
    if (filter != NULL) {
        free(filter->filter);
        free(filter);
    }
}

static void close_file(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static int open_proc(const struct tracer *tracer, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)tracer->pid, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

struct tracer *tracer_create(const struct process *process,
                             const struct worker_record *record, bool finds_peaks)
{
    const unsigned long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP |
                                  PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                                  PTRACE_O_TRACEVFORK;
    struct tracer *tracer = memory_allocate(1, sizeof *tracer);
    *tracer = (struct tracer){
        .pid = process->pid,
        .record = record,
        .finds_peaks = finds_peaks,
        .phase = PHASE_START_UP,
        .rollup_fd = -1,
        .page_bytes = (uint64_t)sysconf(_SC_PAGESIZE),
        .processor_count = (uint64_t)sysconf(_SC_NPROCESSORS_CONF),
        .thread_count = 1,
    };
    tracer->statm_fd = open_proc(tracer, "statm");
    if (tracer->statm_fd < 0 || ptrace(PTRACE_SEIZE, process->pid, 0, options) != 0) {
        tracer_destroy(tracer);
        return NULL;
    }
    return tracer;
}

void tracer_destroy(struct tracer *tracer)
{
    if (tracer == NULL) {
        return;
    }
    close_file(&tracer->statm_fd);
    close_file(&tracer->rollup_fd);
    free(tracer);
}

/* false: the process has just died. */
static bool read_text(int fd, char text[RESIDENCY_TEXT_BYTES])
{
    ssize_t length = pread(fd, text, RESIDENCY_TEXT_BYTES - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    return length > 0;
}

static void raise_to(uint64_t *peak_bytes, uint64_t bytes)
{
    *peak_bytes = bytes > *peak_bytes ? bytes : *peak_bytes;
}

/* Whether resident memory can be above the peak so far, for all that statm may be
 * wrong: most calls of an allocator that makes many then cost no walk of the page
 * tables. */
static bool may_be_peak(const struct tracer *tracer,
                        const uint64_t sizes_bytes[STATM_FIELDS])
{
    const uint64_t batch_pages = tracer->processor_count * 2 > BATCH_PAGES_MIN
                                     ? tracer->processor_count * 2
                                     : BATCH_PAGES_MIN;
    const uint64_t slack_pages = batch_pages * tracer->processor_count +
                                 THREAD_BATCH_PAGES * tracer->thread_count;
    const uint64_t anonymous_bytes =
        sizes_bytes[STATM_RESIDENT] - sizes_bytes[STATM_SHARED];
    return tracer->uses_hugetlb || anonymous_bytes + slack_pages * tracer->page_bytes >
                                       tracer->peaks.resident_bytes;
}

/* The blocks are those of the worker, which stands still. */
static void raise_resident(struct tracer *tracer, uint64_t bytes)
{
    if (bytes > tracer->peaks.resident_bytes) {
        tracer->peaks.resident_bytes = bytes;
        tracer->peaks.blocks = tracer->record->blocks;
    }
}

static void read_memory(struct tracer *tracer)
{
    char text[RESIDENCY_TEXT_BYTES];
    uint64_t sizes_bytes[STATM_FIELDS];
    if (!read_text(tracer->statm_fd, text)) {
        return;
    }
    statm_parse(text, tracer->page_bytes, sizes_bytes);
    raise_to(&tracer->peaks.reserved_bytes, sizes_bytes[STATM_SIZE]);
    raise_to(&tracer->peaks.accessible_bytes, sizes_bytes[STATM_DATA]);
    if (tracer->rollup_fd >= 0 && may_be_peak(tracer, sizes_bytes) &&
        read_text(tracer->rollup_fd, text)) {
        raise_resident(tracer, rollup_resident_bytes(text));
    }
}

/* What can make pages or address space go, a mapping put over others included, or stop
 * them being accessible: whatever peak there was ends here. */
static bool can_shrink(uint64_t number, const uint64_t *arguments)
{
    static const int calls[] = {
        SCMP_SYS(brk),     SCMP_SYS(munmap),        SCMP_SYS(mremap),
        SCMP_SYS(madvise), SCMP_SYS(mprotect),      SCMP_SYS(process_madvise),
        SCMP_SYS(shmdt),   SCMP_SYS(pkey_mprotect), SCMP_SYS(exit_group),
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (number == (uint64_t)calls[i]) {
            return true;
        }
    }
    return number == (uint64_t)SCMP_SYS(mmap) && (arguments[3] & MAP_FIXED) != 0;
}

/* Resident memory counts from the first operation of the trace to the last. */
static void enter_phase(struct tracer *tracer, uint64_t phase)
{
    if (phase >= PHASE_COUNT) {
        return;
    }
    tracer->phase = (enum worker_phase)phase;
    if (!tracer->finds_peaks) {
        return;
    }
    if (phase == PHASE_REPLAY) {
        tracer->rollup_fd = open_proc(tracer, "smaps_rollup");
    }
    read_memory(tracer);
    if (phase == PHASE_TEARDOWN) {
        tracer->peaks.measured = tracer->rollup_fd >= 0;
        close_file(&tracer->rollup_fd);
    }
}

static void look_at_call(struct tracer *tracer, pid_t thread)
{
    struct __ptrace_syscall_info info;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0 ||
        info.op != PTRACE_SYSCALL_INFO_SECCOMP) {
        return; /* killed meanwhile */
    }
    if (info.instruction_pointer == tracer->record->own_call_end) {
        return;
    }
    const uint64_t number = info.seccomp.nr;
    const uint64_t *arguments = info.seccomp.args;
    if (number == (uint64_t)SCMP_SYS(prctl) && arguments[0] == WORKER_MARK_PRCTL) {
        enter_phase(tracer, arguments[1]);
        return;
    }
    if (number < CALL_LIMIT) {
        tracer->calls[number][tracer->phase]++;
    }
    if (number == (uint64_t)SCMP_SYS(mmap) && (arguments[3] & MAP_HUGETLB) != 0) {
        tracer->uses_hugetlb = true;
    }
    if (tracer->finds_peaks && can_shrink(number, arguments)) {
        read_memory(tracer);
    }
}

/* One stop of one thread: look, then let it go on. Failures mean that it was killed. */
static void handle_stop(struct tracer *tracer, pid_t thread, int status)
{
    int event = status >> 16;
    if (event == PTRACE_EVENT_SECCOMP) {
        look_at_call(tracer, thread);
    }
    tracer->thread_count += event == PTRACE_EVENT_CLONE;
    /* No event: a signal, which goes on to the thread. */
    ptrace(PTRACE_CONT, thread, 0, event == 0 ? WSTOPSIG(status) : 0);
}

void tracer_poll(struct tracer *tracer, struct process *process)
{
    int status;
    struct rusage usage;
    pid_t thread;
    while ((thread = wait4(-process->pid, &status, __WALL | WNOHANG, &usage)) > 0) {
        if (WIFSTOPPED(status)) {
            handle_stop(tracer, thread, status);
        } else if (thread == process->pid) {
            process_take_end(process, status, &usage);
            while (waitpid(-process->pid, &status, __WALL) > 0) {
            }
        }
    }
    process_stop_late(process);
}

void tracer_take_counts(const struct tracer *tracer, struct syscall_counts *counts)
{
    counts->measured = true;
    for (int number = 0; number < CALL_LIMIT; number++) {
        const uint64_t *calls = tracer->calls[number];
        if (calls[PHASE_START_UP] + calls[PHASE_REPLAY] + calls[PHASE_TEARDOWN] == 0) {
            continue;
        }
        counts->items =
            memory_grow(counts->items, counts->count + 1, sizeof *counts->items);
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

struct memory_peaks tracer_peaks(const struct tracer *tracer)
{
    return tracer->peaks;
}
