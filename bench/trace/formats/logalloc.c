/* Reader of the logs of Mozilla's logalloc (Firefox started with MALLOC_LOG), as they
 * are written, with addresses, and after its logalloc_munge.py, with numbered slots.
 *
 *     PID [TID] FUNCTION(ARGUMENT,...)[=RESULT]
 *
 *     malloc(SIZE)=BLOCK   calloc(COUNT,SIZE)=BLOCK   realloc(BLOCK,SIZE)=BLOCK
 *     memalign(ALIGNMENT,SIZE)=BLOCK   posix_memalign and aligned_alloc the same
 *     valloc(SIZE)=BLOCK   free(BLOCK)   jemalloc_stats()
 *
 * BLOCK is an address in hexadecimal, or # and a decimal slot; 0 is NULL. Sizes are
 * decimal. Old logs have no TID. Of several processes the first one's calls are read,
 * as Mozilla's own replay does. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "trace/fields.h"
#include "trace/formats/format.h"
#include "trace/pointers.h"

enum {
    PAGE_BYTES = 4096
};

enum shape {
    SHAPE_MALLOC,   /* (size)=block */
    SHAPE_VALLOC,   /* the same, on a page */
    SHAPE_CALLOC,   /* (count,size)=block */
    SHAPE_MEMALIGN, /* (alignment,size)=block */
    SHAPE_REALLOC,  /* (block,size)=block */
    SHAPE_FREE,     /* (block) */
    SHAPE_NOTHING,  /* (): asks for no memory */
};

static const struct function {
    const char *name;
    enum shape shape;
} functions[] = {
    {"malloc", SHAPE_MALLOC},          {"free", SHAPE_FREE},
    {"calloc", SHAPE_CALLOC},          {"realloc", SHAPE_REALLOC},
    {"memalign", SHAPE_MEMALIGN},      {"posix_memalign", SHAPE_MEMALIGN},
    {"aligned_alloc", SHAPE_MEMALIGN}, {"valloc", SHAPE_VALLOC},
    {"jemalloc_stats", SHAPE_NOTHING},
};

struct reader {
    struct fields fields; /* of the current line */
    struct pointers *pointers;
    bool has_pid;
    uint64_t pid;           /* of the process that is read */
    uint64_t tid;           /* of the current line */
    uint64_t other_process; /* calls that are not */
};

static const struct function *find_function(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (strlen(functions[i].name) == length &&
            memcmp(functions[i].name, name, length) == 0) {
            return &functions[i];
        }
    }
    return NULL;
}

static bool take_size(struct reader *reader, uint64_t *bytes)
{
    return fields_number(&reader->fields, TRACE_SIZE_LIMIT_BYTES,
                         "a size below 2^47 bytes", bytes);
}

static bool take_block(struct reader *reader, uint64_t *address)
{
    struct fields *fields = &reader->fields;
    fields_skip_blanks(fields);
    if (*fields->at == '#') {
        fields->at++;
        return fields_number(fields, UINT64_MAX, "the number of a slot", address);
    }
    return fields_address(fields, address);
}

static bool take_result(struct reader *reader, uint64_t *address)
{
    return take_block(reader, address) && fields_end(&reader->fields);
}

/* Up to the size: what makes the allocation the kind it is. */
static bool take_request(struct reader *reader, enum shape shape, struct trace_op *op)
{
    uint64_t first = 1;
    uint64_t bytes = 0;
    *op = (struct trace_op){.kind = TRACE_MALLOC};
    fields_skip_blanks(&reader->fields);
    const char *first_text = reader->fields.at;
    if (shape != SHAPE_MALLOC && shape != SHAPE_VALLOC && !take_size(reader, &first)) {
        return false;
    }
    if (!take_size(reader, &bytes)) {
        return false;
    }
    op->size_bytes = bytes & TRACE_SIZE_MASK;
    if (shape == SHAPE_CALLOC && !trace_op_set_calloc(op, first, bytes)) {
        return fields_fail(&reader->fields, "a product below 2^47 bytes", first_text);
    }
    if (shape == SHAPE_MEMALIGN && !trace_op_set_memalign(op, first)) {
        return fields_fail(&reader->fields, "an alignment of at most 2^46", first_text);
    }
    return shape != SHAPE_VALLOC || trace_op_set_memalign(op, PAGE_BYTES);
}

static bool read_allocation(struct reader *reader, enum shape shape)
{
    struct trace_op op;
    uint64_t address = 0;
    if (!take_request(reader, shape, &op) || !take_result(reader, &address)) {
        return false;
    }
    return pointers_allocate(reader->pointers, reader->tid, address, op) ||
           fields_fail_memory(&reader->fields);
}

static bool read_realloc(struct reader *reader)
{
    uint64_t old_address = 0;
    uint64_t address = 0;
    uint64_t bytes = 0;
    if (!take_block(reader, &old_address) || !take_size(reader, &bytes) ||
        !take_result(reader, &address)) {
        return false;
    }
    struct pointers *pointers = reader->pointers;
    const bool is_free = bytes == 0 && address == 0 && old_address != 0;
    const bool done =
        is_free ? pointers_free(pointers, reader->tid, old_address)
                : pointers_realloc_begin(pointers, reader->tid, old_address) &&
                      pointers_realloc_end(pointers, reader->tid, old_address, address,
                                           bytes);
    return done || fields_fail_memory(&reader->fields);
}

