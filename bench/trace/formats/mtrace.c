/* Reader of the log that glibc's mtrace() writes: one line a call, without threads, in
 * the order of the calls; the halves of a realloc on two lines. calloc is logged as its
 * product, aligned allocations without their alignment: both are replayed as malloc.
 *
 *     = Start | = End
 *     [@ WHERE] + ADDRESS SIZE        malloc
 *     [@ WHERE] - ADDRESS             free
 *     [@ WHERE] < ADDRESS             realloc: the old block, and in the next line
 *     [@ WHERE] > ADDRESS SIZE        the new one
 *     [@ WHERE] ! ADDRESS SIZE        realloc that failed
 *
 * WHERE ends in a bracket: [0x55d0c8a2]. Numbers are hexadecimal. */
#include <inttypes.h>
#include <string.h>

#include "trace/fields.h"
#include "trace/formats/format.h"
#include "trace/pointers.h"

enum {
    THE_ONE_THREAD = 0
};

struct reader {
    struct fields fields; /* of the current line */
    struct pointers *pointers;
    bool in_realloc; /* '<' was the last line */
};

/* What was refused may have been of any size. */
static bool take_size(struct reader *reader, bool refused, uint64_t *bytes)
{
    return fields_hex(&reader->fields, refused ? UINT64_MAX : TRACE_SIZE_LIMIT_BYTES,
                      "a hexadecimal size below 2^47", bytes) &&
           fields_end(&reader->fields);
}

static bool take_address(struct reader *reader, uint64_t *address)
{
    return fields_address(&reader->fields, address);
}

static bool read_malloc(struct reader *reader)
{
    uint64_t address;
    uint64_t bytes;
    if (!take_address(reader, &address) || !take_size(reader, address == 0, &bytes)) {
        return false;
    }
    return pointers_allocate(
               reader->pointers, THE_ONE_THREAD, address,
               (struct trace_op){.kind = TRACE_MALLOC,
                                 .size_bytes = bytes & TRACE_SIZE_MASK}) ||
           fields_fail_memory(&reader->fields);
}

static bool read_free(struct reader *reader)
{
    uint64_t address;
    if (!take_address(reader, &address) || !fields_end(&reader->fields)) {
        return false;
    }
    return pointers_free(reader->pointers, THE_ONE_THREAD, address) ||
           fields_fail_memory(&reader->fields);
}

static bool read_realloc_begin(struct reader *reader)
{
    uint64_t old_address;
    if (!take_address(reader, &old_address) || !fields_end(&reader->fields)) {
        return false;
    }
    reader->in_realloc = true;
    return pointers_realloc_begin(reader->pointers, THE_ONE_THREAD, old_address) ||
           fields_fail_memory(&reader->fields);
}

static bool read_realloc_end(struct reader *reader)
{
    uint64_t address;
    uint64_t bytes;
    if (!take_address(reader, &address) || !take_size(reader, false, &bytes)) {
        return false;
    }
    reader->in_realloc = false;
    return pointers_realloc_end(reader->pointers, THE_ONE_THREAD, address, bytes) ||
           fields_fail_memory(&reader->fields);
}

static bool read_failed_realloc(struct reader *reader)
{
    uint64_t address;
    uint64_t bytes;
    if (!take_address(reader, &address) || !take_size(reader, true, &bytes)) {
        return false;
    }
    return (pointers_realloc_begin(reader->pointers, THE_ONE_THREAD, address) &&
            pointers_realloc_end(reader->pointers, THE_ONE_THREAD, 0, bytes)) ||
           fields_fail_memory(&reader->fields);
}

/* Behind the caller's place, which may hold blanks, but no bracket after its own. */
static bool skip_where(struct reader *reader)
{
    struct fields *fields = &reader->fields;
    if (fields->at[0] != '@') {
        return true;
    }
    const char *bracket = strrchr(fields->at, ']');
    if (bracket == NULL) {
        return fields_fail(fields, "a place that ends in ']'", fields->at);
    }
    fields->at = bracket + 1;
    fields_skip_blanks(fields);
    return true;
}

static bool read_line(struct reader *reader)
{
    struct fields *fields = &reader->fields;
    fields_skip_blanks(fields);
    if (*fields->at == '\0' || *fields->at == '=') {
        return true;
    }
    if (!skip_where(reader)) {
        return false;
    }
    const char *sign = fields->at;
    const char *expected = reader->in_realloc ? "a '>', the second half of a realloc"
                                              : "a call (+, -, <, > or !)";
    bool is_single = sign[0] != '\0' && (sign[1] == ' ' || sign[1] == '\t');
    if (!is_single || (reader->in_realloc && *sign != '>')) {
        return fields_fail(fields, expected, sign);
    }
    fields->at++;
    switch (*sign) {
    case '+':
        return read_malloc(reader);
    case '-':
        return read_free(reader);
    case '<':
        return read_realloc_begin(reader);
    case '>':
        if (!reader->in_realloc) {
            return fields_fail(fields, "a '<' in the line before", sign);
        }
        return read_realloc_end(reader);
    case '!':
        return read_failed_realloc(reader);
    default:
        return fields_fail(fields, expected, sign);
    }
}

static bool mtrace_read(struct input *input, struct trace_builder *builder,
                        struct trace_error *error)
{
    struct reader reader = {
        .fields = {.input = input, .error = error},
        .pointers = pointers_open(pointers_into_builder(builder), POINTERS_EXACT)};
    if (reader.pointers == NULL) {
        return fields_fail_memory(&reader.fields);
    }
    struct input_line line;
    enum input_status status = INPUT_LINE;
    bool good = true;
    while (good && (status = input_next(input, &line, error)) == INPUT_LINE) {
        reader.fields.at = line.text;
        good = read_line(&reader);
    }
    if (!good && fields_forgive_cut(&line, builder)) {
        good = true;
        status = INPUT_END;
    }
    good = good && status == INPUT_END &&
           (pointers_finish(reader.pointers) || fields_fail_memory(&reader.fields));
    pointers_close(reader.pointers);
    return good;
}

static bool mtrace_recognises(const char *text, size_t length)
{
    static const char *const beginnings[] = {"= Start", "@ ", "+ 0x"};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        size_t needed = strlen(beginnings[i]);
        if (length >= needed && memcmp(text, beginnings[i], needed) == 0) {
            return true;
        }
    }
    return false;
}

const struct trace_format mtrace_format = {
    .name = "mtrace",
    .summary = "log of glibc's mtrace()",
    .recognises = mtrace_recognises,
    .read = mtrace_read,
};
