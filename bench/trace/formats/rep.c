/* Reader of .rep text in all its dialects and of our superset; grammar in README.md. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "trace/fields.h"
#include "trace/formats/format.h"
#include "trace/formats/rep_header.h"
#include "trace/ids.h"
#include "trace/threads.h"

enum thread_style {
    STYLE_UNKNOWN, /* no operation yet */
    STYLE_LINES,   /* no thread column; 't tid' lines, if any */
    STYLE_COLUMN,  /* a thread number in front of each operation */
};

struct reader {
    struct fields fields; /* of the current line */
    struct input *input;
    struct trace_builder *builder;
    struct trace_error *error;
    struct rep_header header;
    enum thread_style style;
    uint64_t tid; /* of the operations to come */
    struct threads threads;
    struct ids ids;
    uint64_t op_lines;
    bool is_whole; /* the line that says so has come */
};

static bool take_size(struct reader *reader, uint64_t *bytes)
{
    return fields_number(&reader->fields, TRACE_SIZE_LIMIT_BYTES,
                         "a size below 2^47 bytes", bytes);
}

/* An id and its entry in the table. `id_text` is for messages. */
static bool take_id(struct reader *reader, uint32_t **entry, const char **id_text)
{
    fields_skip_blanks(&reader->fields);
    *id_text = reader->fields.at;
    uint64_t id = 0;
    if (!fields_number(&reader->fields, IDS_LIMIT, "an id below 2^30", &id)) {
        return false;
    }
    *entry = ids_entry(&reader->ids, id);
    return *entry != NULL || fields_fail_memory(&reader->fields);
}

static bool append(struct reader *reader, struct trace_op op, uint64_t tid)
{
    uint16_t thread = 0;
    if (!threads_number(&reader->threads, tid, &thread)) {
        return errno == ENOMEM
                   ? fields_fail_memory(&reader->fields)
                   : input_fail_line(reader->input, reader->error,
                                     "expected at most 65536 threads, found another",
                                     NULL);
    }
    op.thread = thread;
    return trace_builder_append(reader->builder, op) ||
           fields_fail_memory(&reader->fields);
}

/* The end of every operation: nothing may follow it in its line. */
static bool finish_op(struct reader *reader, struct trace_op op)
{
    reader->op_lines++;
    return fields_end(&reader->fields) && append(reader, op, reader->tid);
}

/* An empty slot for an id that is not live. */
static bool fill_entry(struct reader *reader, uint32_t *entry)
{
    uint32_t slot = trace_builder_take_slot(reader->builder);
    if (slot == 0) {
        return fields_fail_memory(&reader->fields);
    }
    reader->ids.distinct += *entry == ID_NEVER_SEEN;
    *entry = slot;
    return true;
}

static bool is_live(uint32_t entry)
{
    return entry != ID_NEVER_SEEN && entry != ID_FREED;
}

static bool take_fresh_id(struct reader *reader, uint32_t *slot)
{
    uint32_t *entry = NULL;
    const char *id_text = NULL;
    if (!take_id(reader, &entry, &id_text)) {
        return false;
    }
    if (is_live(*entry)) {
        return fields_fail(&reader->fields, "an id that is not live", id_text);
    }
    if (!fill_entry(reader, entry)) {
        return false;
    }
    *slot = *entry;
    return true;
}

static bool read_malloc(struct reader *reader)
{
    uint32_t slot = 0;
    uint64_t bytes = 0;
    if (!take_fresh_id(reader, &slot) || !take_size(reader, &bytes)) {
        return false;
    }
    return finish_op(reader, (struct trace_op){.kind = TRACE_MALLOC,
                                               .slot = slot,
                                               .count = 1,
                                               .size_bytes = bytes & TRACE_SIZE_MASK});
}

static bool read_realloc(struct reader *reader)
{
    uint32_t *entry = NULL;
    const char *id_text = NULL;
    uint64_t bytes = 0;
    if (!take_id(reader, &entry, &id_text) || !take_size(reader, &bytes)) {
        return false;
    }
    if (!is_live(*entry) && !fill_entry(reader, entry)) {
        return false;
    }
    return finish_op(reader, (struct trace_op){.kind = TRACE_REALLOC,
                                               .slot = *entry,
                                               .count = 1,
                                               .size_bytes = bytes & TRACE_SIZE_MASK});
}

