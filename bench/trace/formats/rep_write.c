/* trace_write: the text form of a trace; grammar in README.md. */
#include "trace/sink.h"
#include "trace/trace.h"

/* Above this, the strongest compression would take minutes. */
#define HARD_OP_LIMIT 3000000u

struct writer {
    struct sink *sink;
    bool has_threads;
    uint16_t thread; /* of the last 't' line; 0 holds without one */
};

static void put_header(const struct writer *writer, const struct trace *trace)
{
    const struct trace_header *header = trace->header;
    uint64_t events = header->kind_counts[TRACE_THREAD_START] +
                      header->kind_counts[TRACE_THREAD_END] +
                      header->kind_counts[TRACE_MARK];
    const uint64_t numbers[] = {
        trace->weight,
        header->slot_count - 1,
        header->op_count - events,
        header->peak_live_bytes,
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        sink_number(writer->sink, numbers[i]);
        sink_text(writer->sink, "\n");
    }
}

/* A comment stays one comment, whatever is in it: a line end begins a new one. */
static void put_comment(const struct writer *writer, const char *text)
{
    char one[] = "?";
    sink_text(writer->sink, "# ");
    for (; *text != '\0'; text++) {
        one[0] = *text;
        sink_text(writer->sink, *text == '\n' ? "\n# " : one);
    }
    sink_text(writer->sink, "\n");
}

static void put_field(const struct writer *writer, uint64_t number)
{
    sink_text(writer->sink, " ");
    sink_number(writer->sink, number);
}

static void put_event(const struct writer *writer, const char *text, uint16_t thread)
{
    sink_text(writer->sink, text);
    sink_number(writer->sink, thread);
    sink_text(writer->sink, "\n");
}

static void put_thread(struct writer *writer, uint16_t thread)
{
    if (writer->has_threads && thread != writer->thread) {
        put_event(writer, "t ", thread);
        writer->thread = thread;
    }
}

static void put_id(const struct writer *writer, const char *letter, uint32_t slot)
{
    sink_text(writer->sink, letter);
    if (slot == 0) {
        sink_text(writer->sink, " -1");
    } else {
        put_field(writer, slot - 1);
    }
}

static void put_operation(struct writer *writer, struct trace_op op)
{
    static const char *const letters[] = {
        [TRACE_MALLOC] = "a", [TRACE_FREE] = "f",     [TRACE_REALLOC] = "r",
        [TRACE_CALLOC] = "c", [TRACE_MEMALIGN] = "m", [TRACE_FREE_SIZED] = "s",
    };
    put_thread(writer, op.thread);
    put_id(writer, letters[op.kind], op.slot);
    if (op.kind == TRACE_CALLOC) {
        put_field(writer, op.count);
    }
    if (op.kind == TRACE_MEMALIGN) {
        put_field(writer, (uint64_t)1 << op.align_log2);
    }
    if (op.kind != TRACE_FREE) {
        put_field(writer, op.size_bytes);
    }
    sink_text(writer->sink, "\n");
}

static void put_op(struct writer *writer, struct trace_op op)
{
    switch (op.kind) {
    case TRACE_THREAD_START:
        put_event(writer, "#@ start ", op.thread);
        break;
    case TRACE_THREAD_END:
        put_event(writer, "#@ end ", op.thread);
        break;
    case TRACE_MARK:
        put_event(writer, "#@ mark ", op.thread);
        break;
    default:
        put_operation(writer, op);
    }
}

bool trace_write(const struct trace *trace, const char *path,
                 const char *const *comments, struct trace_error *error)
{
    const struct trace_header *header = trace->header;
    struct writer writer = {
        .sink = sink_open(path, header->op_count < HARD_OP_LIMIT, error),
        .has_threads = header->thread_count > 1,
    };
    if (writer.sink == NULL) {
        return false;
    }
    put_header(&writer, trace);
    for (; comments != NULL && *comments != NULL; comments++) {
        put_comment(&writer, *comments);
    }
    for (uint64_t i = 0; i < header->op_count; i++) {
        put_op(&writer, trace->ops[i]);
    }
    return sink_finish(writer.sink, error);
}
