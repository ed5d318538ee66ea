/* Reader of what ltrace prints, with any of its options for more columns.
 *
 *     [[pid N]] [TIME] [[0xPC]] [CALLER->]NAME[@LIBRARY](ARGUMENTS)   = RESULT [<TIME>]
 *     ... NAME(ARGUMENTS <unfinished ...>        another line comes between
 *     ... NAME(ARGUMENTS <no return ...>
 *     ... <... NAME resumed> )                   = RESULT
 *
 * With -o the first column is "N ". Without one all is of one thread. With -f, N is a
 * thread or a process: processes that fork are not told from threads. What the family
 * calls inside its own functions (-x, -l) is left out. posix_memalign does not print
 * the block it made: neither it nor the free of its block is read. Lines of other
 * functions, signals and the program's own words are skipped. */
#include <string.h>

#include "trace/calls.h"
#include "trace/formats/format.h"
#include "trace/peek.h"

/* Digits and `end`, which are skipped; false: something else. */
static bool skip_number(struct fields *fields, char end, uint64_t *number)
{
    const char *at = fields->at;
    *number = 0;
    while (*at >= '0' && *at <= '9') {
        *number = *number * 10 + (uint64_t)(*at++ - '0');
    }
    if (at == fields->at || *at != end) {
        return false;
    }
    fields->at = at + 1;
    fields_skip_blanks(fields);
    return true;
}

/* "[pid N] ", or "N " in a file that -o wrote; 0 where there is none. */
static void skip_tid(struct fields *fields, uint64_t *tid)
{
    static const char pid[] = "[pid ";
    bool is_bracketed = strncmp(fields->at, pid, strlen(pid)) == 0;
    fields->at += is_bracketed ? strlen(pid) : 0;
    if (!skip_number(fields, is_bracketed ? ']' : ' ', tid)) {
        *tid = 0;
    }
}

/* Time, place and caller. */
static void skip_columns(struct fields *fields)
{
    size_t length = strspn(fields->at, "0123456789.:");
    if (fields->at[length] == ' ') {
        fields->at += length;
        fields_skip_blanks(fields);
    }
    if (*fields->at == '[') {
        const char *bracket = strchr(fields->at, ']');
        fields->at = bracket != NULL ? bracket + 1 : fields->at;
        fields_skip_blanks(fields);
    }
    length = strcspn(fields->at, " (<\"");
    const char *arrow = memmem(fields->at, length, "->", 2);
    fields->at = arrow != NULL ? arrow + 2 : fields->at;
}

/* "<... NAME resumed> ": behind it; false: no such line, or of no function of ours. */
static bool take_resumed(struct fields *fields)
{
    static const char before[] = "<... ";
    static const char after[] = " resumed>";
    size_t length;
    if (strncmp(fields->at, before, strlen(before)) != 0) {
        return false;
    }
    const char *name = fields->at + strlen(before);
    if (family_find(name, &length) == NULL ||
        strncmp(name + length, after, strlen(after)) != 0) {
        return false;
    }
    fields->at = name + length + strlen(after);
    return true;
}

static bool read_resumed(struct calls *calls, struct fields *fields, uint64_t tid)
{
    struct calls_pending *pending = calls_waiting(calls, tid);
    if (pending == NULL) {
        return true; /* the log began inside the call */
    }
    if (pending->depth > 0) {
        pending->depth--;
        return true;
    }
    const char *paren = strchr(fields->at, ')');
    if (paren == NULL) {
        return fields_fail(fields, "a ')'", fields->at);
    }
    fields->at = paren + 1;
    struct call call = pending->call;
    calls_forget(calls, pending);
    return call_take_result(fields, &call) && calls_end(calls, tid, &call, fields);
}

/* `call` has its name already. */
static bool read_call(struct calls *calls, struct fields *fields, uint64_t tid,
                      struct call *call)
{
    struct calls_pending *outer = calls_waiting(calls, tid);
    if (outer != NULL) {
        outer->depth += strstr(fields->at, " <unfinished ...>") != NULL ||
                        strstr(fields->at, " <no return ...>") != NULL;
        return true;
    }
    if (!call_take_arguments(fields, call)) {
        return false;
    }
    if (*fields->at == ')') {
        fields->at++;
        return call_take_result(fields, call) && calls_whole(calls, tid, call, fields);
    }
    if (*fields->at != '<') {
        return fields_fail(fields, "a ')'", fields->at);
    }
    return calls_begin(calls, tid, call, fields) &&
           calls_wait(calls, tid, call, fields);
}

static bool read_line(struct calls *calls, struct fields *fields, void *reader)
{
    (void)reader;
    uint64_t tid;
    struct call call;
    skip_tid(fields, &tid);
    skip_columns(fields);
    if (take_resumed(fields)) {
        return read_resumed(calls, fields, tid);
    }
    if (call_take_name(fields, &call)) {
        return read_call(calls, fields, tid, &call);
    }
    static const char exited[] = "+++ ";
    struct calls_pending *pending = calls_waiting(calls, tid);
    if (pending != NULL && strncmp(fields->at, exited, strlen(exited)) == 0) {
        return calls_give_up(calls, pending, fields);
    }
    calls->skipped_lines++;
    return true;
}

static bool ltrace_read(struct input *input, struct trace_builder *builder,
                        struct trace_error *error)
{
    /* A call is printed when it has returned, or when something else happens first. */
    return calls_read(input, builder, POINTERS_EXACT, read_line, NULL, error);
}

/* What only ltrace writes: a wide gap before "=", and its words. */
static bool is_ltrace(const char *line)
{
    static const char *const words[] = {")  ", "= <void>", "<unfinished ...>",
                                        " resumed> )", "+++ exited ("};
    bool has_result = strstr(line, " = ") != NULL;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strstr(line, words[i]) != NULL && (i > 0 || has_result)) {
            return true;
        }
    }
    return false;
}

static bool ltrace_recognises(const char *text, size_t length)
{
    return peek_any_line(text, length, is_ltrace);
}

const struct trace_format ltrace_format = {
    .name = "ltrace",
    .summary = "ltrace, with -f also several threads",
    .recognises = ltrace_recognises,
    .read = ltrace_read,
};
