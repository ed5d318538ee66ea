/* What is in a file, plain or compressed (recognised by content: zstd, gzip, xz, lzma,
 * lz4, bzip2, a zip with one file), decompressed by a thread of its own, ahead of the
 * one that reads: on two processors that costs the reader nothing. */
#ifndef SNUGBENCH_TRACE_CONTENTS_H
#define SNUGBENCH_TRACE_CONTENTS_H

#include <stdbool.h>
#include <stddef.h>

struct contents;

enum contents_status {
    CONTENTS_OPEN,
    CONTENTS_EMPTY,  /* there is no file in it */
    CONTENTS_BROKEN, /* contents_failure says why */
};

/* Of the open file `fd`, which stays the caller's. NULL: no memory, no thread (errno).
 * Nothing can be read unless `status` is CONTENTS_OPEN. */
struct contents *contents_open(int fd, enum contents_status *status);
void contents_close(struct contents *contents);

/* The next bytes, at most `room`; 0: nothing more will come. */
size_t contents_read(struct contents *contents, char *to, size_t room);

/* After the last byte. Did reading stop before the end? `reason` is then
 * contents_several_files or the words of libarchive, which may be NULL. */
bool contents_failed(const struct contents *contents, const char **reason);

extern const char contents_several_files[];

#endif
