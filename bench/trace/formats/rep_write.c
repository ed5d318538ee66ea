/* The text form of a trace; grammar in README.md. */
#include "trace/formats/rep_write.h"

#include <stdio.h>
#include <string.h>

#include "trace/formats/rep_header.h"

enum {
    /* Above this, the strongest compression would take minutes. */
    HARD_OP_LIMIT = 3000000,
    LINE_BYTES = 128, /* no operation is longer */
    HEAD_BYTES = 128,
};

/* ---- numbers ---- */

/* Two digits at a time: half the divisions. Returns the end. */
static char *put_number(char *at, uint64_t number)
{
    static const char pairs[] = "000102030405060708091011121314151617181920212223242526"
                                "27282930313233343536373839"
                                "404142434445464748495051525354555657585960616263646566"
                                "67686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    char digits[20];
    char *first = digits + sizeof digits;
    while (number >= 100) {
        first -= 2;
        memcpy(first, pairs + 2 * (number % 100), 2);
        number /= 100;
    }
    if (number >= 10) {
        first -= 2;
        memcpy(first, pairs + 2 * number, 2);
    } else {
        *--first = (char)('0' + number);
    }
    size_t length = (size_t)(digits + sizeof digits - first);
    memcpy(at, first, length);
    return at + length;
}

static char *put_field(char *at, uint64_t number)
{
    *at++ = ' ';
    return put_number(at, number);
}

/* ---- the head ---- */

/* Numbers that come late need room: they are followed by blanks. */
static void format_head(char head[HEAD_BYTES], struct trace_totals totals, bool is_late)
{
    int width = is_late ? 20 : 0;
    snprintf(head, HEAD_BYTES, "%d\n%-*llu\n%-*llu\n%-*llu\n", (int)totals.weight,
             width, (unsigned long long)totals.ids, width,
             (unsigned long long)totals.operations, width,
             (unsigned long long)totals.peak_live_bytes);
}

bool trace_writer_open(struct trace_writer *writer, const char *path,
                       enum sink_effort effort, struct trace_totals totals,
                       struct trace_error *error)
{
    char head[HEAD_BYTES];
    writer->sink = sink_open(path, effort, error);
    writer->thread = 0;
    writer->has_late_head = false;
    writer->used = 0;
    if (writer->sink == NULL) {
        return false;
    }
    if (totals.operations == 0) {
        format_head(head, totals, true);
        writer->has_late_head = sink_reserve(writer->sink, head);
    }
    if (!writer->has_late_head) {
        format_head(head, totals, false);
        sink_text(writer->sink, head);
    }
    return true;
}

/* ---- lines ---- */

static void flush(struct trace_writer *writer)
{
    sink_put(writer->sink, writer->lines, writer->used);
    writer->used = 0;
}

void trace_writer_comment(struct trace_writer *writer, const char *text)
{
    flush(writer);
    sink_text(writer->sink, "# ");
    for (;;) {
        size_t length = strcspn(text, "\n");
        sink_put(writer->sink, text, length);
        if (text[length] == '\0') {
            break;
        }
        sink_text(writer->sink, "\n# ");
        text += length + 1;
    }
    sink_text(writer->sink, "\n");
}

void trace_writer_recorded(struct trace_writer *writer, const char *text)
{
    flush(writer);
    sink_text(writer->sink, "# note: ");
    sink_text(writer->sink, text);
    sink_text(writer->sink, "\n");
}

void trace_writer_cut(struct trace_writer *writer)
{
    flush(writer);
    sink_cut(writer->sink);
}

void trace_writer_total(struct trace_writer *writer, struct trace_totals totals)
{
    char head[HEAD_BYTES];
    if (writer->has_late_head) {
        format_head(head, totals, true);
        sink_fill_reserved(writer->sink, head);
    } else {
        flush(writer);
        sink_text(writer->sink, REP_WHOLE "\n");
    }
}

static char *put_event(char *at, const char *text, uint16_t thread)
{
    at = put_number(stpcpy(at, text), thread);
    *at++ = '\n';
    return at;
}

static char *put_operation(char *at, struct trace_op op)
{
    static const char letters[] = {
        [TRACE_MALLOC] = 'a', [TRACE_FREE] = 'f',     [TRACE_REALLOC] = 'r',
        [TRACE_CALLOC] = 'c', [TRACE_MEMALIGN] = 'm', [TRACE_FREE_SIZED] = 's',
    };
    *at++ = letters[op.kind];
    at = op.slot == 0 ? stpcpy(at, " -1") : put_field(at, op.slot - 1);
    if (op.kind == TRACE_CALLOC) {
        at = put_field(at, op.count);
    }
    if (op.kind == TRACE_MEMALIGN) {
        at = put_field(at, (uint64_t)1 << op.align_log2);
    }
    if (op.kind != TRACE_FREE) {
        at = put_field(at, op.size_bytes);
    }
    *at++ = '\n';
    return at;
}

void trace_writer_op(struct trace_writer *writer, struct trace_op op)
{
    if (writer->used > TRACE_WRITER_BYTES - LINE_BYTES) {
        flush(writer);
    }
    char *at = writer->lines + writer->used;
    switch (op.kind) {
    case TRACE_THREAD_START:
        at = put_event(at, "#@ start ", op.thread);
        break;
    case TRACE_THREAD_END:
        at = put_event(at, "#@ end ", op.thread);
        break;
    case TRACE_MARK:
        at = put_event(at, "#@ mark ", op.thread);
        break;
    default:
        if (op.thread != writer->thread) {
            at = put_event(at, "t ", op.thread);
            writer->thread = op.thread;
        }
        at = put_operation(at, op);
    }
    writer->used = (size_t)(at - writer->lines);
}

bool trace_writer_finish(struct trace_writer *writer, struct trace_error *error)
{
    flush(writer);
    return sink_finish(writer->sink, error);
}

void trace_writer_discard(struct trace_writer *writer)
{
    sink_discard(writer->sink);
}

/* ---- a whole trace ---- */

static struct trace_totals totals_of(const struct trace *trace)
{
    const struct trace_header *header = trace->header;
    uint64_t events = header->kind_counts[TRACE_THREAD_START] +
                      header->kind_counts[TRACE_THREAD_END] +
                      header->kind_counts[TRACE_MARK];
    return (struct trace_totals){
        .weight = trace->weight,
        .ids = header->slot_count - 1,
        .operations = header->op_count - events,
        .peak_live_bytes = header->peak_live_bytes,
    };
}

bool trace_write(const struct trace *trace, const char *path,
                 const char *const *comments, struct trace_error *error)
{
    const struct trace_header *header = trace->header;
    struct trace_writer writer;
    enum sink_effort effort = header->op_count < HARD_OP_LIMIT ? SINK_HARD : SINK_FAIR;
    if (!trace_writer_open(&writer, path, effort, totals_of(trace), error)) {
        return false;
    }
    for (; comments != NULL && *comments != NULL; comments++) {
        trace_writer_comment(&writer, *comments);
    }
    for (size_t i = 0; i < trace->recorded_count; i++) {
        trace_writer_recorded(&writer, trace->remarks[i]);
    }
    for (uint64_t i = 0; i < header->op_count; i++) {
        trace_writer_op(&writer, trace->ops[i]);
    }
    return trace_writer_finish(&writer, error);
}
