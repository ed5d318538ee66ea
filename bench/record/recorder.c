/* The recorder: a preload library that notes every malloc call of a program.
 *
 * Calls go to glibc's own allocator by its __libc_ names, so nothing has to be looked
 * up and the library works from the first call of ld.so on. It allocates nothing itself
 * and leaves errno alone. log.h says how the log is kept.
 *
 * Only the process named in the environment records. Its fork children do not: `guard`
 * is a page that the kernel hands to them as zeros (MADV_WIPEONFORK), which also covers
 * raw clone() and costs vfork children, who do run in the parent's memory, nothing.
 *
 * Thread ends are not noted: the destructors of other libraries, and glibc itself, free
 * memory after any that we could register. A thread's last call stands for its end. */
#include "record/log.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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

struct guard {
    atomic_bool recording;
};

static bool attached; /* attach() has run, with or without success */
static struct guard *guard;
static struct log_header *header;
static struct log_record *records;
/* Our own copy: programs write over their environment (setproctitle). */
static char log_path[4096];
static _Thread_local uint32_t thread_number; /* from 1; 0: no call yet */

/* ---- attaching ---- */

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

static bool is_own_pid(const char *digits)
{
    long pid = 0;
    for (; *digits >= '0' && *digits <= '9' && pid <= 1L << 30; digits++) {
        pid = pid * 10 + (*digits - '0');
    }
    return pid == getpid();
}

static struct guard *guard_create(void)
{
    long page_bytes = sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, (size_t)page_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return NULL;
    }
    if (madvise(page, (size_t)page_bytes, MADV_WIPEONFORK) != 0) {
        munmap(page, (size_t)page_bytes);
        return NULL;
    }
    return page;
}

/* Map as much of the file as the address space limit of the program allows. */
static struct log_header *log_map(int file, size_t file_bytes, size_t *mapped_bytes)
{
    size_t smallest = LOG_HEADER_BYTES + LOG_CHUNK_RECORDS * sizeof(struct log_record);
    for (size_t bytes = file_bytes; bytes >= smallest; bytes /= 2) {
        void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                           MAP_SHARED | MAP_NORESERVE, file, 0);
        if (start != MAP_FAILED) {
            *mapped_bytes = bytes;
            return start;
        }
    }
    return NULL;
}

static bool log_open(int file)
{
    struct stat status;
    size_t mapped_bytes = 0;
    if (fstat(file, &status) != 0) {
        return false;
    }
    struct log_header *log = log_map(file, (size_t)status.st_size, &mapped_bytes);
    if (log == NULL || log->magic != LOG_MAGIC) {
        return false;
    }
    if (log->images > 0) {
        /* exec in the same process: the records of the last image become zeros again */
        if (ftruncate(file, LOG_HEADER_BYTES) != 0 ||
            ftruncate(file, status.st_size) != 0) {
            return false;
        }
    }
    log->images++;
    log->capacity = (mapped_bytes - LOG_HEADER_BYTES) / sizeof(struct log_record);
    log->claimed = 0;
    log->reserved_chunks = 0;
    log->threads = 0;
    log->full = 0;
    ssize_t length = readlink("/proc/self/exe", log->image, sizeof log->image - 1);
    log->image[length > 0 ? length : 0] = '\0';
    header = log;
    records = log_records(log);
    return true;
}

static void attach(void)
{
    attached = true;
    const char *path = environment_value(LOG_FILE_VARIABLE);
    const char *pid = environment_value(LOG_PID_VARIABLE);
    if (path == NULL || pid == NULL || !is_own_pid(pid) ||
        strlen(path) >= sizeof log_path) {
        return;
    }
    int saved_errno = errno;
    strcpy(log_path, path);
    guard = guard_create();
    int file = guard != NULL ? open(log_path, O_RDWR | O_CLOEXEC) : -1;
    if (file >= 0) {
        guard->recording = log_open(file);
        close(file);
    }
    errno = saved_errno;
}

/* For the program that never allocates: it has been seen all the same. */
__attribute__((constructor)) static void attach_at_start(void)
{
    if (!attached) {
        attach();
    }
}

/* ---- appending ---- */

static inline bool recording(void)
{
    if (UNLIKELY(!attached)) {
        attach(); /* one thread: no second one starts without malloc */
    }
    return guard != NULL &&
           atomic_load_explicit(&guard->recording, memory_order_relaxed);
}

/* Blocks on disk for every chunk up to that of `position`. The file is opened by name
 * each time, since the program may have closed a descriptor it does not know, and used
 * its number again. */
static int log_reserve_chunks(uint64_t position)
{
    const off_t chunk_bytes = LOG_CHUNK_RECORDS * sizeof(struct log_record);
    int file = open(log_path, O_RDWR | O_CLOEXEC);
    if (file < 0) {
        return errno;
    }
    int error = 0;
    uint64_t have = header->reserved_chunks;
    while (error == 0 && have <= position / LOG_CHUNK_RECORDS) {
        error = posix_fallocate(file, LOG_HEADER_BYTES + (off_t)have * chunk_bytes,
                                chunk_bytes);
        /* Threads may reserve a chunk twice, never mark it before it is there. */
        if (error == 0 &&
            atomic_compare_exchange_strong(&header->reserved_chunks, &have, have + 1)) {
            have++;
        }
    }
    close(file);
    return error;
}

static bool log_reserve(uint64_t position)
{
    int saved_errno = errno;
    int error = position / LOG_CHUNK_RECORDS < header->capacity / LOG_CHUNK_RECORDS
                    ? log_reserve_chunks(position)
                    : ENOSPC;
    if (error != 0) {
        header->full = (uint32_t)error;
        guard->recording = false;
    }
    errno = saved_errno;
    return error == 0;
}

static void log_append(enum log_kind kind, const void *address, size_t size_bytes,
                       uint64_t extra)
{
    if (UNLIKELY(thread_number == 0)) {
        thread_number = atomic_fetch_add(&header->threads, 1) + 1;
    }
    uint64_t position = atomic_fetch_add(&header->claimed, 1);
    uint64_t chunk = position / LOG_CHUNK_RECORDS;
    if (UNLIKELY(chunk >= header->reserved_chunks) && !log_reserve(position)) {
        return;
    }
    struct log_record *record = &records[position];
    record->address = (uintptr_t)address;
    record->size_bytes = size_bytes;
    record->extra = extra;
    record->thread = thread_number - 1;
    atomic_store_explicit(&record->kind, (uint8_t)kind, memory_order_release);
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
