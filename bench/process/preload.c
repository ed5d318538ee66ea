#include "process/preload.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/cleanup.h"

/* A library under another path. */
struct link {
    char *library;
    char *link; /* to its folder, or to itself if its own name is not plain */
    char *path;
    struct link *next;
};

/* volatile: a signal handler reads it, and the compiler takes it that no system call
 * does. */
static struct {
    struct link *volatile first; /* all that are made */
    size_t count;
    char *volatile folder; /* where the links are; NULL: none yet */
    bool is_arranged;      /* that they are removed at the end */
} links;

static bool is_plain(const char *path)
{
    return path[strcspn(path, " :$")] == '\0';
}

static void remove_links(void)
{
    for (const struct link *link = links.first; link != NULL; link = link->next) {
        unlink(link->link);
    }
    if (links.folder != NULL) {
        rmdir(links.folder);
    }
}

/* Whoever runs the program, as `record` may run one that gives up root, may look there:
 * it says nothing but where the library is. It is named before it is made, so that it
 * goes with a signal that comes then. */
static bool make_folder(void)
{
    if (!links.is_arranged) {
        cleanup_at_end(remove_links);
        links.is_arranged = true;
    }
    const char *const places[] = {getenv("TMPDIR"), "/tmp", "/var/tmp", "/dev/shm"};
    for (size_t i = 0; i < sizeof places / sizeof *places && links.folder == NULL;
         i++) {
        char *folder = NULL;
        if (places[i] == NULL || places[i][0] != '/' || !is_plain(places[i]) ||
            asprintf(&folder, "%s/snugbench-preload-XXXXXX", places[i]) < 0) {
            continue;
        }
        links.folder = folder;
        if (mkdtemp(folder) != NULL) {
            chmod(folder, 0755);
        } else {
            links.folder = NULL;
            free(folder);
        }
    }
    return links.folder != NULL;
}

__attribute__((format(printf, 1, 2))) static char *format_text(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0) {
        text = NULL;
    }
    va_end(arguments);
    return text;
}

static void free_link(struct link *link)
{
    if (link != NULL) {
        free(link->library);
        free(link->link);
        free(link->path);
        free(link);
    }
}

/* A link to the library's folder keeps what the library finds beside itself ($ORIGIN).
 * It is among the others before it is made, so that it goes with them. */
static struct link *make_link(const char *library)
{
    const size_t number = links.count;
    const char *name = strrchr(library, '/') + 1;
    const bool is_of_folder = is_plain(name);
    char *target =
        is_of_folder ? strndup(library, (size_t)(name - library)) : strdup(library);
    struct link *link = malloc(sizeof *link);
    if (link != NULL) {
        *link = (struct link){
            .library = strdup(library),
            .link = format_text("%s/%zu", links.folder, number),
            .path = is_of_folder ? format_text("%s/%zu/%s", links.folder, number, name)
                                 : format_text("%s/%zu", links.folder, number),
            .next = links.first,
        };
    }
    bool made = target != NULL && link != NULL && link->library != NULL &&
                link->link != NULL && link->path != NULL;
    if (made) {
        links.first = link;
        made = symlink(target, link->link) == 0;
        links.first = made ? link : link->next;
    }
    free(target);
    if (!made) {
        free_link(link);
        return NULL;
    }
    links.count++;
    return link;
}

const char *preload_path(const char *library, char *error, size_t error_size)
{
    if (is_plain(library)) {
        return library;
    }
    for (const struct link *link = links.first; link != NULL; link = link->next) {
        if (strcmp(link->library, library) == 0) {
            return link->path;
        }
    }
    const bool has_folder = links.folder != NULL || make_folder();
    const struct link *link = has_folder ? make_link(library) : NULL;
    if (link == NULL) {
        snprintf(error, error_size,
                 "LD_PRELOAD cannot hold '%s', and no link to it could be made in "
                 "$TMPDIR or /tmp: %s",
                 library, strerror(errno));
        return NULL;
    }
    return link->path;
}

char *preload_value(const char *path)
{
    const char *own = getenv("LD_PRELOAD");
    const bool has_own = own != NULL && own[0] != '\0';
    return format_text("%s%s%s", path, has_own ? ":" : "", has_own ? own : "");
}
