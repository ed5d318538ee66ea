/* The raw log: how the recorder in the program hands its calls to the launcher.
 *
 * One sparse file, made by the launcher and mapped shared by the recorded program:
 *
 *     header      struct log_header
 *     window 0    records, at the positions that `claimed` handed out
 *     window 1    ...
 *
 * A position is the place of a call in the one total order of all threads: an
 * allocation takes its position after the call and a free before it, so no address is
 * live twice. A record is complete once `kind` is set; what is in the file survives
 * SIGKILL.
 *
 * The program maps the header and the few windows that are written just now: what it
 * may map in all can be limited. A window gets its blocks on the disk when it is
 * mapped, so a full disk ends the recording (`full`) and never reaches the program as
 * SIGBUS. Only records in the first `reserved_windows` windows may be read: beyond them
 * the file has no blocks. */
#ifndef SNUGBENCH_RECORD_LOG_H
#define SNUGBENCH_RECORD_LOG_H

#include <stdatomic.h>
#include <stdint.h>

/* In the environment, five words: the only process that records, the descriptor under
 * which it may have inherited the file, device and inode of the file, its path. */
#define LOG_VARIABLE "SNUGBENCH_RECORD"

#define LOG_MAGIC 0x32676f6c67756e73ull

enum {
    LOG_HEADER_BYTES = 1 << 16, /* a multiple of every page size */
    LOG_RECORD_BYTES = 32,
    LOG_WINDOW_RECORDS = 1 << 15,
    LOG_WINDOW_BYTES = LOG_WINDOW_RECORDS * LOG_RECORD_BYTES,
    LOG_WINDOW_LIMIT = 1 << 16, /* 64 GiB, 2^31 calls */
    LOG_IMAGE_BYTES = 4096,
    LOG_NAME_BYTES = 16, /* as the kernel keeps the name of a process */
    LOG_OTHERS = 64,
};

enum log_kind {
    LOG_UNWRITTEN, /* the file's own zeros: the thread died between claim and write */
    LOG_MALLOC,    /* address, size */
    LOG_CALLOC,    /* address, size of an element, extra: elements */
    LOG_MEMALIGN,  /* address, size, extra: alignment */
    LOG_FREE,      /* address, may be 0 */
    LOG_FREE_SIZED,
    LOG_REALLOC_BEGIN, /* address: the old block, never 0 */
    LOG_REALLOC_END,   /* address: the new block, 0 if it failed; size; extra: old block
                        */
};

struct log_record {
    uint64_t address;
    uint64_t size_bytes;
    uint64_t extra;
    uint32_t thread; /* in order of first appearance */
    _Atomic uint8_t kind;
    uint8_t unused[3];
};

_Static_assert(sizeof(struct log_record) == LOG_RECORD_BYTES,
               "two records share a cache line");

/* A process with the recorder in it that does not record: a child of the recorded one,
 * or a child's. */
struct log_other {
    _Atomic int32_t pid;
    char name[LOG_NAME_BYTES];
};

struct log_header {
    uint64_t magic;
    uint64_t capacity; /* records that fit the file */
    /* How often a program image began to record: more than 1 after exec in the same
     * process, which starts the log anew; 0 if the recorder never came to life. */
    uint64_t images;
    uint64_t first;           /* the last image's first position, its window's first */
    _Atomic uint64_t claimed; /* positions handed out; may exceed what was written */
    _Atomic uint64_t reserved_windows;
    _Atomic uint32_t threads;
    _Atomic uint32_t full;        /* the errno that ended the recording; 0: none */
    uint32_t has_exited;          /* the last image has run its destructors */
    char name[LOG_NAME_BYTES];    /* of the process when it began to record */
    char image[LOG_IMAGE_BYTES];  /* the executable that is recorded */
    _Atomic uint32_t forks;       /* as the parents count them, */
    _Atomic uint32_t forked;      /* and the children */
    _Atomic uint32_t other_count; /* may exceed LOG_OTHERS */
    struct log_other others[LOG_OTHERS];
};

_Static_assert(sizeof(struct log_header) <= LOG_HEADER_BYTES, "records come after it");

static inline struct log_record *log_records(struct log_header *header)
{
    return (struct log_record *)(void *)((char *)header + LOG_HEADER_BYTES);
}

#endif
