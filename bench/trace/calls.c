#include "trace/calls.h"

#include <inttypes.h>
#include <string.h>

/* ---- the text of a call ---- */

bool call_take_name(struct fields *fields, struct call *call)
{
    size_t length;
    const struct family_function *function = family_find(fields->at, &length);
    if (function == NULL) {
        return false;
    }
    const char *at = fields->at + length;
    if (*at == '@') {
        at += strcspn(at, "( ");
    }
    if (*at != '(') {
        return false;
    }
    fields->at = at + 1;
    *call = (struct call){
        .function = function, .count = 1, .alignment = function->alignment};
    return true;
}

static bool ends_value(char c)
{
    return c == '\0' || strchr(" \t,)<", c) != NULL;
}

/* "al 64" and "size 100" are how valgrind prints some numbers. */
static void skip_label(struct fields *fields)
{
    size_t length = strspn(fields->at, "abcdefghijklmnopqrstuvwxyz");
    if (length > 0 && fields->at[length] == ' ') {
        fields->at += length;
        fields_skip_blanks(fields);
    }
}

static bool take_null(struct fields *fields)
{
    static const char *const nulls[] = {"(nil)", "nil", "NULL", "null"};
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++) {
        size_t length = strlen(nulls[i]);
        if (strncmp(fields->at, nulls[i], length) == 0 &&
            ends_value(fields->at[length])) {
            fields->at += length;
            return true;
        }
    }
    return false;
}

/* 16 or more: no digit. */
static unsigned digit(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    c |= 0x20; /* small letters and capitals alike */
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

static bool take_value(struct fields *fields, unsigned base, const char *expected,
                       uint64_t *value)
{
    const char *at = fields->at;
    if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
        at += 2;
        base = 16;
    }
    const char *first = at;
    uint64_t number = 0;
    bool fits = true;
    for (; digit(*at) < base; at++) {
        fits = fits && !__builtin_mul_overflow(number, base, &number) &&
               !__builtin_add_overflow(number, digit(*at), &number);
    }
    if (at == first || !fits || !ends_value(*at)) {
        return fields_fail(fields, expected, fields->at);
    }
    fields->at = at;
    *value = number;
    return true;
}

static bool take_number(struct fields *fields, const char *expected, uint64_t *value)
{
    fields_skip_blanks(fields);
    skip_label(fields);
    return take_value(fields, 10, expected, value);
}

/* FreeBSD's and CheriBSD's traces number the blocks: 81d220b48<6655>; munged logs of
 * Mozilla's have such numbers alone: #6655. */
static bool take_address(struct fields *fields, uint64_t *address)
{
    fields_skip_blanks(fields);
    if (*fields->at == '#') {
        fields->at++;
        return take_value(fields, 10, "the number of a block", address);
    }
    if (take_null(fields)) {
        *address = 0;
        return true;
    }
    if (!take_value(fields, 16, "an address", address)) {
        return false;
    }
    if (fields->at[0] == '<' && digit(fields->at[1]) < 10) {
        fields->at += strcspn(fields->at, ">");
        fields->at += *fields->at == '>';
    }
    return true;
}

static bool take_argument(struct fields *fields, char role, struct call *call)
{
    uint64_t unused;
    switch (role) {
    case 'p':
        return take_address(fields, &call->block);
    case 'n':
        return take_number(fields, "a number of elements", &call->count);
    case 'a':
        return take_number(fields, "an alignment", &call->alignment);
    case '-':
        return take_address(fields, &unused);
    default: /* 's' and 'z' */
        return take_number(fields, "a size in bytes", &call->size_bytes);
    }
}

bool call_take_arguments(struct fields *fields, struct call *call)
{
    const char *roles = call->function->arguments;
    for (const char *role = roles; *role != '\0'; role++) {
        fields_skip_blanks(fields);
        if (*role == 'z' && *fields->at != ',') {
            break;
        }
        if (role != roles && *fields->at++ != ',') {
            fields->at--;
            return fields_fail(fields, "a ',' and one more argument", fields->at);
        }
        if (!take_argument(fields, *role, call)) {
            return false;
        }
    }
    /* ltrace shows four arguments of functions that it does not know. */
    fields->at += strcspn(fields->at, ")<");
    return true;
}

bool call_take_answer(struct fields *fields, struct call *call)
{
    bool has_address =
        call->function->effect != FAMILY_FREE && call->function->effect != FAMILY_HIDE;
    return !has_address || take_address(fields, &call->result);
}

bool call_take_result(struct fields *fields, struct call *call)
{
    fields_skip_blanks(fields);
    if (*fields->at != '=') {
        return fields_fail(fields, "'=' and a result", fields->at);
    }
    fields->at++;
    return call_take_answer(fields, call);
}

/* ---- the log ---- */

/* realloc(block, 0) frees it, and returns NULL or a new block of 0 bytes. */
static bool is_free(const struct call *call)
{
    return call->function->effect == FAMILY_FREE ||
           (call->function->effect == FAMILY_RESIZE && call->block != 0 &&
            (call->size_bytes == 0 || call->count == 0));
}

bool calls_begin(struct calls *calls, uint64_t tid, const struct call *call,
                 const struct fields *fields)
{
    bool added = true;
    if (is_free(call)) {
        bool has_size =
            call->size_bytes > 0 && call->size_bytes < TRACE_SIZE_LIMIT_BYTES;
        bool is_sized = has_size && call->function->effect == FAMILY_FREE;
        added = is_sized ? pointers_free_sized(calls->pointers, tid, call->block,
                                               call->size_bytes)
                         : pointers_free(calls->pointers, tid, call->block);
    } else if (call->function->effect == FAMILY_RESIZE) {
        added = pointers_realloc_begin(calls->pointers, tid, call->block);
    }
    return added || fields_fail_memory(fields);
}

