#include "trace/input.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace/contents.h"
#include "trace/sink.h"

enum {
    BUFFER_BYTES = 1 << 20,
    PEEK_BYTES = 4096,
    PATH_SHOWN_BYTES = 240,
    FOUND_SHOWN_BYTES = 32,
    REASON_SHOWN_BYTES = 60
};

struct input {
    char path[PATH_SHOWN_BYTES + 4]; /* as messages show it: "..." and the end */
    int fd;
    struct contents *contents;
    char *buffer; /* BUFFER_BYTES, the last line's NUL and what may be read behind it */
    size_t start; /* of what has not been given yet */
    size_t end;
    size_t nul;      /* of the first NUL byte in what is there; at least end: none */
    bool at_end;     /* nothing more will come */
    bool has_failed; /* reading stopped before the end; told after the lines */
    const char *failure; /* why, the archive's own text; may be NULL */
    uint64_t line_number;
    uint64_t byte_count; /* given by input_bytes */
};

const char *input_escape(char *buffer, const char *text, size_t length, size_t limit)
{
    size_t shown = length < limit ? length : limit;
    char *out = buffer;
    for (size_t i = 0; i < shown; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < ' ' || c > '~' || c == '\'' || c == '\\') {
            out += sprintf(out, "\\x%02x", c);
        } else {
            *out++ = (char)c;
        }
    }
    memcpy(out, shown < length ? "..." : "", shown < length ? 4 : 1);
    return buffer;
}

/* One line whatever the name is; the end of a long path says more than its beginning.
 */
static void remember_path(struct input *input, const char *path)
{
    const char *shown = strcmp(path, "-") == 0 ? "standard input" : path;
    size_t length = strlen(shown);
    bool is_long = length > PATH_SHOWN_BYTES;
    snprintf(input->path, sizeof input->path, "%s%s", is_long ? "..." : "",
             is_long ? shown + length - PATH_SHOWN_BYTES : shown);
    for (char *c = input->path; *c != '\0'; c++) {
        if (iscntrl((unsigned char)*c)) {
            *c = '?';
        }
    }
}

bool input_fail_file(const struct input *input, struct trace_error *error,
                     const char *message)
{
    snprintf(error->text, sizeof error->text, "%s: %s", input->path, message);
    return false;
}

bool input_fail_line(const struct input *input, struct trace_error *error,
                     const char *expected, const char *found)
{
    if (found == NULL) {
        snprintf(error->text, sizeof error->text, "%s:%" PRIu64 ": %s", input->path,
                 input->line_number, expected);
        return false;
    }
    char shown[4 * FOUND_SHOWN_BYTES + 4];
    input_escape(shown, found, strlen(found), FOUND_SHOWN_BYTES);
    snprintf(error->text, sizeof error->text, "%s:%" PRIu64 ": expected %s, found '%s'",
             input->path, input->line_number, expected, shown);
    return false;
}

/* More text behind what is there. Text that was read before an error is still given out
   line by line; the error comes when it is used up. */
static void fill(struct input *input)
{
    if (input->start > 0) {
        memmove(input->buffer, input->buffer + input->start, input->end - input->start);
        input->end -= input->start;
        input->start = 0;
    }
    while (!input->at_end && input->end < BUFFER_BYTES) {
        const size_t got = contents_read(input->contents, input->buffer + input->end,
                                         BUFFER_BYTES - input->end);
        input->end += got;
        if (got == 0) {
            input->at_end = true;
            input->has_failed = contents_failed(input->contents, &input->failure);
        }
    }
    const char *nul = memchr(input->buffer, '\0', input->end);
    input->nul = nul != NULL ? (size_t)(nul - input->buffer) : BUFFER_BYTES;
}

bool input_fail_byte(const struct input *input, struct trace_error *error, uint64_t at,
                     const char *message)
{
    snprintf(error->text, sizeof error->text, "%s: at byte %" PRIu64 ": %s",
             input->path, at, message);
    return false;
}

static bool fail_errno(const struct input *input, struct trace_error *error,
                       const char *what)
{
    char message[160];
    snprintf(message, sizeof message, "%s: %s", what, strerror(errno));
    return input_fail_file(input, error, message);
}

/* What libarchive says where compressed data stops early: something with "truncated",
   lzma's "No progress is possible", or nothing (in gzip's trailer). */
static bool is_truncation(const char *reason)
{
    return reason == NULL || strcasestr(reason, "truncated") != NULL ||
           strstr(reason, "No progress") != NULL;
}

static bool fail_read(const struct input *input, struct trace_error *error,
                      const char *reason)
{
    char message[8 * REASON_SHOWN_BYTES] =
        "expected the rest of the compressed data, found the end of the file";
    if (reason == contents_several_files) {
        return input_fail_file(input, error, reason);
    }
    if (!is_truncation(reason)) {
        char shown[4 * REASON_SHOWN_BYTES + 4];
        input_escape(shown, reason, strlen(reason), REASON_SHOWN_BYTES);
        snprintf(message, sizeof message, "expected readable data, found an error (%s)",
                 shown);
    }
    if (input->line_number > 0) {
        return input_fail_line(input, error, message, NULL);
    }
    if (input->byte_count > 0) {
        return input_fail_byte(input, error, input->byte_count, message);
    }
    return input_fail_file(input, error, message);
}

/* A recording may have begun to write what is not there yet, or never will be. */
static bool fail_open(const struct input *input, const char *path,
                      struct trace_error *error)
{
    char *part = NULL;
    const int reason = errno;
    const bool has_part = reason == ENOENT &&
                          asprintf(&part, "%s" SINK_PART_ENDING, path) >= 0 &&
                          access(part, F_OK) == 0;
    free(part);
    errno = reason;
    if (!has_part) {
        return fail_errno(input, error, "cannot be opened");
    }
    snprintf(error->text, sizeof error->text,
             "%.160s: not there; what a recording that was killed, or still runs, has "
             "written is in %.160s" SINK_PART_ENDING,
             input->path, input->path);
    return false;
}

