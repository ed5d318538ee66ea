#include "report/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(struct report_error *error, const char *path)
{
    snprintf(error->text, sizeof error->text, "cannot write '%s': %s", path,
             strerror(errno));
    return false;
}

/* Fills in the name. NULL and errno on failure. */
static FILE *open_aside(char *path)
{
    const int file = mkostemp(path, O_CLOEXEC);
    if (file < 0) {
        return NULL;
    }
    const mode_t mask = umask(0);
    umask(mask);
    FILE *stream = fchmod(file, 0666 & ~mask) == 0 ? fdopen(file, "w") : NULL;
    if (stream == NULL) {
        const int reason = errno;
        close(file);
        unlink(path);
        errno = reason;
    }
    return stream;
}

bool output_open(struct output *output, const char *directory, const char *name,
                 struct report_error *error)
{
    *output = (struct output){.stream = NULL};
    if (asprintf(&output->path, "%s/%s", directory, name) < 0) {
        output->path = NULL;
    }
    if (asprintf(&output->aside_path, "%s/.%s.XXXXXX", directory, name) < 0) {
        output->aside_path = NULL;
    }
    if (output->path != NULL && output->aside_path != NULL) {
        output->stream = open_aside(output->aside_path);
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

/* A lock that goes with its process, however that ends. Where a file system has none,
 * the folder is used without. */
static bool lock(int file)
{
    return flock(file, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

bool output_folder_open(struct output_folder *folder, const char *path,
                        struct report_error *error)
{
    *folder = (struct output_folder){.path = path, .lock = -1};
    if (!output_make_directory(path, &folder->old_length, error)) {
        return false;
    }
    folder->lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->lock < 0 || access(path, W_OK | X_OK) != 0) {
        fail(error, path);
    } else if (!lock(folder->lock)) {
        snprintf(error->text, sizeof error->text,
                 "another run keeps its figures in '%s'; wait for its end or name "
                 "another folder",
                 path);
    } else {
        return true;
    }
    output_folder_close(folder);
    return false;
}

void output_folder_close(struct output_folder *folder)
{
    output_remove_directory(folder->path, folder->old_length);
    if (folder->lock >= 0) {
        close(folder->lock);
    }
    folder->lock = -1;
}

bool output_is_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) &&
           !S_ISDIR(status.st_mode);
}

static bool write_aside(struct output *output, const struct output_file *file,
                        const char *directory, struct report_error *error)
{
    if (!output_open(output, directory, file->name, error)) {
        return false;
    }
    if (!file->write(output->stream, file->data)) {
        return fail(error, output->path);
    }
    return output_finish(output, error);
}

static bool write_files(const char *directory, const struct output_file *files,
                        size_t count, struct report_error *error)
{
    struct output *outputs = calloc(count, sizeof *outputs);
    if (outputs == NULL) {
        return fail(error, directory);
    }
    bool done = true;
    for (size_t i = 0; done && i < count; i++) {
        done = write_aside(&outputs[i], &files[i], directory, error);
    }
    for (size_t i = 0; done && i < count; i++) {
        done = output_keep(&outputs[i], error);
    }
    for (size_t i = 0; i < count; i++) {
        output_close(&outputs[i]);
    }
    free(outputs);
    return done;
}

bool output_write_all(const char *directory, const struct output_file *files,
                      size_t count, struct report_error *error)
{
    size_t old_length;
    if (!output_make_directory(directory, &old_length, error)) {
        return false;
    }
    if (!write_files(directory, files, count, error)) {
        output_remove_directory(directory, old_length);
        return false;
    }
    return true;
}

/* The folder of `path`, allocated; "." if it names none. */
static char *folder_of(const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    *name = slash != NULL ? slash + 1 : path;
    if (slash == NULL) {
        return strdup(".");
    }
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

bool output_check(const char *path, struct report_error *error)
{
    struct stat status;
    if (strcmp(path, "-") == 0) {
        return true;
    }
    if (output_is_special(path)) {
        return access(path, W_OK) == 0 || fail(error, path);
    }
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return fail(error, path);
    }
    const char *name;
    char *folder = folder_of(path, &name);
    bool is_good = folder != NULL && stat(folder, &status) == 0;
    if (is_good && !S_ISDIR(status.st_mode)) {
        errno = ENOTDIR;
        is_good = false;
    }
    is_good = is_good && access(folder, W_OK | X_OK) == 0;
    is_good = is_good || fail(error, path);
    free(folder);
    return is_good;
}

/* What is no plain file (/dev/stdout, a pipe) cannot be replaced by a rename. */
static bool write_in_place(const char *path, output_writer *write, const void *data,
                           struct report_error *error)
{
    FILE *out = fopen(path, "we");
    if (out == NULL) {
        return fail(error, path);
    }
    const bool written = write(out, data);
    return (fclose(out) == 0 && written) || fail(error, path);
}

bool output_write(const char *path, output_writer *write, const void *data,
                  struct report_error *error)
{
    struct output_file file = {.write = write, .data = data};
    if (strcmp(path, "-") == 0) {
        return (write(stdout, data) && fflush(stdout) == 0) ||
               fail(error, "standard output");
    }
    if (output_is_special(path)) {
        return write_in_place(path, write, data, error);
    }
    char *folder = folder_of(path, &file.name);
    const bool done =
        folder != NULL ? write_files(folder, &file, 1, error) : fail(error, path);
    free(folder);
    return done;
}
