#include "report/charts.h"

#include <stdlib.h>
#include <string.h>

#include "report/embedded.h"
#include "report/gnuplot.h"
#include "report/output.h"

const struct chart charts[] = {
    {"scatter",
     SECTION_SCATTER,
     {"totals.csv", "summary.csv"},
     "Speed against compactness",
     "A large point for each allocator, at its geometric mean of million operations a "
     "second (to the right) and its mean utilization of memory (up); small points are "
     "single traces.",
     chart_scatter},
    {"live",
     SECTION_LIVE,
     {"compare.csv", NULL},
     "The program under each allocator",
     "A row for each allocator: its time or load with a 95 % interval at the left, its "
     "peak of resident memory at the right.",
     chart_live},
    {"programs",
     SECTION_LIVE,
     {"programs.csv", "programs_totals.csv"},
     "Whole programs",
     "A row for each program and in it a mark for each allocator: speed against the "
     "reference with a 95 % interval at the left, peak of resident memory against the "
     "reference at the right.",
     chart_programs},
    {"memory",
     SECTION_MEMORY,
     {"memory.csv", NULL},
     "Resident memory of the program",
     "A line for each allocator: resident memory of the program and its children over "
     "seconds, without the pages of files, which their peak has in it.",
     chart_memory},
    {"timeline",
     SECTION_MEMORY,
     {"timeline.csv", NULL},
     "Memory along a trace",
     "A line for each allocator: growth of resident memory over the operations of one "
     "trace, and the bytes that were live as a grey area.",
     chart_timeline},
    {"memory-parts",
     SECTION_MEMORY,
     {"totals.csv", NULL},
     "What memory is made of",
     "A bar for each allocator, means over the traces: at the left what was asked for, "
     "rounding inside blocks and all the rest, at the peak of resident memory; at the "
     "right how much of the peak is kept when all is freed, at once and a second "
     "later.",
     chart_memory_parts},
    {"latency",
     SECTION_LATENCY,
     {"latency_curve.csv", NULL},
     "Latency of single calls",
     "A line for each allocator: latency over the percentile of operations, for malloc "
     "at the left and for free at the right.",
     chart_latency},
    {"throughput",
     SECTION_TRACES,
     {"summary.csv", NULL},
     "Throughput of each trace",
     "A row for each trace and in it a mark for each allocator: million operations a "
     "second with a 95 % interval.",
     chart_throughput},
    {"threads",
     SECTION_TRACES,
     {"summary.csv", NULL},
     "Traces with threads",
     "A row for each trace that several threads replayed and in it a mark for each "
     "allocator: speed against the reference with a 95 % interval at the left, the "
     "flattened trace's time against it at the right, a line for the floor.",
     chart_threads},
    {"utilization",
     SECTION_TRACES,
     {"summary.csv", NULL},
     "Memory utilization of each trace",
     "A row for each trace and in it a mark for each allocator: peak of live bytes "
     "divided by peak of resident growth.",
     chart_utilization},
    {"syscalls",
     SECTION_SYSCALLS,
     {"syscalls.csv", NULL},
     "System calls by kind",
     "For each kind of system call a bar for each allocator: calls over all traces, "
     "start-up and exit included.",
     chart_syscalls},
    {"micro",
     SECTION_MICRO,
     {"micro.csv", NULL},
     "Micro-benchmarks",
     "A row for each benchmark and in it a mark for each allocator: speed against the "
     "reference with a 95 % interval at the left, peak of memory against the reference "
     "at the right.",
     chart_micro},
    {"micro-scaling",
     SECTION_MICRO,
     {"micro.csv", NULL},
     "Threads and growth",
     "A line for each allocator: million operations a second over the number of "
     "threads "
     "at the left, nanoseconds an operation over the number of live blocks at the "
     "right.",
     chart_micro_scaling},
    {"trace-live",
     SECTION_SHAPE,
     {"trace_live.csv", NULL},
     "Live bytes along a trace",
     "Areas over the operations of one trace: the bytes that are live in blocks of up "
     "to "
     "512 B, up to 32 KiB, below 128 KiB and above.",
     chart_trace_live},
    {"trace-sizes",
     SECTION_SHAPE,
     {"trace_sizes.csv", NULL},
     "Sizes of a trace",
     "Three bars for each power of two: its share of the requests, of the bytes asked "
     "for "
     "and of the bytes live at the peak.",
     chart_trace_sizes},
    {"trace-lifetimes",
     SECTION_SHAPE,
     {"trace_lifetimes.csv", NULL},
     "Lifetimes of a trace",
     "Two rising lines: the share of the blocks that is freed after so many "
     "operations, "
     "and after so many bytes were asked for.",
     chart_trace_lifetimes},
};

const size_t charts_count = sizeof charts / sizeof *charts;

/* In which a chart is drawn; the narrow one is for the page alone. */
static const struct {
    const char *name;
    bool is_kept;
} formats[] = {
    {"svg", true},
    {"narrow", false},
    {"png", true},
    {"pdf", true},
};

enum {
    FORMAT_SVG,
    FORMAT_NARROW,
    FORMAT_COUNT = sizeof formats / sizeof *formats
};

const struct chart *chart_find(const char *name)
{
    for (size_t i = 0; i < charts_count; i++) {
        if (strcmp(charts[i].name, name) == 0) {
            return &charts[i];
        }
    }
    return NULL;
}

/* A header line alone is a run that did not measure this. */
static bool has_rows(const char *directory, const char *name)
{
    char *path = NULL;
    int lines = 0;
    FILE *in = asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : fopen(path, "re");
    free(path);
    for (int c = 0; in != NULL && c != EOF && lines < 2;) {
        c = getc(in);
        lines += c == '\n';
    }
    if (in != NULL) {
        fclose(in);
    }
    return lines == 2;
}

