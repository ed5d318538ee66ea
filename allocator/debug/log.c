#include "debug/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>

#include "base/descriptor.h"
#include "base/kernel.h"
#include "base/os.h"
#include "base/output.h"
#include "debug/options.h"

#define BUFFER_BYTES (64 * KIB)
#define LINE_LIMIT_BYTES 120
/* Fields of the header, padded with blanks, since the counts are known at the end. */
#define HEADER_FIELD_BYTES 12

static struct {
    bool begun;
    struct descriptor file;
    struct text text; /* lines that are not in the file yet */
    uint32_t thread;  /* of the last line */
    size_t ids;       /* in the file, as all from here on */
    size_t operations;
    off_t end;
} journal = {.file = NO_DESCRIPTOR};

/* From the root: the program may change its directory. */
static char journal_path[PATH_MAX];

/* Of this thread, from 1. */
static uint32_t thread_number(void)
{
    static _Atomic uint32_t threads;
    static __thread uint32_t number;
    if (number == 0) {
        number = atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) + 1;
    }
    return number;
}

static void format_field(struct text *text, size_t value)
{
    const size_t end = text->length + HEADER_FIELD_BYTES;
    text_format(text, "%zu", value);
    while (text->length < end) {
        text_format(text, " ");
    }
}

static bool write_header(void)
{
    char line[3 * HEADER_FIELD_BYTES];
    struct text text = {line, sizeof line, 0};
    format_field(&text, journal.ids);
    format_field(&text, journal.operations);
    text_format(&text, "\n");
    if (!descriptor_seek(journal.file.number, 0) ||
        descriptor_write(journal.file.number, line, text.length) != text.length) {
        return false;
    }
    if (journal.end == 0) {
        journal.end = (off_t)text.length;
    }
    return descriptor_seek(journal.file.number, journal.end);
}

static void complain(const char *what, const char *path)
{
    char line[DEBUG_PATH_BYTES + 64];
    struct text text = {line, sizeof line, 0};
    text_format(&text, "snug: SNUG_DEBUG: %s, cannot write %s\n", what, path);
    output_write(&text);
}

/* Under a number that is out of the way, and this process's until it is closed. What a
 * program starts inherits SNUG_DEBUG: *taken if the file is another's log already. */
static struct descriptor open_high(const char *path, int flags, bool *taken)
{
    struct descriptor file = NO_DESCRIPTOR;
    const int number = descriptor_open(path, O_WRONLY | O_NOCTTY | flags);
    *taken = number >= 0 && kernel_call(SYS_flock, number, LOCK_EX | LOCK_NB, 0, 0, 0,
                                        0) == -EWOULDBLOCK;
    if (number >= 0) {
        file = *taken ? file : descriptor_copy(number);
        descriptor_close_number(number);
    }
    return file;
}

static void find_path(void)
{
    char line[40];
    struct text text = {line, sizeof line, 0};
    text_format(&text, "/proc/thread-self/fd/%d", journal.file.number);
    const long length = kernel_call(SYS_readlinkat, AT_FDCWD, (long)line,
                                    (long)journal_path, sizeof journal_path - 1, 0, 0);
    if (length <= 0 || journal_path[0] != '/') {
        memcpy(journal_path, debug_options.log, sizeof debug_options.log);
    }
}

static bool begin(void)
{
    if (journal.begun) {
        return journal.file.number >= 0;
    }
    journal.begun = true;
    if (debug_options.log[0] == '\0') {
        return false;
    }
    bool taken = false;
    char *const buffer = os_map(BUFFER_BYTES);
    if (buffer != NULL) {
        journal.text = (struct text){buffer, BUFFER_BYTES, 0};
        journal.file = open_high(debug_options.log, O_CREAT, &taken);
        kernel_call(SYS_ftruncate, journal.file.number, 0, 0, 0, 0, 0);
    }
    if (journal.file.number < 0 || !write_header()) {
        descriptor_close(&journal.file);
        complain(taken ? "another process's log" : "no log", debug_options.log);
        return false;
    }
    find_path();
    return true;
}

/* Whether the file is there to be written to: the program may have closed it, or have
 * another one under its number. */
static bool is_open(void)
{
    if (journal.file.number < 0 ||
        descriptor_is_at(&journal.file, journal.file.number)) {
        return journal.file.number >= 0;
    }
    bool taken;
    struct descriptor again = open_high(journal_path, O_NONBLOCK, &taken);
    if (descriptor_is_at(&journal.file, again.number) &&
        descriptor_seek(again.number, journal.end)) {
        journal.file = again;
        return true;
    }
    descriptor_close(&again);
    journal.file.number = -1;
    complain("the log ends early", journal_path);
    return false;
}

/* Lines have arrived in the file. */
static void count_lines(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const bool begins = i == 0 || text[i - 1] == '\n';
        journal.operations += begins && text[i] != 't' ? 1 : 0;
        journal.ids += begins && (text[i] == 'a' || text[i] == 'm') ? 1 : 0;
    }
    journal.end += (off_t)length;
}

/* Where the file cannot take all, it ends with the last whole line. */
static void write_lines(void)
{
    if (!is_open()) {
        return;
    }
    const char *const text = journal.text.buffer;
    const size_t length = journal.text.length;
    size_t written = descriptor_write(journal.file.number, text, length);
    const bool all = written == length;
    while (written > 0 && text[written - 1] != '\n') {
        written--;
    }
    count_lines(text, written);
    journal.text.length = 0;
    if (!all) {
        if (kernel_call(SYS_ftruncate, journal.file.number, journal.end, 0, 0, 0, 0) ==
            0) {
            write_header();
        }
        descriptor_close(&journal.file);
        complain("the log ends early", journal_path);
    }
}

/* line_begin has made room. */
static void put(char c)
{
    journal.text.buffer[journal.text.length++] = c;
}

/* printf would take a third more of a logged program's time. */
static void number(size_t value)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    put(' ');
    while (count > 0) {
        put(digits[--count]);
    }
}

/* The letter of an operation and its id. */
static bool line_begin(char operation, uint64_t id)
{
    bool is_kept = begin();
    if (is_kept && journal.text.length + LINE_LIMIT_BYTES > journal.text.capacity) {
        write_lines();
        is_kept = journal.file.number >= 0;
    }
    if (!is_kept) {
        return false;
    }
    const uint32_t thread = thread_number();
    if (thread != journal.thread) {
        put('t');
        number(thread);
        put('\n');
        journal.thread = thread;
    }
    put(operation);
    number(id);
    return true;
}

void debug_log_allocate(const struct debug_block *block, size_t alignment)
{
    const bool aligned = alignment > ALIGNMENT_BYTES;
    if (line_begin(aligned ? 'm' : 'a', block->serial)) {
        if (aligned) {
            number(alignment);
        }
        number(block->size);
        put('\n');
    }
}

void debug_log_resize(const struct debug_block *block)
{
    if (line_begin('r', block->serial)) {
        number(block->size);
        put('\n');
    }
}

void debug_log_free(const struct debug_block *block, struct debug_release release)
{
    if (line_begin(release.sized ? 's' : 'f', block->serial)) {
        if (release.sized) {
            number(release.size);
        }
        put('\n');
    }
}

void debug_log_flush(void)
{
    write_lines();
    if (is_open()) {
        write_header();
    }
}

void debug_log_abandon(void)
{
    descriptor_close(&journal.file);
}
