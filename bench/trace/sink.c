#include "trace/sink.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 1 << 16,
    BLOCK_BYTES = 1 << 18 /* one write(2) */
};

struct sink {
    char *path;  /* as given, for messages */
    char *final; /* where the file goes; NULL: written directly */
    char *aside; /* its name while it grows; NULL: it has none */
    int fd;
    enum sink_effort effort;
    struct archive *archive;
    bool has_put; /* anything since the file was cut */
    int failure;  /* errno of the first failure, 0: none */
    size_t used;
    char buffer[BUFFER_BYTES];
};

static void release(struct sink *sink)
{
    archive_write_free(sink->archive);
    if (sink->fd > STDOUT_FILENO) {
        close(sink->fd);
    }
    if (sink->aside != NULL) {
        unlink(sink->aside);
    }
    free(sink->aside);
    free(sink->final);
    free(sink->path);
    free(sink);
}

static bool fail(const struct sink *sink, const char *what, int reason,
                 struct trace_error *error)
{
    const bool is_stdout = strcmp(sink->path, "-") == 0;
    snprintf(error->text, sizeof error->text, "%.300s: %s: %s",
             is_stdout ? "standard output" : sink->path, what, strerror(reason));
    return false;
}

/* "dir/" of "dir/file.rep". */
static int directory_length(const struct sink *sink)
{
    const char *slash = strrchr(sink->final, '/');
    return slash == NULL ? 0 : (int)(slash + 1 - sink->final);
}

/* dir/file.rep -> dir/.file.rep.XXXXXX, beside it so that rename(2) can move it. */
static char *aside_name(const struct sink *sink)
{
    int length = directory_length(sink);
    char *name = NULL;
    return asprintf(&name, "%.*s.%s.XXXXXX", length, sink->final,
                    sink->final + length) < 0
               ? NULL
               : name;
}

/* A file with no name at all vanishes however this process ends. */
static bool open_nameless(struct sink *sink)
{
    char *directory = NULL;
    if (asprintf(&directory, "%.*s.", directory_length(sink), sink->final) < 0) {
        return false;
    }
    sink->fd = open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    free(directory);
    return sink->fd >= 0;
}

/* dir/file.rep.part, which belongs to one recording at a time: what an earlier one left
 * there goes. false: errno, EBUSY if another one writes it. */
static bool open_part(struct sink *sink)
{
    struct stat by_name;
    struct stat opened;
    if (asprintf(&sink->aside, "%s" SINK_PART_ENDING, sink->final) < 0) {
        sink->aside = NULL;
        return false;
    }
    do {
        if (sink->fd >= 0) {
            close(sink->fd);
        }
        sink->fd = open(sink->aside, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (sink->fd < 0 || flock(sink->fd, LOCK_EX | LOCK_NB) != 0) {
            errno = errno == EWOULDBLOCK ? EBUSY : errno;
            free(sink->aside);
            sink->aside = NULL; /* not ours to remove */
            return false;
        }
        /* Another recording may have given it its final name since it was opened. */
    } while (stat(sink->aside, &by_name) != 0 || fstat(sink->fd, &opened) != 0 ||
             by_name.st_ino != opened.st_ino);
    return ftruncate(sink->fd, 0) == 0;
}

/* Where the file system knows no nameless files. */
static bool open_named(struct sink *sink)
{
    char *aside = aside_name(sink);
    sink->fd = aside == NULL ? -1 : mkostemp(aside, O_CLOEXEC);
    if (sink->fd < 0) {
        free(aside);
        return false;
    }
    sink->aside = aside;
    mode_t mask = umask(0);
    umask(mask);
    return fchmod(sink->fd, 0666 & ~mask) == 0;
}

/* linkat(2) replaces nothing, so a nameless file gets a name aside first. */
static bool give_name(struct sink *sink)
{
    char open_file[40];
    snprintf(open_file, sizeof open_file, "/proc/self/fd/%d", sink->fd);
    char *aside = aside_name(sink);
    int taken = aside == NULL ? -1 : mkostemp(aside, O_CLOEXEC);
    if (taken < 0) {
        free(aside);
        return false;
    }
    /* mkostemp found a name that nobody has; it is free again for an instant. */
    close(taken);
    unlink(aside);
    if (linkat(AT_FDCWD, open_file, AT_FDCWD, aside, AT_SYMLINK_FOLLOW) != 0) {
        free(aside);
        return false;
    }
    sink->aside = aside;
    return true;
}

/* The whole file takes its place. */
static bool move_to_final(struct sink *sink)
{
    if (sink->aside == NULL && !give_name(sink)) {
        return false;
    }
    if (rename(sink->aside, sink->final) != 0) {
        return false;
    }
    free(sink->aside);
    sink->aside = NULL;
    return true;
}

static bool open_target(struct sink *sink)
{
    if (strcmp(sink->path, "-") == 0) {
        sink->fd = STDOUT_FILENO;
        return true;
    }
    struct stat status;
    bool exists = stat(sink->path, &status) == 0;
    if (exists && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return false;
    }
    if (exists && !S_ISREG(status.st_mode)) {
        sink->fd = open(sink->path, O_WRONLY | O_CLOEXEC);
        return sink->fd >= 0;
    }
    /* Through a symbolic link, so that the link stays and its target is replaced. */
    sink->final = exists ? realpath(sink->path, NULL) : strdup(sink->path);
    if (sink->final != NULL && sink->effort == SINK_QUICK) {
        return open_part(sink);
    }
    return sink->final != NULL && (open_nameless(sink) || open_named(sink));
}

static bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text);
    size_t ending_length = strlen(ending);
    return length >= ending_length &&
           strcmp(text + length - ending_length, ending) == 0;
}

