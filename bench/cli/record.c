/* snugbench record: run a program, keep its allocations as a trace. */
#include <dirent.h>
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
#include "process/program.h"
#include "record/names.h"
#include "record/recording.h"
#include "report/units.h"

struct options {
    char output[PATH_MAX];
    const char *comment; /* NULL: none */
    bool follow_fork;
    uint64_t max_ops;     /* 0: all */
    uint64_t duration_ns; /* 0: to the end */
    char **program;       /* NULL-terminated, inside argv */
};

enum {
    COMMENT_BYTES = 2048,
    COMMENT_COUNT = 8,
    SUMMARY_LINES = 16, /* processes that have a line of their own */
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
        "usage: snugbench record [OPTIONS] [--] PROGRAM [ARGUMENT]...\n\n"
        "Run PROGRAM and write every call of malloc, calloc, realloc, free and the\n"
        "aligned kinds, of all its threads in one order, as a trace.\n\n"
        "  -o, --output FILE   the trace; its ending chooses the compression: "
        ".rep.zst\n"
        "                      .rep.gz .rep.xz .rep.lz4 .rep.bz2 or .rep\n"
        "                      (default: PROGRAM.rep.zst here)\n"
        "  -f, --follow-fork   record the processes that PROGRAM starts, too, each in\n"
        "                      a trace of its own, named by order and program: "
        "FILE.rep.zst,\n"
        "                      FILE.2-cc1.rep.zst ...\n"
        "      --max-ops N     of each process record the first N operations; it runs "
        "on\n"
        "      --duration S    record for S seconds; PROGRAM runs on\n"
        "  -c, --comment TEXT  a line of your own for the head of the trace\n"
        "  -h, --help          this text\n\n"
        "PROGRAM keeps its standard streams. Without -f only its own process is "
        "recorded;\n"
        "the others are named at the end. A process that becomes another program by "
        "exec is\n"
        "recorded as that one, from there on. What a forked child has from its parent "
        "is at\n"
        "the head of its trace. Ctrl-C ends PROGRAM and the trace is still written; "
        "with -f\n"
        "it also ends the recording of daemons that PROGRAM left behind. The trace "
        "grows\n"
        "beside the program as FILE.part, which can be read; should snugbench be "
        "killed, "
        "it\n"
        "lacks the last second. %d MiB of shared memory lie between. PROGRAM has one "
        "more\n"
        "descriptor and as much less of its address space.\n\n"
        "Exit code: that of PROGRAM, 128+n if signal n ended it, 127 not found, 126 "
        "not\n"
        "executable; 1 the recording failed (nothing is written); 2 bad usage.\n\n"
        "examples:\n"
        "  snugbench record -o sort.rep.zst -- sort --parallel=2 words.txt\n"
        "  snugbench record python3 -c 'print(sorted(range(100000))[-1])'\n"
        "  snugbench record --follow-fork -o build.rep.zst -- make -j2\n"
        "  snugbench record --duration 60 -o redis.rep.zst -- redis-server\n"
        "  snugbench replay sort.rep.zst -a snug -a glibc\n",
        RECORDING_MIB);
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
    *options = (struct options){.comment = NULL};
    const struct options_row rows[] = {
        {'o', "output", options_text, .target = &output},
        {'f', "follow-fork", options_flag, .target = &options->follow_fork},
        {0, "max-ops", options_whole, .target = &options->max_ops, .from = 1,
         .expected = "a whole number from 1 on"},
        {0, "duration", options_seconds, .target = &options->duration_ns},
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
static bool output_is_writable(const char *path, const char *program)
{
    char folder[PATH_MAX];
    char program_path[PATH_MAX];
    struct stat status;
    struct stat program_status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        fprintf(stderr, "snugbench: cannot write %s: it is a directory\n", path);
        return false;
    }
    if (stat(path, &status) == 0 && program_locate(program, program_path) &&
        stat(program_path, &program_status) == 0 &&
        status.st_dev == program_status.st_dev &&
        status.st_ino == program_status.st_ino) {
        fprintf(stderr,
                "snugbench: cannot write %s: it is the program; -o names the trace\n",
                path);
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

static void describe(struct comments *comments, const struct options *options)
{
    struct utsname system;
    struct tm now;
    time_t seconds = time(NULL);
    comments->count = 0;
    snprintf(comment_line(comments), COMMENT_BYTES, "recorded by snugbench %s",
             SNUGBENCH_VERSION);
    describe_command(comment_line(comments), options->program);
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
    for (size_t i = 0; i < comments->count; i++) {
        replace_controls(comments->lines[i]);
    }
}

/* ---- the end ---- */

static void print_process(const struct recorded *process)
{
    /* The reason first: who quotes us quotes the first line. */
    if (process->failure[0] != '\0') {
        fprintf(stderr, "snugbench: %s\n", process->failure);
    }
    for (size_t i = 0; i < process->note_count; i++) {
        fprintf(stderr, "snugbench: warning: %s%s%s\n",
                process->number > 1 ? process->path : "",
                process->number > 1 ? ": " : "", process->notes[i]);
    }
    if (process->failure[0] == '\0' && process->operations > 0) {
        fprintf(stderr,
                "snugbench: recorded %s operations, %s thread%s, peak live %s, in %s\n",
                units_count(process->operations).bytes,
                units_count(process->threads).bytes, process->threads == 1 ? "" : "s",
                units_bytes((double)process->peak_live_bytes).bytes, process->path);
    }
}

static bool was_written(const struct recording *recording, const char *name)
{
    const struct recorded *at = recording->processes;
    while (at != NULL &&
           (at->operations == 0 || strcmp(base_name(at->path), name) != 0)) {
        at = at->next;
    }
    return at != NULL;
}

/* Who then takes all traces of these names would take them for processes of this
 * program. */
static void tell_of_older(const struct recording *recording, const char *output)
{
    char folder[PATH_MAX];
    char example[NAME_MAX + 1] = "";
    uint64_t count = 0;
    const size_t length = (size_t)(base_name(output) - output);
    snprintf(folder, sizeof folder, "%.*s", (int)length, output);
    DIR *files = opendir(length > 0 ? folder : ".");
    const struct dirent *file;
    while (files != NULL && (file = readdir(files)) != NULL) {
        if (names_is_of_child(output, file->d_name) &&
            !was_written(recording, file->d_name)) {
            snprintf(example, sizeof example, "%s", file->d_name);
            count++;
        }
    }
    if (files != NULL) {
        closedir(files);
    }
    if (count > 0) {
        fprintf(stderr,
                "snugbench: warning: %s%s%s%s of an earlier recording: left as %s\n",
                folder, example, count > 1 ? " and others like it" : "",
                count > 1 ? " are" : " is", count > 1 ? "they are" : "it is");
    }
}

/* Says what was recorded. The exit code. */
static int print_summary(const struct recording *recording,
                         const struct options *options)
{
    uint64_t operations = 0;
    uint64_t unlisted = 0;
    uint64_t lines = 0;
    bool has_failed = false;
    for (const struct recorded *at = recording->processes; at != NULL; at = at->next) {
        operations += at->operations;
        has_failed |= at->failure[0] != '\0';
    }
    if (operations == 0 && !has_failed) {
        /* Another process or program may have made them all. */
        const struct recorded *first = recording->processes;
        const char *note =
            first != NULL && first->note_count > 0 ? first->notes[0] : "";
        fprintf(stderr,
                "snugbench: nothing to write: no allocation was made by %s%s%.*s\n",
                options->program[0], note[0] != '\0' ? " itself: " : "",
                (int)strcspn(note, "."), note);
        has_failed = true;
    }
    for (const struct recorded *at = recording->processes; at != NULL; at = at->next) {
        if (at->number == 1 || at->failure[0] != '\0' || ++lines < SUMMARY_LINES) {
            print_process(at);
        } else {
            unlisted += at->operations > 0;
        }
    }
    if (unlisted > 0) {
        fprintf(stderr, "snugbench: and %s more traces; %s operations in all\n",
                units_count(unlisted).bytes, units_count(operations).bytes);
    }
    if (options->follow_fork) {
        tell_of_older(recording, options->output);
    }
    return has_failed ? EXIT_FAILED : recording->exit_code;
}

static int conclude(const struct recording *recording, const struct options *options)
{
    if (recording->signal != 0) {
        fprintf(stderr, "snugbench: %s was ended by signal %d (%s)\n",
                options->program[0], recording->signal, strsignal(recording->signal));
    }
    if (recording->was_seen) {
        return print_summary(recording, options);
    }
    if (recording->attach_failure != 0) {
        fprintf(stderr, "snugbench: cannot record %s: no room for the log in it: %s\n",
                options->program[0], strerror(recording->attach_failure));
    } else {
        fprintf(
            stderr,
            "snugbench: %s did not load the recorder: record a program that is linked "
            "dynamically with glibc and is not set-user-ID\n",
            options->program[0]);
    }
    return EXIT_FAILED;
}

int cli_record(int argc, char **argv)
{
    static struct comments comments;
    struct options options;
    struct recording recording;
    struct trace_error error = {""};
    int code = parse_options(argc, argv, &options);
    if (code >= 0) {
        return code;
    }
    if (!output_is_writable(options.output, options.program[0])) {
        return EXIT_FAILED;
    }
    describe(&comments, &options);
    const struct recording_options wanted = {
        .output = options.output,
        .comments = comments.pointers,
        .follow_fork = options.follow_fork,
        .max_ops = options.max_ops,
        .duration_ns = options.duration_ns,
    };
    if (!recording_run(&recording, options.program, &wanted, &error)) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        return recording.exit_code;
    }
    code = conclude(&recording, &options);
    recording_destroy(&recording);
    return code;
}
