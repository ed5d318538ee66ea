/* Shell commands of the user: --prepare, --ready, --load and their like. */
#ifndef SNUGBENCH_PROCESS_SHELL_H
#define SNUGBENCH_PROCESS_SHELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "process/ending.h"
#include "process/spawn.h"

/* sh -c TEXT; its input is empty, and what it prints goes to `output` and `errors`
 * (negative: nowhere). false: `error` says why there is no process. */
bool shell_start(struct process *process, const char *text, int output, int errors,
                 uint64_t timeout_ns, char *error, size_t error_size);

/* From start to end; standard output goes nowhere. Killed if we are asked to stop. */
struct ending shell_run(const char *text, int errors, uint64_t timeout_ns);

#endif
