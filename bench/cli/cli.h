/* The subcommands: one file each in this folder, named after the subcommand.
 *
 * Each takes its own argv (argv[0] is the subcommand) and returns the exit code:
 * 0 done; 1 something measured or checked failed; 2 bad usage or bad input. */
#ifndef SNUGBENCH_CLI_CLI_H
#define SNUGBENCH_CLI_CLI_H

#define SNUGBENCH_VERSION "0.1.0"

enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
};

int cli_compare(int argc, char **argv);
int cli_convert(int argc, char **argv);
int cli_doctor(int argc, char **argv);
int cli_filter(int argc, char **argv);
int cli_generate(int argc, char **argv);
int cli_list(int argc, char **argv);
int cli_micro(int argc, char **argv);
int cli_minimize(int argc, char **argv);
int cli_record(int argc, char **argv);
int cli_replay(int argc, char **argv);
int cli_report(int argc, char **argv);
int cli_stat(int argc, char **argv);

#endif