/* 'c id bytes' as course traces with threads have it, or our 'c id n size'. */
static bool read_calloc(struct reader *reader)
{
    struct trace_op op = {.kind = TRACE_CALLOC};
    uint64_t count = 1;
    uint64_t bytes = 0;
    if (!take_fresh_id(reader, &op.slot)) {
        return false;
    }
    fields_skip_blanks(&reader->fields);
    const char *product_text = reader->fields.at;
    if (!take_size(reader, &bytes)) {
        return false;
    }
    fields_skip_blanks(&reader->fields);
    if (*reader->fields.at != '\0') {
        count = bytes;
        if (!take_size(reader, &bytes)) {
            return false;
        }
    }
    if (!trace_op_set_calloc(&op, count, bytes)) {
        return fields_fail(&reader->fields, "a product below 2^47 bytes", product_text);
    }
    return finish_op(reader, op);
}

static bool read_memalign(struct reader *reader)
{
    static const char expected[] = "an alignment that is a power of two below 2^47";
    uint32_t slot = 0;
    uint64_t alignment = 0;
    uint64_t bytes = 0;
    if (!take_fresh_id(reader, &slot)) {
        return false;
    }
    fields_skip_blanks(&reader->fields);
    const char *alignment_text = reader->fields.at;
    if (!fields_number(&reader->fields, TRACE_SIZE_LIMIT_BYTES, expected, &alignment)) {
        return false;
    }
    if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
        return fields_fail(&reader->fields, expected, alignment_text);
    }
    if (!take_size(reader, &bytes)) {
        return false;
    }
    return finish_op(
        reader, (struct trace_op){.kind = TRACE_MEMALIGN,
                                  .slot = slot,
                                  .count = 1,
                                  .align_log2 = (uint8_t)__builtin_ctzll(alignment),
                                  .size_bytes = bytes & TRACE_SIZE_MASK});
}

/* The slot of the block to free, 0 for the id -1; the id is free from here on. */
static bool take_freed_id(struct reader *reader, uint32_t *slot)
{
    fields_skip_blanks(&reader->fields);
    *slot = 0;
    if (strncmp(reader->fields.at, "-1", 2) == 0 &&
        strchr(" \t", reader->fields.at[2]) != NULL) {
        reader->fields.at += 2;
        return true;
    }
    uint32_t *entry = NULL;
    const char *id_text = NULL;
    if (!take_id(reader, &entry, &id_text)) {
        return false;
    }
    if (*entry == ID_NEVER_SEEN) {
        return fields_fail(&reader->fields, "an id that was allocated before", id_text);
    }
    if (*entry == ID_FREED) {
        return fields_fail(&reader->fields,
                           "an id that is not freed already (double free)", id_text);
    }
    *slot = *entry;
    *entry = ID_FREED;
    trace_builder_release_slot(reader->builder, *slot);
    return true;
}

static bool read_free(struct reader *reader)
{
    uint32_t slot = 0;
    if (!take_freed_id(reader, &slot)) {
        return false;
    }
    return finish_op(reader,
                     (struct trace_op){.kind = TRACE_FREE, .slot = slot, .count = 1});
}

static bool read_free_sized(struct reader *reader)
{
    uint32_t slot = 0;
    uint64_t bytes = 0;
    if (!take_freed_id(reader, &slot) || !take_size(reader, &bytes)) {
        return false;
    }
    return finish_op(reader, (struct trace_op){.kind = TRACE_FREE_SIZED,
                                               .slot = slot,
                                               .count = 1,
                                               .size_bytes = bytes & TRACE_SIZE_MASK});
}

static bool read_thread(struct reader *reader)
{
    return fields_number(&reader->fields, UINT64_MAX, "a thread number",
                         &reader->tid) &&
           fields_end(&reader->fields);
}

static bool read_op(struct reader *reader)
{
    static const char expected[] = "an operation (a, r, f, c, m, s or t)";
    if (reader->style == STYLE_UNKNOWN) {
        reader->style =
            isdigit((unsigned char)*reader->fields.at) ? STYLE_COLUMN : STYLE_LINES;
    }
    if (reader->style == STYLE_COLUMN &&
        !fields_number(&reader->fields, UINT64_MAX,
                       "a thread number, as in the lines before", &reader->tid)) {
        return false;
    }
    fields_skip_blanks(&reader->fields);
    const char *letter = reader->fields.at;
    if (*letter == '\0' || (letter[1] != ' ' && letter[1] != '\t')) {
        return fields_fail(&reader->fields, expected, letter);
    }
    reader->fields.at++;
    switch (*letter) {
    case 'a':
        return read_malloc(reader);
    case 'r':
        return read_realloc(reader);
    case 'f':
        return read_free(reader);
    case 'c':
        return read_calloc(reader);
    case 'm':
        return read_memalign(reader);
    case 's':
        return read_free_sized(reader);
    case 't':
        if (reader->style == STYLE_LINES) {
            return read_thread(reader);
        }
        return fields_fail(&reader->fields, "an operation (a, r, f, c, m or s)",
                           letter);
    default:
        return fields_fail(&reader->fields, expected, letter);
    }
}

