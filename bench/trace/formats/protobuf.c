/* Reader of the traces of ClaytonKnittel/malloc-bench (.trace.gz): one message of
 * Protocol Buffers, decoded here.
 *
 *     file     = { 0x0a length line | 0x10 count }     the most blocks at a time
 *     line     = 0x0a length malloc | 0x12 length free | 0x1a length realloc
 *              | 0x22 length calloc
 *     malloc   = result = 1, size = 2, alignment = 3
 *     free     = block = 1, size = 2, alignment = 3
 *     realloc  = result = 1, block = 2, size = 3
 *     calloc   = result = 1, count = 2, size = 3
 *
 * Lengths and all fields are varints. A block is any number, used again once it is
 * freed; without one it is NULL. Fields that are not known are skipped. */
#include "trace/binary_log.h"
#include "trace/formats/format.h"

enum {
    LINE_LIMIT_BYTES = 256, /* six fields of ten bytes are far below */
    LAST_FIELD = 3,
    VARINT_BITS = 70, /* ten bytes of seven */

    TAG_LINE = 0x0a,
    WIRE_VARINT = 0,
    WIRE_8_BYTES = 1,
    WIRE_LENGTH = 2,
    WIRE_4_BYTES = 5,

    CALL_MALLOC = 1,
    CALL_FREE = 2,
    CALL_REALLOC = 3,
    CALL_CALLOC = 4
};

/* What is left of a message. */
struct bytes {
    const unsigned char *at;
    const unsigned char *end;
};

/* The numbered fields of a call. */
struct call {
    uint64_t value[LAST_FIELD + 1];
    bool has[LAST_FIELD + 1];
};

/* false: it ends before the number does, or the number is 2^64 or more. */
static bool take_varint(struct bytes *bytes, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < VARINT_BITS && bytes->at < bytes->end;
         shift += 7) {
        const unsigned char byte = *bytes->at++;
        if (shift == 63 && byte > 1) {
            return false;
        }
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return true;
        }
    }
    return false;
}

/* The message inside `bytes` that begins here. */
static bool take_message(struct bytes *bytes, struct bytes *message)
{
    uint64_t length = 0;
    if (!take_varint(bytes, &length) || length > (uint64_t)(bytes->end - bytes->at)) {
        return false;
    }
    *message = (struct bytes){bytes->at, bytes->at + length};
    bytes->at += length;
    return true;
}

static bool skip_field(struct bytes *bytes, unsigned wire)
{
    uint64_t value = 0;
    struct bytes message;
    const size_t fixed = wire == WIRE_8_BYTES ? 8 : 4;
    switch (wire) {
    case WIRE_VARINT:
        return take_varint(bytes, &value);
    case WIRE_LENGTH:
        return take_message(bytes, &message);
    case WIRE_8_BYTES:
    case WIRE_4_BYTES:
        if ((size_t)(bytes->end - bytes->at) < fixed) {
            return false;
        }
        bytes->at += fixed;
        return true;
    default:
        return false;
    }
}

static bool take_fields(struct bytes message, struct call *call)
{
    *call = (struct call){0};
    while (message.at < message.end) {
        uint64_t tag = 0;
        if (!take_varint(&message, &tag)) {
            return false;
        }
        const uint64_t field = tag >> 3;
        const bool is_known =
            field >= 1 && field <= LAST_FIELD && (tag & 7) == WIRE_VARINT;
        if (!(is_known ? take_varint(&message, &call->value[field])
                       : skip_field(&message, tag & 7))) {
            return false;
        }
        if (is_known) {
            call->has[field] = true;
        }
    }
    return true;
}

/* Blocks are numbered from 0, and 0 is NULL as an address. false: 2^63 or more. */
static bool address_of(const struct call *call, unsigned field, uint64_t *address)
{
    *address = call->has[field] ? call->value[field] + 1 : 0;
    return call->value[field] < (uint64_t)1 << 63;
}

static bool read_free(struct binary_log *log, const struct call *call)
{
    uint64_t address = 0;
    if (!address_of(call, 1, &address)) {
        return binary_log_fail(log, "expected a block below 2^63, found one beyond");
    }
    const bool is_sized = address != 0 && call->value[2] > 0;
    if (is_sized && call->value[2] >= TRACE_SIZE_LIMIT_BYTES) {
        return binary_log_fail(log, "expected a size below 2^47, found one beyond");
    }
    return (is_sized ? pointers_free_sized(log->pointers, BINARY_LOG_THREAD, address,
                                           call->value[2])
                     : pointers_free(log->pointers, BINARY_LOG_THREAD, address)) ||
           binary_log_fail_memory(log);
}

