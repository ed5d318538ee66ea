#include "process/tool.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool tool_find(const char *name, char *path, size_t size)
{
    /* Seen from the executable: as built, from a test, and as installed. */
    static const char *const places[] = {"", "/..", "/../lib/snugbench", "/../lib"};
    char directory[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", directory, sizeof directory - 1);
    if (length < 0) {
        length = 0;
    }
    directory[length] = '\0';
    char *slash = strrchr(directory, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(path, size, "%s%s/%s", directory, places[i], name);
        if (access(path, R_OK) == 0) {
            return true;
        }
    }
    snprintf(path, size, "%s/%s", directory, name);
    return false;
}