static int add_filter(struct archive *archive, const char *path,
                      enum sink_effort effort)
{
    static const char *const zstd_levels[] = {
        [SINK_QUICK] = "1", [SINK_FAIR] = "9", [SINK_HARD] = "19"};
    static const char *const gzip_levels[] = {
        [SINK_QUICK] = "1", [SINK_FAIR] = "6", [SINK_HARD] = "9"};
    if (ends_with(path, ".zst")) {
        int status = archive_write_add_filter_zstd(archive);
        archive_write_set_filter_option(archive, "zstd", "compression-level",
                                        zstd_levels[effort]);
        return status;
    }
    if (ends_with(path, ".gz")) {
        int status = archive_write_add_filter_gzip(archive);
        /* No time of day in it: the same trace gives the same file. */
        archive_write_set_filter_option(archive, "gzip", "timestamp", NULL);
        archive_write_set_filter_option(archive, "gzip", "compression-level",
                                        gzip_levels[effort]);
        return status;
    }
    if (ends_with(path, ".xz")) {
        int status = archive_write_add_filter_xz(archive);
        archive_write_set_filter_option(archive, "xz", "compression-level",
                                        effort == SINK_QUICK ? "0" : "6");
        return status;
    }
    if (ends_with(path, ".lz4")) {
        return archive_write_add_filter_lz4(archive);
    }
    if (ends_with(path, ".bz2")) {
        return archive_write_add_filter_bzip2(archive);
    }
    return archive_write_add_filter_none(archive);
}

static bool open_archive(struct sink *sink)
{
    struct archive *archive = archive_write_new();
    sink->archive = archive;
    errno = ENOMEM;
    if (archive == NULL || archive_write_set_format_raw(archive) != ARCHIVE_OK ||
        add_filter(archive, sink->path, sink->effort) != ARCHIVE_OK) {
        return false;
    }
    archive_write_set_bytes_per_block(archive, BLOCK_BYTES);
    archive_write_set_bytes_in_last_block(archive, 1); /* no padding */
    if (archive_write_open_fd(archive, sink->fd) != ARCHIVE_OK) {
        return false;
    }
    struct archive_entry *entry = archive_entry_new();
    if (entry == NULL) {
        return false;
    }
    archive_entry_set_filetype(entry, AE_IFREG);
    bool begun = archive_write_header(archive, entry) == ARCHIVE_OK;
    archive_entry_free(entry);
    return begun;
}

struct sink *sink_open(const char *path, enum sink_effort effort,
                       struct trace_error *error)
{
    struct sink *sink = calloc(1, sizeof *sink);
    if (sink == NULL || (sink->path = strdup(path)) == NULL) {
        free(sink);
        snprintf(error->text, sizeof error->text, "no memory to write a trace");
        return NULL;
    }
    sink->fd = -1;
    sink->effort = effort;
    if (!open_target(sink) || !open_archive(sink)) {
        if (errno == EBUSY) {
            snprintf(error->text, sizeof error->text,
                     "%.300s is being written by another recording", sink->path);
        } else {
            fail(sink, "cannot be created", errno, error);
        }
        release(sink);
        return NULL;
    }
    return sink;
}

