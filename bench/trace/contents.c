#include "trace/contents.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BLOCK_BYTES = 1 << 18, /* of the file, read at once */
    RING_BYTES = 1 << 21,  /* how far the thread is ahead */
};

const char contents_several_files[] = "expected a zip with one file, found several";

struct contents {
    int fd;
    struct archive *archive;
    bool is_zip;
    unsigned char *block; /* BLOCK_BYTES */
    unsigned char *ring;  /* RING_BYTES */

    pthread_t thread;
    bool has_thread;
    int stop_pipe[2]; /* readable: the thread is to end, whatever it waits for */

    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    uint64_t made_bytes; /* since the start */
    uint64_t taken_bytes;
    bool is_stopped; /* nobody reads any more */
    bool at_end;     /* nothing more is made; the next two are final */
    bool has_failed;
    const char *failure;
};

/* Waits for the file or for the end of reading, since a pipe may never have more. */
static la_ssize_t read_block(struct archive *archive, void *data, const void **block)
{
    struct contents *contents = data;
    struct pollfd files[] = {{.fd = contents->fd, .events = POLLIN},
                             {.fd = contents->stop_pipe[0], .events = POLLIN}};
    ssize_t got = -1;
    do {
        if (poll(files, 2, -1) > 0) {
            got = files[1].revents != 0
                      ? 0
                      : read(contents->fd, contents->block, BLOCK_BYTES);
        }
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        archive_set_error(archive, errno, "%s", strerror(errno));
    }
    *block = contents->block;
    return got;
}

/* The next file in an archive; raw data are one. */
static int next_file(struct archive *archive)
{
    struct archive_entry *entry = NULL;
    int status;
    do {
        status = archive_read_next_header(archive, &entry);
    } while (status == ARCHIVE_OK && archive_entry_filetype(entry) == AE_IFDIR);
    return status;
}

/* The named filters and no others: some of libarchive's would start a program. */
static enum contents_status open_archive(struct contents *contents)
{
    struct archive *archive = contents->archive;
    archive_read_support_filter_zstd(archive);
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_xz(archive);
    archive_read_support_filter_lzma(archive);
    archive_read_support_filter_lz4(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_format_raw(archive);
    archive_read_support_format_empty(archive);
    archive_read_support_format_zip(archive);
    int status = archive_read_open(archive, contents, NULL, read_block, NULL);
    if (status == ARCHIVE_OK) {
        status = next_file(archive);
        contents->is_zip = archive_format(archive) == ARCHIVE_FORMAT_ZIP;
    }
    if (status == ARCHIVE_OK) {
        return CONTENTS_OPEN;
    }
    contents->has_failed = true;
    contents->failure = archive_error_string(archive);
    return status == ARCHIVE_EOF ? CONTENTS_EMPTY : CONTENTS_BROKEN;
}

/* Where the next piece goes, and how long it may be; 0: nobody reads any more. */
static size_t await_room(struct contents *contents, size_t *at)
{
    size_t room = 0;
    pthread_mutex_lock(&contents->lock);
    while (contents->made_bytes - contents->taken_bytes == RING_BYTES &&
           !contents->is_stopped) {
        pthread_cond_wait(&contents->changed, &contents->lock);
    }
    if (!contents->is_stopped) {
        const size_t free_bytes =
            RING_BYTES - (size_t)(contents->made_bytes - contents->taken_bytes);
        *at = (size_t)(contents->made_bytes % RING_BYTES);
        room = RING_BYTES - *at < free_bytes ? RING_BYTES - *at : free_bytes;
    }
    pthread_mutex_unlock(&contents->lock);
    return room;
}

/* false: nobody reads any more. */
static bool put(struct contents *contents, const unsigned char *from, size_t count)
{
    while (count > 0) {
        size_t at = 0;
        size_t room = await_room(contents, &at);
        if (room == 0) {
            return false;
        }
        room = room < count ? room : count;
        memcpy(contents->ring + at, from, room);
        from += room;
        count -= room;
        pthread_mutex_lock(&contents->lock);
        contents->made_bytes += room;
        pthread_cond_signal(&contents->changed);
        pthread_mutex_unlock(&contents->lock);
    }
    return true;
}

static void note_end(struct contents *contents, int status)
{
    const bool is_good = status == ARCHIVE_EOF;
    const bool has_second =
        is_good && contents->is_zip && next_file(contents->archive) == ARCHIVE_OK;
    pthread_mutex_lock(&contents->lock);
    contents->at_end = true;
    contents->has_failed = !is_good || has_second;
    contents->failure =
        has_second ? contents_several_files : archive_error_string(contents->archive);
    pthread_cond_signal(&contents->changed);
    pthread_mutex_unlock(&contents->lock);
}

/* Block by block, as libarchive decompresses them: archive_read_data, which fills a
 * buffer from several, keeps to itself what it had before an error. So it does with the
 * block that the error is in, 128 KiB at most. */
static void *decompress(void *argument)
{
    struct contents *contents = argument;
    const void *block;
    size_t count;
    la_int64_t offset;
    int status;
    while ((status = archive_read_data_block(contents->archive, &block, &count,
                                             &offset)) == ARCHIVE_OK) {
        if (!put(contents, block, count)) {
            return NULL;
        }
    }
    note_end(contents, status);
    return NULL;
}

/* Signals are for the other threads. */
static bool start_thread(struct contents *contents)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int code = pthread_create(&contents->thread, NULL, decompress, contents);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    contents->has_thread = code == 0;
    errno = code;
    return contents->has_thread;
}

