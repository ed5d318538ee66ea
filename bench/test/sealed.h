/* Traces sealed from operations that a test has made. What is no trace fails the test.
 */
#ifndef SNUGBENCH_TEST_SEALED_H
#define SNUGBENCH_TEST_SEALED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "trace/builder.h"

static inline struct trace *seal(struct trace_builder *builder)
{
    struct trace_error error = {"no error"};
    struct trace *trace = trace_builder_seal(builder, &error);
    if (trace == NULL) {
        fail_msg("%s", error.text);
    }
    return trace;
}

/* Slots are used as they stand in the operations; none is taken of the builder's. */
static inline struct trace *seal_ops(const struct trace_op *ops, size_t count)
{
    struct trace_builder *builder = trace_builder_create("made", "made");
    assert_non_null(builder);
    for (size_t i = 0; i < count; i++) {
        assert_true(trace_builder_append(builder, ops[i]));
    }
    return seal(builder);
}

#endif
