/* What is in a trace, in words. */
#include <stdio.h>
#include <unistd.h>

#include "cli/stat.h"
#include "report/units.h"

enum {
    BAR_WIDTH = 40
};

static void print_operations(const struct trace_header *header)
{
    printf("operations   %s:", units_count(header->op_count).bytes);
    const char *separator = " ";
    for (int kind = 0; kind < TRACE_KIND_COUNT; kind++) {
        if (header->kind_counts[kind] > 0) {
            printf("%s%s %s", separator, trace_kind_names[kind],
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

/* A share of the cache that holds it, if the machine says how large that is. */
static void print_against_cache(const char *name, long cache_bytes, double bytes)
{
    if (cache_bytes > 0) {
        printf(", %s of the %s cache (%s)",
               units_number(bytes / (double)cache_bytes).bytes, name,
               units_bytes((double)cache_bytes).bytes);
    }
}

static double share(double part, double whole)
{
    return whole > 0 ? part / whole : 0;
}

static void print_shape(const struct stat_trace *facts)
{
    const struct trace_shape *shape = &facts->shape;
    double peak_bytes = (double)facts->header.peak_live_bytes;
    double allocated_bytes = (double)facts->header.allocated_bytes;
    printf("live set     on average %s; the peak is",
           units_bytes(shape->mean_live_bytes).bytes);
    printf(" %s times that",
           units_number(share(peak_bytes, shape->mean_live_bytes)).bytes);
    print_against_cache("level 2", sysconf(_SC_LEVEL2_CACHE_SIZE), peak_bytes);
    print_against_cache("level 3", sysconf(_SC_LEVEL3_CACHE_SIZE), peak_bytes);
    printf(
        "\nlarge        %s of all bytes and %s of those live at the peak, in blocks of "
        "128 KiB and more\n",
        units_percent(share((double)shape->large_bytes, allocated_bytes)).bytes,
        units_percent(share((double)shape->large_peak_bytes, peak_bytes)).bytes);
    if (shape->grow_count > 0) {
        printf(
            "growth       by realloc: %s in %s steps; up to %s steps of a block, up to "
            "%s\n",
            units_bytes((double)shape->grown_bytes).bytes,
            units_count(shape->grow_count).bytes,
            units_count(shape->longest_chain).bytes,
            units_bytes((double)shape->largest_grown_bytes).bytes);
    }
    if (facts->header.thread_count > 1) {
        printf(
            "handed over  %s of the frees are by another thread than the allocation\n",
            units_percent(share((double)shape->other_thread_frees,
                                (double)shape->lifetime_bytes.count))
                .bytes);
    }
}

void stat_print(const struct trace *trace, const struct stat_trace *facts)
{
    const struct trace_header *header = trace->header;
    const struct trace_summary *summary = &facts->summary;
    printf("trace        %s (%s)\n", trace->name, trace->path);
    print_operations(header);
    printf("peak live    %s after operation %s; most blocks at a time: %s\n",
           units_bytes((double)header->peak_live_bytes).bytes,
           units_count(header->peak_live_op + 1).bytes,
           units_count(header->peak_live_blocks).bytes);
    print_shape(facts);
    printf("allocated    %s in %s requests\n",
           units_bytes((double)header->allocated_bytes).bytes,
           units_count(summary->size_bytes.count).bytes);
    print_percentiles("sizes", summary->size_bytes, "bytes");
    print_percentiles("lifetimes", summary->lifetime_ops, "operations");
    print_percentiles("", facts->shape.lifetime_bytes, "bytes asked for meanwhile");
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
