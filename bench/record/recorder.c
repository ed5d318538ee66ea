/* The recorder: a preload library that notes every malloc call of a program.
 *
 * Calls go to glibc's own allocator by its __libc_ names, so nothing has to be looked
 * up and the library works from the first call of ld.so on. It allocates nothing itself
 * and leaves errno alone. log.h says how the log is kept.
 *
 * Once it has begun, it asks for no file and no descriptor: the program may close them
 * all, give up root, change its root directory or set limits (writer.c).
 *
 * Only the process named in the environment records. Its fork children do not: `guard`
 * is a page that the kernel hands to them as zeros (MADV_WIPEONFORK), which also covers
 * raw clone() and costs vfork children, who do run in the parent's memory, nothing.
 *
 * Thread ends are not noted: the destructors of other libraries, and glibc itself, free
 * memory after any that we could register. A thread's last call stands for its end. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "record/log.h"
#include "record/writer.h"

#define EXPORT __attribute__((visibility("default")))
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* glibc's allocator under the names that nobody overrides, and the initial stack.
 * NOLINTBEGIN(bugprone-reserved-identifier): the names are glibc's. */
extern void *__libc_malloc(size_t size_bytes);
extern void *__libc_calloc(size_t count, size_t size_bytes);
extern void *__libc_realloc(void *block, size_t size_bytes);
extern void *__libc_memalign(size_t alignment, size_t size_bytes);
extern void __libc_free(void *block);
extern void *__libc_stack_end;
/* NOLINTEND(bugprone-reserved-identifier) */

/* C23, not in glibc 2.36's headers. */
void free_sized(void *block, size_t size_bytes);
void free_aligned_sized(void *block, size_t alignment, size_t size_bytes);

/* What LOG_VARIABLE says. */
struct invitation {
    uint64_t pid, descriptor, device, inode;
    const char *path;
};

struct guard {
    atomic_bool recording;
    atomic_bool is_noted; /* this process: as the one that records, or as another */
};

static bool attached; /* attach() has run, with or without success */
static pid_t own_pid; /* of the process that records */
static struct guard *guard;
static struct log_header *header;
static size_t system_page_bytes;

/* ---- the environment ---- */

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

static bool read_invitation(struct invitation *invitation)
{
    const char *text = environment_value(LOG_VARIABLE);
    if (text == NULL) {
        return false;
    }
    invitation->pid = read_number(&text);
    invitation->descriptor = read_number(&text);
    invitation->device = read_number(&text);
    invitation->inode = read_number(&text);
    invitation->path = text;
    return true;
}

/* ---- the log ---- */

static bool is_log(int file, const struct invitation *invitation)
{
    struct stat status;
    return fstat(file, &status) == 0 && status.st_dev == invitation->device &&
           status.st_ino == invitation->inode;
}

/* The inherited descriptor, which a program that gave up root still has, or a fresh
 * one, where it was closed. -1: neither. */
static int log_open(const struct invitation *invitation)
{
    if (is_log((int)invitation->descriptor, invitation)) {
        return (int)invitation->descriptor;
    }
    int file = open(invitation->path, O_RDWR | O_CLOEXEC);
    if (file >= 0 && !is_log(file, invitation)) {
        close(file);
        file = -1;
    }
    return file;
}

static void log_close(int file, const struct invitation *invitation)
{
    if (file != (int)invitation->descriptor) {
        close(file);
    }
}

static struct log_header *header_map(int file)
{
    char *start = writer_map(file, MAP_SHARED, 0, LOG_HEADER_BYTES);
    if (start == MAP_FAILED) {
        return NULL;
    }
    struct log_header *log = (struct log_header *)(void *)start;
    if (log->magic != LOG_MAGIC) {
        writer_unmap(start, LOG_HEADER_BYTES);
        return NULL;
    }
    return log;
}

/* ---- processes that do not record ---- */

/* Once for each, or once more when it runs another program. */
static void note_other(struct log_header *log)
{
    int32_t pid = getpid();
    uint32_t count = log->other_count;
    uint32_t place = 0;
    while (place < count && place < LOG_OTHERS && log->others[place].pid != pid) {
        place++;
    }
    if (place == count || place == LOG_OTHERS) {
        place = atomic_fetch_add(&log->other_count, 1);
    }
    if (place < LOG_OTHERS) {
        prctl(PR_GET_NAME, log->others[place].name);
        log->others[place].pid = pid;
    }
}

/* ---- attaching ---- */

static struct guard *guard_create(void)
{
    char *page = writer_map(-1, MAP_PRIVATE | MAP_ANONYMOUS, 0, system_page_bytes);
    if (page == MAP_FAILED) {
        return NULL;
    }
    if (syscall(SYS_madvise, page, system_page_bytes, MADV_WIPEONFORK) != 0) {
        writer_unmap(page, system_page_bytes);
        return NULL;
    }
    return (struct guard *)(void *)page;
}

static void attach_to(int file, bool is_recorded)
{
    struct log_header *log = header_map(file);
    if (log == NULL) {
        return;
    }
    struct guard *page = is_recorded ? guard_create() : NULL;
    if (page == NULL) {
        if (!is_recorded) {
            note_other(log);
        }
        writer_unmap(log, LOG_HEADER_BYTES);
        return;
    }
    header = log;
    guard = page;
    guard->is_noted = true;
    own_pid = getpid();
    guard->recording = writer_begin(header, file);
}

