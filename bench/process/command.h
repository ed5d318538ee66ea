/* Starting what is not the measured program itself: the shell commands of the user
 * (--prepare, --ready, --load ...) and hyperfine. Each leads a session of its own, so
 * that the terminal's Ctrl-C reaches snugbench alone, which then ends them. */
#ifndef SNUGBENCH_PROCESS_COMMAND_H
#define SNUGBENCH_PROCESS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum command_end {
    COMMAND_ENDED,       /* wait_status holds */
    COMMAND_TIMED_OUT,   /* killed */
    COMMAND_INTERRUPTED, /* killed */
    COMMAND_NOT_STARTED, /* errno */
};

/* -1 or a negative number: /dev/null. */
struct command_files {
    int input, output, errors;
};

/* -1: no process to be had (errno). A program that cannot be run ends with 127. */
pid_t command_start(char *const argv[], struct command_files files);

/* Waits for it; `timeout_ns` 0: as long as it takes. */
enum command_end command_wait(pid_t pid, uint64_t timeout_ns, int *wait_status);

/* sh -c TEXT: start and wait. */
enum command_end command_shell(const char *text, struct command_files files,
                               uint64_t timeout_ns, int *wait_status);

/* An unlinked file in TMPDIR; ends the program where none can be made. */
int command_file(void);

/* The first line in the file, without control characters; "" none. */
void command_first_line(int file, char *line, size_t size);

/* "exit code 3", "killed by SIGSEGV". */
void command_ending(int wait_status, char *text, size_t size);

#endif
