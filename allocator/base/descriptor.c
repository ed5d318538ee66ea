#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "base/kernel.h"

/* Straight from the kernel: each function of libc's is looked up at each start, though
 * few programs have anything to say, and another library may stand in for it. */

static const struct descriptor none = {.number = -1};

/* Each process that has a descriptor pays for a table up to its number, and so does
 * each fork. Some below 4096, and below the usual limit of 1024, are left to other
 * libraries like this. */
#define HIGH_NUMBER 4000

bool descriptor_look(int number, struct stat *file)
{
    *file = (struct stat){0};
    return kernel_call(SYS_fstat, number, (long)file, 0, 0, 0, 0) == 0;
}

struct descriptor descriptor_copy(int number)
{
    long copy = -1;
    for (int high = HIGH_NUMBER; copy < 0 && high > 2; high /= 2) { /* below a limit */
        copy = kernel_call(SYS_fcntl, number, F_DUPFD_CLOEXEC, high, 0, 0, 0);
    }
    struct stat file;
    return copy >= 0 && descriptor_look((int)copy, &file)
               ? (struct descriptor){(int)copy, file.st_dev, file.st_ino}
               : none;
}

bool descriptor_is_at(const struct descriptor *descriptor, int number)
{
    struct stat file;
    return descriptor->number >= 0 && descriptor_look(number, &file) &&
           file.st_dev == descriptor->device && file.st_ino == descriptor->inode;
}

bool descriptor_is_sound(const struct descriptor *descriptor)
{
    return descriptor_is_at(descriptor, descriptor->number);
}

void descriptor_close(struct descriptor *descriptor)
{
    if (descriptor_is_sound(descriptor)) {
        kernel_call(SYS_close, descriptor->number, 0, 0, 0, 0, 0);
    }
    *descriptor = none;
}

typedef uint64_t signals; /* a set, as the kernel has it */

#define ONE_SIGNAL(number) ((signals)1 << ((number)-1))

/* What a write may bring upon this thread. */
static const signals of_writing = ONE_SIGNAL(SIGPIPE) | ONE_SIGNAL(SIGXFSZ);

static signals change_mask(int how, signals mask)
{
    signals before = 0;
    kernel_call(SYS_rt_sigprocmask, how, (long)&mask, (long)&before, sizeof mask, 0, 0);
    return before;
}

/* Returns those signals that are waiting, of those that the program holds back
 * itself. */
static signals waiting_of(signals held_back)
{
    signals waiting = 0;
    if (held_back != 0) {
        kernel_call(SYS_rt_sigpending, (long)&waiting, sizeof waiting, 0, 0, 0, 0);
    }
    return waiting & held_back;
}

static void consume(signals set)
{
    static const struct timespec at_once = {0, 0};
    while (kernel_call(SYS_rt_sigtimedwait, (long)&set, 0, (long)&at_once, sizeof set,
                       0, 0) > 0) {
        /* it was for this write */
    }
}

size_t descriptor_write(int number, const char *bytes, size_t length)
{
    const signals before = change_mask(SIG_BLOCK, of_writing);
    const signals waiting = waiting_of(before & of_writing);
    size_t done = 0;
    bool failed = false;
    while (done < length && !failed) {
        const long n = kernel_call(SYS_write, number, (long)(bytes + done),
                                   (long)(length - done), 0, 0, 0);
        done += n > 0 ? (size_t)n : 0;
        failed = n == 0 || (n < 0 && n != -EINTR);
    }
    if (failed) {
        consume(of_writing & ~waiting);
    }
    change_mask(SIG_SETMASK, before);
    return done;
}
