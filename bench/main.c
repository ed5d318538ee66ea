/* snugbench: the subcommand table. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"compare", cli_compare, "your program, or traces: which allocator is the best?"},
    {"replay", cli_replay, "measure allocators on traces: table, CSV"},
    {"record", cli_record, "record the allocations of a real program"},
    {"convert", cli_convert, "turn traces and logs of other tools into .rep"},
    {"filter", cli_filter, "part of a trace, by window, thread and size"},
    {"minimize", cli_minimize, "the smallest trace that fails, or is slow"},
    {"generate", cli_generate, "write a synthetic trace from a model and a seed"},
    {"stat", cli_stat, "what is in a trace: operations, sizes, peak live bytes"},
    {"report", cli_report, "charts and one page out of a results folder"},
    {"list", cli_list, "the allocators found on this machine"},
    {"micro", cli_micro, "measure one question each: threads, growth, realloc ..."},
    {"doctor", cli_doctor, "what disturbs measuring on this machine, with remedies"},
};

enum {
    COMMAND_COUNT = sizeof commands / sizeof *commands
};

static void print_help(FILE *out)
{
    fprintf(out, "snugbench %s - replay allocation traces, compare allocators\n\n",
            SNUGBENCH_VERSION);
    fprintf(out, "usage: snugbench COMMAND [OPTIONS] ...\n\ncommands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    fprintf(out, "\nexamples:\n"
                 "  snugbench compare -- ./app --its-own-flags\n"
                 "  snugbench record -o app.rep.zst -- ./app --its-own-flags\n"
                 "  snugbench compare app.rep.zst -a glibc -a mine=./libmine.so\n"
                 "  snugbench replay traces/*.rep.zst --export-csv out.csv\n"
                 "\n'snugbench COMMAND --help' tells the rest.\n");
}

static void do_nothing(int signal)
{
    (void)signal;
}

/* A write beyond 'ulimit -f' then fails with EFBIG and is reported, as on a full disk.
 * By a handler and not SIG_IGN: programs started from here begin with the default. */
static void outlive_file_size_limit(void)
{
    struct sigaction old;
    if (sigaction(SIGXFSZ, NULL, &old) == 0 && old.sa_handler == SIG_DFL) {
        sigaction(SIGXFSZ,
                  &(struct sigaction){.sa_handler = do_nothing, .sa_flags = SA_RESTART},
                  NULL);
    }
}

/* Started with one of the standard streams closed: else a file of ours would have its
 * number, be read as standard input or get what is printed. Reading and writing fail
 * with EBADF, as they should, and a program that is started from here finds it closed.
 */
static void occupy_closed_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
        }
    }
}

static int run_command(int argc, char **argv)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[0], commands[i].name) == 0) {
            return commands[i].run(argc, argv);
        }
    }
    fprintf(stderr,
            "snugbench: no command '%s'; 'snugbench --help' lists the commands\n",
            argv[0]);
    return EXIT_USAGE;
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    const bool is_help = strcmp(argv[1], "help") == 0;
    if (is_help && argc > 2) {
        return run_command(2, (char *[]){argv[2], (char[]){"--help"}, NULL});
    }
    if (is_help || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("snugbench %s\n", SNUGBENCH_VERSION);
        return EXIT_OK;
    }
    return run_command(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    occupy_closed_streams();
    outlive_file_size_limit();
    const int code = run(argc, argv);
    if (code == EXIT_OK && (fflush(stdout) != 0 || ferror(stdout))) {
        fprintf(stderr, "snugbench: cannot write to standard output: %s\n",
                strerror(errno));
        return EXIT_FAILED;
    }
    return code;
}
