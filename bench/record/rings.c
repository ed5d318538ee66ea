#include "record/rings.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    DESCRIPTORS_WANTED = 8,
    /* Programs may become one another by exec, faster than we look. */
    RINGS_WANTED = 8,
};

/* Sparse: what no ring is in takes no memory. Rings that fit, 0 and errno on
 * failure. */
static uint32_t file_extend(int file)
{
    for (uint32_t count = LOG_RINGS; count >= RINGS_WANTED; count /= 2) {
        if (ftruncate(file, (off_t)log_ring_offset(count)) == 0) {
            return count;
        }
    }
    return 0;
}

/* What recording and writing the trace take, asked for before the program runs. */
static bool has_descriptors(int file)
{
    int taken[DESCRIPTORS_WANTED];
    size_t count = 0;
    while (count < DESCRIPTORS_WANTED &&
           (taken[count] = fcntl(file, F_DUPFD_CLOEXEC, 0)) >= 0) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        close(taken[i]);
    }
    errno = EMFILE;
    return count == DESCRIPTORS_WANTED;
}

static struct robust_list_head *libc_list;
static size_t libc_list_bytes;

/* Should this process die, whatever it dies of, the kernel says so in header->reader,
 * and no writer sleeps for ever. */
static void reader_register(struct log_header *header)
{
    static struct robust_list_head robust;
    static struct robust_list entry;
    entry.next = &robust.list;
    robust.list.next = &entry;
    robust.futex_offset =
        (char *)header + offsetof(struct log_header, reader) - (char *)&entry;
    header->reader = (uint32_t)syscall(SYS_gettid);
    syscall(SYS_get_robust_list, 0, &libc_list, &libc_list_bytes);
    syscall(SYS_set_robust_list, &robust, sizeof robust);
}

/* NULL and errno on failure. */
static struct log_header *header_create(int file)
{
    uint32_t count = has_descriptors(file) ? file_extend(file) : 0;
    if (count == 0) {
        return NULL;
    }
    void *start =
        mmap(NULL, LOG_PART_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (start == MAP_FAILED) {
        return NULL;
    }
    struct log_header *header = start;
    header->magic = LOG_MAGIC;
    header->ring_count = count;
    reader_register(header);
    return header;
}

bool rings_create(struct rings *rings, struct trace_error *error)
{
    rings->file = memfd_create("snugbench-record", MFD_CLOEXEC);
    rings->header = rings->file >= 0 ? header_create(rings->file) : NULL;
    if (rings->header != NULL) {
        return true;
    }
    snprintf(error->text, sizeof error->text, "cannot make the log%s: %s",
             errno == EMFILE ? " (raise the limit of 'ulimit -n')" : "",
             strerror(errno));
    if (rings->file >= 0) {
        close(rings->file);
    }
    return false;
}

void rings_destroy(struct rings *rings)
{
    rings->header->reader = 0; /* writers that are left sleep no more */
    syscall(SYS_set_robust_list, libc_list, libc_list_bytes);
    munmap(rings->header, LOG_PART_BYTES);
    close(rings->file);
}

static struct log_ring *map(const struct rings *rings, uint32_t number)
{
    void *start = mmap(NULL, LOG_RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
                       rings->file, (off_t)log_ring_offset(number));
    return start == MAP_FAILED ? NULL : start;
}

struct log_ring *rings_take(struct rings *rings, uint32_t *number)
{
    struct log_header *header = rings->header;
    struct log_ring *first = NULL;
    for (uint32_t i = 0; i < header->ring_count; i++) {
        if (header->ring_states[i] != LOG_RING_READY) {
            continue;
        }
        struct log_ring *ring = map(rings, i);
        if (ring == NULL) {
            continue;
        }
        if (first == NULL || ring->serial < first->serial) {
            struct log_ring *other = first;
            first = ring;
            *number = i;
            ring = other;
        }
        if (ring != NULL) {
            munmap(ring, LOG_RING_BYTES);
        }
    }
    if (first != NULL) {
        header->ring_states[*number] = LOG_RING_READ;
    }
    return first;
}

void rings_refuse(struct log_ring *ring)
{
    ring->limit = 0;
    munmap(ring, LOG_RING_BYTES);
}

void rings_release(struct rings *rings, uint32_t number)
{
    fallocate(rings->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
              (off_t)log_ring_offset(number), LOG_RING_BYTES);
    rings->header->ring_states[number] = LOG_RING_FREE;
}
