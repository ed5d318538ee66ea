/* snugbench convert: a trace of any format to .rep, and what that took. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "report/units.h"
#include "trace/formats/android_write.h"
#include "trace/formats/course_write.h"
#include "trace/formats/format.h"
#include "trace/trace.h"

enum {
    COMMENT_BYTES = 400
};

enum target {
    TO_REP,
    TO_CLASSIC,
    TO_MODERN,
    TO_ANDROID,
};

static const char *const target_names[] = {"rep", "classic", "modern", "android", NULL};

struct options {
    const struct trace_format *from; /* NULL: recognised by content */
    const char *from_name;
    enum target to;
    const char *input;
    const char *output;
};

static void print_help(void)
{
    printf(
        "usage: snugbench convert [OPTIONS] IN OUT\n\n"
        "Turn a trace or a log of any format into a trace in .rep text. IN may be\n"
        "compressed; '-' is standard input or output. What was read, dropped and\n"
        "repaired goes to stderr. What the recorder noted ('# note: ') is kept.\n\n"
        "The ending of OUT chooses the compression: .rep.zst .rep.gz .rep.xz\n"
        ".rep.lz4 .rep.bz2 or .rep.\n\n"
        "      --from FORMAT   do not guess the format of IN from its contents\n"
        "      --to DIALECT    of OUT (default: rep): rep says all that a trace has;\n"
        "                      classic and modern are what the drivers of malloc labs\n"
        "                      read (header: heap size, ids, operations, weight, or\n"
        "                      weight, ids, operations, peak): malloc, realloc and\n"
        "                      free of one thread; android is what its memory_replay\n"
        "                      reads. What is lost is told\n"
        "  -h, --help          this text\n\n"
        "formats:\n");
    size_t count = 0;
    const struct trace_format *const *formats = trace_formats(&count);
    for (size_t i = 0; i < count; i++) {
        printf("  %-13s %s\n", formats[i]->name, formats[i]->summary);
    }
    printf(
        "\nexamples:\n"
        "  MALLOC_TRACE=app.log LD_PRELOAD=libc_malloc_debug.so.0 ./app\n"
        "  snugbench convert app.log app.rep.zst\n"
        "  heaptrack --raw -o app ./app && snugbench convert app.raw.zst app.rep.zst\n"
        "  valgrind --trace-malloc=yes --run-libc-freeres=no --log-file=app.log ./app\n"
        "  snugbench convert --from valgrind - - <app.log | snugbench stat -\n"
        "  ltrace -f -o app.log ./app\n"
        "  snugbench convert trace-from-android.zip app.rep.zst\n"
        "  snugbench convert --to classic app.rep.zst lab.rep\n"
        "  snugbench convert --to android app.rep.zst app.txt\n");
}

static int parse_options(int argc, char **argv, struct options *options)
{
    const struct options_row rows[] = {
        {0, "from", options_text, .target = &options->from_name},
        {0, "to", options_choice, .target = &options->to, .choices = target_names},
    };
    const struct options_command command = {"convert", print_help, OPERANDS_ANYWHERE,
                                            rows, sizeof rows / sizeof *rows};
    int first = 0;
    const int code = options_parse(&command, argc, argv, &first);
    if (code >= 0) {
        return code;
    }
    if (argc - first != 2) {
        return options_complain(&command, "name two files, IN and OUT ('-' is standard "
                                          "input or output)");
    }
    if (options->from_name != NULL) {
        options->from = trace_format_find(options->from_name);
        if (options->from == NULL) {
            return options_complain(&command, "there is no format '%s'",
                                    options->from_name);
        }
    }
    options->input = argv[first];
    options->output = argv[first + 1];
    return -1;
}

static void report(const struct trace *trace, const char *path)
{
    const struct trace_header *header = trace->header;
    fprintf(stderr,
            "snugbench: %s: Read as %s: operations: %s; threads: %" PRIu64
            "; peak live: %s.\n",
            path, trace->format, units_count(header->op_count).bytes,
            header->thread_count, units_bytes((double)header->peak_live_bytes).bytes);
    for (size_t i = 0; i < trace->note_count; i++) {
        fprintf(stderr, "snugbench: %s: %s\n", path, trace->notes[i]);
    }
    for (size_t i = 0; i < trace->remark_count; i++) {
        fprintf(stderr, "snugbench: %s: %s\n", path, trace->remarks[i]);
    }
}

static void tell_loss(const char *path, uint64_t count, const char *what)
{
    if (count > 0) {
        fprintf(stderr, "snugbench: %s: %s: %s.\n", path, what,
                units_count(count).bytes);
    }
}

/* For a course's driver; says on stderr what such a file cannot. */
static bool write_course(const struct trace *trace, const struct options *options,
                         struct trace_error *error)
{
    const char *path = options->output;
    struct course_losses losses;
    if (!course_write(trace, path,
                      options->to == TO_CLASSIC ? COURSE_CLASSIC : COURSE_MODERN,
                      &losses, error)) {
        return false;
    }
    tell_loss(path, losses.threads, "Threads that are one now");
    tell_loss(path, losses.callocs, "Callocs that are mallocs now");
    tell_loss(path, losses.alignments, "Alignments lost, mallocs now");
    tell_loss(path, losses.frees_of_null, "Frees of NULL left out");
    tell_loss(path, losses.zero_sizes,
              "Requests for 0 bytes, now for 1, since drivers take NULL for a failure");
    tell_loss(path, losses.events, "Begins and ends of threads and marks left out");
    tell_loss(path, losses.large,
              "Requests of 2 GiB and more, which drivers that read an int cannot take");
    return true;
}

static bool write_android(const struct trace *trace, const struct options *options,
                          struct trace_error *error)
{
    uint64_t lost_events;
    if (!android_write(trace, options->output, &lost_events, error)) {
        return false;
    }
    tell_loss(options->output, lost_events, "Begins of threads and marks left out");
    return true;
}

static bool write_rep(const struct trace *trace, const struct options *options,
                      struct trace_error *error)
{
    char origin[COMMENT_BYTES];
    snprintf(origin, sizeof origin, "snugbench %s convert, from %s: %.300s",
             SNUGBENCH_VERSION, trace->format, options->input);
    const char *const comments[] = {origin, NULL};
    return trace_write(trace, options->output, comments, error);
}

static bool write_trace(const struct trace *trace, const struct options *options,
                        struct trace_error *error)
{
    if (options->to == TO_REP) {
        return write_rep(trace, options, error);
    }
    const bool done = options->to == TO_ANDROID ? write_android(trace, options, error)
                                                : write_course(trace, options, error);
    if (done) {
        tell_loss(options->output, trace->recorded_count,
                  "Notes of the recorder left out");
    }
    return done;
}

int cli_convert(int argc, char **argv)
{
    struct options options = {0};
    int code = parse_options(argc, argv, &options);
    if (code >= 0) {
        return code;
    }
    struct trace_error error;
    struct trace *trace = trace_read_as(options.input, options.from, &error);
    if (trace == NULL) {
        fprintf(stderr, "snugbench: convert: %s\n", error.text);
        return EXIT_USAGE;
    }
    report(trace, options.input);
    code = EXIT_OK;
    if (!write_trace(trace, &options, &error)) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        code = EXIT_FAILED;
    }
    trace_destroy(trace);
    return code;
}
