/* Reader of what `heaptrack --raw` writes, all numbers hexadecimal without 0x:
 *
 *     v VERSION FORMAT        the first line
 *     + SIZE PLACE ADDRESS    allocation
 *     - ADDRESS               free
 *     c MILLISECONDS          time
 *     any other letter        places, modules, resident memory, comments
 *
 * A realloc is a free and an allocation, and replayed so; calloc is in it by its
 * product, an aligned allocation without its alignment. Threads are not told apart.
 * What heaptrack makes of this without --raw has lost the addresses and cannot be
 * read. */
#include <ctype.h>
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
};

static bool fail_interpreted(const struct reader *reader)
{
    return input_fail_line(
        reader->fields.input, reader->fields.error,
        "expected raw data of heaptrack, found its interpreted "
        "form, which has no addresses; record with 'heaptrack --raw'",
        NULL);
}

static bool read_allocation(struct reader *reader)
{
    struct fields *fields = &reader->fields;
    uint64_t bytes = 0;
    uint64_t place = 0;
    uint64_t address = 0;
    if (!fields_hex(fields, TRACE_SIZE_LIMIT_BYTES, "a hexadecimal size below 2^47",
                    &bytes)) {
        return false;
    }
    fields_skip_blanks(fields);
    if (*fields->at == '\0') {
        return fail_interpreted(reader); /* "+ INDEX" */
    }
    if (!fields_hex(fields, UINT64_MAX, "a hexadecimal place", &place) ||
        !fields_address(fields, &address) || !fields_end(fields)) {
        return false;
    }
    return pointers_allocate(
               reader->pointers, THE_ONE_THREAD, address,
               (struct trace_op){.kind = TRACE_MALLOC,
                                 .size_bytes = bytes & TRACE_SIZE_MASK}) ||
           fields_fail_memory(fields);
}

static bool read_free(struct reader *reader)
{
    uint64_t address = 0;
    return fields_address(&reader->fields, &address) && fields_end(&reader->fields) &&
           (pointers_free(reader->pointers, THE_ONE_THREAD, address) ||
            fields_fail_memory(&reader->fields));
}

static bool read_line(struct reader *reader, const char *text)
{
    struct fields *fields = &reader->fields;
    const char letter = text[0];
    fields->at = text;
    if (letter == '\0' || letter == '#') {
        return true;
    }
    if (text[1] != '\0' && text[1] != ' ') {
        return fields_fail(fields, "a letter alone, + or -", text);
    }
    fields->at++;
    switch (letter) {
    case '+':
        return read_allocation(reader);
    case '-':
        return read_free(reader);
    case 's': /* strings, */
    case 'a': /* sizes at places, */
    case 'i': /* and places by name: the interpreter puts them in */
        return fail_interpreted(reader);
    default:
        if (isalpha((unsigned char)letter)) {
            return true;
        }
        fields->at--;
        return fields_fail(fields, "a letter alone, + or -", text);
    }
}

static bool heaptrack_read(struct input *input, struct trace_builder *builder,
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
        good = read_line(&reader, line.text);
    }
    if (!good && fields_forgive_cut(&line, builder)) {
        good = true;
        status = INPUT_END;
    }
    good = good && status == INPUT_END &&
           ((pointers_finish(reader.pointers) &&
             trace_builder_remark(builder,
                                  "heaptrack logs a realloc as a free and an "
                                  "allocation, and no alignment; replayed so.")) ||
            fields_fail_memory(&reader.fields));
    pointers_close(reader.pointers);
    return good;
}

/* "v 10400 3" */
static bool heaptrack_recognises(const char *text, size_t length)
{
    size_t at = 2;
    if (length < 4 || memcmp(text, "v ", 2) != 0) {
        return false;
    }
    while (at < length && (isxdigit((unsigned char)text[at]) || text[at] == ' ')) {
        at++;
    }
    return at > 2 && (at == length || text[at] == '\n');
}

const struct trace_format heaptrack_format = {
    .name = "heaptrack",
    .summary = "data of 'heaptrack --raw'",
    .recognises = heaptrack_recognises,
    .read = heaptrack_read,
};
