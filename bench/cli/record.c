/* snugbench record: run a program, keep its allocations as a trace. */
#include <errno.h>
#include <gnu/libc-version.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "record/convert.h"
#include "record/launch.h"
#include "report/units.h"

struct options {
    char output[PATH_MAX];
    const char *comment; /* NULL: none */
    char **program;      /* NULL-terminated, inside argv */
};

enum {
    COMMENT_BYTES = 2048,
    COMMENT_COUNT = 16
};

/* The provenance that stands at the head of the trace file. */
struct comments {
    char lines[COMMENT_COUNT][COMMENT_BYTES];
    const char *pointers[COMMENT_COUNT + 1];
    size_t count;
};

static void print_help(void)
{
    printf(
        "usage: snugbench record [-o FILE] [--] PROGRAM [ARGUMENT]...\n\n"
        "Run PROGRAM and write every call of malloc, calloc, realloc, free and the\n"
        "aligned kinds, of all its threads in one order, as a trace.\n\n"
        "  -o, --output FILE   the trace; its ending chooses the compression: "
        ".rep.zst\n"
        "                      .rep.gz .rep.xz .rep.lz4 or .rep\n"
        "                      (default: PROGRAM.rep.zst here)\n"
        "  -c, --comment TEXT  a line of your own for the head of the trace\n"
        "  -h, --help          this text\n\n"
        "PROGRAM keeps its standard streams. Only its own process is recorded, not "
        "those\n"
        "it forks, which are named at the end; after exec in the same process the "
        "last\n"
        "program counts. Ctrl-C ends PROGRAM and the trace is still written. The log "
        "lies\n"
        "in $TMPDIR or /tmp while PROGRAM runs: 32 bytes a call. PROGRAM has one more\n"
        "descriptor and 3 MiB less of its address space.\n\n"
        "Exit code: that of PROGRAM, 128+n if signal n ended it, 127 not found, 126 "
        "not\n"
        "executable; 1 the recording failed (nothing is written, except where the "
        "disk\n"
        "filled up under way: then what was recorded so far); 2 bad usage.\n\n"
        "examples:\n"
        "  snugbench record -o sort.rep.zst -- sort --parallel=2 words.txt\n"
        "  snugbench record python3 -c 'print(sorted(range(100000))[-1])'\n"
        "  snugbench record -o cc1.rep.zst -- $(gcc -print-prog-name=cc1) -O2 -quiet "
        "x.i\n"
        "  snugbench replay sort.rep.zst -a snug -a glibc\n");
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* -1: go on; else the exit code. */
static int parse_options(int argc, char **argv, struct options *options)
{
    const char *output = NULL;
    options->comment = NULL;
    const struct options_row rows[] = {
        {'o', "output", options_text, .target = &output},
        {'c', "comment", options_text, .target = &options->comment},
    };
    const struct options_command command = {"record", print_help, OPERANDS_PROGRAM,
                                            rows, sizeof rows / sizeof *rows};
    int first = 0;
    const int code = options_parse(&command, argc, argv, &first);
    if (code >= 0) {
        return code;
    }
    if (first == argc || argv[first][0] == '\0') {
        return options_complain(&command, "no program is named");
    }
    options->program = argv + first;
    int length = output != NULL ? snprintf(options->output, PATH_MAX, "%s", output)
                                : snprintf(options->output, PATH_MAX, "%s.rep.zst",
                                           base_name(argv[first]));
    if (length >= PATH_MAX) {
        return options_complain(&command, "the output's name is too long");
    }
    if (strcmp(options->output, "-") == 0) {
        return options_complain(
            &command, "standard output is the program's own, name a file with -o");
    }
    return -1;
}

/* Found out before the program has run for an hour. */
static bool output_is_writable(const char *path)
{
    char folder[PATH_MAX];
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        fprintf(stderr, "snugbench: cannot write %s: it is a directory\n", path);
        return false;
    }
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        strcpy(folder, ".");
    } else {
        slash[slash == folder ? 1 : 0] = '\0';
    }
    if (access(folder, W_OK | X_OK) != 0) {
        fprintf(stderr, "snugbench: cannot write into %s: %s\n", folder,
                strerror(errno));
        return false;
    }
    return true;
}

/* ---- provenance ---- */

static char *comment_line(struct comments *comments)
{
    char *line = comments->lines[comments->count];
    comments->pointers[comments->count++] = line;
    comments->pointers[comments->count] = NULL;
    return line;
}

/* The command as one would type it; arguments with anything unusual in quotes, cut
 * where the line is full. */
static void describe_command(char *line, char *const program[])
{
    size_t length = (size_t)snprintf(line, COMMENT_BYTES, "command:");
    for (size_t i = 0; program[i] != NULL && length < COMMENT_BYTES - 8; i++) {
        size_t plain = strcspn(program[i], " \t\n\"$&;|<>()[]{}*?#~!'`\\");
        bool quoted = plain == 0 || program[i][plain] != '\0';
        length += (size_t)snprintf(line + length, COMMENT_BYTES - length,
                                   quoted ? " '%s'" : " %s", program[i]);
    }
    if (length >= COMMENT_BYTES) {
        strcpy(line + COMMENT_BYTES - 5, " ...");
    }
}

