#include "base/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/lock.h"

#define NULL_DEVICE ((dev_t)0x103) /* 1, 3 */

static bool noted;
static struct stat at_start; /* all 0: there was no stderr */
static struct descriptor kept = NO_DESCRIPTOR;

static bool is_null(const struct stat *file)
{
    return S_ISCHR(file->st_mode) && file->st_rdev == NULL_DEVICE;
}

/* Before other constructors, which may open and close files. */
static __attribute__((constructor(101))) void note_stderr(void)
{
    if (!noted) {
        noted = true;
        descriptor_look(STDERR_FILENO, &at_start);
    }
}

/* What it was, or a pipe to a logger, or to whoever started this process by fork alone;
 * or /dev/null. */
static bool is_stderr_usable(void)
{
    struct stat file;
    note_stderr(); /* an allocation may come before the constructors */
    return descriptor_look(STDERR_FILENO, &file) &&
           (S_ISFIFO(file.st_mode) || is_null(&file) ||
            (file.st_dev == at_start.st_dev && file.st_ino == at_start.st_ino));
}

void output_keep_stderr(void)
{
    if (is_stderr_usable()) {
        kept = descriptor_copy(STDERR_FILENO);
    }
}

void output_write(const struct text *text)
{
    const int saved = errno;
    if (descriptor_is_at(&kept, kept.number)) {
        descriptor_write(kept.number, text->buffer, text->length);
    } else if (is_stderr_usable()) {
        descriptor_write(STDERR_FILENO, text->buffer, text->length);
    } else if (S_ISCHR(at_start.st_mode) && !is_null(&at_start)) { /* a terminal */
        const int terminal = descriptor_open("/dev/tty", O_WRONLY | O_NOCTTY);
        descriptor_write(terminal, text->buffer, text->length);
        descriptor_close_number(terminal);
    }
    errno = saved;
}

void output_print(const char *format, ...)
{
    char buffer[512];
    struct text text = {buffer, sizeof buffer, 0};
    va_list arguments;
    va_start(arguments, format);
    text_format_list(&text, format, arguments);
    va_end(arguments);
    output_write(&text);
}

const struct misuse misuse_of_free = {
    "double free of", "free of a pointer that is no block:",
    "free of a pointer that is no block, or whose tag was overwritten:"};
const struct misuse misuse_of_realloc = {
    "realloc of the freed block", "realloc of a pointer that is no block:",
    "realloc of a pointer that is no block, or whose tag was overwritten:"};
const struct misuse misuse_of_usable_size = {
    "usable size of the freed block", "usable size of a pointer that is no block:",
    "usable size of a pointer that is no block, or whose tag was overwritten:"};

void fatal(const char *message)
{
    output_print("snug: %s\n", message);
    lock_abandon(&heap_lock);
    abort();
}

void fatal_pointer(const char *message, const void *pointer)
{
    output_print("snug: %s %p\n", message, pointer);
    lock_abandon(&heap_lock);
    abort();
}
