#include "runner/delayed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "floor/delay.h"
#include "process/memory.h"
#include "process/tool.h"

static bool copy_with_delay(int from, int to, uint32_t steps)
{
    struct stat status;
    if (fstat(from, &status) != 0) {
        return false;
    }
    const size_t bytes = (size_t)status.st_size;
    unsigned char *image = memory_allocate(bytes, 1);
    bool copied = read(from, image, bytes) == (ssize_t)bytes;
    struct delay *delay = memmem(image, bytes, DELAY_MARK, sizeof DELAY_MARK);
    if (delay == NULL) {
        errno = ENOEXEC;
        copied = false;
    }
    if (copied) {
        memcpy(&delay->steps, &steps, sizeof steps);
        copied = write(to, image, bytes) == (ssize_t)bytes;
    }
    free(image);
    return copied;
}

bool delayed_open(struct delayed *delayed, uint32_t extra_steps, char *error,
                  size_t error_size)
{
    char library[PATH_MAX];
    *delayed = (struct delayed){.fd = -1};
    if (!tool_find("libsnugbench-floor-delayed.so", library, sizeof library)) {
        snprintf(error, error_size, "%s is missing; 'make' builds it", library);
        return false;
    }
    const int from = open(library, O_RDONLY | O_CLOEXEC);
    delayed->fd = memfd_create("snugbench-floor-delayed", MFD_CLOEXEC);
    const bool copied =
        from >= 0 && delayed->fd >= 0 &&
        copy_with_delay(from, delayed->fd, DELAY_BASE_STEPS + extra_steps);
    if (!copied) {
        snprintf(error, error_size, "cannot copy %s: %s", library, strerror(errno));
        delayed_close(delayed);
    }
    if (from >= 0) {
        close(from);
    }
    snprintf(delayed->path, sizeof delayed->path, "/proc/%d/fd/%d", (int)getpid(),
             delayed->fd);
    return copied;
}

void delayed_close(struct delayed *delayed)
{
    if (delayed->fd >= 0) {
        close(delayed->fd);
    }
    delayed->fd = -1;
}
