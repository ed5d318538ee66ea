/* What the readers of binary logs of calls by address share: a file that is read part
 * by part, into pointers.h, as the calls of one thread. Errors name the byte at which
 * the current part begins. Every function that returns bool: false with the error
 * filled in. */
#ifndef SNUGBENCH_TRACE_BINARY_LOG_H
#define SNUGBENCH_TRACE_BINARY_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/input.h"
#include "trace/pointers.h"

enum {
    BINARY_LOG_THREAD = 0 /* such logs do not tell threads apart */
};

struct binary_log {
    struct input *input;
    struct trace_error *error;
    struct pointers *pointers;
    uint64_t part_at; /* byte where the current part begins; set by binary_log_begin */
};

/* One part. false: an error, or with *is_end the end of the file. */
typedef bool binary_log_part(struct binary_log *log, bool *is_end);

/* The whole file into `builder`. */
bool binary_log_read(struct input *input, struct trace_builder *builder,
                     struct trace_error *error, binary_log_part *read_part);

/* A part begins here. */
void binary_log_begin(struct binary_log *log);

/* Exactly `count` bytes of what is called `whole`: "a chunk". */
bool binary_log_take(struct binary_log *log, void *to, size_t count, const char *whole);

/* The call has returned `address`; a realloc to 0 bytes that did not is a free. */
bool binary_log_realloc(struct binary_log *log, uint64_t old_address, uint64_t address,
                        uint64_t size_bytes);

/* Always false. */
bool binary_log_fail(const struct binary_log *log, const char *message);
bool binary_log_fail_memory(const struct binary_log *log);

#endif
