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

#include "trace/calls.h"
#include "trace/formats/format.h"
#include "trace/peek.h"

static const char no_request[] = "jemalloc_stats("; /* asks for no memory */

struct reader {
    bool has_pid;
    uint64_t pid;           /* of the process that is read */
    uint64_t other_process; /* calls that are not */
};

/* Its posix_memalign has the arguments and the result of memalign. */
static bool take_name(struct fields *fields, struct call *call)
{
    size_t length;
    if (!call_take_name(fields, call)) {
        return false;
    }
    if (call->function->effect == FAMILY_HIDE) {
        call->function = family_find("memalign(", &length);
    }
    return true;
}

static bool read_call(struct calls *calls, struct fields *fields, uint64_t tid)
{
    struct call call;
    if (strncmp(fields->at, no_request, strlen(no_request)) == 0) {
        return true;
    }
    if (!take_name(fields, &call)) {
        return fields_fail(fields, "a call of malloc, free, calloc, realloc ...",
                           fields->at);
    }
    if (!call_take_arguments(fields, &call)) {
        return false;
    }
    if (*fields->at != ')') {
        return fields_fail(fields, "a ')'", fields->at);
    }
    fields->at++;
    if (call.function->effect != FAMILY_FREE && !call_take_result(fields, &call)) {
        return false;
    }
    return fields_end(fields) && calls_whole(calls, tid, &call, fields);
}

static bool read_line(struct calls *calls, struct fields *fields, void *context)
{
    struct reader *reader = context;
    uint64_t pid = 0;
    uint64_t tid = 0;
    if (!fields_number(fields, UINT64_MAX, "a process number", &pid)) {
        return false;
    }
    fields_skip_blanks(fields);
    if (isdigit((unsigned char)*fields->at) &&
        !fields_number(fields, UINT64_MAX, "a thread number", &tid)) {
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
    return read_call(calls, fields, tid);
}

static bool logalloc_read(struct input *input, struct trace_builder *builder,
                          struct trace_error *error)
{
    struct reader reader = {.has_pid = false};
    struct fields fields = {.input = input, .error = error};
    if (!calls_read(input, builder, POINTERS_LATE_FREES, read_line, &reader, error)) {
        return false;
    }
    return reader.other_process == 0 ||
           trace_builder_note(builder,
                              "Dropped %" PRIu64
                              " calls of other processes than the first, %" PRIu64 ".",
                              reader.other_process, reader.pid) ||
           fields_fail_memory(&fields);
}

/* How many numbers, two at most, stand before `*at`, which is set behind them. */
static int skip_numbers(const char **at)
{
    int count = 0;
    while (count < 2 && isdigit((unsigned char)**at)) {
        *at += strspn(*at, "0123456789");
        *at += strspn(*at, " ");
        count++;
    }
    return count;
}

/* One or two numbers, a function that is known, its brackets, and no blank before the
 * result. With one number other logs look alike, but for the numbers of slots. */
static bool is_call(const char *line)
{
    struct fields fields = {.at = line};
    struct call call;
    const int numbers = skip_numbers(&fields.at);
    const bool asks_nothing = strncmp(fields.at, no_request, strlen(no_request)) == 0;
    if (numbers == 0 || (!asks_nothing && !take_name(&fields, &call))) {
        return false;
    }
    const char *close = strchr(fields.at, ')');
    return close != NULL && (close[1] == '=' || close[1] == '\0' || close[1] == '\r') &&
           (numbers == 2 || asks_nothing || strchr(fields.at, '#') != NULL);
}

static bool logalloc_recognises(const char *text, size_t length)
{
    return peek_any_line(text, length, is_call);
}

const struct trace_format logalloc_format = {
    .name = "logalloc",
    .summary = "log of Mozilla's logalloc (MALLOC_LOG), munged or not",
    .recognises = logalloc_recognises,
    .read = logalloc_read,
};
