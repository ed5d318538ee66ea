/* Logs of calls by name: NAME(ARGUMENTS) = RESULT, in the dialects of valgrind, ltrace
 * and many small loggers. A call is taken from the text of a line; calls go to a log
 * of calls by address, those whose result stands in a later line in two halves.
 *
 * Sizes and counts are decimal, or hexadecimal with 0x; addresses are hexadecimal, or #
 * and the decimal number of the block. A call is told once: what one function of the
 * family calls of the others inside is the reader's to leave out. */
#ifndef SNUGBENCH_TRACE_CALLS_H
#define SNUGBENCH_TRACE_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/builder.h"
#include "trace/family.h"
#include "trace/fields.h"
#include "trace/pointers.h"

struct call {
    const struct family_function *function;
    uint64_t block; /* that is freed or resized */
    uint64_t count;
    uint64_t size_bytes;
    uint64_t alignment;
    uint64_t result; /* of an allocation; 0: it failed */
};

/* NAME, or NAME@LIBRARY, and the '('. false, and nothing is taken: another function, or
 * no call at all. */
bool call_take_name(struct fields *fields, struct call *call);

/* The arguments, without what ends them: ')', or the place where the call is
 * interrupted. false with the error filled in. */
bool call_take_arguments(struct fields *fields, struct call *call);

/* "= RESULT", or the result alone; what follows it is left. false with the error filled
 * in. */
bool call_take_result(struct fields *fields, struct call *call);
bool call_take_answer(struct fields *fields, struct call *call);

/* ---- the log ---- */

enum {
    CALLS_PENDING_LIMIT = 256
};

/* A call whose result has not come yet. */
struct calls_pending {
    uint64_t tid;
    struct call call;
    uint32_t depth; /* calls inside that have not ended either; the reader's */
};

struct calls {
    struct trace_builder *builder;
    struct pointers *pointers;
    uint64_t skipped_lines; /* for the reader to count: lines without a call */
    uint64_t hidden_calls;
    uint64_t unanswered_calls;
    uint32_t pending_count;
    struct calls_pending pending[CALLS_PENDING_LIMIT]; /* oldest first */
};

/* A call is entered, and it returns; `fields` for the error. */
bool calls_begin(struct calls *calls, uint64_t tid, const struct call *call,
                 const struct fields *fields);
bool calls_end(struct calls *calls, uint64_t tid, const struct call *call,
               const struct fields *fields);

/* Both at once. */
bool calls_whole(struct calls *calls, uint64_t tid, const struct call *call,
                 const struct fields *fields);

/* The entered call of a thread that waits for its result; NULL: none. */
struct calls_pending *calls_waiting(struct calls *calls, uint64_t tid);

/* An entered call will return later. One that the thread, or too many others, left
 * waiting before is given up: its result will not come. */
bool calls_wait(struct calls *calls, uint64_t tid, const struct call *call,
                const struct fields *fields);

/* The waiting call is done with: it has ended, or (`give_up`) never will. */
void calls_forget(struct calls *calls, struct calls_pending *pending);
bool calls_give_up(struct calls *calls, struct calls_pending *pending,
                   const struct fields *fields);

/* Reads `input` to its end: `read_line` has each line in `fields`, without the blanks
 * before it, and returns false with the error filled in. `reader` is its own. Then what
 * was left out goes to the builder's notes. */
typedef bool (*calls_read_line)(struct calls *calls, struct fields *fields,
                                void *reader);
bool calls_read(struct input *input, struct trace_builder *builder,
                enum pointers_order order, calls_read_line read_line, void *reader,
                struct trace_error *error);

#endif
