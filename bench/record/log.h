/* What the recorder in a program shares with snugbench record: one memory file.
 *
 *     header      struct log_header
 *     ring 0      struct log_ring, then its records
 *     ring 1      ...
 *
 * A recorded process has a ring of its own, which snugbench empties while the program
 * runs. Its records stand at the positions that `claimed` handed out: a position is the
 * place of a call in the one total order of all threads. An allocation takes its
 * position after the call and a free before it, so no address is live twice. Position p
 * has the place p % LOG_RECORDS; it may be written while p < `limit`, and who comes to
 * the limit sleeps until snugbench has moved it on.
 *
 * What is in the file survives SIGKILL of the program. */
#ifndef SNUGBENCH_RECORD_LOG_H
#define SNUGBENCH_RECORD_LOG_H

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

/* In the environment, five words: the only process that records, or 0 for every one
 * that can; the descriptor under which it may have inherited the file; device and inode
 * of the file; its path. */
#define LOG_VARIABLE "SNUGBENCH_RECORD"

#define LOG_MAGIC 0x35676f6c67756e73ull

enum {
    LOG_PART_BYTES =
        1 << 16, /* header and ring's head: a multiple of every page size */
    LOG_RECORDS = 1 << 17,
    LOG_RECORD_BYTES = 16,
    LOG_RING_BYTES = LOG_PART_BYTES + LOG_RECORDS * LOG_RECORD_BYTES,
    LOG_RINGS = 256,
    /* A writer that comes past a multiple of it wakes snugbench. */
    LOG_WAKE_RECORDS = LOG_RECORDS / 4,
    LOG_IMAGE_BYTES = 4096,
    LOG_COMMAND_BYTES = 1024,
    LOG_NAME_BYTES = 16, /* as the kernel keeps the name of a process */
    LOG_NAMESPACE_BYTES = 32,
    LOG_OTHERS = 2048,
    LOG_THREADS = 1 << 23, /* threads from the last number on share it */
};

enum log_kind {
    LOG_MALLOC,   /* address, size */
    LOG_CALLOC,   /* address, size of an element; then LOG_EXTRA: elements */
    LOG_MEMALIGN, /* address, size; then LOG_EXTRA: alignment */
    LOG_FREE,     /* address, may be 0 */
    LOG_FREE_SIZED,
    LOG_REALLOC_NULL,  /* address, size: of realloc(NULL, size) */
    LOG_REALLOC_BEGIN, /* address: the old block, never 0 */
    LOG_REALLOC_END,   /* address: the new block, 0 if it failed; size */
    LOG_FORK,          /* size: the number of the fork that comes */
    LOG_EXTRA,         /* size: the second number of the record before it */
};

/* ---- records ---- */

/* A record in its ring. `last` is written last and says with its lap, the round of the
 * ring that the record is of, that it is complete. */
struct log_record {
    uint64_t first; /* address / 16: 44 bits, kind: 4, thread, low: 16 */
    /* size: 48 bits, address / 8, lowest: 1, thread, high: 7, lap: 8. Blocks of 8 bytes
     * are no further apart in other allocators than libc's. */
    _Atomic uint64_t last;
};

_Static_assert(sizeof(struct log_record) == LOG_RECORD_BYTES, "as counted above");

static inline uint8_t log_lap(uint64_t position)
{
    return (uint8_t)(position / LOG_RECORDS + 1); /* the file's own zeros: none yet */
}

static inline void log_record_write(struct log_record *record, uint64_t position,
                                    enum log_kind kind, uint32_t thread,
                                    uintptr_t address, uint64_t size_bytes)
{
    record->first =
        (uint64_t)address >> 4 << 20 | (uint64_t)kind << 16 | (thread & 0xffff);
    atomic_store_explicit(&record->last,
                          size_bytes << 16 | (uint64_t)(address >> 3 & 1) << 15 |
                              (uint64_t)(thread >> 16 & 0x7f) << 8 | log_lap(position),
                          memory_order_release);
}

static inline bool log_record_is_written(const struct log_record *record,
                                         uint64_t position)
{
    return (uint8_t)atomic_load_explicit(&record->last, memory_order_acquire) ==
           log_lap(position);
}

static inline enum log_kind log_record_kind(const struct log_record *record)
{
    return (enum log_kind)(record->first >> 16 & 0xf);
}

