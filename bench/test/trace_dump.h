/* A trace as text that two traces can be compared by. */
#ifndef SNUGBENCH_TEST_TRACE_DUMP_H
#define SNUGBENCH_TEST_TRACE_DUMP_H

#include <inttypes.h>
#include <stdio.h>

#include "trace/summary.h"
#include "whole_file.h"

/* The caller frees it. */
static inline char *trace_dump(const struct trace *trace)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    const struct trace_header *header = trace->header;
    fprintf(out,
            "operations %" PRIu64 " epilogue %" PRIu64 " slots %" PRIu64
            " threads %" PRIu64 "\npeak %" PRIu64 " bytes after operation %" PRIu64
            ", %" PRIu64 " blocks; allocated %" PRIu64 "\n",
            header->op_count, header->epilogue_count, header->slot_count,
            header->thread_count, header->peak_live_bytes, header->peak_live_op + 1,
            header->peak_live_blocks, header->allocated_bytes);
    for (uint64_t i = 0; i < header->op_count + header->epilogue_count; i++) {
        struct trace_op op = trace->ops[i];
        fprintf(out, "%s slot %" PRIu32 " thread %u", trace_kind_names[op.kind],
                op.slot, op.thread);
        fprintf(out, " count %u size %" PRIu64 " align %u\n", (unsigned)op.count,
                (uint64_t)op.size_bytes, 1u << op.align_log2);
    }
    for (size_t i = 0; i < trace->note_count; i++) {
        fprintf(out, "note: %s\n", trace->notes[i]);
    }
    for (size_t i = 0; i < trace->remark_count; i++) {
        fprintf(out, "remark: %s\n", trace->remarks[i]);
    }
    fclose(out);
    return text;
}

#endif
