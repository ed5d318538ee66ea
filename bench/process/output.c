#include "process/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LIMIT_BYTES = 64 * 1024,
};

int output_limited(void)
{
    int fd = memfd_create("snugbench-output", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return -1;
    }
    if (ftruncate(fd, LIMIT_BYTES) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int output_file(void)
{
    const char *folder = getenv("TMPDIR");
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/snugbench-XXXXXX",
             folder != NULL && folder[0] != '\0' ? folder : "/tmp");
    const int fd = mkostemp(path, O_CLOEXEC | O_APPEND);
    if (fd < 0) {
        fprintf(stderr, "snugbench: cannot make a file like %s: %s\n", path,
                strerror(errno));
        exit(EXIT_FAILURE);
    }
    unlink(path);
    return fd;
}

/* The last line that is not empty, of the last 4 KiB. */
static void read_last_line(int fd, char *line, size_t size)
{
    char end[4096];
    struct stat status;
    const off_t room = sizeof end - 1;
    const off_t all = fstat(fd, &status) == 0 ? status.st_size : 0;
    ssize_t length = pread(fd, end, (size_t)room, all > room ? all - room : 0);
    while (length > 0 && end[length - 1] == '\n') {
        length--;
    }
    end[length > 0 ? length : 0] = '\0';
    const char *before = strrchr(end, '\n');
    snprintf(line, size, "%s", before != NULL ? before + 1 : end);
}

void output_first_line(int fd, char *line, size_t size)
{
    const ssize_t length = pread(fd, line, size - 1, 0);
    line[length > 0 ? length : 0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    /* Python's stack comes first, and what went wrong last. */
    if (strncmp(line, "Traceback (most recent", 22) == 0) {
        read_last_line(fd, line, size);
    }
    for (char *at = line; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f) {
            *at = ' '; /* escape sequences must not reach the terminal */
        }
    }
}

bool output_is_same(int left, int right)
{
    char a[8192];
    char b[8192];
    off_t at = 0;
    for (;;) {
        const ssize_t got = pread(left, a, sizeof a, at);
        if (got != pread(right, b, sizeof b, at) || got < 0 ||
            memcmp(a, b, (size_t)got) != 0) {
            return false;
        }
        if (got == 0) {
            return true;
        }
        at += got;
    }
}