static bool allocate(struct contents *contents)
{
    contents->archive = archive_read_new();
    contents->block = malloc(BLOCK_BYTES);
    contents->ring = malloc(RING_BYTES);
    return contents->archive != NULL && contents->block != NULL &&
           contents->ring != NULL && pipe2(contents->stop_pipe, O_CLOEXEC) == 0;
}

struct contents *contents_open(int fd, enum contents_status *status)
{
    struct contents *contents = malloc(sizeof *contents);
    if (contents == NULL) {
        return NULL;
    }
    *contents = (struct contents){.fd = fd,
                                  .stop_pipe = {-1, -1},
                                  .lock = PTHREAD_MUTEX_INITIALIZER,
                                  .changed = PTHREAD_COND_INITIALIZER};
    if (allocate(contents)) {
        *status = open_archive(contents);
        if (*status != CONTENTS_OPEN || start_thread(contents)) {
            return contents;
        }
    }
    const int reason = errno;
    contents_close(contents);
    errno = reason;
    return NULL;
}

void contents_close(struct contents *contents)
{
    if (contents == NULL) {
        return;
    }
    if (contents->has_thread) {
        pthread_mutex_lock(&contents->lock);
        contents->is_stopped = true;
        pthread_cond_signal(&contents->changed);
        pthread_mutex_unlock(&contents->lock);
        (void)!write(contents->stop_pipe[1], "", 1);
        pthread_join(contents->thread, NULL);
    }
    archive_read_free(contents->archive);
    for (int i = 0; i < 2; i++) {
        if (contents->stop_pipe[i] >= 0) {
            close(contents->stop_pipe[i]);
        }
    }
    free(contents->block);
    free(contents->ring);
    free(contents);
}

size_t contents_read(struct contents *contents, char *to, size_t room)
{
    pthread_mutex_lock(&contents->lock);
    while (contents->made_bytes == contents->taken_bytes && !contents->at_end) {
        pthread_cond_wait(&contents->changed, &contents->lock);
    }
    const size_t at = (size_t)(contents->taken_bytes % RING_BYTES);
    size_t count = (size_t)(contents->made_bytes - contents->taken_bytes);
    pthread_mutex_unlock(&contents->lock);
    count = count < room ? count : room;
    count = count < RING_BYTES - at ? count : RING_BYTES - at;
    memcpy(to, contents->ring + at, count);
    pthread_mutex_lock(&contents->lock);
    contents->taken_bytes += count;
    pthread_cond_signal(&contents->changed);
    pthread_mutex_unlock(&contents->lock);
    return count;
}

bool contents_failed(const struct contents *contents, const char **reason)
{
    *reason = contents->failure;
    return contents->has_failed;
}
