/* snugbench convert: a trace of any format to .rep, and what that took. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "report/units.h"
#include "trace/formats/format.h"
#include "trace/trace.h"

enum {
    COMMENT_BYTES = 400
};

struct options {
    const struct trace_format *from; /* NULL: recognised by content */
    const char *from_name;
    const char *input;
    const char *output;
};

static void print_help(void)
{
    printf("usage: snugbench convert [--from FORMAT] IN OUT\n\n"
           "Turn a trace or a log of any format into a trace in .rep text. IN may be\n"
           "compressed; '-' is standard input or output. What was read, dropped and\n"
           "repaired goes to stderr.\n\n"
           "The ending of OUT chooses the compression: .rep.zst .rep.gz .rep.xz\n"
           ".rep.lz4 or .rep.\n\n"
           "      --from FORMAT   do not guess the format of IN from its contents\n"
           "  -h, --help          this text\n\n"
           "formats:\n");
    size_t count = 0;
    const struct trace_format *const *formats = trace_formats(&count);
    for (size_t i = 0; i < count; i++) {
        printf("  %-13s %s\n", formats[i]->name, formats[i]->summary);
    }
    printf("\nexamples:\n"
           "  MALLOC_TRACE=app.log LD_PRELOAD=libc_malloc_debug.so.0 ./app\n"
           "  snugbench convert app.log app.rep.zst\n"
           "  snugbench convert --from mtrace - - <app.log | snugbench stat -\n");
}

static int parse_options(int argc, char **argv, struct options *options)
{
    const struct options_row rows[] = {
        {0, "from", options_text, .target = &options->from_name},
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

static bool write_trace(const struct trace *trace, const struct options *options,
                        struct trace_error *error)
{
    char origin[COMMENT_BYTES];
    snprintf(origin, sizeof origin, "snugbench %s convert, from %s: %.300s",
             SNUGBENCH_VERSION, trace->format, options->input);
    const char *const comments[] = {origin, NULL};
    return trace_write(trace, options->output, comments, error);
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