static void attach(void)
{
    struct invitation invitation;
    attached = true;
    if (!read_invitation(&invitation)) {
        return;
    }
    int saved_errno = errno;
    system_page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    int file = log_open(&invitation);
    if (file >= 0) {
        attach_to(file, invitation.pid == (uint64_t)getpid());
        log_close(file, &invitation);
    }
    errno = saved_errno;
}

/* In the process that records, whose recording has ended, or in a child of its. */
static __attribute__((noinline)) bool not_recording(void)
{
    if (!atomic_exchange(&guard->is_noted, true)) {
        int saved_errno = errno;
        note_other(header);
        errno = saved_errno;
    }
    return false;
}

static void note_fork(void)
{
    atomic_fetch_add(&header->forks, 1);
}

static void note_forked(void)
{
    not_recording();
    atomic_fetch_add(&header->forked, 1);
}

/* For the program that never allocates: it has been seen all the same. Children are
 * noted at once, as a daemon's parent leaves at once; those of raw clone() are with
 * their first call. */
__attribute__((constructor)) static void attach_at_start(void)
{
    if (!attached) {
        attach();
    }
    if (guard != NULL) {
        pthread_atfork(NULL, note_fork, note_forked);
    }
}

/* It has not become another program by exec. */
__attribute__((destructor)) static void note_exit(void)
{
    if (guard != NULL && getpid() == own_pid) {
        header->has_exited = 1;
    }
}

/* ---- appending ---- */

static inline bool recording(void)
{
    if (UNLIKELY(!attached)) {
        attach(); /* one thread: no second one starts without malloc */
    }
    return guard != NULL &&
           (atomic_load_explicit(&guard->recording, memory_order_relaxed) ||
            not_recording());
}

static void log_append(enum log_kind kind, const void *address, size_t size_bytes,
                       uint64_t extra)
{
    if (UNLIKELY(!writer_append(kind, address, size_bytes, extra))) {
        guard->recording = false;
    }
}

/* A block that was just handed out; failed calls are not part of a trace. */
static inline void *log_block(enum log_kind kind, void *block, size_t size_bytes,
                              uint64_t extra)
{
    if (block != NULL && recording()) {
        log_append(kind, block, size_bytes, extra);
    }
    return block;
}

/* ---- the calls ---- */

EXPORT void *malloc(size_t size_bytes)
{
    return log_block(LOG_MALLOC, __libc_malloc(size_bytes), size_bytes, 0);
}

EXPORT void *calloc(size_t count, size_t size_bytes)
{
    return log_block(LOG_CALLOC, __libc_calloc(count, size_bytes), size_bytes, count);
}

EXPORT void free(void *block)
{
    if (recording()) {
        log_append(LOG_FREE, block, 0, 0);
    }
    __libc_free(block);
}

EXPORT void free_sized(void *block, size_t size_bytes)
{
    if (recording()) {
        log_append(LOG_FREE_SIZED, block, size_bytes, 0);
    }
    __libc_free(block);
}

EXPORT void free_aligned_sized(void *block, size_t alignment, size_t size_bytes)
{
    (void)alignment;
    free_sized(block, size_bytes);
}

EXPORT void *realloc(void *block, size_t size_bytes)
{
    if (!recording()) {
        return __libc_realloc(block, size_bytes);
    }
    if (block != NULL && size_bytes == 0) { /* glibc frees and returns NULL */
        log_append(LOG_FREE, block, 0, 0);
        return __libc_realloc(block, 0);
    }
    if (block != NULL) {
        log_append(LOG_REALLOC_BEGIN, block, size_bytes, 0);
    }
    uintptr_t old_address = (uintptr_t)block;
    void *resized = __libc_realloc(block, size_bytes);
    if (resized != NULL || old_address != 0) {
        log_append(LOG_REALLOC_END, resized, size_bytes, old_address);
    }
    return resized;
}

EXPORT void *reallocarray(void *block, size_t count, size_t size_bytes)
{
    size_t product;
    if (__builtin_mul_overflow(count, size_bytes, &product)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(block, product);
}

EXPORT void *memalign(size_t alignment, size_t size_bytes)
{
    return log_block(LOG_MEMALIGN, __libc_memalign(alignment, size_bytes), size_bytes,
                     alignment);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size_bytes)
{
    return memalign(alignment, size_bytes);
}

EXPORT int posix_memalign(void **result, size_t alignment, size_t size_bytes)
{
    if (alignment % sizeof(void *) != 0 || alignment == 0 ||
        (alignment & (alignment - 1)) != 0) {
        return EINVAL;
    }
    int saved_errno = errno;
    void *block = memalign(alignment, size_bytes);
    errno = saved_errno;
    if (block == NULL) {
        return ENOMEM;
    }
    *result = block;
    return 0;
}

EXPORT void *valloc(size_t size_bytes)
{
    return memalign((size_t)sysconf(_SC_PAGESIZE), size_bytes);
}

EXPORT void *pvalloc(size_t size_bytes)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    size_t rounded;
    if (__builtin_add_overflow(size_bytes, page_bytes - 1, &rounded)) {
        errno = ENOMEM;
        return NULL;
    }
    return memalign(page_bytes, rounded & ~(page_bytes - 1));
}

/* Not recorded, but it must answer for glibc's blocks even in a program that is linked
 * with another allocator (redis and jemalloc), whose own would be found next. */
EXPORT size_t malloc_usable_size(void *block)
{
    static size_t (*_Atomic usable_size)(void *);
    if (usable_size == NULL) {
        void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
        void *symbol = libc != NULL ? dlsym(libc, "malloc_usable_size") : NULL;
        if (symbol == NULL) {
            return 0;
        }
        usable_size = (size_t(*)(void *))symbol;
    }
    return usable_size(block);
}
