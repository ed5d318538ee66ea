/* File descriptors that are kept while other code runs, which may close them and have
 * files of its own under their numbers: daemons close all that they find open.
 *
 * Such a descriptor has a high number, out of the way of loops that close the lower
 * ones, is not inherited by other programs, and is asked before each use whether it
 * still is the file that it was.
 *
 * And files that are read or written at once, without libc's functions: another
 * library's may stand in their place and allocate, and a thread may be cancelled in
 * them. Nothing here allocates, locks or changes errno. */
#ifndef SNUG_DESCRIPTOR_H
#define SNUG_DESCRIPTOR_H

#include <sys/stat.h>
#include <sys/types.h>

#include "base/assertions.h"

struct descriptor {
    int number; /* -1: none */
    dev_t device;
    ino_t inode;
};

#define NO_DESCRIPTOR ((struct descriptor){.number = -1})

/* What a number stands for now; false, or none: nothing. */
bool descriptor_look(int number, struct stat *file);
struct descriptor descriptor_of(int number);
/* Another descriptor of the same open file, to be kept; none if it cannot be had. */
struct descriptor descriptor_copy(int number);
/* Whether a number still, or again, stands for the same file. */
bool descriptor_is_at(const struct descriptor *descriptor, int number);
/* As open, with O_CLOEXEC and mode 0666; less than 0: not to be had. */
int descriptor_open(const char *path, int flags);
void descriptor_close_number(int number);
/* As read and pread; less than 0 after an error. */
ssize_t descriptor_read(int number, void *to, size_t bytes);
ssize_t descriptor_read_at(int number, void *to, size_t bytes, off_t at);
/* Where the next write goes, from the start of the file; whether it could be set. */
bool descriptor_seek(int number, off_t at);
/* Close it, unless the number is another file's by now; it is none then. */
void descriptor_close(struct descriptor *descriptor);
/* Write at the file's position; how much was written, less than length after an error.
 * A file that has reached its limit of size, or a pipe that nobody reads any more, is
 * an error and no signal, whatever the process thinks of SIGXFSZ and SIGPIPE. */
size_t descriptor_write(int number, const char *bytes, size_t length);

#endif