static inline uint64_t log_record_address(const struct log_record *record)
{
    return record->first >> 20 << 4 | (record->last >> 15 & 1) << 3;
}

static inline uint64_t log_record_size(const struct log_record *record)
{
    return record->last >> 16;
}

static inline uint32_t log_record_thread(const struct log_record *record)
{
    return (uint32_t)(record->first & 0xffff) | (uint32_t)(record->last >> 8 & 0x7f)
                                                    << 16;
}

/* ---- rings ---- */

enum log_ring_state {
    LOG_RING_FREE,    /* all zeros */
    LOG_RING_CLAIMED, /* a process fills in who it is */
    LOG_RING_READY,
    LOG_RING_READ, /* snugbench empties it; the only one who frees it again */
};

struct log_ring {
    _Alignas(64) _Atomic uint64_t claimed; /* positions handed out */
    /* Only snugbench moves these on. 0: nothing is recorded any more. */
    _Alignas(64) _Atomic uint64_t limit;
    _Atomic uint32_t turn;    /* a futex, changes when sleepers are woken */
    _Atomic uint32_t waiters; /* not 0: somebody may sleep */
    _Alignas(64) int32_t pid;
    uint32_t serial; /* in order of attaching */
    uint32_t fork;   /* the number of the fork that made the process; 0: exec, or no
                        fork that was seen */
    /* Not 0: the process began as the copy of another one. It came by no exec. */
    uint32_t is_child;
    _Atomic uint32_t has_exited; /* the process has run its destructors */
    char name[LOG_NAME_BYTES];   /* of the process when it began to record */
    char image[LOG_IMAGE_BYTES]; /* the executable */
    char
        command[LOG_COMMAND_BYTES]; /* its arguments, cut where there is no more room */
    char pid_namespace[LOG_NAMESPACE_BYTES]; /* that `pid` is of; empty: not known */
};

_Static_assert(sizeof(struct log_ring) <= LOG_PART_BYTES, "records come after it");

/* A process with the recorder in it that does not record. */
struct log_other {
    _Atomic int32_t pid;    /* 0: it records by now */
    uint32_t pid_namespace; /* that `pid` is of, by its inode; 0: not known */
    char name[LOG_NAME_BYTES];
};

struct log_header {
    uint64_t magic;
    uint32_t ring_count;
    /* The thread of snugbench that empties the rings, 0 once it does so no more. The
     * kernel sets FUTEX_OWNER_DIED in it should it die (set_robust_list(2)). */
    _Atomic uint32_t reader;
    _Atomic uint32_t wake;      /* a futex, changes when snugbench is to look */
    _Atomic uint32_t is_asleep; /* snugbench waits for `wake` */
    _Atomic uint32_t serials;
    _Atomic uint32_t fork_numbers;
    _Atomic uint32_t attach_failure; /* the errno of the last process without a ring */
    _Atomic uint32_t forks;          /* as the parents count them, */
    _Atomic uint32_t forked;         /* and the children */
    _Atomic uint32_t other_count;    /* may exceed LOG_OTHERS */
    struct log_other others[LOG_OTHERS];
    _Atomic uint32_t ring_states[LOG_RINGS]; /* enum log_ring_state */
};

_Static_assert(sizeof(struct log_header) <= LOG_PART_BYTES, "rings come after it");

static inline bool log_has_reader(const struct log_header *header)
{
    uint32_t reader = header->reader;
    return reader != 0 && (reader & FUTEX_OWNER_DIED) == 0;
}

/* What a link of /proc says, or nothing. */
static inline void log_read_link(const char *path, char *text, size_t text_bytes)
{
    ssize_t length = readlink(path, text, text_bytes - 1);
    text[length > 0 ? length : 0] = '\0';
}

/* The namespace of this process's pid, as in log_other. */
static inline uint32_t log_pid_namespace(void)
{
    struct stat status;
    return stat("/proc/self/ns/pid", &status) == 0 ? (uint32_t)status.st_ino : 0;
}

static inline uint64_t log_ring_offset(uint32_t number)
{
    return LOG_PART_BYTES + (uint64_t)number * LOG_RING_BYTES;
}

static inline struct log_record *log_ring_records(struct log_ring *ring)
{
    return (struct log_record *)(void *)((char *)ring + LOG_PART_BYTES);
}

#endif
