/* Reader of the plain logs that small tools write: DynamoRIO clients, preloaded
 * libraries with a printf, Pin's malloctrace, FreeBSD's utrace as CheriBSD's tools
 * print it.
 *
 *     [TID] malloc(24) = 0x55d0c8a2a0    the thread as "12 ", "12: " or "[12] "
 *     calloc(3, 10)=55d0c8a2c0           blanks and 0x as one likes
 *     realloc(81d220b48<6655>, 16) = 81d3b83a0<6656>
 *     free(0x55d0c8a2a0)
 *     malloc(0x24)                       the result in a line of its own
 *       returns 0x55d0c8a2a0
 *
 * Any function of family.h may be called. Other lines are skipped. */
#include <string.h>

#include "trace/calls.h"
#include "trace/formats/format.h"
#include "trace/peek.h"

/* "12 ", "12: ", "[12] " before a call; 0 where there is none. */
static void skip_tid(struct fields *fields, uint64_t *tid)
{
    const char *at = fields->at + (*fields->at == '[');
    uint64_t number = 0;
    const char *first = at;
    while (*at >= '0' && *at <= '9') {
        number = number * 10 + (uint64_t)(*at++ - '0');
    }
    bool is_closed = *fields->at == '[' ? *at == ']' : *at == ':' || *at == ' ';
    *tid = 0;
    if (at > first && is_closed) {
        *tid = number;
        fields->at = at + 1;
        fields_skip_blanks(fields);
    }
}

static bool read_returns(struct calls *calls, struct fields *fields, uint64_t tid)
{
    struct calls_pending *pending = calls_waiting(calls, tid);
    if (pending == NULL) {
        calls->skipped_lines++;
        return true;
    }
    struct call call = pending->call;
    calls_forget(calls, pending);
    return call_take_answer(fields, &call) && calls_end(calls, tid, &call, fields);
}

static bool read_line(struct calls *calls, struct fields *fields, void *reader)
{
    (void)reader;
    static const char returns[] = "returns ";
    uint64_t tid;
    struct call call;
    skip_tid(fields, &tid);
    if (strncmp(fields->at, returns, strlen(returns)) == 0) {
        fields->at += strlen(returns);
        return read_returns(calls, fields, tid);
    }
    if (!call_take_name(fields, &call)) {
        calls->skipped_lines++;
        return true;
    }
    if (!call_take_arguments(fields, &call)) {
        return false;
    }
    if (*fields->at != ')') {
        return fields_fail(fields, "a ')'", fields->at);
    }
    fields->at++;
    fields_skip_blanks(fields);
    if (*fields->at == '=' || call.function->effect == FAMILY_FREE) {
        return (*fields->at != '=' || call_take_result(fields, &call)) &&
               calls_whole(calls, tid, &call, fields);
    }
    if (*fields->at != '\0') {
        return fields_fail(fields, "'=' and a result", fields->at);
    }
    return calls_begin(calls, tid, &call, fields) &&
           calls_wait(calls, tid, &call, fields);
}

static bool calls_format_read(struct input *input, struct trace_builder *builder,
                              struct trace_error *error)
{
    return calls_read(input, builder, POINTERS_LATE_FREES, read_line, NULL, error);
}

static bool is_call(const char *line)
{
    struct fields fields = {.at = line};
    struct call call;
    uint64_t tid;
    fields_skip_blanks(&fields);
    skip_tid(&fields, &tid);
    return call_take_name(&fields, &call);
}

static bool calls_recognises(const char *text, size_t length)
{
    return peek_any_line(text, length, is_call);
}

const struct trace_format calls_format = {
    .name = "calls",
    .summary = "lines like malloc(24) = 0x55d0: DynamoRIO, Pin, small loggers",
    .recognises = calls_recognises,
    .read = calls_format_read,
};
