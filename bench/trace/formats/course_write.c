#include "trace/formats/course_write.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/sink.h"

enum {
    LINE_BYTES = 80,
    CLASSIC_LEAST_HEAP = 4 /* below, it would read as a weight, and be modern */
};

/* An operation as a driver knows it. */
struct course_op {
    char letter; /* 0: it knows none such */
    uint64_t bytes;
};

struct writer {
    const struct trace *trace;
    uint64_t *block_bytes; /* by slot; 0: empty */
    struct course_losses *losses;
    uint64_t op_count, live_bytes, peak_bytes;
    struct sink *sink; /* NULL: counts only, before the header is written */
};

static struct course_op translate(struct writer *writer, struct trace_op op)
{
    struct course_losses *losses = writer->losses;
    struct course_op course = {.bytes = (uint64_t)op.size_bytes * op.count};
    switch (op.kind) {
    case TRACE_FREE:
    case TRACE_FREE_SIZED:
        losses->frees_of_null += op.slot == 0;
        course = (struct course_op){.letter = op.slot == 0 ? 0 : 'f'};
        return course;
    case TRACE_THREAD_START:
    case TRACE_THREAD_END:
    case TRACE_MARK:
        losses->events++;
        return course;
    case TRACE_REALLOC:
        /* A driver hands on what an earlier block of the id left behind. */
        course.letter = writer->block_bytes[op.slot] == 0 ? 'a' : 'r';
        break;
    default:
        losses->callocs += op.kind == TRACE_CALLOC;
        losses->alignments += op.kind == TRACE_MEMALIGN;
        course.letter = 'a';
    }
    losses->zero_sizes += course.bytes == 0;
    losses->large += course.bytes > INT32_MAX;
    course.bytes += course.bytes == 0;
    return course;
}

static void follow(struct writer *writer, uint32_t slot, uint64_t bytes)
{
    writer->op_count++;
    writer->live_bytes += bytes - writer->block_bytes[slot];
    writer->block_bytes[slot] = bytes;
    if (writer->live_bytes > writer->peak_bytes) {
        writer->peak_bytes = writer->live_bytes;
    }
}

static void put(const struct writer *writer, uint32_t slot, struct course_op course)
{
    char line[LINE_BYTES];
    if (course.letter == 'f') {
        snprintf(line, sizeof line, "f %" PRIu32 "\n", slot - 1);
    } else {
        snprintf(line, sizeof line, "%c %" PRIu32 " %" PRIu64 "\n", course.letter,
                 slot - 1, course.bytes);
    }
    sink_text(writer->sink, line);
}

static void walk(struct writer *writer)
{
    const struct trace_header *header = writer->trace->header;
    memset(writer->block_bytes, 0, header->slot_count * sizeof *writer->block_bytes);
    writer->op_count = writer->live_bytes = writer->peak_bytes = 0;
    *writer->losses = (struct course_losses){
        .threads = header->thread_count > 1 ? header->thread_count : 0};
    for (uint64_t i = 0; i < header->op_count; i++) {
        const struct trace_op op = writer->trace->ops[i];
        const struct course_op course = translate(writer, op);
        if (course.letter == 0) {
            continue;
        }
        if (writer->sink != NULL) {
            put(writer, op.slot, course);
        }
        follow(writer, op.slot, course.bytes);
    }
}

static void put_header(const struct writer *writer, enum course_header kind)
{
    char text[4 * LINE_BYTES];
    const uint64_t ids = writer->trace->header->slot_count - 1;
    const uint64_t weight = writer->trace->weight;
    const uint64_t peak = writer->peak_bytes;
    const uint64_t heap = peak < CLASSIC_LEAST_HEAP ? CLASSIC_LEAST_HEAP : peak;
    snprintf(text, sizeof text, "%" PRIu64 "\n%" PRIu64 "\n%" PRIu64 "\n%" PRIu64 "\n",
             kind == COURSE_CLASSIC ? heap : weight, ids, writer->op_count,
             kind == COURSE_CLASSIC ? weight : peak);
    sink_text(writer->sink, text);
}

bool course_write(const struct trace *trace, const char *path,
                  enum course_header header, struct course_losses *losses,
                  struct trace_error *error)
{
    struct writer writer = {
        .trace = trace,
        .block_bytes = calloc(trace->header->slot_count, sizeof *writer.block_bytes),
        .losses = losses,
    };
    if (writer.block_bytes == NULL) {
        snprintf(error->text, sizeof error->text, "no memory to write a trace: %s",
                 strerror(errno));
        return false;
    }
    walk(&writer);
    writer.sink = sink_open(path, SINK_FAIR, error);
    bool done = writer.sink != NULL;
    if (done) {
        put_header(&writer, header);
        walk(&writer);
        done = sink_finish(writer.sink, error);
    }
    free(writer.block_bytes);
    return done;
}
