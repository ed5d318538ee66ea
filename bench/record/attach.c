#include "record/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "record/log.h"
#include "record/writer.h"

/* The initial stack.
 * NOLINTNEXTLINE(bugprone-reserved-identifier): the name is glibc's. */
extern void *__libc_stack_end;

enum {
    PATH_BYTES = 64,
    /* How long a ring is waited for: snugbench gives those of programs back that became
     * another one by exec. */
    RING_TRIES = 1000,
    RING_TRY_NS = 1000000,
};

/* What LOG_VARIABLE says. */
static struct invitation {
    uint64_t pid, descriptor, device, inode;
    char path[PATH_BYTES];
} invitation;

static bool has_looked;
static bool is_child; /* this process began as the copy of another one */
static pid_t own_pid; /* of the process that records */
static uint32_t pid_namespace;
static struct attach_guard no_guard;
static struct log_header *header;
static struct log_ring *ring;
static _Thread_local uint32_t fork_number; /* of the fork under way */

struct attach_guard *attach_guard = &no_guard;

/* ---- what the kernel passed ---- */

/* Arguments with a blank between them. */
static void read_command(char command[LOG_COMMAND_BYTES])
{
    const uintptr_t *stack = __libc_stack_end;
    const char *const *arguments = (const char *const *)(stack + 1);
    size_t length = 0;
    for (; *arguments != NULL && length < LOG_COMMAND_BYTES - 2; arguments++) {
        const char *c = *arguments;
        for (; *c != '\0' && length < LOG_COMMAND_BYTES - 2; c++) {
            bool is_control = (unsigned char)*c < ' ' || *c == 0x7f;
            command[length] = ' ';
            if (!is_control) {
                command[length] = *c;
            }
            length++;
        }
        command[length++] = ' ';
    }
    command[length > 0 ? length - 1 : 0] = '\0';
}

/* The value of a variable in the environment that the kernel passed. Not getenv: ld.so
 * calls malloc before libc has seen the environment. */
static const char *environment_value(const char *name)
{
    const uintptr_t *stack = __libc_stack_end;
    const char *const *entry = (const char *const *)(stack + stack[0] + 2);
    size_t length = strlen(name);
    for (; *entry != NULL; entry++) {
        if (strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') {
            return *entry + length + 1;
        }
    }
    return NULL;
}

static uint64_t read_number(const char **text)
{
    uint64_t number = 0;
    for (; **text >= '0' && **text <= '9'; ++*text) {
        number = number * 10 + (uint64_t)(**text - '0');
    }
    *text += **text == ' ';
    return number;
}

/* Kept, as programs overwrite their environment to change how ps shows them. */
static bool read_invitation(void)
{
    const char *text = environment_value(LOG_VARIABLE);
    if (text == NULL) {
        return false;
    }
    invitation.pid = read_number(&text);
    invitation.descriptor = read_number(&text);
    invitation.device = read_number(&text);
    invitation.inode = read_number(&text);
    if (strlen(text) >= PATH_BYTES) {
        return false;
    }
    strcpy(invitation.path, text);
    return true;
}

static bool is_invited(void)
{
    return invitation.pid == 0 || invitation.pid == (uint64_t)getpid();
}

/* ---- the file ---- */

static void *map(int file, int flags, uint64_t offset, size_t bytes)
{
    return (void *)syscall(SYS_mmap, NULL, bytes, PROT_READ | PROT_WRITE, flags, file,
                           offset);
}

static void unmap(void *start, size_t bytes)
{
    syscall(SYS_munmap, start, bytes);
}

static bool is_log(int file)
{
    struct stat status;
    return fstat(file, &status) == 0 && status.st_dev == invitation.device &&
           status.st_ino == invitation.inode;
}

/* The inherited descriptor, which a program that gave up root still has, or a fresh
 * one, where it was closed. -1: neither. */
static int log_open(void)
{
    if (is_log((int)invitation.descriptor)) {
        return (int)invitation.descriptor;
    }
    int file = open(invitation.path, O_RDWR | O_CLOEXEC);
    if (file >= 0 && !is_log(file)) {
        close(file);
        file = -1;
    }
    return file;
}

static void log_close(int file)
{
    if (file != (int)invitation.descriptor) {
        close(file);
    }
}

static bool header_map(int file)
{
    void *start = map(file, MAP_SHARED, 0, LOG_PART_BYTES);
    if (start == MAP_FAILED) {
        return false;
    }
    struct log_header *log = start;
    if (log->magic != LOG_MAGIC) {
        unmap(start, LOG_PART_BYTES);
        return false;
    }
    header = log;
    return true;
}

/* ---- a ring ---- */

static bool ring_claim(uint32_t *number)
{
    for (int tries = 0; tries < RING_TRIES && log_has_reader(header); tries++) {
        for (uint32_t i = 0; i < header->ring_count; i++) {
            uint32_t free_state = LOG_RING_FREE;
            if (atomic_compare_exchange_strong(&header->ring_states[i], &free_state,
                                               LOG_RING_CLAIMED)) {
                *number = i;
                return true;
            }
        }
        writer_wake(header);
        syscall(SYS_nanosleep, &(struct timespec){.tv_nsec = RING_TRY_NS}, NULL);
    }
    errno = EAGAIN;
    return false;
}

