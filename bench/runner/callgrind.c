#include "runner/callgrind.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "process/memory.h"
#include "process/program.h"

/* The one that this program was started by. */
static void find_loader(char *path, size_t size)
{
    Dl_info info;
    const void *start = (const void *)getauxval(AT_BASE);
    const bool found = dladdr(start, &info) != 0 && info.dli_fname != NULL;
    snprintf(path, size, "%s", found ? info.dli_fname : "");
}

bool callgrind_is_there(void)
{
    char path[PATH_MAX];
    return program_locate("valgrind", path);
}

struct callgrind *callgrind_create(void)
{
    struct callgrind *callgrind = memory_allocate(1, sizeof *callgrind);
    callgrind->counts_fd = memfd_create("snugbench-callgrind", MFD_CLOEXEC);
    if (callgrind->counts_fd < 0 || !program_locate("valgrind", callgrind->valgrind)) {
        const int reason = errno;
        callgrind_destroy(callgrind);
        errno = reason;
        return NULL;
    }
    find_loader(callgrind->loader, sizeof callgrind->loader);
    /* Ours, as it stays open here and not there. */
    snprintf(callgrind->counts_option, sizeof callgrind->counts_option,
             "--callgrind-out-file=/proc/%d/fd/%d", (int)getpid(),
             callgrind->counts_fd);
    size_t count = 0;
    callgrind->launcher[count++] = callgrind->valgrind;
    callgrind->launcher[count++] = "--quiet";
    callgrind->launcher[count++] = "--tool=callgrind";
    callgrind->launcher[count++] = "--toggle-collect=worker_counted_pass";
    callgrind->launcher[count++] = callgrind->counts_option;
    callgrind->launcher[count++] = callgrind->loader;
    return callgrind;
}

void callgrind_destroy(struct callgrind *callgrind)
{
    if (callgrind == NULL) {
        return;
    }
    if (callgrind->counts_fd >= 0) {
        close(callgrind->counts_fd);
    }
    free(callgrind);
}

/* "totals: 12345", a line of the file; the sum over all functions. */
uint64_t callgrind_instructions(const struct callgrind *callgrind)
{
    static const char key[] = "totals: ";
    uint64_t instructions = 0;
    char *line = NULL;
    size_t size = 0;
    const int fd = dup(callgrind->counts_fd);
    FILE *file = fd < 0 || lseek(fd, 0, SEEK_SET) != 0 ? NULL : fdopen(fd, "r");
    while (file != NULL && getline(&line, &size, file) > 0) {
        if (strncmp(line, key, sizeof key - 1) == 0) {
            instructions = strtoull(line + sizeof key - 1, NULL, 10);
        }
    }
    free(line);
    if (file != NULL) {
        fclose(file);
    } else if (fd >= 0) {
        close(fd);
    }
    return instructions;
}
