/* The raw log: how the recorder in the program hands its calls to the launcher.
 *
 * One sparse file, made by the launcher and mapped shared by the recorded program:
 *
 *     page 0      struct log_header
 *     next        records, at the positions that `claimed` handed out
 *
 * A position is the place of a call in the one total order of all threads: an
 * allocation takes its position after the call and a free before it, so no address is
 * live twice. A record is complete once `kind` is set; what is in the file survives
 * SIGKILL.
 *
 * The file is reserved chunk by chunk as positions are claimed, so a full disk ends the
 * recording (`full`) and never reaches the program as SIGBUS. Only records in the first
 * `reserved_chunks` chunks may be read: beyond them the file has no blocks. */
#ifndef SNUGBENCH_RECORD_LOG_H
#define SNUGBENCH_RECORD_LOG_H

#include <stdatomic.h>
#include <stdint.h>

/* Names of the environment: the file, and the only process that records. */
#define LOG_FILE_VARIABLE "SNUGBENCH_RECORD_LOG"
#define LOG_PID_VARIABLE "SNUGBENCH_RECORD_PID"

#define LOG_MAGIC 0x31676f6c67756e73ull

enum {
    LOG_HEADER_BYTES = 8192,
    LOG_IMAGE_BYTES = 4096,
    LOG_CHUNK_RECORDS = 1 << 19, /* 16 MiB: one reservation in half a million calls */
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

_Static_assert(sizeof(struct log_record) == 32, "two records share a cache line");

struct log_header {
    uint64_t magic;
    /* How often a program image began to record: more than 1 after exec in the same
     * process, which starts the log anew; 0 if the recorder never came to life. */
    uint64_t images;
    uint64_t capacity;        /* records that fit the mapping */
    _Atomic uint64_t claimed; /* positions handed out; may exceed what was written */
    _Atomic uint64_t reserved_chunks;
    _Atomic uint32_t threads;
    _Atomic uint32_t full;       /* the errno that ended the recording; 0: none */
    char image[LOG_IMAGE_BYTES]; /* the executable that is recorded */
};

_Static_assert(sizeof(struct log_header) <= LOG_HEADER_BYTES, "records come after it");

static inline struct log_record *log_records(struct log_header *header)
{
    return (struct log_record *)(void *)((char *)header + LOG_HEADER_BYTES);
}

#endif
