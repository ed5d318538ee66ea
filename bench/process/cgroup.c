#include "process/cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "0::/user.slice/x" is the line of version 2. */
static bool find_group(const char *groups, char *name, size_t size)
{
    for (const char *line = groups; line != NULL && *line != '\0';) {
        if (strncmp(line, "0::", 3) == 0) {
            snprintf(name, size, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
            return true;
        }
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    return false;
}

/* "cgroup2 /sys/fs/cgroup cgroup2 rw,... 0 0" */
static bool find_mount(const char *mounts, char *folder, size_t size)
{
    for (const char *line = mounts; line != NULL && *line != '\0';) {
        char place[256];
        char type[32];
        if (sscanf(line, "%*s %255s %31s", place, type) == 2 &&
            strcmp(type, "cgroup2") == 0) {
            snprintf(folder, size, "%s", place);
            return true;
        }
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    return false;
}

bool cgroup_own_folder(const char *groups, const char *mounts, char *path, size_t size)
{
    char name[1024];
    char folder[256];
    if (!find_group(groups, name, sizeof name) ||
        !find_mount(mounts, folder, sizeof folder)) {
        return false;
    }
    snprintf(path, size, "%s%s", folder, strcmp(name, "/") == 0 ? "" : name);
    return true;
}

static bool read_number(const char *path, uint64_t *number)
{
    char text[64] = "";
    FILE *in = fopen(path, "re");
    if (in == NULL) {
        return false;
    }
    const bool has_line = fgets(text, sizeof text, in) != NULL;
    fclose(in);
    char *end = text;
    *number = strtoull(text, &end, 10);
    return has_line && end != text;
}

bool cgroup_create_below(struct cgroup *group, const char *folder)
{
    static unsigned made;
    uint64_t peak;
    snprintf(group->path, sizeof group->path, "%.3000s/snugbench-%d-%u", folder,
             getpid(), made++);
    if (mkdir(group->path, 0755) != 0) {
        group->path[0] = '\0';
        return false;
    }
    if (!cgroup_peak(group, &peak)) {
        cgroup_remove(group);
        return false;
    }
    return true;
}

static void read_text(const char *path, char *text, size_t size)
{
    FILE *in = fopen(path, "re");
    const size_t length = in != NULL ? fread(text, 1, size - 1, in) : 0;
    text[length] = '\0';
    if (in != NULL) {
        fclose(in);
    }
}

bool cgroup_create(struct cgroup *group)
{
    char groups[4096];
    static char mounts[64 * 1024];
    char folder[PATH_MAX];
    read_text("/proc/self/cgroup", groups, sizeof groups);
    read_text("/proc/self/mounts", mounts, sizeof mounts);
    group->path[0] = '\0';
    if (!cgroup_own_folder(groups, mounts, folder, sizeof folder)) {
        return false;
    }
    if (cgroup_create_below(group, folder)) {
        return true;
    }
    /* A group with processes in it (ours) may not pass its controllers down: beside it.
     */
    char *slash = strrchr(folder, '/');
    if (slash == NULL || strncmp(folder, "/sys/fs/cgroup/", 15) != 0) {
        return false;
    }
    *slash = '\0';
    return cgroup_create_below(group, folder);
}

static bool file_of(const struct cgroup *group, const char *name, char path[PATH_MAX])
{
    const int length = snprintf(path, PATH_MAX, "%s/%s", group->path, name);
    return group->path[0] != '\0' && length > 0 && length < PATH_MAX;
}

bool cgroup_add(const struct cgroup *group, pid_t pid)
{
    char path[PATH_MAX];
    FILE *out = file_of(group, "cgroup.procs", path) ? fopen(path, "we") : NULL;
    if (out == NULL) {
        return false;
    }
    const bool written = fprintf(out, "%d\n", pid) > 0;
    return fclose(out) == 0 && written;
}

bool cgroup_peak(const struct cgroup *group, uint64_t *bytes)
{
    char path[PATH_MAX];
    return file_of(group, "memory.peak", path) && read_number(path, bytes);
}

void cgroup_remove(struct cgroup *group)
{
    /* The kernel takes a moment to see that the last process has gone. */
    for (int i = 0; i < 100 && group->path[0] != '\0'; i++) {
        if (rmdir(group->path) == 0 || errno != EBUSY) {
            break;
        }
        usleep(1000);
    }
    group->path[0] = '\0';
}
