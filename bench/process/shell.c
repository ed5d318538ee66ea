#include "process/shell.h"

#include <errno.h>
#include <stdlib.h>

#include "process/memory.h"

bool shell_start(struct process *process, const char *text, int output, int errors,
                 uint64_t timeout_ns, char *error, size_t error_size)
{
    char *command = memory_copy(text);
    char *arguments[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
    const struct process_plan plan = {
        .kind = PROCESS_COMMAND,
        .arguments = arguments,
        .files = {-1, output, errors},
        .file_count = 3,
        .output_fd = -1,
        .timeout_ns = timeout_ns,
    };
    const bool started = process_start(process, &plan, error, error_size);
    free(command);
    return started;
}

struct ending shell_run(const char *text, int errors, uint64_t timeout_ns)
{
    struct process process;
    char error[128];
    if (!shell_start(&process, text, -1, errors, timeout_ns, error, sizeof error)) {
        return (struct ending){.kind = ENDING_NOT_RUN, .number = errno};
    }
    process_wait(&process);
    const struct ending ending = ending_of(&process);
    process_close(&process);
    return ending;
}
