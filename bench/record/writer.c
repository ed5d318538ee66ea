#include "record/writer.h"

#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

enum {
    RECORDS_AHEAD = 32, /* the time a line takes to come from snugbench's cache */
    LOOK_NS = 100000000 /* how often a sleeper looks whether snugbench lives */
};

static struct log_header *header;
static struct log_ring *ring;
static struct log_record *records;
static _Atomic uint32_t threads;
static _Thread_local uint32_t thread_number; /* from 1; 0: no call yet */

void writer_begin(struct log_header *log, struct log_ring *own_ring)
{
    header = log;
    ring = own_ring;
    records = log_ring_records(own_ring);
}

static __attribute__((noinline)) uint32_t thread_enter(void)
{
    uint32_t count = atomic_fetch_add(&threads, 1);
    thread_number = (count < LOG_THREADS ? count : LOG_THREADS - 1) + 1;
    return thread_number;
}

__attribute__((noinline)) void writer_wake(struct log_header *log)
{
    if (log->is_asleep != 0) {
        int saved_errno = errno;
        atomic_fetch_add(&log->wake, 1);
        syscall(SYS_futex, &log->wake, FUTEX_WAKE, 1, NULL, NULL, 0);
        errno = saved_errno;
    }
}

/* Sleep until positions up to `end` may be written. false: they never may. */
static __attribute__((noinline)) bool wait_for_room(uint64_t end)
{
    int saved_errno = errno;
    uint64_t limit = 0;
    for (;;) {
        uint32_t turn = ring->turn;
        ring->waiters = 1;
        limit = ring->limit;
        if (limit == 0 || end <= limit || !log_has_reader(header)) {
            break;
        }
        writer_wake(header);
        syscall(SYS_futex, &ring->turn, FUTEX_WAIT, turn,
                &(struct timespec){.tv_nsec = LOOK_NS}, NULL, 0);
    }
    errno = saved_errno;
    return limit != 0 && end <= limit;
}

/* The first of `count` positions, to be written now. false: none. */
static inline bool claim(uint32_t count, uint64_t *position)
{
    *position = atomic_fetch_add_explicit(&ring->claimed, count, memory_order_relaxed);
    uint64_t end = *position + count;
    return !UNLIKELY(end > atomic_load_explicit(&ring->limit, memory_order_acquire)) ||
           wait_for_room(end);
}

static inline void put(uint64_t position, enum log_kind kind, uintptr_t address,
                       uint64_t size_bytes)
{
    uint32_t number = thread_number;
    if (UNLIKELY(number == 0)) {
        number = thread_enter();
    }
    log_record_write(&records[position % LOG_RECORDS], position, kind, number - 1,
                     address, size_bytes);
    __builtin_prefetch(&records[(position + RECORDS_AHEAD) % LOG_RECORDS], 1);
    if (UNLIKELY(position % LOG_WAKE_RECORDS == 0)) {
        writer_wake(header);
    }
}

bool writer_append(enum log_kind kind, const void *address, size_t size_bytes)
{
    uint64_t position;
    if (!claim(1, &position)) {
        return false;
    }
    put(position, kind, (uintptr_t)address, size_bytes);
    return true;
}

bool writer_append_pair(enum log_kind kind, const void *address, size_t size_bytes,
                        uint64_t extra)
{
    uint64_t position;
    if (!claim(2, &position)) {
        return false;
    }
    put(position, kind, (uintptr_t)address, size_bytes);
    put(position + 1, LOG_EXTRA, 0, extra);
    return true;
}
