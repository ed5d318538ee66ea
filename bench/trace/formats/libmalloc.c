/* Reader of the events that Apple's libmalloc_replay records ("mtrace file"): a file of
 * chunks as ktrace has them, little-endian, of which one kind holds the calls.
 *
 *     file   = { chunk }
 *     chunk  = tag: 4 version: 4 length: 8 data, filled up to 8 bytes
 *     data   = { opcode: 1 core: 1 call }       of tag 0xe001e001, version 1.1
 *     call   = address: 8 size: 4                     1 malloc, 6 valloc
 *            | address: 8                             2 free
 *            | old: 8 new: 8 size: 4                  3 realloc
 *            | address: 8 alignment: 4 size: 4        4 memalign
 *            | address: 8 count: 4 size: 4            5 calloc
 *
 * The calls stand in libmalloc's tools/malloc_replay.h, the chunks in xnu's kdebug.c.
 * `core` is the processor, which says nothing of the thread. */
#include "trace/binary_log.h"
#include "trace/formats/format.h"

enum {
    PAGE_BYTES = 4096,
    CHUNK_HEADER_BYTES = 16,
    CHUNK_ALIGNMENT = 8,
    OPERATION_BYTES = 2,
    CALL_LIMIT_BYTES = 20,
    EVENTS_VERSION = 1 << 16 | 1,

    CALL_MALLOC = 1,
    CALL_FREE,
    CALL_REALLOC,
    CALL_MEMALIGN,
    CALL_CALLOC,
    CALL_VALLOC,
    CALL_COUNT
};

#define EVENTS_TAG 0xe001e001u
/* The first chunk, as the kernel writes it and as its library does. */
#define KERNEL_TAG 0x00001000u
#define LIBRARY_TAG 0x55aa0300u

static const size_t call_bytes[CALL_COUNT] = {
    [CALL_MALLOC] = 12,   [CALL_FREE] = 8,    [CALL_REALLOC] = 20,
    [CALL_MEMALIGN] = 16, [CALL_CALLOC] = 16, [CALL_VALLOC] = 12,
};

static uint64_t number_at(const unsigned char *bytes, size_t length)
{
    uint64_t number = 0;
    while (length > 0) {
        number = number << 8 | bytes[--length];
    }
    return number;
}

static uint32_t u32_at(const unsigned char *bytes)
{
    return (uint32_t)number_at(bytes, 4);
}

static uint64_t u64_at(const unsigned char *bytes)
{
    return number_at(bytes, 8);
}

static bool skip_bytes(struct binary_log *log, uint64_t count)
{
    unsigned char scratch[4096];
    while (count > 0) {
        const size_t part = count < sizeof scratch ? (size_t)count : sizeof scratch;
        if (!binary_log_take(log, scratch, part, "a chunk")) {
            return false;
        }
        count -= part;
    }
    return true;
}

/* Sizes and their products of 32 bits each are checked by trace_op_set_calloc. */
static bool read_allocation(struct binary_log *log, unsigned opcode,
                            const unsigned char *call)
{
    struct trace_op op = {.kind = TRACE_MALLOC};
    const bool has_two = opcode == CALL_CALLOC || opcode == CALL_MEMALIGN;
    op.size_bytes = u32_at(call + (has_two ? 12 : 8));
    if (opcode == CALL_CALLOC &&
        !trace_op_set_calloc(&op, u32_at(call + 8), u32_at(call + 12))) {
        return binary_log_fail(log, "expected a product below 2^47, found one beyond");
    }
    if (opcode == CALL_MEMALIGN || opcode == CALL_VALLOC) {
        trace_op_set_memalign(&op,
                              opcode == CALL_VALLOC ? PAGE_BYTES : u32_at(call + 8));
    }
    return pointers_allocate(log->pointers, BINARY_LOG_THREAD, u64_at(call), op) ||
           binary_log_fail_memory(log);
}

static bool read_call(struct binary_log *log, unsigned opcode,
                      const unsigned char *call)
{
    switch (opcode) {
    case CALL_FREE:
        return pointers_free(log->pointers, BINARY_LOG_THREAD, u64_at(call)) ||
               binary_log_fail_memory(log);
    case CALL_REALLOC:
        return binary_log_realloc(log, u64_at(call), u64_at(call + 8),
                                  u32_at(call + 16));
    default:
        return read_allocation(log, opcode, call);
    }
}

static bool read_events(struct binary_log *log, uint64_t left)
{
    while (left > OPERATION_BYTES) {
        unsigned char operation[OPERATION_BYTES];
        unsigned char call[CALL_LIMIT_BYTES];
        binary_log_begin(log);
        if (!binary_log_take(log, operation, sizeof operation, "a chunk")) {
            return false;
        }
        left -= sizeof operation;
        const unsigned opcode = operation[0];
        if (opcode < CALL_MALLOC || opcode >= CALL_COUNT) {
            return binary_log_fail(log,
                                   "expected a call (1 to 6), found another opcode");
        }
        if (call_bytes[opcode] > left) {
            return binary_log_fail(log,
                                   "expected a whole call, found the end of its chunk");
        }
        if (!binary_log_take(log, call, call_bytes[opcode], "a chunk") ||
            !read_call(log, opcode, call)) {
            return false;
        }
        left -= call_bytes[opcode];
    }
    return skip_bytes(log, left);
}

/* One chunk; false with *is_end: there is no more. */
static bool read_chunk(struct binary_log *log, bool *is_end)
{
    unsigned char header[CHUNK_HEADER_BYTES];
    size_t given = 0;
    const uint64_t past = input_byte_count(log->input) % CHUNK_ALIGNMENT;
    binary_log_begin(log);
    /* The last chunk need not be filled up. */
    if (!input_bytes(log->input, header, past > 0 ? CHUNK_ALIGNMENT - past : 0, &given,
                     log->error) ||
        !input_bytes(log->input, header, sizeof header, &given, log->error)) {
        return false;
    }
    *is_end = given == 0;
    if (*is_end) {
        return false;
    }
    if (given < sizeof header) {
        return binary_log_fail(log, "expected a chunk, found the end of the file");
    }
    const uint64_t length = u64_at(header + 8);
    if (u32_at(header) != EVENTS_TAG) {
        return skip_bytes(log, length);
    }
    if (u32_at(header + 4) != EVENTS_VERSION) {
        return binary_log_fail(log,
                               "expected events of version 1.1, found another version");
    }
    return read_events(log, length);
}

static bool libmalloc_read(struct input *input, struct trace_builder *builder,
                           struct trace_error *error)
{
    return binary_log_read(input, builder, error, read_chunk);
}

static bool libmalloc_recognises(const char *text, size_t length)
{
    if (length < CHUNK_HEADER_BYTES) {
        return false;
    }
    const uint32_t tag = u32_at((const unsigned char *)text);
    return tag == EVENTS_TAG || tag == KERNEL_TAG || tag == LIBRARY_TAG;
}

const struct trace_format libmalloc_format = {
    .name = "libmalloc",
    .summary = "events of Apple's libmalloc_replay",
    .recognises = libmalloc_recognises,
    .read = libmalloc_read,
};
