/* What is in traces, as CSV. */
#include <stdint.h>
#include <stdio.h>

#include "cli/stat.h"
#include "report/csv.h"

static void add_percentiles(struct csv_line *line, struct percentiles values)
{
    const uint64_t each[] = {values.p50, values.p90, values.p99, values.max};
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        if (values.count == 0) {
            csv_line_text(line, NULL);
        } else {
            csv_line_count(line, each[i]);
        }
    }
}

bool stat_csv_header(FILE *out)
{
    static const char *const fields[] = {
        "trace",
        "path",
        "operations",
        "mallocs",
        "frees",
        "reallocs",
        "callocs",
        "memaligns",
        "sized_frees",
        "thread_starts",
        "thread_ends",
        "marks",
        "threads",
        "allocated_bytes",
        "peak_live_bytes",
        "peak_live_operation",
        "peak_live_blocks",
        "never_freed_bytes",
        "never_freed_blocks",
        "size_p50_bytes",
        "size_p90_bytes",
        "size_p99_bytes",
        "size_max_bytes",
        "lifetime_p50_operations",
        "lifetime_p90_operations",
        "lifetime_p99_operations",
        "lifetime_max_operations",
        "lifetime_p50_bytes",
        "lifetime_p90_bytes",
        "lifetime_p99_bytes",
        "lifetime_max_bytes",
        "mean_live_bytes",
        "large_allocated_bytes",
        "large_peak_live_bytes",
        "grown_bytes",
        "grow_steps",
        "longest_chain_steps",
        "largest_grown_bytes",
        "other_thread_frees",
    };
    return csv_row(out, sizeof fields / sizeof *fields, fields);
}

bool stat_csv_row(FILE *out, const struct stat_trace *facts)
{
    const struct trace_header *header = &facts->header;
    const struct trace_shape *shape = &facts->shape;
    struct csv_line line = {.count = 0};
    csv_line_text(&line, facts->name);
    csv_line_text(&line, facts->path);
    csv_line_count(&line, header->op_count);
    for (int kind = 0; kind < TRACE_KIND_COUNT; kind++) {
        csv_line_count(&line, header->kind_counts[kind]);
    }
    csv_line_count(&line, header->thread_count);
    csv_line_count(&line, header->allocated_bytes);
    csv_line_count(&line, header->peak_live_bytes);
    csv_line_count(&line, header->peak_live_op + 1);
    csv_line_count(&line, header->peak_live_blocks);
    csv_line_count(&line, facts->summary.leftover_bytes);
    csv_line_count(&line, facts->summary.leftover_blocks);
    add_percentiles(&line, facts->summary.size_bytes);
    add_percentiles(&line, facts->summary.lifetime_ops);
    add_percentiles(&line, shape->lifetime_bytes);
    csv_line_number(&line, shape->mean_live_bytes, true);
    csv_line_count(&line, shape->large_bytes);
    csv_line_count(&line, shape->large_peak_bytes);
    csv_line_count(&line, shape->grown_bytes);
    csv_line_count(&line, shape->grow_count);
    csv_line_count(&line, shape->longest_chain);
    csv_line_count(&line, shape->largest_grown_bytes);
    csv_line_count(&line, shape->other_thread_frees);
    return csv_line_write(&line, out);
}

bool stat_write_traces(FILE *out, const void *data)
{
    const struct stat_traces *traces = data;
    bool done = stat_csv_header(out);
    for (size_t i = 0; i < traces->count && done; i++) {
        done = stat_csv_row(out, &traces->traces[i]);
    }
    return done;
}

/* The largest number of a class; 0 and 1 have classes of their own. */
static uint64_t bucket_last(unsigned bucket)
{
    return bucket == 0 ? 0 : (uint64_t)1 << (bucket - 1);
}

static bool write_sizes_of(FILE *out, const struct stat_trace *facts)
{
    bool done = true;
    for (unsigned bucket = 0; bucket < SUMMARY_BUCKETS && done; bucket++) {
        if (facts->summary.bucket_requests[bucket] > 0) {
            struct csv_line line = {.count = 0};
            csv_line_text(&line, facts->name);
            csv_line_count(&line, bucket_last(bucket));
            csv_line_count(&line, facts->summary.bucket_requests[bucket]);
            csv_line_count(&line, facts->summary.bucket_bytes[bucket]);
            csv_line_count(&line, facts->shape.bucket_peak_bytes[bucket]);
            done = csv_line_write(&line, out);
        }
    }
    return done;
}

bool stat_write_sizes(FILE *out, const void *data)
{
    static const char *const fields[] = {"trace", "size_up_to_bytes", "requests_count",
                                         "requested_bytes", "peak_live_bytes"};
    const struct stat_traces *traces = data;
    bool done = csv_row(out, sizeof fields / sizeof *fields, fields);
    for (size_t i = 0; i < traces->count && done; i++) {
        done = write_sizes_of(out, &traces->traces[i]);
    }
    return done;
}

static bool write_live_of(FILE *out, const struct stat_trace *facts)
{
    bool done = true;
    for (uint32_t i = 0; i < facts->shape.point_count && done; i++) {
        const struct shape_point *point = &facts->shape.points[i];
        struct csv_line line = {.count = 0};
        csv_line_text(&line, facts->name);
        csv_line_count(&line, point->op);
        csv_line_count(&line, point->live_blocks);
        for (unsigned band = 0; band < SHAPE_BANDS; band++) {
            csv_line_count(&line, point->band_bytes[band]);
        }
        done = csv_line_write(&line, out);
    }
    return done;
}

bool stat_write_live(FILE *out, const void *data)
{
    static const char *const fields[] = {"trace",
                                         "operations_done_count",
                                         "live_blocks",
                                         "live_to_512_bytes",
                                         "live_to_32_kib_bytes",
                                         "live_below_128_kib_bytes",
                                         "live_from_128_kib_bytes"};
    const struct stat_traces *traces = data;
    bool done = csv_row(out, sizeof fields / sizeof *fields, fields);
    for (size_t i = 0; i < traces->count && done; i++) {
        done = write_live_of(out, &traces->traces[i]);
    }
    return done;
}

static bool write_lifetimes_of(FILE *out, const struct stat_trace *facts)
{
    bool done = true;
    for (unsigned bucket = 0; bucket < SHAPE_LIFETIMES && done; bucket++) {
        uint64_t by_ops = facts->shape.lifetime_ops_blocks[bucket];
        uint64_t by_bytes = facts->shape.lifetime_bytes_blocks[bucket];
        if (by_ops > 0 || by_bytes > 0) {
            struct csv_line line = {.count = 0};
            csv_line_text(&line, facts->name);
            csv_line_count(&line, bucket_last(bucket));
            csv_line_count(&line, by_ops);
            csv_line_count(&line, by_bytes);
            done = csv_line_write(&line, out);
        }
    }
    return done;
}

bool stat_write_lifetimes(FILE *out, const void *data)
{
    static const char *const fields[] = {"trace", "lifetime_up_to",
                                         "blocks_by_operations_count",
                                         "blocks_by_bytes_count"};
    const struct stat_traces *traces = data;
    bool done = csv_row(out, sizeof fields / sizeof *fields, fields);
    for (size_t i = 0; i < traces->count && done; i++) {
        done = write_lifetimes_of(out, &traces->traces[i]);
    }
    return done;
}
