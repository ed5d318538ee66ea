#include "debug/roots.h"

#include <fcntl.h>
#include <sys/uio.h>

#include "base/descriptor.h"
#include "base/kernel.h"
#include "base/os.h"

#define PAGE_WORDS (PAGE_BYTES / sizeof(uintptr_t))
#define BATCH_PAGES ((size_t)512) /* what the kernel looks through at once */

/* In /proc/thread-self/pagemap, of a page that is in memory or swapped out; and of one
 * that is a file's, or shared: of private memory, a page that nobody has written to. */
#define PAGE_PRESENT ((uint64_t)3 << 62)
#define PAGE_OF_FILE ((uint64_t)1 << 61)

/* All by way of this thread: a process whose first thread has ended shows no memory. */

struct reader { /* of /proc/thread-self/maps, byte by byte */
    int file;
    size_t next, length;
    char buffer[4096];
};

struct range {
    uintptr_t begin, end;
    bool is_root;
    bool is_writable; /* else its pages are roots that were, and were written to */
};

static int pagemap = -1; /* /proc/thread-self/pagemap, during a search */

static int reader_byte(struct reader *reader)
{
    if (reader->next == reader->length) {
        const ssize_t n =
            descriptor_read(reader->file, reader->buffer, sizeof reader->buffer);
        reader->next = 0;
        reader->length = n > 0 ? (size_t)n : 0;
    }
    return reader->next < reader->length ? (unsigned char)reader->buffer[reader->next++]
                                         : -1;
}

/* A hexadecimal number and the character behind it. */
static uintptr_t reader_number(struct reader *reader, int *after)
{
    uintptr_t number = 0;
    for (;;) {
        const int c = reader_byte(reader);
        if (c >= '0' && c <= '9') {
            number = number << 4 | (uintptr_t)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            number = number << 4 | (uintptr_t)(c - 'a' + 10);
        } else {
            *after = c;
            return number;
        }
    }
}

/* A line: "begin-end rw-p ...". Shared memory, which others have, too, is left out;
 * what was made read-only after it was filled is not. */
static bool next_range(struct reader *reader, struct range *range)
{
    int c;
    range->begin = reader_number(reader, &c);
    range->end = reader_number(reader, &c);
    char rights[4] = "";
    for (size_t i = 0; i < sizeof rights && c >= 0; i++) {
        c = reader_byte(reader);
        rights[i] = (char)c;
    }
    range->is_root = rights[0] == 'r' && rights[3] == 'p';
    range->is_writable = rights[1] == 'w';
    while (c >= 0 && c != '\n') {
        c = reader_byte(reader);
    }
    return range->end != 0;
}

static bool read_page(uintptr_t page, uintptr_t *words)
{
    const struct iovec to = {words, PAGE_BYTES};
    const struct iovec from = {(void *)page, PAGE_BYTES};
    const long self = kernel_call(SYS_gettid, 0, 0, 0, 0, 0, 0);
    return kernel_call(SYS_process_vm_readv, self, (long)&to, 1, (long)&from, 1, 0) ==
           (long)PAGE_BYTES;
}

/* Which pages hold anything; all that are writable, if the kernel does not tell. */
static void read_present(uintptr_t page, uint64_t *present)
{
    const size_t bytes = BATCH_PAGES * sizeof *present;
    const off_t at = (off_t)(page / PAGE_BYTES * sizeof *present);
    if (descriptor_read_at(pagemap, present, bytes, at) <= 0) {
        for (size_t i = 0; i < BATCH_PAGES; i++) {
            present[i] = PAGE_PRESENT | PAGE_OF_FILE;
        }
    }
}

static bool may_hold_pointers(struct range range, uint64_t present)
{
    return (present & PAGE_PRESENT) != 0 &&
           (range.is_writable || (present & PAGE_OF_FILE) == 0);
}

static void visit_range(struct range range, uintptr_t here,
                        void (*visit)(const uintptr_t *words, size_t count),
                        bool (*skip)(uintptr_t page))
{
    uintptr_t words[PAGE_WORDS];
    uint64_t present[BATCH_PAGES];
    if (here >= range.begin && here < range.end) {
        range.begin = align_down(here, PAGE_BYTES);
    }
    for (uintptr_t page = range.begin; page < range.end; page += PAGE_BYTES) {
        const size_t i = (page - range.begin) / PAGE_BYTES % BATCH_PAGES;
        if (i == 0) {
            read_present(page, present);
        }
        if (may_hold_pointers(range, present[i]) && !skip(page) &&
            read_page(page, words)) {
            const size_t below =
                here > page && here - page < PAGE_BYTES ? here - page : 0;
            visit(words + below / sizeof *words, PAGE_WORDS - below / sizeof *words);
        }
    }
}

bool debug_roots_visit(const void *stack,
                       void (*visit)(const uintptr_t *words, size_t count),
                       bool (*skip)(uintptr_t page))
{
    struct reader reader = {.file =
                                descriptor_open("/proc/thread-self/maps", O_RDONLY)};
    uintptr_t words[PAGE_WORDS];
    const uintptr_t here = align_down((uintptr_t)&reader, PAGE_BYTES);
    if (reader.file < 0) {
        return false;
    }
    const bool readable = read_page(here, words);
    pagemap = descriptor_open("/proc/thread-self/pagemap", O_RDONLY);
    struct range range;
    while (readable && next_range(&reader, &range)) {
        if (range.is_root) {
            visit_range(range, align_down((uintptr_t)stack, sizeof(uintptr_t)), visit,
                        skip);
        }
    }
    descriptor_close_number(reader.file);
    return readable;
}

static bool skip_none(uintptr_t page)
{
    (void)page;
    return false;
}

void debug_roots_visit_block(const void *begin, size_t bytes,
                             void (*visit)(const uintptr_t *words, size_t count))
{
    const uintptr_t first = align_up((uintptr_t)begin, sizeof(uintptr_t));
    const uintptr_t end = align_down((uintptr_t)begin + bytes, sizeof(uintptr_t));
    const struct range pages = {.begin = align_up(first, PAGE_BYTES),
                                .end = align_down(end, PAGE_BYTES),
                                .is_writable = true};
    if (first >= end) {
        return;
    }
    if (pages.begin >= pages.end) {
        visit((const uintptr_t *)first, (end - first) / sizeof(uintptr_t));
        return;
    }
    visit((const uintptr_t *)first, (pages.begin - first) / sizeof(uintptr_t));
    visit_range(pages, 0, visit, skip_none);
    visit((const uintptr_t *)pages.end, (end - pages.end) / sizeof(uintptr_t));
}

void debug_roots_end(void)
{
    descriptor_close_number(pagemap);
    pagemap = -1;
}
