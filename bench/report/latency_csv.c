/* latency.csv: percentiles of each trace; latency_curve.csv: more of them, over all
 * traces, for the chart. */
#include "analysis/latency.h"
#include "report/csv.h"
#include "report/fields.h"
#include "report/files.h"

static const char *const columns[] = {
    "trace",    "allocator", "role",   "operation", "size_class", "operations_count",
    "p50_ns",   "p90_ns",    "p99_ns", "p99_9_ns",  "p99_99_ns",  "max_ns",
    "clock_ns",
};

static const char *const curve_columns[] = {
    "allocator",        "role",       "traces_count", "operation",
    "operations_count", "percentile", "latency_ns",   "clock_ns",
};

static const char *const kind_names[LATENCY_KIND_COUNT] = {
    [LATENCY_MALLOC] = "malloc",   [LATENCY_CALLOC] = "calloc",
    [LATENCY_REALLOC] = "realloc", [LATENCY_ALIGNED] = "aligned",
    [LATENCY_FREE] = "free",
};

static const char *const class_names[LATENCY_CLASS_COUNT + 1] = {
    [LATENCY_TO_64_B] = "to 64 B",      [LATENCY_TO_512_B] = "to 512 B",
    [LATENCY_TO_4_KIB] = "to 4 KiB",    [LATENCY_TO_128_KIB] = "to 128 KiB",
    [LATENCY_LARGER] = "above 128 KiB", [LATENCY_CLASS_COUNT] = "all",
};

static bool write_row(FILE *out, const struct run *run, const struct result *result,
                      enum latency_kind kind, enum latency_class class)
{
    struct csv_line line = {.count = 0};
    struct latency latency = {.ticks = 0};
    latency_add(&latency, &result->latency, kind, class);
    if (latency.operations.count == 0) {
        return true;
    }
    csv_line_text(&line, run->traces[result->trace_index].name);
    csv_line_text(&line, run->allocators[result->allocator_index].name);
    csv_line_text(&line, role_name(run, result->allocator_index));
    csv_line_text(&line, kind_names[kind]);
    csv_line_text(&line, class_names[class]);
    csv_line_count(&line, latency.operations.count);
    field_figure(&line, latency_percentile_ns(&latency, 2));
    field_figure(&line, latency_percentile_ns(&latency, 10));
    field_figure(&line, latency_percentile_ns(&latency, 100));
    field_figure(&line, latency_percentile_ns(&latency, 1000));
    field_figure(&line, latency_percentile_ns(&latency, 10000));
    field_figure(&line, latency_max_ns(&latency));
    field_figure(&line, latency_clock_ns(&latency));
    return csv_line_write(&line, out);
}

bool latency_csv_write(FILE *out, const struct run *run, const struct summary *summary)
{
    bool written = csv_row(out, sizeof columns / sizeof *columns, columns);
    for (size_t i = 0; i < summary->trace_count * summary->allocator_count; i++) {
        const struct result *result = &run->results[i];
        if (!latency_is_measured(result)) {
            continue;
        }
        for (size_t kind = 0; kind < LATENCY_KIND_COUNT; kind++) {
            for (size_t class = 0; written && class <= LATENCY_CLASS_COUNT; class ++) {
                written = write_row(out, run, result, (enum latency_kind)kind,
                                    (enum latency_class) class);
            }
        }
    }
    return written;
}

/* Ten to twenty points a line are enough: between them it is straight. */
static bool write_curve(FILE *out, const struct run *run, size_t allocator,
                        enum latency_kind kind)
{
    static const uint64_t one_in[] = {2,    3,     5,     10,    20,    30,    50,
                                      100,  200,   300,   500,   1000,  2000,  3000,
                                      5000, 10000, 20000, 30000, 50000, 100000};
    struct csv_line line = {.count = 0};
    struct latency latency = {.ticks = 0};
    const size_t trace_count = latency_add_shared(&latency, run, allocator, kind);
    bool written = true;
    for (size_t i = 0; written && i < sizeof one_in / sizeof *one_in; i++) {
        const struct figure figure = latency_percentile_ns(&latency, one_in[i]);
        if (!figure.present) {
            break;
        }
        csv_line_text(&line, run->allocators[allocator].name);
        csv_line_text(&line, role_name(run, allocator));
        csv_line_count(&line, trace_count);
        csv_line_text(&line, kind_names[kind]);
        csv_line_count(&line, latency.operations.count);
        csv_line_number(&line, 100 - 100 / (double)one_in[i], true);
        field_figure(&line, figure);
        field_figure(&line, latency_clock_ns(&latency));
        written = csv_line_write(&line, out);
    }
    return written;
}

bool latency_curve_csv_write(FILE *out, const struct run *run,
                             const struct summary *summary)
{
    bool written =
        csv_row(out, sizeof curve_columns / sizeof *curve_columns, curve_columns);
    for (size_t i = 0; i < summary->allocator_count; i++) {
        for (size_t kind = 0; written && kind < LATENCY_KIND_COUNT; kind++) {
            written = write_curve(out, run, i, (enum latency_kind)kind);
        }
    }
    return written;
}
