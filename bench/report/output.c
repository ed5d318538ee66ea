#include "report/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(struct report_error *error, const char *path)
{
    snprintf(error->text, sizeof error->text, "cannot write '%s': %s", path,
             strerror(errno));
    return false;
}

bool output_open(struct output *output, const char *directory, const char *name,
                 struct report_error *error)
{
    *output = (struct output){.stream = NULL};
    if (asprintf(&output->path, "%s/%s", directory, name) < 0) {
        output->path = NULL;
    }
    if (asprintf(&output->aside_path, "%s/.%s.tmp", directory, name) < 0) {
        output->aside_path = NULL;
    }
    if (output->path != NULL && output->aside_path != NULL) {
        output->stream = fopen(output->aside_path, "we");
    }
    if (output->stream == NULL) {
        fail(error, output->path != NULL ? output->path : name);
        output_close(output);
        return false;
    }
    return true;
}

bool output_finish(struct output *output, struct report_error *error)
{
    FILE *stream = output->stream;
    const bool flushed = fflush(stream) == 0 && !ferror(stream);
    /* A file system may promise space that it does not have: only fsync tells. Pipes
     * and devices cannot sync and need not. */
    const bool synced = flushed && (fsync(fileno(stream)) == 0 || errno == EINVAL ||
                                    errno == EROFS || errno == ENOTSUP);
    const int reason = errno;
    output->stream = NULL;
    if (fclose(stream) != 0 || !synced) {
        errno = synced ? errno : reason;
        return fail(error, output->path);
    }
    return true;
}

bool output_keep(const struct output *output, struct report_error *error)
{
    return rename(output->aside_path, output->path) == 0 || fail(error, output->path);
}

void output_close(struct output *output)
{
    if (output->stream != NULL) {
        fclose(output->stream);
    }
    if (output->aside_path != NULL) {
        unlink(output->aside_path); /* gone already if it was kept */
    }
    free(output->path);
    free(output->aside_path);
    *output = (struct output){.stream = NULL};
}

/* One step of mkdir -p. */
static bool make_level(const char *path, size_t *old_length, bool *is_new)
{
    if (mkdir(path, 0777) == 0) {
        *is_new = true;
        return true;
    }
    if (errno == EEXIST && !*is_new) {
        *old_length = strlen(path);
    }
    return errno == EEXIST;
}

bool output_make_directory(const char *directory, size_t *old_length,
                           struct report_error *error)
{
    char *path = strdup(directory);
    bool made = path != NULL && *path != '\0';
    bool is_new = false;
    *old_length = 0;
    for (char *end = path; made && end != NULL;) {
        end = strchr(end + 1, '/');
        if (end != NULL) {
            *end = '\0';
        }
        made = make_level(path, old_length, &is_new);
        if (end != NULL) {
            *end = '/';
        }
    }
    struct stat status;
    if (made && (stat(directory, &status) != 0 || !S_ISDIR(status.st_mode))) {
        errno = ENOTDIR;
        made = false;
    }
    free(path);
    if (!made && is_new) {
        output_remove_directory(directory, *old_length);
    }
    return made || fail(error, directory);
}

void output_remove_directory(const char *directory, size_t old_length)
{
    const int saved = errno;
    char *path = strdup(directory);
    while (path != NULL && strlen(path) > old_length) {
        rmdir(path);
        char *slash = strrchr(path, '/');
        *(slash != NULL ? slash : path) = '\0';
    }
    free(path);
    errno = saved;
}

bool output_is_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) &&
           !S_ISDIR(status.st_mode);
}