static bool has_files(const struct chart *chart, const char *directory)
{
    return has_rows(directory, chart->files[0]) &&
           (chart->files[1] == NULL || has_rows(directory, chart->files[1]));
}

static enum chart_outcome outcome_of(struct gnuplot *gnuplot, const struct chart *chart,
                                     const struct chart_request *request,
                                     const char *format, struct report_error *error)
{
    switch (gnuplot_wait(gnuplot)) {
    case GNUPLOT_DONE:
        return CHART_DRAWN;
    case GNUPLOT_NO_FIGURES:
        return CHART_ABSENT;
    case GNUPLOT_MISSING:
        snprintf(error->text, sizeof error->text,
                 "gnuplot is missing, so there are no charts; "
                 "apt-get install gnuplot-nox");
        return CHART_FAILED;
    case GNUPLOT_NO_TRACE:
        snprintf(error->text, sizeof error->text,
                 "no trace '%s' in %s; the column 'trace' of its CSV files has the "
                 "names",
                 request->trace, request->directory);
        return CHART_FAILED;
    case GNUPLOT_FAILED:
        break;
    }
    snprintf(error->text, sizeof error->text,
             "gnuplot could not draw the %s chart as %s: %s", chart->name, format,
             gnuplot->complaint);
    return CHART_FAILED;
}

/* The formats side by side, since each takes gnuplot half a second or so. */
static enum chart_outcome draw_aside(const struct chart *chart,
                                     const struct chart_request *request,
                                     struct output *outputs, struct report_error *error)
{
    struct gnuplot running[FORMAT_COUNT];
    enum chart_outcome worst = CHART_DRAWN;
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        gnuplot_start(&running[i],
                      &(struct gnuplot_plan){.script = chart->script,
                                             .directory = request->directory,
                                             .trace = request->trace,
                                             .format = formats[i].name,
                                             .out = outputs[i].aside_path});
    }
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        struct report_error later;
        const enum chart_outcome outcome =
            outcome_of(&running[i], chart, request, formats[i].name,
                       worst == CHART_FAILED ? &later : error);
        worst = worst == CHART_FAILED || outcome == CHART_DRAWN ? worst : outcome;
    }
    return worst;
}

/* A whole file, allocated; NULL: it cannot be read. */
static char *text_of(const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *in = fopen(path, "re");
    if (in != NULL) {
        if (getdelim(&text, &size, '\0', in) <= 0) {
            free(text);
            text = NULL;
        }
        fclose(in);
    }
    return text;
}

static bool keep_all(struct output *outputs, struct report_error *error)
{
    bool done = true;
    for (size_t i = 0; done && i < FORMAT_COUNT; i++) {
        done = !formats[i].is_kept || output_finish(&outputs[i], error);
    }
    for (size_t i = 0; done && i < FORMAT_COUNT; i++) {
        done = !formats[i].is_kept || output_keep(&outputs[i], error);
    }
    return done;
}

/* Into files that stand aside, then into place and into `drawing`. */
static enum chart_outcome draw(const struct chart *chart,
                               const struct chart_request *request,
                               struct output *outputs, struct chart_drawing *drawing,
                               struct report_error *error)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s.%s", chart->name, formats[i].name);
        if (!output_open(&outputs[i], request->directory, name, error)) {
            return CHART_FAILED;
        }
    }
    const enum chart_outcome outcome = draw_aside(chart, request, outputs, error);
    if (outcome != CHART_DRAWN) {
        return outcome;
    }
    drawing->wide = text_of(outputs[FORMAT_SVG].aside_path);
    drawing->narrow = text_of(outputs[FORMAT_NARROW].aside_path);
    if (drawing->wide == NULL || drawing->narrow == NULL) {
        snprintf(error->text, sizeof error->text, "cannot read the %s chart back",
                 chart->name);
        return CHART_FAILED;
    }
    return keep_all(outputs, error) ? CHART_DRAWN : CHART_FAILED;
}

enum chart_outcome chart_draw(const struct chart *chart,
                              const struct chart_request *request,
                              struct chart_drawing *drawing, struct report_error *error)
{
    struct output outputs[FORMAT_COUNT] = {{.stream = NULL}};
    *drawing = (struct chart_drawing){.wide = NULL};
    if (!has_files(chart, request->directory)) {
        return CHART_ABSENT;
    }
    const enum chart_outcome outcome = draw(chart, request, outputs, drawing, error);
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        output_close(&outputs[i]);
    }
    if (outcome != CHART_DRAWN) {
        chart_drawing_free(drawing);
    }
    return outcome;
}

void chart_drawing_free(struct chart_drawing *drawing)
{
    free(drawing->wide);
    free(drawing->narrow);
    *drawing = (struct chart_drawing){.wide = NULL};
}

enum chart_outcome chart_print(const struct chart *chart,
                               const struct chart_request *request, unsigned columns,
                               struct report_error *error)
{
    struct gnuplot running;
    if (!has_files(chart, request->directory)) {
        return CHART_ABSENT;
    }
    printf("%s\n%s\n", chart->title, chart->description);
    fflush(stdout);
    gnuplot_start(&running, &(struct gnuplot_plan){.script = chart->script,
                                                   .directory = request->directory,
                                                   .trace = request->trace,
                                                   .format = "text",
                                                   .columns = columns});
    const enum chart_outcome outcome =
        outcome_of(&running, chart, request, "text", error);
    putchar('\n');
    return outcome;
}