static bool read_free(struct reader *reader)
{
    uint64_t address = 0;
    return take_result(reader, &address) &&
           (pointers_free(reader->pointers, reader->tid, address) ||
            fields_fail_memory(&reader->fields));
}

/* Blanks for the punctuation of FUNCTION(ARGUMENT,...)[=RESULT], so that arguments and
 * result are fields. */
static bool open_call(struct fields *fields, char *open)
{
    char *close = strchr(open, ')');
    if (close == NULL) {
        return fields_fail(fields, "a call that ends in ')'", fields->at);
    }
    if (close[1] != '\0' && close[1] != '=') {
        return fields_fail(fields, "'=' and a result", close + 1);
    }
    for (char *c = open; c <= close; c++) {
        if (strchr("(,)", *c) != NULL) {
            *c = ' ';
        }
    }
    if (close[1] == '=') {
        close[1] = ' ';
    }
    return true;
}

static bool read_call(struct reader *reader, char *text)
{
    struct fields *fields = &reader->fields;
    const size_t length = strcspn(text, "( \t");
    const struct function *function = find_function(text, length);
    fields->at = text;
    if (function == NULL || text[length] != '(') {
        return fields_fail(fields, "a call of malloc, free, calloc, realloc ...", text);
    }
    if (!open_call(fields, text + length)) {
        return false;
    }
    fields->at = text + length;
    switch (function->shape) {
    case SHAPE_REALLOC:
        return read_realloc(reader);
    case SHAPE_FREE:
        return read_free(reader);
    case SHAPE_NOTHING:
        return true;
    case SHAPE_MALLOC:
    case SHAPE_VALLOC:
    case SHAPE_CALLOC:
    case SHAPE_MEMALIGN:
        break;
    }
    return read_allocation(reader, function->shape);
}

static bool read_line(struct reader *reader, char *text)
{
    struct fields *fields = &reader->fields;
    fields->at = text;
    fields_skip_blanks(fields);
    if (*fields->at == '\0') {
        return true;
    }
    uint64_t pid = 0;
    if (!fields_number(fields, UINT64_MAX, "a process number", &pid)) {
        return false;
    }
    fields_skip_blanks(fields);
    reader->tid = 0;
    if (isdigit((unsigned char)*fields->at) &&
        !fields_number(fields, UINT64_MAX, "a thread number", &reader->tid)) {
        return false;
    }
    fields_skip_blanks(fields);
    if (!reader->has_pid) {
        reader->has_pid = true;
        reader->pid = pid;
    }
    if (pid != reader->pid) {
        reader->other_process++;
        return true;
    }
    return read_call(reader, text + (fields->at - text));
}

static bool finish(struct reader *reader, struct trace_builder *builder)
{
    return pointers_finish(reader->pointers) &&
           (reader->other_process == 0 ||
            trace_builder_note(builder,
                               "Dropped %" PRIu64
                               " calls of other processes than the first, %" PRIu64 ".",
                               reader->other_process, reader->pid));
}

static bool logalloc_read(struct input *input, struct trace_builder *builder,
                          struct trace_error *error)
{
    struct reader reader = {.fields = {.input = input, .error = error},
                            .pointers = pointers_open(builder, POINTERS_LATE_FREES)};
    if (reader.pointers == NULL) {
        return fields_fail_memory(&reader.fields);
    }
    struct input_line line;
    enum input_status status = INPUT_LINE;
    bool good = true;
    while (good && (status = input_next(input, &line, error)) == INPUT_LINE) {
        good = read_line(&reader, line.text);
    }
    good = good && status == INPUT_END &&
           (finish(&reader, builder) || fields_fail_memory(&reader.fields));
    pointers_close(reader.pointers);
    return good;
}

/* How many numbers, two at most, stand before `*at`, which is set behind them. */
static int skip_numbers(const char *text, size_t length, size_t *at)
{
    int count = 0;
    while (count < 2 && *at < length && isdigit((unsigned char)text[*at])) {
        while (*at < length && isdigit((unsigned char)text[*at])) {
            ++*at;
        }
        while (*at < length && text[*at] == ' ') {
            ++*at;
        }
        count++;
    }
    return count;
}

/* One or two numbers, a function that is known, its brackets, and no blank before the
 * result. With one number other logs look alike, but for the numbers of slots. */
static bool logalloc_recognises(const char *text, size_t length)
{
    size_t at = 0;
    const int numbers = skip_numbers(text, length, &at);
    const char *newline = memchr(text, '\n', length);
    const char *end = newline != NULL ? newline : text + length;
    const char *name = text + at;
    const char *open = at < length ? memchr(name, '(', (size_t)(end - name)) : NULL;
    const char *close = open != NULL ? memchr(open, ')', (size_t)(end - open)) : NULL;
    if (numbers == 0 || close == NULL ||
        find_function(name, (size_t)(open - name)) == NULL ||
        (close + 1 < end && close[1] != '=' && close[1] != '\r')) {
        return false;
    }
    return numbers == 2 || memchr(open, '#', (size_t)(end - open)) != NULL ||
           open + 1 == close; /* jemalloc_stats() */
}

const struct trace_format logalloc_format = {
    .name = "logalloc",
    .summary = "log of Mozilla's logalloc (MALLOC_LOG), munged or not",
    .recognises = logalloc_recognises,
    .read = logalloc_read,
};
