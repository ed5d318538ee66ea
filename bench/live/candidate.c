#include "live/candidate.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "process/memory.h"

void candidate_fail(struct candidate *candidate, const char *format, ...)
{
    va_list arguments;
    if (!candidate->failed) {
        candidate->failed = true;
        va_start(arguments, format);
        vsnprintf(candidate->failure, sizeof candidate->failure, format, arguments);
        va_end(arguments);
    }
}

void candidate_keep_points(struct candidate *candidate, struct live_run *run)
{
    const size_t count = candidate->point_count + run->point_count;
    if (run->point_count > 0) {
        candidate->points =
            memory_grow(candidate->points, count, sizeof *candidate->points);
        memcpy(candidate->points + candidate->point_count, run->points,
               run->point_count * sizeof *run->points);
        candidate->point_count = count;
    }
}

void candidate_keep_memory(struct candidate *candidate,
                           const struct live_memory *memory)
{
    candidate->memories = memory_grow(candidate->memories, candidate->memory_count + 1,
                                      sizeof *candidate->memories);
    candidate->memories[candidate->memory_count++] = *memory;
}

void candidate_keep_time(struct candidate *candidate, const struct live_time *time)
{
    candidate->times = memory_grow(candidate->times, candidate->time_count + 1,
                                   sizeof *candidate->times);
    candidate->times[candidate->time_count++] = *time;
}

void candidate_check_preload(struct candidate *candidate, const struct live_run *run)
{
    const struct tree *tree = &run->tree;
    if (tree->count > 0 && tree->processes[0].preload == PRELOAD_MISSING) {
        candidate_fail(candidate, "%s was not loaded: %s", candidate->library,
                       tree->processes[0].reason);
    }
    char note[sizeof candidate->note];
    if (candidate->note[0] == '\0' && tree_note(tree, note, sizeof note)) {
        memcpy(candidate->note, note, sizeof note);
    }
}