/* A comment is one line of the file, whatever was in the arguments. */
static void replace_controls(char *line)
{
    for (char *c = line; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            *c = '?';
        }
    }
}

static void describe(struct comments *comments, const struct trace *trace,
                     const struct recording *recording, const struct options *options)
{
    struct utsname system;
    struct tm now;
    time_t seconds = time(NULL);
    comments->count = 0;
    snprintf(comment_line(comments), COMMENT_BYTES, "recorded by snugbench %s",
             SNUGBENCH_VERSION);
    describe_command(comment_line(comments), options->program);
    snprintf(comment_line(comments), COMMENT_BYTES, "image: %.1000s",
             recording->log->image);
    if (gmtime_r(&seconds, &now) != NULL) {
        strftime(comment_line(comments), COMMENT_BYTES, "date: %Y-%m-%dT%H:%M:%SZ",
                 &now);
    }
    if (uname(&system) == 0) {
        snprintf(comment_line(comments), COMMENT_BYTES, "system: %s %s, glibc %s",
                 system.sysname, system.machine, gnu_get_libc_version());
    }
    if (options->comment != NULL) {
        snprintf(comment_line(comments), COMMENT_BYTES, "%s", options->comment);
    }
    for (size_t i = 0; i < trace->note_count && comments->count < COMMENT_COUNT; i++) {
        snprintf(comment_line(comments), COMMENT_BYTES, "note: %s", trace->notes[i]);
    }
    for (size_t i = 0; i < comments->count; i++) {
        replace_controls(comments->lines[i]);
    }
}

/* ---- the end ---- */

static void print_summary(const struct trace *trace, const struct recording *recording,
                          const struct options *options)
{
    if (recording->signal != 0) {
        fprintf(stderr, "snugbench: %s was ended by signal %d (%s)\n",
                options->program[0], recording->signal, strsignal(recording->signal));
    }
    for (size_t i = 0; i < trace->note_count; i++) {
        fprintf(stderr, "snugbench: warning: %s\n", trace->notes[i]);
    }
    fprintf(stderr,
            "snugbench: recorded %s operations, %s thread%s, peak live %s, in %s\n",
            units_count(trace->header->op_count).bytes,
            units_count(trace->header->thread_count).bytes,
            trace->header->thread_count == 1 ? "" : "s",
            units_bytes((double)trace->header->peak_live_bytes).bytes, options->output);
}

/* What the trace lacks, though the program, as its user knows it, did it. */
static void note_unrecorded(struct trace *trace, const struct recording *recording)
{
    struct recording_others others = recording_others(recording);
    if (others.text[0] != '\0') {
        char more[32] = "";
        if (others.unlisted > 0) {
            snprintf(more, sizeof more, " and %" PRIu32 " more", others.unlisted);
        }
        trace_note(trace, "Not recorded, since only the first process is: %s%s.%s",
                   others.text, more,
                   others.are_running
                       ? " To record a daemon, let it stay in the foreground."
                       : "");
    }
    if (recording->is_replaced) {
        trace_note(trace,
                   "The process ended under another name than that of %.300s: if it "
                   "became another program by exec, that one did not load the recorder "
                   "and is not recorded.",
                   recording->log->image);
    }
}

/* Strong compression takes its time: seconds from a million operations on. */
static void announce_write(const struct trace *trace, const struct options *options)
{
    if (isatty(STDERR_FILENO) && trace->header->op_count > 500000) {
        fprintf(stderr, "snugbench: writing %s ...\n", options->output);
    }
}

static int keep(const struct recording *recording, const struct options *options)
{
    static struct comments comments;
    struct trace_error error = {""};
    struct trace *trace =
        convert_log(recording->log, base_name(options->program[0]), &error);
    if (trace == NULL) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        return EXIT_FAILED;
    }
    bool written = false;
    note_unrecorded(trace, recording);
    if (trace->header->op_count == 0) {
        fprintf(stderr, "snugbench: nothing to write: %s%s\n",
                recording->log->full != 0 ? "no room for the log (TMPDIR names another "
                                            "place) of "
                                          : "no allocation was made by ",
                options->program[0]);
    } else {
        describe(&comments, trace, recording, options);
        announce_write(trace, options);
        written = trace_write(trace, options->output, comments.pointers, &error);
        if (written) {
            print_summary(trace, recording, options);
        } else {
            fprintf(stderr, "snugbench: %s\n", error.text);
        }
    }
    trace_destroy(trace);
    return written && recording->log->full == 0 ? recording->exit_code : EXIT_FAILED;
}

int cli_record(int argc, char **argv)
{
    struct options options;
    struct recording recording;
    struct trace_error error = {""};
    int code = parse_options(argc, argv, &options);
    if (code >= 0) {
        return code;
    }
    if (!output_is_writable(options.output)) {
        return EXIT_FAILED;
    }
    if (!recording_run(&recording, options.program, &error)) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        return recording.exit_code;
    }
    code = keep(&recording, &options);
    recording_close(&recording);
    return code;
}
