/* snugbench stat: what is in a trace. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "report/csv.h"
#include "report/units.h"
#include "trace/summary.h"
#include "trace/trace.h"

enum {
    BAR_WIDTH = 40
};

static const char *const kind_names[TRACE_KIND_COUNT] = {
    [TRACE_MALLOC] = "malloc",
    [TRACE_FREE] = "free",
    [TRACE_REALLOC] = "realloc",
    [TRACE_CALLOC] = "calloc",
    [TRACE_MEMALIGN] = "memalign",
    [TRACE_FREE_SIZED] = "free_sized",
    [TRACE_THREAD_START] = "thread_start",
    [TRACE_THREAD_END] = "thread_end",
    [TRACE_MARK] = "mark",
};

static void print_help(void)
{
    printf(
        "usage: snugbench stat [--csv] TRACE...\n\n"
        "Tell what is in each trace: operations, threads, blocks, live bytes, sizes,\n"
        "lifetimes, and what was noticed while reading it. - is standard input.\n\n"
        "      --csv    one row a trace, for other programs\n"
        "  -h, --help   this text\n\n"
        "examples:\n"
        "  snugbench stat traces/cc1.rep.zst\n"
        "  snugbench stat --csv traces/*.rep.zst >traces.csv\n");
}

static void print_operations(const struct trace_header *header)
{
    printf("operations   %s:", units_count(header->op_count).bytes);
    const char *separator = " ";
    for (int kind = 0; kind < TRACE_KIND_COUNT; kind++) {
        if (header->kind_counts[kind] > 0) {
            printf("%s%s %s", separator, kind_names[kind],
                   units_count(header->kind_counts[kind]).bytes);
            separator = ", ";
        }
    }
    printf("\nthreads      %s\n", units_count(header->thread_count).bytes);
}

static void print_percentiles(const char *label, struct percentiles values,
                              const char *unit)
{
    if (values.count == 0) {
        return;
    }
    printf("%-12s median %s, 90 %% up to %s, 99 %% up to %s, largest %s %s\n", label,
           units_count(values.p50).bytes, units_count(values.p90).bytes,
           units_count(values.p99).bytes, units_count(values.max).bytes, unit);
}

/* "17-32" in two columns, or one size alone. */
static void print_bucket(unsigned bucket)
{
    uint64_t last = bucket == 0 ? 0 : (uint64_t)1 << (bucket - 1);
    if (bucket <= 2) {
        printf("%12s %12s", "", units_count(last).bytes);
    } else {
        printf("%12s-%12s", units_count(last / 2 + 1).bytes, units_count(last).bytes);
    }
}

static void print_histogram(const struct trace_summary *summary)
{
    unsigned first = SUMMARY_BUCKETS;
    unsigned last = 0;
    uint64_t most = 1;
    for (unsigned i = 0; i < SUMMARY_BUCKETS; i++) {
        uint64_t requests = summary->bucket_requests[i];
        if (requests > 0) {
            first = first < i ? first : i;
            last = i;
            most = requests > most ? requests : most;
        }
    }
    static const char bar[] = "########################################";
    _Static_assert(sizeof bar == BAR_WIDTH + 1, "the bar fills its column");
    printf("\n%25s %13s %9s\n", "request, bytes", "requests", "bytes");
    for (unsigned i = first; i <= last; i++) {
        uint64_t requests = summary->bucket_requests[i];
        /* Rounded up: what is there is seen. */
        int width = (int)((requests * BAR_WIDTH + most - 1) / most);
        print_bucket(i);
        printf(" %13s %9s%s%.*s\n", units_count(requests).bytes,
               units_bytes((double)summary->bucket_bytes[i]).bytes,
               width > 0 ? "  " : "", width, bar);
    }
}

static void print_summary(const struct trace *trace,
                          const struct trace_summary *summary)
{
    const struct trace_header *header = trace->header;
    printf("trace        %s (%s)\n", trace->name, trace->path);
    print_operations(header);
    printf("peak live    %s after operation %s; most blocks at a time: %s\n",
           units_bytes((double)header->peak_live_bytes).bytes,
           units_count(header->peak_live_op + 1).bytes,
           units_count(header->peak_live_blocks).bytes);
    printf("allocated    %s in %s requests\n",
           units_bytes((double)header->allocated_bytes).bytes,
           units_count(summary->size_bytes.count).bytes);
    print_percentiles("sizes", summary->size_bytes, "bytes");
    print_percentiles("lifetimes", summary->lifetime_ops, "operations");
    printf("never freed  %s (blocks: %s)\n",
           units_bytes((double)summary->leftover_bytes).bytes,
           units_count(summary->leftover_blocks).bytes);
    for (size_t i = 0; i < trace->note_count; i++) {
        printf("note         %s\n", trace->notes[i]);
    }
    for (size_t i = 0; i < trace->remark_count; i++) {
        printf("note         %s\n", trace->remarks[i]);
    }
    if (summary->size_bytes.count > 0) {
        print_histogram(summary);
    }
}

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

static bool write_csv_header(void)
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
    };
    return csv_row(stdout, sizeof fields / sizeof *fields, fields);
}

static bool write_csv_row(const struct trace *trace,
                          const struct trace_summary *summary)
{
    const struct trace_header *header = trace->header;
    struct csv_line line = {.count = 0};
    csv_line_text(&line, trace->name);
    csv_line_text(&line, trace->path);
    csv_line_count(&line, header->op_count);
    for (int kind = 0; kind < TRACE_KIND_COUNT; kind++) {
        csv_line_count(&line, header->kind_counts[kind]);
    }
    csv_line_count(&line, header->thread_count);
    csv_line_count(&line, header->allocated_bytes);
    csv_line_count(&line, header->peak_live_bytes);
    csv_line_count(&line, header->peak_live_op + 1);
    csv_line_count(&line, header->peak_live_blocks);
    csv_line_count(&line, summary->leftover_bytes);
    csv_line_count(&line, summary->leftover_blocks);
    add_percentiles(&line, summary->size_bytes);
    add_percentiles(&line, summary->lifetime_ops);
    return csv_line_write(&line, stdout);
}

static int stat_one(const char *path, bool as_csv, bool is_first)
{
    struct trace_error error;
    struct trace *trace = trace_read(path, &error);
    if (trace == NULL) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        return EXIT_USAGE;
    }
    struct trace_summary summary;
    int code = EXIT_OK;
    if (!trace_summarize(trace, &summary)) {
        fprintf(stderr, "snugbench: %s: no memory to summarize it\n", path);
        code = EXIT_FAILED;
    } else if (as_csv) {
        write_csv_row(trace, &summary); /* a full disk shows at the end */
    } else {
        printf("%s", is_first ? "" : "\n");
        print_summary(trace, &summary);
    }
    trace_destroy(trace);
    return code;
}

int cli_stat(int argc, char **argv)
{
    bool as_csv = false;
    const struct options_row rows[] = {{0, "csv", options_flag, .target = &as_csv}};
    const struct options_command command = {"stat", print_help, OPERANDS_ANYWHERE, rows,
                                            1};
    int first = 0;
    const int parsed = options_parse(&command, argc, argv, &first);
    if (parsed >= 0) {
        return parsed;
    }
    if (first == argc) {
        return options_complain(&command, "no trace is named");
    }
    if (as_csv) {
        write_csv_header();
    }
    int worst = EXIT_OK;
    for (int i = first; i < argc; i++) {
        int code = stat_one(argv[i], as_csv, i == first);
        worst = code > worst ? code : worst;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "snugbench: standard output: cannot be written: %s\n",
                strerror(errno));
        return EXIT_FAILED;
    }
    return worst;
}
