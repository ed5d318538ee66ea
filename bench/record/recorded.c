#include "record/recorded.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void recorded_remember(struct recording *recording, struct recorded *recorded)
{
    struct recorded **place = &recording->processes;
    while (*place != NULL && (*place)->number < recorded->number) {
        place = &(*place)->next;
    }
    recorded->next = *place;
    *place = recorded;
}

void recorded_fail(struct recording *recording, uint32_t number, const char *text)
{
    struct recorded *recorded = calloc(1, sizeof *recorded);
    if (recorded != NULL) {
        recorded->number = number;
        snprintf(recorded->failure, sizeof recorded->failure, "%s", text);
        recorded_remember(recording, recorded);
    }
}

void recorded_forget(struct recording *recording, uint32_t number)
{
    struct recorded **place = &recording->processes;
    while (*place != NULL && (*place)->number != number) {
        place = &(*place)->next;
    }
    struct recorded *found = *place;
    if (found != NULL) {
        *place = found->next;
        struct stat status;
        if (found->operations > 0 && lstat(found->path, &status) == 0 &&
            S_ISREG(status.st_mode)) {
            unlink(found->path);
        }
        free(found);
    }
}