static bool read_realloc(struct binary_log *log, const struct call *call)
{
    uint64_t address = 0;
    uint64_t old_address = 0;
    const uint64_t bytes = call->value[3];
    if (!address_of(call, 1, &address) || !address_of(call, 2, &old_address)) {
        return binary_log_fail(log, "expected a block below 2^63, found one beyond");
    }
    if (bytes >= TRACE_SIZE_LIMIT_BYTES) {
        return binary_log_fail(log, "expected a size below 2^47, found one beyond");
    }
    return binary_log_realloc(log, old_address, address, bytes);
}

static bool read_allocation(struct binary_log *log, const struct call *call,
                            bool is_calloc)
{
    struct trace_op op = {.kind = TRACE_MALLOC};
    uint64_t address = 0;
    const uint64_t bytes = call->value[is_calloc ? 3 : 2];
    if (!address_of(call, 1, &address)) {
        return binary_log_fail(log, "expected a block below 2^63, found one beyond");
    }
    if (bytes >= TRACE_SIZE_LIMIT_BYTES ||
        (is_calloc && !trace_op_set_calloc(&op, call->value[2], bytes))) {
        return binary_log_fail(log, "expected a size below 2^47, found one beyond");
    }
    if (!is_calloc) {
        op.size_bytes = bytes & TRACE_SIZE_MASK;
        if (call->value[3] > 0 && !trace_op_set_memalign(&op, call->value[3])) {
            return binary_log_fail(
                log, "expected an alignment below 2^47, found one beyond");
        }
    }
    return pointers_allocate(log->pointers, BINARY_LOG_THREAD, address, op) ||
           binary_log_fail_memory(log);
}

static bool read_line(struct binary_log *log, struct bytes line)
{
    uint64_t tag = 0;
    struct bytes message;
    struct call call;
    if (line.at == line.end) {
        return true; /* none of the calls that are known */
    }
    if (!take_varint(&line, &tag) || (tag & 7) != WIRE_LENGTH ||
        !take_message(&line, &message) || !take_fields(message, &call)) {
        return binary_log_fail(log, "expected a call, found damaged data");
    }
    switch (tag >> 3) {
    case CALL_MALLOC:
        return read_allocation(log, &call, false);
    case CALL_FREE:
        return read_free(log, &call);
    case CALL_REALLOC:
        return read_realloc(log, &call);
    case CALL_CALLOC:
        return read_allocation(log, &call, true);
    default:
        return binary_log_fail(log,
                               "expected malloc, free, realloc or calloc, found a call "
                               "of an unknown kind");
    }
}

/* A varint straight from the file. */
static bool take_file_varint(struct binary_log *log, uint64_t *value)
{
    unsigned char text[VARINT_BITS / 7];
    size_t length = 0;
    do {
        if (!binary_log_take(log, text + length, 1, "a message")) {
            return false;
        }
    } while (text[length++] >= 0x80 && length < sizeof text);
    struct bytes bytes = {text, text + length};
    return take_varint(&bytes, value) ||
           binary_log_fail(log, "expected a number below 2^64, found a larger one");
}

/* One part of the file; false with *is_end: there is no more. */
static bool read_part(struct binary_log *log, bool *is_end)
{
    unsigned char tag = 0;
    size_t given = 0;
    binary_log_begin(log);
    if (!input_bytes(log->input, &tag, 1, &given, log->error)) {
        return false;
    }
    *is_end = given == 0;
    if (*is_end) {
        return false;
    }
    uint64_t value = 0;
    if (tag != TAG_LINE && (tag & 7) != WIRE_VARINT) {
        return binary_log_fail(log,
                               "expected a call, found a field of an unknown kind");
    }
    if (!take_file_varint(log, &value)) {
        return false;
    }
    if (tag != TAG_LINE) {
        return true;
    }
    unsigned char text[LINE_LIMIT_BYTES];
    if (value > sizeof text) {
        return binary_log_fail(
            log, "expected a call of at most 256 bytes, found a longer one");
    }
    return binary_log_take(log, text, (size_t)value, "a message") &&
           read_line(log, (struct bytes){text, text + value});
}

static bool protobuf_read(struct input *input, struct trace_builder *builder,
                          struct trace_error *error)
{
    return binary_log_read(input, builder, error, read_part);
}

/* A line, and in it one call that fills it. */
static bool protobuf_recognises(const char *text, size_t length)
{
    struct bytes bytes = {(const unsigned char *)text,
                          (const unsigned char *)text + length};
    struct bytes line;
    struct bytes message;
    struct call call;
    if (length < 4 || *bytes.at++ != TAG_LINE || !take_message(&bytes, &line) ||
        line.at == line.end) {
        return false;
    }
    const unsigned tag = *line.at++;
    return (tag & 7) == WIRE_LENGTH && tag >> 3 >= CALL_MALLOC &&
           tag >> 3 <= CALL_CALLOC && take_message(&line, &message) &&
           line.at == line.end && take_fields(message, &call);
}

const struct trace_format protobuf_format = {
    .name = "protobuf",
    .summary = "trace of ClaytonKnittel/malloc-bench (.trace.gz)",
    .recognises = protobuf_recognises,
    .read = protobuf_read,
};
