#include "worker/packed.h"

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "worker/job.h"

enum {
    MARK_OPS = 256, /* the place of each so many-th operation is kept */
};

static enum packed_kind kind_of(const struct trace_op *op)
{
    const bool fits =
        op->slot < 1u << (32 - PACKED_KIND_BITS) && op->size_bytes <= UINT32_MAX;
    switch (op->kind) {
    case TRACE_FREE:
    case TRACE_FREE_SIZED:
        return op->slot < 1u << (32 - PACKED_KIND_BITS) ? PACKED_FREE : PACKED_OTHER;
    case TRACE_MALLOC:
        return fits && op->size_bytes != 0 ? PACKED_MALLOC : PACKED_OTHER;
    case TRACE_REALLOC:
        return fits ? PACKED_REALLOC : PACKED_OTHER;
    case TRACE_CALLOC:
        return fits ? PACKED_CALLOC : PACKED_OTHER;
    default:
        return PACKED_OTHER;
    }
}

static uint32_t *put(uint32_t *word, const struct trace_op *op)
{
    const enum packed_kind kind = kind_of(op);
    *word++ = kind == PACKED_OTHER ? kind : op->slot << PACKED_KIND_BITS | kind;
    if (kind == PACKED_MALLOC || kind == PACKED_REALLOC || kind == PACKED_CALLOC) {
        *word++ = (uint32_t)op->size_bytes;
    }
    if (kind == PACKED_CALLOC) {
        *word++ = op->count;
    }
    return word;
}

/* Where passes end, in ascending order, and once more behind the last. */
struct ends {
    const uint64_t *at;
    uint64_t count;
    uint64_t last;
};

static struct ends ends_of(const struct job *job)
{
    if (job->streams == NULL) {
        const bool has_samples = job->record->mode == WORKER_MEMORY;
        return (struct ends){job->samples, has_samples ? job->header->sample_count : 0,
                             job->header->op_count};
    }
    return (struct ends){stream_begins(job->streams), job->streams->thread_count,
                         job->streams->op_count};
}

/* Does one end at `index`? Asked in ascending order. */
static bool ends_at(struct ends *ends, uint64_t index)
{
    while (ends->count > 0 && *ends->at < index) {
        ends->at++;
        ends->count--;
    }
    return index == ends->last || (ends->count > 0 && *ends->at == index);
}

static uint64_t op_count(const struct job *job)
{
    return job->streams != NULL ? job->streams->op_count + job->streams->epilogue_count
                                : job->header->op_count + job->header->epilogue_count;
}

/* What is not used of the room is given back. */
static void shrink(const uint32_t *words, const uint32_t *behind, size_t room)
{
    const size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    const size_t used =
        ((size_t)(behind - words) * sizeof *words + page_bytes - 1) & ~(page_bytes - 1);
    if (used < room) {
        munmap((char *)(uintptr_t)words + used, room - used);
    }
}

bool packed_open(struct job *job)
{
    const uint64_t count = op_count(job);
    struct ends ends = ends_of(job);
    /* The longest there could be: all operations have three words, and all ends one. */
    const size_t room =
        (count * PACKED_WORDS_LIMIT + ends.count + 2) * sizeof *job->words;
    uint32_t *words = mmap(NULL, room, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    const uint32_t **marks = job_pages((count / MARK_OPS + 1) * sizeof *marks);
    if (words == MAP_FAILED || marks == NULL) {
        return false;
    }
    uint32_t *word = words;
    for (uint64_t i = 0; i < count; i++) {
        if (ends_at(&ends, i)) {
            *word++ = PACKED_END;
        }
        if (i % MARK_OPS == 0) {
            marks[i / MARK_OPS] = word;
        }
        word = put(word, &job->ops[i]);
    }
    *word++ = PACKED_END;
    if (count % MARK_OPS == 0) {
        marks[count / MARK_OPS] = word;
    }
    shrink(words, word, room);
    job->words = words;
    job->word_marks = marks;
    return true;
}

const uint32_t *packed_at(const struct job *job, uint64_t index)
{
    static const uint8_t lengths[] = {
        [PACKED_MALLOC] = 2, [PACKED_FREE] = 1,  [PACKED_REALLOC] = 2,
        [PACKED_CALLOC] = 3, [PACKED_OTHER] = 1,
    };
    const uint32_t *word = job->word_marks[index / MARK_OPS];
    for (uint64_t i = index % MARK_OPS; i > 0; i--) {
        word += lengths[packed_kind(*word)];
        word += packed_kind(*word) == PACKED_END;
    }
    return word;
}
