#include "trace/output.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 1 << 16,
    BLOCK_BYTES = 1 << 18, /* one write(2) */
    NUMBER_DIGITS = 20
};

struct output {
    char *path;  /* as given, for messages */
    char *final; /* where the file goes; NULL: written directly */
    char *aside; /* where it grows; NULL: written directly */
    int fd;
    struct archive *archive;
    int failure; /* errno of the first failure, 0: none */
    size_t used;
    char buffer[BUFFER_BYTES];
};

static void release(struct output *output)
{
    archive_write_free(output->archive);
    if (output->fd > STDOUT_FILENO) {
        close(output->fd);
    }
    if (output->aside != NULL) {
        unlink(output->aside);
    }
    free(output->aside);
    free(output->final);
    free(output->path);
    free(output);
}

static bool fail(const struct output *output, const char *what, int reason,
                 struct trace_error *error)
{
    snprintf(error->text, sizeof error->text, "%.300s: %s: %s", output->path, what,
             strerror(reason));
    return false;
}

/* dir/file.rep -> dir/.file.rep.XXXXXX, beside it so that rename(2) can move it. */
static bool open_aside(struct output *output)
{
    const char *slash = strrchr(output->final, '/');
    int directory_length = slash == NULL ? 0 : (int)(slash + 1 - output->final);
    const char *base = output->final + directory_length;
    char *aside = NULL;
    if (asprintf(&aside, "%.*s.%s.XXXXXX", directory_length, output->final, base) < 0) {
        return false;
    }
    output->fd = mkostemp(aside, O_CLOEXEC);
    if (output->fd < 0) {
        free(aside);
        return false;
    }
    output->aside = aside;
    mode_t mask = umask(0);
    umask(mask);
    return fchmod(output->fd, 0666 & ~mask) == 0;
}

static bool open_target(struct output *output)
{
    if (strcmp(output->path, "-") == 0) {
        output->fd = STDOUT_FILENO;
        return true;
    }
    struct stat status;
    bool exists = stat(output->path, &status) == 0;
    if (exists && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return false;
    }
    if (exists && !S_ISREG(status.st_mode)) {
        output->fd = open(output->path, O_WRONLY | O_CLOEXEC);
        return output->fd >= 0;
    }
    /* Through a symbolic link, so that the link stays and its target is replaced. */
    output->final = exists ? realpath(output->path, NULL) : strdup(output->path);
    return output->final != NULL && open_aside(output);
}

static bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text);
    size_t ending_length = strlen(ending);
    return length >= ending_length &&
           strcmp(text + length - ending_length, ending) == 0;
}

static int add_filter(struct archive *archive, const char *path, bool hard)
{
    if (ends_with(path, ".zst")) {
        int status = archive_write_add_filter_zstd(archive);
        archive_write_set_filter_option(archive, "zstd", "compression-level",
                                        hard ? "19" : "9");
        return status;
    }
    if (ends_with(path, ".gz")) {
        int status = archive_write_add_filter_gzip(archive);
        /* No time of day in it: the same trace gives the same file. */
        archive_write_set_filter_option(archive, "gzip", "timestamp", NULL);
        archive_write_set_filter_option(archive, "gzip", "compression-level",
                                        hard ? "9" : "6");
        return status;
    }
    if (ends_with(path, ".xz")) {
        return archive_write_add_filter_xz(archive);
    }
    if (ends_with(path, ".lz4")) {
        return archive_write_add_filter_lz4(archive);
    }
    return archive_write_add_filter_none(archive);
}

static bool open_archive(struct output *output, bool hard)
{
    struct archive *archive = archive_write_new();
    output->archive = archive;
    errno = ENOMEM;
    if (archive == NULL || archive_write_set_format_raw(archive) != ARCHIVE_OK ||
        add_filter(archive, output->path, hard) != ARCHIVE_OK) {
        return false;
    }
    archive_write_set_bytes_per_block(archive, BLOCK_BYTES);
    archive_write_set_bytes_in_last_block(archive, 1); /* no padding */
    if (archive_write_open_fd(archive, output->fd) != ARCHIVE_OK) {
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

struct output *output_open(const char *path, bool hard, struct trace_error *error)
{
    struct output *output = calloc(1, sizeof *output);
    if (output == NULL || (output->path = strdup(path)) == NULL) {
        free(output);
        snprintf(error->text, sizeof error->text, "no memory to write a trace");
        return NULL;
    }
    output->fd = -1;
    if (!open_target(output) || !open_archive(output, hard)) {
        fail(output, "cannot be created", errno, error);
        release(output);
        return NULL;
    }
    return output;
}

static void remember_failure(struct output *output)
{
    if (output->failure == 0) {
        int reason = archive_errno(output->archive);
        output->failure = reason > 0 ? reason : EIO;
    }
}

static void flush(struct output *output)
{
    if (output->failure == 0 && output->used > 0 &&
        archive_write_data(output->archive, output->buffer, output->used) !=
            (la_ssize_t)output->used) {
        remember_failure(output);
    }
    output->used = 0;
}

void output_text(struct output *output, const char *text)
{
    size_t length = strlen(text);
    while (length > 0) {
        if (output->used == BUFFER_BYTES) {
            flush(output);
        }
        size_t room = BUFFER_BYTES - output->used;
        size_t part = length < room ? length : room;
        memcpy(output->buffer + output->used, text, part);
        output->used += part;
        text += part;
        length -= part;
    }
}

void output_number(struct output *output, uint64_t number)
{
    char digits[NUMBER_DIGITS + 1];
    char *at = digits + NUMBER_DIGITS;
    *at = '\0';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    output_text(output, at);
}

bool output_finish(struct output *output, struct trace_error *error)
{
    flush(output);
    /* Always closed, so that compressors release what they hold. */
    if (archive_write_close(output->archive) != ARCHIVE_OK) {
        remember_failure(output);
    }
    bool done = output->failure == 0;
    if (done && output->aside != NULL) {
        if (rename(output->aside, output->final) != 0) {
            output->failure = errno;
            done = false;
        } else {
            free(output->aside);
            output->aside = NULL;
        }
    }
    if (!done) {
        fail(output, "cannot be written", output->failure, error);
    }
    release(output);
    return done;
}