/* The operation of a call that returned a block. false: it cannot have. */
static bool make_op(const struct call *call, struct trace_op *op)
{
    *op = (struct trace_op){.kind = TRACE_MALLOC, .count = 1};
    if (call->function->effect == FAMILY_ALLOCATE_ZEROED) {
        return trace_op_set_calloc(op, call->count, call->size_bytes);
    }
    uint64_t total_bytes = 0;
    if (__builtin_mul_overflow(call->count, call->size_bytes, &total_bytes) ||
        total_bytes >= TRACE_SIZE_LIMIT_BYTES) {
        return false;
    }
    op->size_bytes = total_bytes & TRACE_SIZE_MASK;
    return call->alignment == 0 || trace_op_set_memalign(op, call->alignment);
}

bool calls_end(struct calls *calls, uint64_t tid, const struct call *call,
               const struct fields *fields)
{
    enum family_effect effect = call->function->effect;
    struct trace_op op = {.kind = TRACE_MALLOC};
    if (effect == FAMILY_HIDE) {
        calls->hidden_calls++;
        return true;
    }
    if (effect == FAMILY_FREE || (is_free(call) && call->result == 0)) {
        return true;
    }
    if (call->result != 0 && !make_op(call, &op)) {
        return input_fail_line(
            fields->input, fields->error,
            "expected a size and an alignment below 2^47, found a larger one", NULL);
    }
    bool added =
        effect == FAMILY_RESIZE && !is_free(call)
            ? pointers_realloc_end(calls->pointers, tid, call->result, op.size_bytes)
            : pointers_allocate(calls->pointers, tid, call->result, op);
    return added || fields_fail_memory(fields);
}

bool calls_whole(struct calls *calls, uint64_t tid, const struct call *call,
                 const struct fields *fields)
{
    return calls_begin(calls, tid, call, fields) && calls_end(calls, tid, call, fields);
}

struct calls_pending *calls_waiting(struct calls *calls, uint64_t tid)
{
    for (uint32_t i = 0; i < calls->pending_count; i++) {
        if (calls->pending[i].tid == tid) {
            return &calls->pending[i];
        }
    }
    return NULL;
}

void calls_forget(struct calls *calls, struct calls_pending *pending)
{
    uint32_t i = (uint32_t)(pending - calls->pending);
    calls->pending_count--;
    memmove(pending, pending + 1, (calls->pending_count - i) * sizeof *pending);
}

bool calls_give_up(struct calls *calls, struct calls_pending *pending,
                   const struct fields *fields)
{
    struct calls_pending lost = *pending;
    calls_forget(calls, pending);
    if (lost.call.function->effect == FAMILY_FREE || is_free(&lost.call)) {
        return true;
    }
    calls->unanswered_calls++;
    /* The block is where it was, for all that is known. */
    return lost.call.function->effect != FAMILY_RESIZE ||
           pointers_realloc_end(calls->pointers, lost.tid, 0, 0) ||
           fields_fail_memory(fields);
}

bool calls_wait(struct calls *calls, uint64_t tid, const struct call *call,
                const struct fields *fields)
{
    struct calls_pending *before = calls_waiting(calls, tid);
    if (before == NULL && calls->pending_count == CALLS_PENDING_LIMIT) {
        before = &calls->pending[0];
    }
    if (before != NULL && !calls_give_up(calls, before, fields)) {
        return false;
    }
    calls->pending[calls->pending_count++] =
        (struct calls_pending){.tid = tid, .call = *call};
    return true;
}

static bool note(struct calls *calls, uint64_t count, const char *what)
{
    return count == 0 ||
           trace_builder_note(calls->builder, "Left out %" PRIu64 " %s", count, what);
}

static bool finish(struct calls *calls, const struct fields *fields)
{
    while (calls->pending_count > 0) {
        if (!calls_give_up(calls, &calls->pending[0], fields)) {
            return false;
        }
    }
    bool finished =
        note(calls, calls->hidden_calls,
             "calls of posix_memalign: their addresses are not in the log.") &&
        note(calls, calls->unanswered_calls,
             "calls whose results are not in the log.") &&
        pointers_finish(calls->pointers) &&
        (calls->skipped_lines == 0 ||
         trace_builder_remark(calls->builder,
                              "Lines that are no calls of the malloc family: %" PRIu64
                              "; skipped.",
                              calls->skipped_lines));
    return finished || fields_fail_memory(fields);
}

bool calls_read(struct input *input, struct trace_builder *builder,
                enum pointers_order order, calls_read_line read_line, void *reader,
                struct trace_error *error)
{
    struct fields fields = {.input = input, .error = error};
    struct calls calls = {.builder = builder,
                          .pointers =
                              pointers_open(pointers_into_builder(builder), order)};
    if (calls.pointers == NULL) {
        return fields_fail_memory(&fields);
    }
    struct input_line line;
    enum input_status status = INPUT_LINE;
    bool good = true;
    while (good && (status = input_next(input, &line, error)) == INPUT_LINE) {
        fields.at = line.text;
        fields_skip_blanks(&fields);
        good = *fields.at == '\0' || read_line(&calls, &fields, reader);
    }
    if (!good && fields_forgive_cut(&line, builder)) {
        good = true;
        status = INPUT_END;
    }
    good = good && status == INPUT_END && finish(&calls, &fields);
    pointers_close(calls.pointers);
    return good;
}