/* '#@ start|end|mark tid' are events of our own, '#@ whole' is the end, '# note: ' is
 * what the recorder has to say; every other comment is for people. */
static bool read_comment(struct reader *reader)
{
    static const struct event {
        const char *text;
        uint8_t kind;
    } events[] = {
        {"#@ start ", TRACE_THREAD_START},
        {"#@ end ", TRACE_THREAD_END},
        {"#@ mark ", TRACE_MARK},
    };
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        size_t length = strlen(events[i].text);
        if (strncmp(reader->fields.at, events[i].text, length) != 0) {
            continue;
        }
        reader->fields.at += length;
        uint64_t tid = 0;
        return fields_number(&reader->fields, UINT64_MAX, "a thread number", &tid) &&
               fields_end(&reader->fields) &&
               append(reader, (struct trace_op){.kind = events[i].kind, .count = 1},
                      tid);
    }
    static const char note[] = "# note: ";
    if (strncmp(reader->fields.at, note, strlen(note)) == 0) {
        return trace_builder_recorded(reader->builder,
                                      reader->fields.at + strlen(note)) ||
               fields_fail_memory(&reader->fields);
    }
    reader->is_whole = strcmp(reader->fields.at, REP_WHOLE) == 0;
    return true;
}

/* The recording that writes the file has not come to its end. */
static bool is_unfinished(const struct reader *reader)
{
    return rep_header_is_open(&reader->header) && !reader->is_whole;
}

static bool read_line(struct reader *reader, const struct input_line *line)
{
    reader->fields.at = line->text;
    fields_skip_blanks(&reader->fields);
    if (*reader->fields.at == '\0') {
        return true;
    }
    if (*reader->fields.at == '#') {
        return read_comment(reader);
    }
    if (reader->style == STYLE_UNKNOWN) {
        if (rep_header_is_line(reader->fields.at)) {
            return rep_header_read_line(&reader->header, &reader->fields);
        }
        if (!rep_header_is_complete(&reader->header)) {
            return rep_header_fail(&reader->header, &reader->fields, reader->fields.at);
        }
    }
    return read_op(reader);
}

static bool finish_reading(struct reader *reader)
{
    if (reader->op_lines == 0) {
        return input_fail_line(
            reader->input, reader->error,
            rep_header_is_complete(&reader->header)
                ? "expected an operation, found the end of the file"
                : "expected a header of 2 or 4 numbers, found the end of the file",
            NULL);
    }
    rep_header_apply(&reader->header, reader->builder, reader->ids.distinct,
                     reader->ids.top_plus_one, reader->op_lines);
    return !is_unfinished(reader) ||
           trace_builder_note(reader->builder,
                              "The end is missing: the recording was killed or still "
                              "runs, or the file is cut off; what is there is used.") ||
           fields_fail_memory(&reader->fields);
}

static bool rep_read(struct input *input, struct trace_builder *builder,
                     struct trace_error *error)
{
    struct reader reader = {.fields = {.input = input, .error = error},
                            .input = input,
                            .builder = builder,
                            .error = error};
    struct input_line line;
    enum input_status status = INPUT_LINE;
    bool good = true;
    while (good && (status = input_next(input, &line, error)) == INPUT_LINE &&
           (line.is_ended || !is_unfinished(&reader))) {
        good = read_line(&reader, &line);
    }
    bool is_read =
        status != INPUT_ERROR || (is_unfinished(&reader) && input_is_cut_off(input));
    good = good && is_read && finish_reading(&reader);
    ids_destroy(&reader.ids);
    threads_destroy(&reader.threads);
    return good;
}

/* Any text: what is wrong with it is best told with its line. So it is asked last. */
static bool rep_recognises(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < ' ' && strchr("\t\n\r\v\f", c) == NULL) {
            return false;
        }
        if (c == '\0' || c == 0x7f) {
            return false;
        }
    }
    return true;
}

const struct trace_format rep_format = {
    .name = "rep",
    .summary = "text of malloc labs in all dialects, and our own",
    .recognises = rep_recognises,
    .read = rep_read,
};
