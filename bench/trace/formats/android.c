/* Reader of what Android's malloc debug records (record_allocs) and its memory_replay
 * plays: one line a call, of all threads, often the only file in a zip.
 *
 *     TID: malloc ADDRESS SIZE
 *     TID: calloc ADDRESS COUNT SIZE
 *     TID: realloc ADDRESS OLD_ADDRESS SIZE
 *     TID: memalign ADDRESS ALIGNMENT SIZE
 *     TID: free ADDRESS
 *     TID: thread_done 0x0
 *
 * The blank after ':' may be missing. The times at which a call began and ended may
 * follow, after thread_done only one: they are checked and left. Addresses are
 * hexadecimal, all else is decimal. */
#include <string.h>

#include "trace/calls.h"
#include "trace/formats/format.h"
#include "trace/peek.h"

static const char thread_done[] = "thread_done ";

/* NULL: none that such a log has. What it tells of a call is the address and the
 * arguments; of those the block that is freed is the address. */
static const struct family_function *find_function(const char *name, size_t *length)
{
    const struct family_function *function = family_find(name, length);
    return function != NULL && strpbrk(function->arguments, "-z") == NULL ? function
                                                                          : NULL;
}

static bool take_tid(struct fields *fields, uint64_t *tid)
{
    const char *at = fields->at;
    *tid = 0;
    while (*at >= '0' && *at <= '9' && *tid <= UINT32_MAX) {
        *tid = *tid * 10 + (uint64_t)(*at++ - '0');
    }
    if (at == fields->at || *at != ':' || *tid > UINT32_MAX) {
        return fields_fail(fields, "a thread number and ':'", fields->at);
    }
    fields->at = at + 1;
    fields_skip_blanks(fields);
    return true;
}

static bool take_argument(struct fields *fields, char role, struct call *call)
{
    switch (role) {
    case 'p':
        return fields_address(fields, &call->block);
    case 'n':
        return fields_number(fields, UINT64_MAX, "a number of elements", &call->count);
    case 'a':
        return fields_number(fields, UINT64_MAX, "an alignment", &call->alignment);
    default:
        return fields_number(fields, UINT64_MAX, "a size in bytes", &call->size_bytes);
    }
}

/* Nothing, or as many times as the call has. */
static bool take_end(struct fields *fields, unsigned times)
{
    uint64_t time;
    fields_skip_blanks(fields);
    if (*fields->at == '\0') {
        return true;
    }
    for (unsigned i = 0; i < times; i++) {
        if (!fields_number(fields, UINT64_MAX, "a time in nanoseconds", &time)) {
            return false;
        }
    }
    return fields_end(fields);
}

static bool read_thread_done(struct calls *calls, struct fields *fields, uint64_t tid)
{
    uint64_t address;
    if (!fields_address(fields, &address) || !take_end(fields, 1)) {
        return false;
    }
    return pointers_event(calls->pointers, tid, TRACE_THREAD_END) ||
           fields_fail_memory(fields);
}

static bool read_call(struct calls *calls, struct fields *fields, uint64_t tid,
                      const struct family_function *function)
{
    struct call call = {
        .function = function, .count = 1, .alignment = function->alignment};
    bool is_free = function->effect == FAMILY_FREE;
    if (!fields_address(fields, is_free ? &call.block : &call.result)) {
        return false;
    }
    for (const char *role = function->arguments; !is_free && *role != '\0'; role++) {
        if (!take_argument(fields, *role, &call)) {
            return false;
        }
    }
    if (!take_end(fields, 2)) {
        return false;
    }
    return calls_whole(calls, tid, &call, fields);
}

static bool read_line(struct calls *calls, struct fields *fields, void *reader)
{
    (void)reader;
    uint64_t tid;
    if (*fields->at == '#') {
        return true;
    }
    if (!take_tid(fields, &tid)) {
        return false;
    }
    size_t length = strlen(thread_done);
    if (strncmp(fields->at, thread_done, length) == 0) {
        fields->at += length;
        return read_thread_done(calls, fields, tid);
    }
    const struct family_function *function = find_function(fields->at, &length);
    if (function == NULL) {
        return fields_fail(fields,
                           "malloc, calloc, realloc, memalign, free or thread_done",
                           fields->at);
    }
    fields->at += length;
    return read_call(calls, fields, tid, function);
}

static bool android_read(struct input *input, struct trace_builder *builder,
                         struct trace_error *error)
{
    return calls_read(input, builder, POINTERS_LATE_FREES, read_line, NULL, error);
}

static bool is_call(const char *line)
{
    size_t length = strspn(line, "0123456789");
    if (length == 0 || line[length] != ':') {
        return false;
    }
    const char *name = line + length + 1 + strspn(line + length + 1, " \t");
    return (find_function(name, &length) != NULL && name[length] == ' ') ||
           strncmp(name, thread_done, strlen(thread_done)) == 0;
}

static bool android_recognises(const char *text, size_t length)
{
    return peek_any_line(text, length, is_call);
}

const struct trace_format android_format = {
    .name = "android",
    .summary = "Android's record_allocs and memory_replay, also in its zip",
    .recognises = android_recognises,
    .read = android_read,
};
