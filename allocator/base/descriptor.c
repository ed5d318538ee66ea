#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "base/kernel.h"

/* Straight from the kernel: each function of libc's is looked up at each start, though
 * few programs have anything to say, and another library may stand in for it. */

/* Each process that has a descriptor pays for a table up to its number, and so does
 * each fork. Some below 4096, and below the usual limit of 1024, are left to other
 * libraries like this. */
#define HIGH_NUMBER 4000

bool descriptor_look(int number, struct stat *file)
{
    *file = (struct stat){0};
    return kernel_call(SYS_fstat, number, (long)file, 0, 0, 0, 0) == 0;
}

struct descriptor descriptor_of(int number)
{
    struct stat file;
    return descriptor_look(number, &file)
               ? (struct descriptor){number, file.st_dev, file.st_ino}
               : NO_DESCRIPTOR;
}

struct descriptor descriptor_copy(int number)
{
    long copy = -1;
    for (int high = HIGH_NUMBER; copy < 0 && high > 2; high /= 2) { /* below a limit */
        copy = kernel_call(SYS_fcntl, number, F_DUPFD_CLOEXEC, high, 0, 0, 0);
    }
    return descriptor_of((int)copy);
}

bool descriptor_is_at(const struct descriptor *descriptor, int number)
{
    struct stat file;
    return descriptor->number >= 0 && descriptor_look(number, &file) &&
           file.st_dev == descriptor->device && file.st_ino == descriptor->inode;
}

int descriptor_open(const char *path, int flags)
{
    return (int)kernel_call(SYS_openat, AT_FDCWD, (long)path, flags | O_CLOEXEC, 0666,
                            0, 0);
}

void descriptor_close_number(int number)
{
    kernel_call(SYS_close, number, 0, 0, 0, 0, 0);
}

ssize_t descriptor_read(int number, void *to, size_t bytes)
{
    return kernel_call(SYS_read, number, (long)to, (long)bytes, 0, 0, 0);
}

ssize_t descriptor_read_at(int number, void *to, size_t bytes, off_t at)
{
    return kernel_call(SYS_pread64, number, (long)to, (long)bytes, at, 0, 0);
}

bool descriptor_seek(int number, off_t at)
{
    return kernel_call(SYS_lseek, number, at, SEEK_SET, 0, 0, 0) == at;
}

void descriptor_close(struct descriptor *descriptor)
{
    if (descriptor_is_at(descriptor, descriptor->number)) {
        descriptor_close_number(descriptor->number);
    }
    descriptor->number = -1;
}

#define ONE_SIGNAL(number) ((uint64_t)1 << ((number)-1)) /* of a set of the kernel's */

/* A full pipe or socket that does not block, as a parent or the program has set it, has
 * a second to take something. Once it took nothing no line waits any more. */
static bool wait_for_room(int number)
{
    static atomic_bool in_vain;
    if (!atomic_load_explicit(&in_vain, memory_order_relaxed)) {
        struct pollfd file = {.fd = number, .events = POLLOUT};
        struct timespec most = {1, 0};
        if (kernel_call(SYS_ppoll, (long)&file, 1, (long)&most, 0, sizeof(uint64_t),
                        0) > 0) {
            return true;
        }
        atomic_store_explicit(&in_vain, true, memory_order_relaxed);
    }
    return false;
}

size_t descriptor_write(int number, const char *bytes, size_t length)
{
    /* What a write may bring upon this thread is held back meanwhile, and consumed; but
     * not what waits already, as the program holds it back itself. */
    static const uint64_t of_writing = ONE_SIGNAL(SIGPIPE) | ONE_SIGNAL(SIGXFSZ);
    static const struct timespec at_once = {0, 0};
    const size_t set_bytes = sizeof of_writing;
    uint64_t before = 0;
    uint64_t waiting = 0;
    kernel_call(SYS_rt_sigprocmask, SIG_BLOCK, (long)&of_writing, (long)&before,
                (long)set_bytes, 0, 0);
    if ((before & of_writing) != 0) {
        kernel_call(SYS_rt_sigpending, (long)&waiting, (long)set_bytes, 0, 0, 0, 0);
    }
    size_t done = 0;
    for (long n = 1; done < length && (n > 0 || n == -EINTR ||
                                       (n == -EAGAIN && wait_for_room(number)));) {
        n = kernel_call(SYS_write, number, (long)(bytes + done), (long)(length - done),
                        0, 0, 0);
        done += n > 0 ? (size_t)n : 0;
    }
    const uint64_t brought = of_writing & ~waiting;
    while (done < length && kernel_call(SYS_rt_sigtimedwait, (long)&brought, 0,
                                        (long)&at_once, (long)set_bytes, 0, 0) > 0) {
        /* it was for this write */
    }
    kernel_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, (long)set_bytes, 0,
                0);
    return done;
}
