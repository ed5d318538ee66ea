#include "record/others.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* One that records by now is not of them. */
static bool is_other(const struct log_header *header, uint32_t place, const char *name)
{
    return header->others[place].pid != 0 &&
           strncmp(header->others[place].name, name, LOG_NAME_BYTES) == 0;
}

/* Not known of a pid of another namespace. */
static bool is_running(const struct log_other *other, uint32_t own_namespace)
{
    int32_t pid = other->pid;
    return pid > 0 && other->pid_namespace == own_namespace &&
           (kill(pid, 0) == 0 || errno == EPERM);
}

/* "name (2 processes, 1 still running)" for all of the name of others[first], which is
 * the first of that name. false: no room for it. */
static bool describe_others(struct others *others, const struct log_header *header,
                            uint32_t first, uint32_t count)
{
    const char *name = header->others[first].name;
    const uint32_t own_namespace = log_pid_namespace();
    uint32_t processes = 0;
    uint32_t running = 0;
    char ending[40] = "";
    for (uint32_t i = first; i < count; i++) {
        if (is_other(header, i, name)) {
            processes++;
            running += is_running(&header->others[i], own_namespace);
        }
    }
    if (running > 0) {
        snprintf(ending, sizeof ending, ", %u still running", running);
    }
    size_t length = strlen(others->text);
    size_t room = sizeof others->text - length;
    int more = snprintf(others->text + length, room, "%s%.*s (%u process%s%s)",
                        length > 0 ? ", " : "", LOG_NAME_BYTES, name, processes,
                        processes == 1 ? "" : "es", ending);
    if (more < 0 || (size_t)more >= room) {
        others->text[length] = '\0';
        return false;
    }
    others->unlisted -= processes;
    return true;
}

struct others others_describe(const struct log_header *header)
{
    struct others others = {.text = ""};
    others.unlisted = header->other_count;
    uint32_t count = others.unlisted < LOG_OTHERS ? others.unlisted : LOG_OTHERS;
    bool is_full = false;
    for (uint32_t i = 0; i < count; i++) {
        if (header->others[i].pid == 0) {
            others.unlisted--;
            continue;
        }
        bool is_first = true;
        for (uint32_t j = 0; j < i && is_first; j++) {
            is_first = !is_other(header, j, header->others[i].name);
        }
        if (is_first && !is_full && !describe_others(&others, header, i, count)) {
            is_full = true;
        }
    }
    return others;
}