static void ring_introduce(struct log_ring *own)
{
    own->pid = getpid();
    own->fork = fork_number;
    own->is_child = is_child;
    own->serial = atomic_fetch_add(&header->serials, 1);
    prctl(PR_GET_NAME, own->name);
    log_read_link("/proc/self/exe", own->image, LOG_IMAGE_BYTES);
    log_read_link("/proc/self/ns/pid", own->pid_namespace, LOG_NAMESPACE_BYTES);
    read_command(own->command);
    own->limit = LOG_RECORDS;
}

static bool ring_enter(int file)
{
    uint32_t number;
    if (!ring_claim(&number)) {
        return false;
    }
    void *start = map(file, MAP_SHARED, log_ring_offset(number), LOG_RING_BYTES);
    if (start == MAP_FAILED) {
        header->ring_states[number] = LOG_RING_FREE;
        return false;
    }
    ring = start;
    ring_introduce(ring);
    header->ring_states[number] = LOG_RING_READY;
    writer_begin(header, ring);
    writer_wake(header);
    own_pid = getpid();
    return true;
}

/* ---- processes that do not record ---- */

/* The place of this process in the list; LOG_OTHERS: it has none. Others enter it at
 * the same time, so what is behind the places looked at is not known to be free. */
static uint32_t find_other(void)
{
    int32_t pid = getpid();
    uint32_t count = header->other_count;
    for (uint32_t place = 0; place < count && place < LOG_OTHERS; place++) {
        const struct log_other *other = &header->others[place];
        if (other->pid == pid && other->pid_namespace == pid_namespace) {
            return place;
        }
    }
    return LOG_OTHERS;
}

/* Once for each, under the name of the last program that it runs. Beyond the list's end
 * one that becomes another program counts twice. */
static void note_other(void)
{
    int32_t pid = getpid();
    uint32_t place = find_other();
    if (place == LOG_OTHERS) {
        place = atomic_fetch_add(&header->other_count, 1);
    }
    if (place < LOG_OTHERS) {
        prctl(PR_GET_NAME, header->others[place].name);
        header->others[place].pid_namespace = pid_namespace;
        header->others[place].pid = pid;
    }
}

/* A process that should record, but has no ring, is one of them, until it has one as
 * another program. */
static bool ring_enter_or_note(int file)
{
    if (ring_enter(file)) {
        const uint32_t place = find_other();
        if (place != LOG_OTHERS) {
            header->others[place].pid = 0;
        }
        return true;
    }
    header->attach_failure = (uint32_t)errno;
    note_other();
    return false;
}

/* ---- attaching ---- */

static struct attach_guard *guard_create(void)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    void *page = map(-1, MAP_PRIVATE | MAP_ANONYMOUS, 0, page_bytes);
    if (page == MAP_FAILED) {
        return NULL;
    }
    if (syscall(SYS_madvise, page, page_bytes, MADV_WIPEONFORK) != 0) {
        unmap(page, page_bytes);
        return NULL;
    }
    return page;
}

static void attach_to(int file)
{
    if (!header_map(file)) {
        return;
    }
    pid_namespace = log_pid_namespace();
    struct attach_guard *guard = is_invited() ? guard_create() : NULL;
    if (guard == NULL) {
        note_other();
        unmap(header, LOG_PART_BYTES);
        return;
    }
    guard->is_known = true;
    guard->recording = ring_enter_or_note(file);
    attach_guard = guard;
}

static void attach(void)
{
    int saved_errno = errno;
    int file = -1;
    if (read_invitation() && (file = log_open()) >= 0) {
        attach_to(file);
        log_close(file);
    }
    errno = saved_errno;
}

/* A child of the process that records; its guard was wiped. */
static void attach_child(void)
{
    int saved_errno = errno;
    is_child = true;
    if (ring != NULL) {
        unmap(ring, LOG_RING_BYTES);
        ring = NULL;
    }
    if (getpid() == 1) { /* the first of a namespace */
        pid_namespace = log_pid_namespace();
    }
    if (!is_invited()) {
        note_other();
    } else if (log_has_reader(header)) {
        int file = log_open();
        attach_guard->recording = ring_enter_or_note(file);
        log_close(file);
    }
    errno = saved_errno;
}

bool attach_look(void)
{
    if (!has_looked) {
        has_looked = true; /* one thread: no second one starts without malloc */
        attach();
    } else if (attach_guard != &no_guard && !attach_guard->is_known &&
               !atomic_exchange(&attach_guard->is_known, true)) {
        attach_child();
    }
    return attach_guard->recording;
}

void attach_end(void)
{
    attach_guard->recording = false;
}

/* ---- forks, and the end ---- */

/* What is live now is live in the child. */
static void fork_begins(void)
{
    if (invitation.pid == 0 && attach_recording()) {
        fork_number = atomic_fetch_add(&header->fork_numbers, 1) + 1;
        if (!writer_append(LOG_FORK, NULL, fork_number)) {
            attach_end();
        }
    }
}

static void fork_is_done(void)
{
    fork_number = 0;
    atomic_fetch_add(&header->forks, 1);
}

static void forked(void)
{
    attach_look();
    fork_number = 0;
    atomic_fetch_add(&header->forked, 1);
}

/* For the program that never allocates: it has been seen all the same. Children are
 * noted at once, as a daemon's parent leaves at once; those of raw clone() are with
 * their first call. */
__attribute__((constructor)) static void attach_at_start(void)
{
    attach_look();
    if (attach_guard != &no_guard) {
        pthread_atfork(fork_begins, fork_is_done, forked);
    }
}

/* It has not become another program by exec. */
__attribute__((destructor)) static void note_exit(void)
{
    if (ring != NULL && getpid() == own_pid) {
        ring->has_exited = 1;
    }
}
