#include "process/preload.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A library under another path. */
struct link {
    char *library;
    char *link; /* to its folder, or to itself if its own name is not plain */
    char *path;
};

static struct {
    struct link *items;
    size_t count;
    char *folder; /* where the links are; NULL: none yet */
} links;

static bool is_plain(const char *path)
{
    return path[strcspn(path, " :$")] == '\0';
}

/* Children of this process end by exec or _exit and so leave them alone. */
static void remove_links(void)
{
    for (size_t i = 0; i < links.count; i++) {
        unlink(links.items[i].link);
    }
    rmdir(links.folder);
}

/* Whoever runs the program, as `record` may run one that gives up root, may look there:
 * it says nothing but where the library is. */
static bool make_folder(void)
{
    const char *const places[] = {getenv("TMPDIR"), "/tmp", "/var/tmp", "/dev/shm"};
    for (size_t i = 0; i < sizeof places / sizeof *places && links.folder == NULL;
         i++) {
        char *folder = NULL;
        if (places[i] == NULL || places[i][0] != '/' || !is_plain(places[i]) ||
            asprintf(&folder, "%s/snugbench-preload-XXXXXX", places[i]) < 0) {
            continue;
        }
        if (mkdtemp(folder) != NULL) {
            chmod(folder, 0755);
            links.folder = folder;
            atexit(remove_links);
        } else {
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

/* A link to the library's folder keeps what the library finds beside itself ($ORIGIN).
 */
static bool make_link(struct link *link, const char *library, size_t number)
{
    const char *name = strrchr(library, '/') + 1;
    const bool is_of_folder = is_plain(name);
    char *target =
        is_of_folder ? strndup(library, (size_t)(name - library)) : strdup(library);
    *link = (struct link){
        .library = strdup(library),
        .link = format_text("%s/%zu", links.folder, number),
        .path = is_of_folder ? format_text("%s/%zu/%s", links.folder, number, name)
                             : format_text("%s/%zu", links.folder, number),
    };
    const bool made = target != NULL && link->library != NULL && link->link != NULL &&
                      link->path != NULL && symlink(target, link->link) == 0;
    free(target);
    if (!made) {
        free(link->library);
        free(link->link);
        free(link->path);
    }
    return made;
}

const char *preload_path(const char *library, char *error, size_t error_size)
{
    if (is_plain(library)) {
        return library;
    }
    for (size_t i = 0; i < links.count; i++) {
        if (strcmp(links.items[i].library, library) == 0) {
            return links.items[i].path;
        }
    }
    struct link *items = realloc(links.items, (links.count + 1) * sizeof *items);
    if (items != NULL) {
        links.items = items;
    }
    if (items == NULL || (links.folder == NULL && !make_folder()) ||
        !make_link(&items[links.count], library, links.count)) {
        snprintf(error, error_size,
                 "LD_PRELOAD cannot hold '%s', and no link to it could be made in "
                 "$TMPDIR or /tmp: %s",
                 library, strerror(errno));
        return NULL;
    }
    return items[links.count++].path;
}

char *preload_value(const char *path)
{
    const char *own = getenv("LD_PRELOAD");
    const bool has_own = own != NULL && own[0] != '\0';
    return format_text("%s%s%s", path, has_own ? ":" : "", has_own ? own : "");
}
