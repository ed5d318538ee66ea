#include "debug_log.h"

#include <fcntl.h>
#include <unistd.h>

#include "debug_options.h"
#include "os.h"
#include "text.h"

#define BUFFER_BYTES (64 * KIB)
#define LINE_LIMIT_BYTES 120
/* Fields of the header, padded with blanks, since the counts are known at the end. */
#define HEADER_FIELD_BYTES 12

static struct {
    bool begun;
    int file; /* -1: no log */
    struct text text;
    uint32_t thread; /* of the last line */
    size_t ids;
    size_t operations;
} journal = {.file = -1};

uint32_t debug_thread_number(void)
{
    static _Atomic uint32_t threads;
    static __thread uint32_t number;
    if (number == 0) {
        number = atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) + 1;
    }
    return number;
}

static void write_header(void)
{
    char line[3 * HEADER_FIELD_BYTES];
    struct text text = {line, sizeof line, 0};
    text_decimal(&text, journal.ids);
    while (text.length < HEADER_FIELD_BYTES) {
        text_string(&text, " ");
    }
    text_decimal(&text, journal.operations);
    while (text.length < 2 * HEADER_FIELD_BYTES) {
        text_string(&text, " ");
    }
    text_string(&text, "\n");
    lseek(journal.file, 0, SEEK_SET);
    text_write(&text, journal.file);
    lseek(journal.file, 0, SEEK_END);
}

static bool begin(void)
{
    if (journal.begun) {
        return journal.file >= 0;
    }
    journal.begun = true;
    if (debug_options.log[0] == '\0') {
        return false;
    }
    char *const buffer = os_map(BUFFER_BYTES);
    if (buffer != NULL) {
        journal.text = (struct text){buffer, BUFFER_BYTES, 0};
        journal.file =
            open(debug_options.log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    }
    if (journal.file < 0) {
        char line[DEBUG_PATH_BYTES + 64];
        struct text text = {line, sizeof line, 0};
        text_string(&text, "snug: SNUG_DEBUG: no log, cannot write ");
        text_string(&text, debug_options.log);
        text_string(&text, "\n");
        text_write(&text, STDERR_FILENO);
        return false;
    }
    write_header();
    return true;
}

static void number(uint64_t value)
{
    text_string(&journal.text, " ");
    text_decimal(&journal.text, value);
}

/* The letter of an operation and its id. */
static bool line_begin(const char *operation, uint64_t id)
{
    if (!begin()) {
        return false;
    }
    if (journal.text.length + LINE_LIMIT_BYTES > journal.text.capacity) {
        text_write(&journal.text, journal.file);
        journal.text.length = 0;
    }
    const uint32_t thread = debug_thread_number();
    if (thread != journal.thread) {
        text_string(&journal.text, "t");
        number(thread);
        text_string(&journal.text, "\n");
        journal.thread = thread;
    }
    journal.operations++;
    text_string(&journal.text, operation);
    number(id);
    return true;
}

void debug_log_allocate(const struct debug_block *block, size_t alignment)
{
    const bool aligned = alignment > ALIGNMENT_BYTES;
    if (line_begin(aligned ? "m" : "a", block->serial)) {
        journal.ids++;
        if (aligned) {
            number(alignment);
        }
        number(block->size);
        text_string(&journal.text, "\n");
    }
}

void debug_log_resize(const struct debug_block *block)
{
    if (line_begin("r", block->serial)) {
        number(block->size);
        text_string(&journal.text, "\n");
    }
}

void debug_log_free(const struct debug_block *block, struct debug_release release)
{
    if (line_begin(release.sized ? "s" : "f", block->serial)) {
        if (release.sized) {
            number(release.size);
        }
        text_string(&journal.text, "\n");
    }
}

void debug_log_flush(void)
{
    if (journal.file >= 0) {
        text_write(&journal.text, journal.file);
        journal.text.length = 0;
        write_header();
    }
}

void debug_log_abandon(void)
{
    if (journal.file >= 0) {
        close(journal.file);
        journal.file = -1;
    }
}
