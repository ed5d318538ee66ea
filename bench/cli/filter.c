/* snugbench filter: part of a trace, by window, thread and size. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "process/memory.h"
#include "report/units.h"
#include "trace/filter.h"
#include "trace/trace.h"

enum {
    COMMENT_BYTES = 500
};

struct threads_asked {
    uint64_t *items;
    size_t count;
};

struct options {
    struct filter filter;
    struct threads_asked threads;
    const char *input;
    const char *output;
};

static void print_help(void)
{
    printf(
        "usage: snugbench filter [OPTIONS] IN OUT\n\n"
        "Write a part of a trace that is a valid trace itself. IN is any trace or log\n"
        "that 'snugbench convert' reads; the ending of OUT chooses the compression;\n"
        "'-' is standard input or output. What the recorder noted ('# note: ') is\n"
        "kept, as said of the whole.\n\n"
        "      --window FIRST-LAST  these operations, counted from 1; either number\n"
        "                           may be left out. Blocks that are live when the\n"
        "                           window begins are allocated first\n"
        "      --empty              leave those out: begin with an empty heap\n"
        "      --thread N           blocks that this thread allocates, whoever frees\n"
        "                           them, as 'snugbench convert' numbers threads, "
        "from\n"
        "                           0; repeat for several\n"
        "      --min BYTES          blocks of at least this size: a realloc takes a\n"
        "                           block into the range or out of it\n"
        "      --max BYTES          blocks of at most this size\n"
        "  -h, --help               this text\n\n"
        "examples:\n"
        "  snugbench filter --window 1000000-1200000 app.rep.zst part.rep.zst\n"
        "  snugbench filter --min 65536 app.rep.zst large.rep\n"
        "  snugbench filter --thread 0 app.rep.zst - | snugbench stat -\n");
}

/* "10-20", "10-" or "-20" into a filter's window. */
static bool take_window(const struct options_row *row, const char *text, char *expected,
                        size_t size)
{
    struct filter *filter = row->target;
    uint64_t bounds[2] = {1, UINT64_MAX};
    const char *at = text;
    snprintf(expected, size, "FIRST-LAST, as 1000-2000");
    for (size_t i = 0; i < 2; i++) {
        if (isdigit((unsigned char)*at)) {
            char *end = NULL;
            errno = 0;
            bounds[i] = strtoull(at, &end, 10);
            at = end;
            if (errno != 0) {
                return false;
            }
        }
        if (i == 0 && *at++ != '-') {
            return false;
        }
    }
    filter->first = bounds[0];
    filter->last = bounds[1];
    return *at == '\0' && strlen(text) > 1 && bounds[0] >= 1 && bounds[0] <= bounds[1];
}

static bool take_thread(const struct options_row *row, const char *text, char *expected,
                        size_t size)
{
    struct threads_asked *threads = row->target;
    uint64_t number = 0;
    const struct options_row whole = {.target = &number, .to = UINT16_MAX};
    if (!options_whole(&whole, text, expected, size)) {
        return false;
    }
    threads->items =
        memory_grow(threads->items, threads->count + 1, sizeof *threads->items);
    threads->items[threads->count++] = number;
    return true;
}

static int parse_options(int argc, char **argv, struct options *options)
{
    struct filter *filter = &options->filter;
    const struct options_row rows[] = {
        {0, "window", take_window, .target = filter},
        {0, "empty", options_flag, .target = &filter->is_empty_at_first},
        {0, "thread", take_thread, .target = &options->threads},
        {0, "min", options_whole, .target = &filter->min_bytes},
        {0, "max", options_whole, .target = &filter->max_bytes},
    };
    const struct options_command command = {"filter", print_help, OPERANDS_ANYWHERE,
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
    if (filter->min_bytes > filter->max_bytes) {
        return options_complain(&command, "--min is above --max");
    }
    filter->threads = options->threads.items;
    filter->thread_count = options->threads.count;
    options->input = argv[first];
    options->output = argv[first + 1];
    return -1;
}

/* Options as they stood, up to the files. */
static void describe(int argc, char **argv, char *text, size_t size)
{
    size_t length = (size_t)snprintf(text, size, "snugbench %s", SNUGBENCH_VERSION);
    for (int i = 0; i < argc && length < size; i++) {
        length += (size_t)snprintf(text + length, size - length, " %s", argv[i]);
    }
}

static bool write_part(const struct trace *part, const struct trace *whole,
                       const char *output, const char *command)
{
    struct trace_error error;
    const char *const comments[] = {command, NULL};
    if (!trace_write(part, output, comments, &error)) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        return false;
    }
    const struct trace_header *header = part->header;
    fprintf(stderr,
            "snugbench: %s: operations: %s of %s; threads: %" PRIu64
            "; peak live: %s.\n",
            output, units_count(header->op_count).bytes,
            units_count(whole->header->op_count).bytes, header->thread_count,
            units_bytes((double)header->peak_live_bytes).bytes);
    for (size_t i = 0; i < part->note_count; i++) {
        fprintf(stderr, "snugbench: %s: %s\n", output, part->notes[i]);
    }
    return true;
}

static int run(const struct options *options, const char *command)
{
    struct trace_error error;
    struct trace *whole = trace_read(options->input, &error);
    struct trace *part =
        whole != NULL ? filter_trace(whole, &options->filter, &error) : NULL;
    int code = EXIT_USAGE;
    if (part == NULL) {
        fprintf(stderr, "snugbench: filter: %s\n", error.text);
    } else {
        code =
            write_part(part, whole, options->output, command) ? EXIT_OK : EXIT_FAILED;
        trace_destroy(part);
    }
    if (whole != NULL) {
        trace_destroy(whole);
    }
    return code;
}

int cli_filter(int argc, char **argv)
{
    struct options options = {.filter = filter_all};
    char command[COMMENT_BYTES];
    describe(argc, argv, command, sizeof command);
    int code = parse_options(argc, argv, &options);
    if (code < 0) {
        code = run(&options, command);
    }
    free(options.threads.items);
    return code;
}
