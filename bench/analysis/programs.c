#include "analysis/programs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/timing.h"

const struct program_times *program_find(const struct program_list *list,
                                         const char *program, const char *allocator)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].program, program) == 0 &&
            strcmp(list->items[i].allocator, allocator) == 0) {
            return &list->items[i];
        }
    }
    return NULL;
}

static struct comparison compare(const struct program_times *entry,
                                 const struct program_times *reference, double effect,
                                 double *ratios, double *scratch)
{
    struct comparison comparison = {.verdict = VERDICT_NONE};
    if (reference == NULL || entry->count == 0) {
        return comparison;
    }
    const size_t count = statistics_pair_ratios(reference->medians_s, reference->count,
                                                entry->medians_s, entry->count, ratios);
    const struct series row = {.values = ratios, .count = count};
    comparison.ratio = timing_estimate(&row, count > 0, scratch, 2);
    comparison.verdict = entry == reference
                             ? VERDICT_REFERENCE
                             : timing_verdict(comparison.ratio, count, effect);
    return comparison;
}

bool program_figures(struct program_figures *figures, const struct program_list *list,
                     const struct program_times *entry, const char *reference_name,
                     double effect)
{
    const struct program_times *reference =
        program_find(list, entry->program, reference_name);
    const size_t count = entry->count;
    double *buffers = calloc(3 * count + 1, sizeof *buffers);
    *figures = (struct program_figures){.speed.verdict = VERDICT_NONE};
    if (buffers == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        buffers[i] = entry->medians_s[i].value;
    }
    const struct series row = {.values = buffers, .count = count};
    const bool timed = count > 0;
    figures->median_s = timing_estimate(&row, timed, buffers + 2 * count, 1);
    figures->speed =
        compare(entry, reference, effect, buffers + count, buffers + 2 * count);
    if (timed) {
        figures->mean_s = (struct figure){entry->mean_sum_s / (double)count, true};
        figures->stddev_s =
            (struct figure){sqrt(entry->variance_sum_s2 / (double)count), true};
        figures->minimum_s = (struct figure){entry->minimum_s, true};
    }
    if (reference != NULL && reference->peak_resident_bytes.value > 0 &&
        entry->peak_resident_bytes.present) {
        figures->peak_ratio = (struct figure){entry->peak_resident_bytes.value /
                                                  reference->peak_resident_bytes.value,
                                              true};
    }
    free(buffers);
    return true;
}

void program_list_free(struct program_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].program);
        free(list->items[i].allocator);
        free(list->items[i].medians_s);
    }
    free(list->items);
    *list = (struct program_list){.count = 0};
}
