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

/* `scratch` holds twice entry->count. */
static struct program_figures figures_of(const struct program_times *entry,
                                         const struct program_times *reference,
                                         double effect, double *scratch)
{
    const size_t count = entry->count;
    struct program_figures figures = {
        .median_s = timing_rounds_estimate(entry->medians_s, count, scratch)};
    if (count > 0) {
        figures.mean_s = (struct figure){entry->mean_sum_s / (double)count, true};
        figures.stddev_s =
            (struct figure){sqrt(entry->variance_sum_s2 / (double)count), true};
        figures.minimum_s = (struct figure){entry->minimum_s, true};
    }
    if (reference == NULL) {
        return figures;
    }
    figures.speed = timing_rounds_compare(entry->medians_s, count, reference->medians_s,
                                          reference->count, effect, scratch);
    if (reference->peak_resident_bytes.value > 0 &&
        entry->peak_resident_bytes.present) {
        figures.peak_ratio = (struct figure){entry->peak_resident_bytes.value /
                                                 reference->peak_resident_bytes.value,
                                             true};
    }
    return figures;
}

bool program_summary_create(struct program_summary *summary,
                            const struct program_list *list, const char *reference,
                            double effect)
{
    size_t longest = 0;
    for (size_t i = 0; i < list->count; i++) {
        longest = list->items[i].count > longest ? list->items[i].count : longest;
    }
    double *scratch = calloc(2 * longest + 1, sizeof *scratch);
    *summary = (struct program_summary){
        .list = list,
        .reference = reference,
        .figures = calloc(list->count + 1, sizeof *summary->figures)};
    const bool done = scratch != NULL && summary->figures != NULL;
    for (size_t i = 0; done && i < list->count; i++) {
        const struct program_times *entry = &list->items[i];
        summary->figures[i] = figures_of(
            entry, program_find(list, entry->program, reference), effect, scratch);
    }
    free(scratch);
    if (!done) {
        program_summary_destroy(summary);
    }
    return done;
}

void program_summary_destroy(struct program_summary *summary)
{
    free(summary->figures);
    *summary = (struct program_summary){.list = NULL};
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