static void remember_failure(struct sink *sink)
{
    if (sink->failure == 0) {
        int reason = archive_errno(sink->archive);
        sink->failure = reason > 0 ? reason : EIO;
    }
}

static void flush(struct sink *sink)
{
    if (sink->failure == 0 && sink->used > 0 &&
        archive_write_data(sink->archive, sink->buffer, sink->used) !=
            (la_ssize_t)sink->used) {
        remember_failure(sink);
    }
    sink->used = 0;
}

void sink_put(struct sink *sink, const char *bytes, size_t length)
{
    sink->has_put = sink->has_put || length > 0;
    while (length > 0) {
        if (sink->used == BUFFER_BYTES) {
            flush(sink);
        }
        size_t room = BUFFER_BYTES - sink->used;
        size_t part = length < room ? length : room;
        memcpy(sink->buffer + sink->used, bytes, part);
        sink->used += part;
        bytes += part;
        length -= part;
    }
}

void sink_text(struct sink *sink, const char *text)
{
    sink_put(sink, text, strlen(text));
}

/* All filters take one compressed stream behind another for one text. */
void sink_cut(struct sink *sink)
{
    if (!sink->has_put) {
        return;
    }
    flush(sink);
    if (archive_write_close(sink->archive) != ARCHIVE_OK) {
        remember_failure(sink);
    }
    archive_write_free(sink->archive);
    if (!open_archive(sink) && sink->failure == 0) {
        sink->failure = errno > 0 ? errno : EIO;
    }
    sink->has_put = false;
}

bool sink_has_failed(const struct sink *sink)
{
    return sink->failure != 0;
}

/* ---- the head that is written last ----
 *
 * A compressed file begins with it as a frame of its own, whose one block is not
 * compressed (RFC 8878, 3.1.1), so that other text of that length takes its place. */

enum {
    FRAME_HEAD_BYTES = 9,
    RESERVED_LIMIT_BYTES = 120
};

static size_t frame(const struct sink *sink, const char *text,
                    unsigned char bytes[FRAME_HEAD_BYTES + RESERVED_LIMIT_BYTES])
{
    size_t length = strlen(text);
    size_t head = 0;
    if (ends_with(sink->path, ".zst")) {
        /* The magic number; a single segment, whose size has one byte. */
        static const unsigned char zstd[] = {0x28, 0xb5, 0x2f, 0xfd, 0x20};
        memcpy(bytes, zstd, sizeof zstd);
        bytes[5] = (unsigned char)length;
        /* The last block, which is raw, and its size: 24 bits. */
        bytes[6] = (unsigned char)(length << 3 | 1);
        bytes[7] = (unsigned char)(length >> 5);
        bytes[8] = 0;
        head = FRAME_HEAD_BYTES;
    }
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): bytes of a file, no text */
    memcpy(bytes + head, text, length);
    return head + length;
}

bool sink_reserve(struct sink *sink, const char *text)
{
    static const char *const others[] = {".gz", ".xz", ".lz4", ".bz2"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (ends_with(sink->path, others[i])) {
            return false;
        }
    }
    if (sink->final == NULL) {
        return false;
    }
    unsigned char bytes[FRAME_HEAD_BYTES + RESERVED_LIMIT_BYTES];
    size_t length = frame(sink, text, bytes);
    if (write(sink->fd, bytes, length) != (ssize_t)length) {
        sink->failure = errno > 0 ? errno : EIO;
    }
    return true;
}

void sink_fill_reserved(struct sink *sink, const char *text)
{
    unsigned char bytes[FRAME_HEAD_BYTES + RESERVED_LIMIT_BYTES];
    size_t length = frame(sink, text, bytes);
    if (pwrite(sink->fd, bytes, length, 0) != (ssize_t)length && sink->failure == 0) {
        sink->failure = errno > 0 ? errno : EIO;
    }
}

/* ---- the end ---- */

bool sink_finish(struct sink *sink, struct trace_error *error)
{
    flush(sink);
    /* Always closed, so that compressors release what they hold. */
    if (archive_write_close(sink->archive) != ARCHIVE_OK) {
        remember_failure(sink);
    }
    bool done = sink->failure == 0;
    if (done && sink->final != NULL && !move_to_final(sink)) {
        sink->failure = errno;
        done = false;
    }
    if (!done) {
        fail(sink, "cannot be written", sink->failure, error);
    }
    release(sink);
    return done;
}

void sink_discard(struct sink *sink)
{
    archive_write_fail(sink->archive);
    release(sink);
}
