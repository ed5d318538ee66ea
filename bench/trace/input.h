/* A file, plain or compressed (recognised by content: zstd, gzip, xz, lzma, lz4,
 * bzip2), read line by line, or by bytes where it is binary. "-" is standard input.
 *
 * Owns the file and one buffer; a line is valid until the next call. Errors are one
 * line: `file:line: expected ..., found ...`; `file: at byte N: ...` of a binary file;
 * or `file: ...` where there is neither. */
#ifndef SNUGBENCH_TRACE_INPUT_H
#define SNUGBENCH_TRACE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/trace.h"

#define INPUT_LINE_LIMIT_BYTES ((size_t)1 << 16)

/* So many bytes behind the NUL of a line may be read, too, whatever they are. */
#define INPUT_BEHIND_BYTES 8

struct input;

struct input_line {
    char *text; /* NUL-terminated, without its LF or CRLF */
    size_t length;
    uint64_t number; /* from 1 */
    bool is_ended;   /* by a newline, not by the end of the contents */
};

enum input_status {
    INPUT_LINE,
    INPUT_END,
    INPUT_ERROR,
};

/* NULL with error filled in: not there, not readable, a directory, empty. Of a zip the
 * one file in it is read. */
struct input *input_open(const char *path, struct trace_error *error);
void input_close(struct input *input);

/* The first bytes of the contents (at most 4096), for recognising the format. Call it
 * before input_next. */
const char *input_peek(const struct input *input, size_t *length);

enum input_status input_next(struct input *input, struct input_line *line,
                             struct trace_error *error);

/* All was given of compressed data that stop early. */
bool input_is_cut_off(const struct input *input);

/* The next `count` bytes of a binary file into `to`; fewer in `given` where the
 * contents end. A file is read by lines or by bytes, not by both. false: it cannot be
 * read on (damaged, cut off), with error filled in. */
bool input_bytes(struct input *input, void *to, size_t count, size_t *given,
                 struct trace_error *error);

/* How many bytes input_bytes has given. */
uint64_t input_byte_count(const struct input *input);

/* Number of the last line given; 0 before the first. */
uint64_t input_line_number(const struct input *input);

/* "file: at byte N: message", N from 0. Always false. */
bool input_fail_byte(const struct input *input, struct trace_error *error, uint64_t at,
                     const char *message);

/* "file: message" and "file:line: expected EXPECTED, found FOUND" for the last line
 * given. `found` may be any bytes: it is quoted, escaped and shortened; NULL:
 * `expected` is the whole message. Always false, so that a reader can return it. */
bool input_fail_file(const struct input *input, struct trace_error *error,
                     const char *message);
bool input_fail_line(const struct input *input, struct trace_error *error,
                     const char *expected, const char *found);

/* `text` with control bytes, quotes and non-ASCII as \xNN, at most `limit` bytes of it
 * and "..." where more was there. Returns `buffer`, which has room for 4 * limit + 4.
 */
const char *input_escape(char *buffer, const char *text, size_t length, size_t limit);

#endif
