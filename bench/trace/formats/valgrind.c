/* Reader of what `valgrind --trace-malloc=yes` prints, whichever its tool. It runs one
 * thread at a time and does not say which: all calls are of one.
 *
 *     --PID-- malloc(24) = 0x4A43040               also C++ operators, mangled
 *     --PID-- calloc(3,10) = 0x4A43060
 *     --PID-- realloc(0x4A43040,1000) = 0x4A43100
 *     --PID-- realloc(0x0,77)malloc(77) = 0x4A43760
 *     --PID-- realloc(0x4A43870,0)free(0x4A43870)  and a line with " = 0"
 *     --PID-- memalign(al 64, size 100) = 0x4A43580
 *     --PID-- free(0x4A430A0)
 *
 * posix_memalign, aligned_alloc and valloc appear as memalign. A call that another
 * thread interrupts is printed in two: "malloc(24)" is followed by the other's call,
 * and the line "--PID--  = 0x4A43040" comes later; so it does where the tool has
 * something to say about the call, behind it and in lines between. Before the prefix
 * may stand what the program wrote itself. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace/calls.h"
#include "trace/formats/format.h"
#include "trace/peek.h"

enum {
    THE_ONE_THREAD = 0
};

struct reader {
    uint64_t process; /* whose calls are read; 0: none came yet */
    uint64_t foreign_calls;
};

/* Behind "--PID-- ", or "==PID== " with the other `sign`; NULL: not here. */
static const char *skip_prefix(const char *text, char sign, uint64_t *process)
{
    if (text[0] != sign || text[1] != sign || text[2] < '0' || text[2] > '9') {
        return NULL;
    }
    char *end;
    *process = strtoull(text + 2, &end, 10);
    return end[0] == sign && end[1] == sign && end[2] == ' ' ? end + 3 : NULL;
}

/* The same, anywhere in the line. */
static const char *find_message(const char *line, uint64_t *process)
{
    const char *message = NULL;
    for (const char *at = strstr(line, "--"); at != NULL && message == NULL;
         at = strstr(at + 1, "--")) {
        message = skip_prefix(at, '-', process);
    }
    return message;
}

/* " = 0x4A43040", a line of its own. */
static bool read_answer(struct calls *calls, struct fields *fields)
{
    struct calls_pending *pending = calls_waiting(calls, THE_ONE_THREAD);
    if (pending == NULL) {
        return true; /* of a realloc that was a free */
    }
    struct call call = pending->call;
    calls_forget(calls, pending);
    return call_take_result(fields, &call) &&
           calls_end(calls, THE_ONE_THREAD, &call, fields);
}

/* realloc(0x0,77)malloc(77) and realloc(0x10,0)free(0x10) are one call each. */
static bool is_part_of(const struct call *inner, const struct call *outer)
{
    if (outer->function->effect != FAMILY_RESIZE) {
        return false;
    }
    return inner->function->effect == FAMILY_FREE
               ? outer->size_bytes == 0 && inner->block == outer->block
               : outer->block == 0 && inner->size_bytes == outer->size_bytes;
}

static bool take_call(struct fields *fields, struct call *call)
{
    if (!call_take_arguments(fields, call)) {
        return false;
    }
    if (*fields->at != ')') {
        return fields_fail(fields, "a ')'", fields->at);
    }
    fields->at++;
    return true;
}

/* One call, or several that interrupt each other; `call` has its name already. */
static bool read_calls(struct calls *calls, struct fields *fields, struct call call)
{
    if (!take_call(fields, &call)) {
        return false;
    }
    struct call inner;
    while (call_take_name(fields, &inner)) {
        if (!take_call(fields, &inner)) {
            return false;
        }
        if (is_part_of(&inner, &call)) {
            continue;
        }
        if (!calls_begin(calls, THE_ONE_THREAD, &call, fields) ||
            !calls_wait(calls, THE_ONE_THREAD, &call, fields)) {
            return false;
        }
        call = inner;
    }
    fields_skip_blanks(fields);
    bool is_remark = *fields->at >= 'A' && *fields->at <= 'Z';
    if (*fields->at != '\0' && !is_remark) {
        return call_take_result(fields, &call) &&
               calls_whole(calls, THE_ONE_THREAD, &call, fields);
    }
    return calls_begin(calls, THE_ONE_THREAD, &call, fields) &&
           (call.function->effect == FAMILY_FREE ||
            calls_wait(calls, THE_ONE_THREAD, &call, fields));
}

static bool read_line(struct calls *calls, struct fields *fields, void *argument)
{
    struct reader *reader = argument;
    uint64_t process = 0;
    struct call call;
    const char *message = find_message(fields->at, &process);
    if (message == NULL) {
        calls->skipped_lines++;
        return true;
    }
    fields->at = message;
    bool is_answer = strncmp(message, " = ", strlen(" = ")) == 0;
    if (!is_answer && !call_take_name(fields, &call)) {
        calls->skipped_lines++;
        return true;
    }
    if (reader->process == 0) {
        reader->process = process;
    }
    if (process != reader->process) {
        reader->foreign_calls += !is_answer;
        return true;
    }
    return is_answer ? read_answer(calls, fields) : read_calls(calls, fields, call);
}

static bool valgrind_read(struct input *input, struct trace_builder *builder,
                          struct trace_error *error)
{
    struct reader reader = {0};
    if (!calls_read(input, builder, POINTERS_EXACT, read_line, &reader, error)) {
        return false;
    }
    return reader.foreign_calls == 0 ||
           trace_builder_note(builder,
                              "Left out %" PRIu64 " calls of other processes than "
                              "%" PRIu64 ", the first in the log.",
                              reader.foreign_calls, reader.process) ||
           input_fail_file(input, error, "no memory to go on");
}

static bool is_message(const char *line)
{
    uint64_t process;
    return skip_prefix(line, '=', &process) != NULL ||
           skip_prefix(line, '-', &process) != NULL;
}

static bool valgrind_recognises(const char *text, size_t length)
{
    return peek_any_line(text, length, is_message);
}

const struct trace_format valgrind_format = {
    .name = "valgrind",
    .summary = "valgrind --trace-malloc=yes",
    .recognises = valgrind_recognises,
    .read = valgrind_read,
};
