#include "trace/binary_log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool binary_log_fail(const struct binary_log *log, const char *message)
{
    return input_fail_byte(log->input, log->error, log->part_at, message);
}

bool binary_log_fail_memory(const struct binary_log *log)
{
    char message[120];
    snprintf(message, sizeof message, "no memory to go on: %s", strerror(errno));
    return binary_log_fail(log, message);
}

void binary_log_begin(struct binary_log *log)
{
    log->part_at = input_byte_count(log->input);
}

bool binary_log_take(struct binary_log *log, void *to, size_t count, const char *whole)
{
    size_t given = 0;
    if (!input_bytes(log->input, to, count, &given, log->error)) {
        return false;
    }
    if (given < count) {
        char message[120];
        snprintf(message, sizeof message,
                 "expected the rest of %s, found the end of the file", whole);
        return binary_log_fail(log, message);
    }
    return true;
}

bool binary_log_realloc(struct binary_log *log, uint64_t old_address, uint64_t address,
                        uint64_t size_bytes)
{
    struct pointers *pointers = log->pointers;
    const bool is_free = size_bytes == 0 && address == 0 && old_address != 0;
    const bool done =
        is_free ? pointers_free(pointers, BINARY_LOG_THREAD, old_address)
                : pointers_realloc_begin(pointers, BINARY_LOG_THREAD, old_address) &&
                      pointers_realloc_end(pointers, BINARY_LOG_THREAD, address,
                                           size_bytes);
    return done || binary_log_fail_memory(log);
}

bool binary_log_read(struct input *input, struct trace_builder *builder,
                     struct trace_error *error, binary_log_part *read_part)
{
    struct binary_log log = {
        .input = input,
        .error = error,
        .pointers = pointers_open(pointers_into_builder(builder), POINTERS_EXACT)};
    if (log.pointers == NULL) {
        return binary_log_fail_memory(&log);
    }
    bool is_end = false;
    while (read_part(&log, &is_end)) {
    }
    const bool good =
        is_end && (pointers_finish(log.pointers) || binary_log_fail_memory(&log));
    pointers_close(log.pointers);
    return good;
}
