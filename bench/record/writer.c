#include "record/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

static struct log_header *header;
static size_t system_page_bytes;
/* By number, with two more for looking ahead. NULL: never mapped. */
static _Atomic(char *) window_starts[LOG_WINDOW_LIMIT + 2];
static _Atomic uint32_t window_records[LOG_WINDOW_LIMIT]; /* that are written */
static _Thread_local uint32_t thread_number;              /* from 1; 0: no call yet */

char *writer_map(int file, int flags, uint64_t offset, size_t bytes)
{
    return (char *)syscall(SYS_mmap, NULL, bytes, PROT_READ | PROT_WRITE, flags, file,
                           offset);
}

void writer_unmap(void *start, size_t bytes)
{
    syscall(SYS_munmap, start, bytes);
}

/* ---- windows ----
 *
 * A window is mapped with one page more, the first of the window after it. Mapping that
 * page once more, at greater length, maps the next window: mremap does so for a shared
 * mapping if the old size is 0.
 *
 * A window is unmapped when all its records are written and the next one is mapped. A
 * record that is never written (its thread was cancelled in the middle, say) only keeps
 * its window mapped. */

/* Blocks on disk for a window. 0 or an errno. */
static int window_reserve(char *start, uint64_t number)
{
    if (syscall(SYS_madvise, start, LOG_WINDOW_BYTES, MADV_POPULATE_WRITE) != 0) {
        return errno == EFAULT ? ENOSPC : errno; /* EFAULT: it would be SIGBUS */
    }
    uint64_t have = header->reserved_windows;
    while (have <= number && !atomic_compare_exchange_weak(&header->reserved_windows,
                                                           &have, number + 1)) {
    }
    return 0;
}

/* Takes over a fresh mapping, one of several perhaps. 0 or an errno. */
static int window_enter(char *start, uint64_t number)
{
    /* While the window is entered by nobody, the one before it was mapped, so `start`
     * was made from that and from nothing that came to lie at its address. */
    char *entered = window_starts[number];
    int error = entered == NULL ? window_reserve(start, number) : 0;
    if (error != 0 || entered != NULL ||
        !atomic_compare_exchange_strong(&window_starts[number], &entered, start)) {
        writer_unmap(start, LOG_WINDOW_BYTES + system_page_bytes);
    }
    return error;
}

/* 0 or an errno. */
static int window_map(uint64_t number)
{
    if (number >= header->capacity / LOG_WINDOW_RECORDS) {
        return ENOSPC;
    }
    char *before = window_starts[number - 1];
    if (before == NULL) {
        return EAGAIN; /* as many threads as a window has records wait for it */
    }
    char *start =
        (char *)syscall(SYS_mremap, before + LOG_WINDOW_BYTES, 0,
                        LOG_WINDOW_BYTES + system_page_bytes, MREMAP_MAYMOVE, NULL);
    if (start == MAP_FAILED) {
        return window_starts[number] != NULL ? 0 : errno;
    }
    return window_enter(start, number);
}

/* The window after the next takes the room of one whose records are all written, so
 * that nothing more has to be mapped when it is needed: the program may be at its limit
 * by then. What fails here is tried again there. */
static void window_pass_on(uint64_t number)
{
    int saved_errno = errno;
    if (window_starts[number + 1] != NULL || window_map(number + 1) == 0) {
        writer_unmap(window_starts[number], LOG_WINDOW_BYTES + system_page_bytes);
        if (window_starts[number + 2] == NULL) {
            window_map(number + 2);
        }
    }
    errno = saved_errno;
}

/* ---- begin ---- */

/* After exec in the same process the log starts anew: at its beginning, if the records
 * of the last image can be made zeros again, else behind them. */
static void log_begin(int file)
{
    uint64_t first_window = 0;
    if (header->images > 0 &&
        fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, LOG_HEADER_BYTES,
                  (off_t)header->reserved_windows * LOG_WINDOW_BYTES) != 0) {
        first_window = header->reserved_windows;
    } else {
        header->reserved_windows = 0;
    }
    header->images++;
    header->first = first_window * LOG_WINDOW_RECORDS;
    header->claimed = header->first;
    header->threads = 0;
    header->full = 0;
    header->has_exited = 0;
    prctl(PR_GET_NAME, header->name);
    ssize_t length = readlink("/proc/self/exe", header->image, LOG_IMAGE_BYTES - 1);
    header->image[length > 0 ? length : 0] = '\0';
}

/* The first two windows. */
static bool windows_begin(int file)
{
    uint64_t number = header->first / LOG_WINDOW_RECORDS;
    int error = ENOSPC;
    if (number < header->capacity / LOG_WINDOW_RECORDS) {
        char *start =
            writer_map(file, MAP_SHARED, LOG_HEADER_BYTES + number * LOG_WINDOW_BYTES,
                       LOG_WINDOW_BYTES + system_page_bytes);
        error = start == MAP_FAILED ? errno : window_enter(start, number);
    }
    if (error != 0) {
        header->full = (uint32_t)error;
        return false;
    }
    window_map(number + 1); /* tried again when it is needed */
    return true;
}

bool writer_begin(struct log_header *log, int file)
{
    header = log;
    system_page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    log_begin(file);
    return windows_begin(file);
}

/* ---- append ---- */

/* The window was not mapped ahead: the program is too fast, or the system refused. */
static __attribute__((noinline)) char *window_need(uint64_t number)
{
    int saved_errno = errno;
    int error = number < LOG_WINDOW_LIMIT ? window_map(number) : ENOSPC;
    if (error != 0) {
        header->full = (uint32_t)error;
    }
    errno = saved_errno;
    return error == 0 ? window_starts[number] : NULL;
}

bool writer_append(enum log_kind kind, const void *address, size_t size_bytes,
                   uint64_t extra)
{
    if (UNLIKELY(thread_number == 0)) {
        thread_number = atomic_fetch_add(&header->threads, 1) + 1;
    }
    uint64_t position = atomic_fetch_add(&header->claimed, 1);
    uint64_t number = position / LOG_WINDOW_RECORDS;
    char *window = number < LOG_WINDOW_LIMIT ? window_starts[number] : NULL;
    if (UNLIKELY(window == NULL) && (window = window_need(number)) == NULL) {
        return false;
    }
    struct log_record *record =
        (struct log_record *)(void *)window + position % LOG_WINDOW_RECORDS;
    record->address = (uintptr_t)address;
    record->size_bytes = size_bytes;
    record->extra = extra;
    record->thread = thread_number - 1;
    atomic_store_explicit(&record->kind, (uint8_t)kind, memory_order_release);
    if (UNLIKELY(atomic_fetch_add(&window_records[number], 1) ==
                 LOG_WINDOW_RECORDS - 1)) {
        window_pass_on(number);
    }
    return true;
}