static bool open_file(struct input *input, const char *path, struct trace_error *error)
{
    input->fd =
        strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (input->fd < 0 || fstat(input->fd, &status) != 0) {
        return fail_open(input, path, error);
    }
    if (S_ISDIR(status.st_mode)) {
        return input_fail_file(
            input, error, "expected a trace file, found a directory; name its files");
    }
    return true;
}

static bool start_reading(struct input *input, struct trace_error *error)
{
    enum contents_status status;
    input->contents = contents_open(input->fd, &status);
    if (input->contents == NULL) {
        return fail_errno(input, error, "cannot be read");
    }
    if (status == CONTENTS_EMPTY) {
        return input_fail_file(input, error, "expected a trace, found an empty file");
    }
    if (status == CONTENTS_BROKEN) {
        contents_failed(input->contents, &input->failure);
        return fail_read(input, error, input->failure);
    }
    return true;
}

/* Editors on Windows put one at the head of a text in UTF-8. */
static void skip_byte_order_mark(struct input *input)
{
    static const char mark[] = "\xef\xbb\xbf";
    const size_t length = sizeof mark - 1;
    if (input->end >= length && memcmp(input->buffer, mark, length) == 0) {
        input->start = length;
    }
}

static bool open_contents(struct input *input, const char *path,
                          struct trace_error *error)
{
    if (!open_file(input, path, error) || !start_reading(input, error)) {
        return false;
    }
    input->buffer = malloc(BUFFER_BYTES + 1 + INPUT_BEHIND_BYTES);
    if (input->buffer == NULL) {
        return fail_errno(input, error, "cannot be read");
    }
    fill(input);
    skip_byte_order_mark(input);
    if (input->end > input->start) {
        return true;
    }
    if (input->has_failed) {
        return fail_read(input, error, input->failure);
    }
    return input_fail_file(input, error, "expected a trace, found an empty file");
}

struct input *input_open(const char *path, struct trace_error *error)
{
    struct input *input = calloc(1, sizeof *input);
    if (input == NULL) {
        snprintf(error->text, sizeof error->text, "no memory to read a trace");
        return NULL;
    }
    input->fd = -1;
    remember_path(input, path);
    if (!open_contents(input, path, error)) {
        input_close(input);
        return NULL;
    }
    return input;
}

void input_close(struct input *input)
{
    if (input == NULL) {
        return;
    }
    contents_close(input->contents);
    if (input->fd > STDIN_FILENO) {
        close(input->fd);
    }
    free(input->buffer);
    free(input);
}

const char *input_peek(const struct input *input, size_t *length)
{
    size_t there = input->end - input->start;
    *length = there < PEEK_BYTES ? there : PEEK_BYTES;
    return input->buffer + input->start;
}

uint64_t input_line_number(const struct input *input)
{
    return input->line_number;
}

static enum input_status no_more(struct input *input, struct trace_error *error)
{
    if (input->has_failed) {
        fail_read(input, error, input->failure);
        return INPUT_ERROR;
    }
    return INPUT_END;
}

enum input_status input_next(struct input *input, struct input_line *line,
                             struct trace_error *error)
{
    char *text = input->buffer + input->start;
    size_t there = input->end - input->start;
    char *newline = there > 0 ? memchr(text, '\n', there) : NULL;
    if (newline == NULL && !input->at_end) {
        fill(input);
        text = input->buffer;
        there = input->end;
        newline = there > 0 ? memchr(text, '\n', there) : NULL;
    }
    /* After an error the unfinished line is not worth looking at. */
    if (there == 0 || (newline == NULL && input->has_failed)) {
        return no_more(input, error);
    }
    size_t length = newline != NULL ? (size_t)(newline - text) : there;
    input->line_number++;
    if (length > INPUT_LINE_LIMIT_BYTES) {
        input_fail_line(input, error,
                        "expected a line of at most 65536 bytes, found a longer one",
                        NULL);
        return INPUT_ERROR;
    }
    bool has_nul = input->nul < input->start + length;
    input->start += length + (newline != NULL);
    text[length] = '\0';
    if (length > 0 && text[length - 1] == '\r') {
        text[--length] = '\0';
    }
    if (has_nul) {
        input_fail_line(input, error, "expected text, found a NUL byte", NULL);
        return INPUT_ERROR;
    }
    *line = (struct input_line){text, length, input->line_number, newline != NULL};
    return INPUT_LINE;
}

bool input_is_cut_off(const struct input *input)
{
    const size_t there = input->end - input->start;
    return input->has_failed && is_truncation(input->failure) &&
           (there == 0 || memchr(input->buffer + input->start, '\n', there) == NULL);
}

uint64_t input_byte_count(const struct input *input)
{
    return input->byte_count;
}

bool input_bytes(struct input *input, void *to, size_t count, size_t *given,
                 struct trace_error *error)
{
    char *out = to;
    size_t wanted = count;
    while (wanted > 0) {
        if (input->start == input->end && !input->at_end) {
            fill(input);
        }
        const size_t there = input->end - input->start;
        if (there == 0) {
            break;
        }
        const size_t taken = there < wanted ? there : wanted;
        memcpy(out, input->buffer + input->start, taken);
        input->start += taken;
        out += taken;
        wanted -= taken;
    }
    *given = count - wanted;
    input->byte_count += *given;
    return wanted == 0 || !input->has_failed || fail_read(input, error, input->failure);
}
