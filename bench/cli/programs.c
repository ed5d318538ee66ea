/* snugbench programs: hyperfine's exports into one table and programs.csv; and the peak
 * memory of one command, which hyperfine does not export. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "report/csv.h"
#include "report/hyperfine.h"
#include "report/programs.h"

static void print_help(void)
{
    printf(
        "usage: snugbench programs [-o OUT.csv] [--reference NAME] CSV...\n"
        "       snugbench programs --peak NAME -- PROGRAM ARGS...\n\n"
        "Compare whole programs timed by 'hyperfine --export-csv' under each "
        "allocator.\n"
        "Each CSV is one round and its commands are named PROGRAM:ALLOCATOR "
        "(hyperfine\n"
        "-n); ratios are paired by round. 'make programs' does it all.\n\n"
        "  -o, --output OUT.csv   write the figures, one row per program and "
        "allocator\n"
        "      --reference NAME   ratios are against this allocator (default: glibc)\n"
        "      --peak NAME        run a command once, its output dropped, and print\n"
        "                         'NAME,peak resident bytes' of its largest process: "
        "a\n"
        "                         row for a CSV headed command,peak_resident_bytes\n"
        "  -h, --help             this text\n\n"
        "Exit code: 0 done; 1 the command of --peak failed, or the output could not "
        "be\n"
        "written; 2 bad usage or a bad CSV.\n\n"
        "examples:\n"
        "  hyperfine -N --export-csv 1.csv -n sort:glibc 'sort big' \\\n"
        "      -n sort:snug 'env LD_PRELOAD=build/libsnug.so sort big'\n"
        "  snugbench programs -o programs.csv 1.csv 2.csv 3.csv\n");
}

static int complain(const char *text)
{
    fprintf(stderr, "snugbench: %s\n", text);
    return EXIT_USAGE;
}

static int start(char **command)
{
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
    }
    execvp(command[0], command);
    fprintf(stderr, "snugbench: cannot run '%s': %s\n", command[0], strerror(errno));
    _exit(127);
}

/* The largest process of the command's family, as the kernel accounts it. */
static int measure_peak(const char *name, char **command)
{
    /* Ignored, as some parents leave it, it would have the kernel forget the figures.
     */
    const struct sigaction by_default = {.sa_handler = SIG_DFL};
    struct sigaction old;
    sigaction(SIGCHLD, &by_default, &old);
    const pid_t child = fork();
    if (child == 0) {
        sigaction(SIGCHLD, &old, NULL);
        start(command);
    }
    int status = 0;
    struct rusage usage;
    if (child < 0 || wait4(child, &status, 0, &usage) < 0) {
        fprintf(stderr, "snugbench: cannot run '%s': %s\n", command[0],
                strerror(errno));
        return EXIT_FAILED;
    }
    if (WIFSIGNALED(status)) {
        fprintf(stderr, "snugbench: %s: killed by signal %d\n", name, WTERMSIG(status));
        return EXIT_FAILED;
    }
    if (WEXITSTATUS(status) != 0) {
        fprintf(stderr, "snugbench: %s: exit code %d\n", name, WEXITSTATUS(status));
        return EXIT_FAILED;
    }
    struct csv_line line = {.count = 0};
    csv_line_text(&line, name);
    csv_line_count(&line, (uint64_t)usage.ru_maxrss * 1024);
    return csv_line_write(&line, stdout) && fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
}

/* Table and CSV; all are tried even if one fails. */
static int report(const struct program_summary *summary, const char *out)
{
    struct report_error error;
    int code = EXIT_OK;
    if (!programs_table(stdout, summary)) {
        fprintf(stderr, "snugbench: cannot write the table: %s\n", strerror(errno));
        code = EXIT_FAILED;
    }
    if (out != NULL && !programs_write_csv(summary, out, &error)) {
        complain(error.text);
        code = EXIT_FAILED;
    }
    return code;
}

static int compare(char **paths, int count, const char *reference, const char *out)
{
    struct program_list list = {.count = 0};
    struct program_summary summary;
    struct report_error error;
    int code = EXIT_OK;
    for (int i = 0; i < count && code == EXIT_OK; i++) {
        if (!hyperfine_read(&list, paths[i], (unsigned)i, &error)) {
            code = complain(error.text);
        }
    }
    if (code == EXIT_OK && !program_summary_create(&summary, &list, reference,
                                                   summary_defaults.warm_effect)) {
        complain("out of memory");
        code = EXIT_FAILED;
    } else if (code == EXIT_OK) {
        code = report(&summary, out);
        program_summary_destroy(&summary);
    }
    program_list_free(&list);
    return code;
}

int cli_programs(int argc, char **argv)
{
    const char *out = NULL;
    const char *reference = "glibc";
    const char *peak = NULL;
    const struct options_row rows[] = {
        {'o', "output", options_text, .target = &out},
        {0, "reference", options_text, .target = &reference},
        {0, "peak", options_text, .target = &peak},
    };
    const struct options_command command = {"programs", print_help, OPERANDS_PROGRAM,
                                            rows, sizeof rows / sizeof *rows};
    int first = 0;
    const int code = options_parse(&command, argc, argv, &first);
    if (code >= 0) {
        return code;
    }
    if (first == argc) {
        return options_complain(&command, peak != NULL
                                              ? "--peak needs a command after --"
                                              : "programs needs hyperfine's CSV files");
    }
    if (peak != NULL) {
        return measure_peak(peak, argv + first);
    }
    return compare(argv + first, argc - first, reference, out);
}
