#include "analysis/programs.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/compare_pairs.h"
#include "analysis/timing.h"

/* Every estimate has a stream of random numbers of its own. */
enum {
    SPEED_SEED = 1,
    PEAK_SEED,
};

/* What stands only during the making of a summary. */
struct workshop {
    struct programs_summary *summary;
    struct series *speeds, *peaks; /* ratios; as summary->speeds */
    struct series *rows;           /* program_count */
    struct comparison **family;    /* program_count */
    double *scratch; /* as long as the longest series, program_count at least */
};

const struct comparison *programs_speed(const struct programs_summary *summary,
                                        size_t program, size_t allocator)
{
    return &summary->speeds[program * summary->allocator_count + allocator];
}

/* Copies what pair_speed and pair_size have left in `work`. false: out of memory. */
static bool keep(struct series *series, const struct pair_work *work, size_t count)
{
    double *values = calloc(count + 1, sizeof *values);
    if (values != NULL) {
        memcpy(values, work->values, count * sizeof *values);
    }
    *series = (struct series){.values = values, .count = values != NULL ? count : 0};
    return values != NULL;
}

static bool compare_pair(struct workshop *shop, struct pair_work *work, size_t program,
                         size_t allocator)
{
    const struct programs_summary *summary = shop->summary;
    const struct study *study = work->study;
    const struct candidate *own = &study->candidates[allocator];
    const struct candidate *reference = &study->candidates[summary->reference_index];
    const size_t at = program * summary->allocator_count + allocator;
    size_t rounds;
    size_t runs;
    double p;
    const struct estimate ratio = pair_speed(work, own, reference, &rounds, &p);
    summary->speeds[at] =
        allocator == summary->reference_index
            ? (struct comparison){.ratio = ratio, .verdict = VERDICT_REFERENCE}
            : timing_judge(ratio, p, rounds, summary->effect);
    if (!keep(&shop->speeds[at], work, rounds)) {
        return false;
    }
    pair_size(work, own, reference, &runs);
    return keep(&shop->peaks[at], work, runs);
}

static bool compare_program(struct workshop *shop, size_t program)
{
    const struct programs_summary *summary = shop->summary;
    const struct program *one = &summary->programs[program];
    const struct compare_row *rows = one->summary->rows;
    struct pair_work work;
    bool done = pair_work_create(&work, one->study, summary->effect);
    for (size_t i = 0; done && i < summary->allocator_count; i++) {
        if (rows[i].present && rows[summary->reference_index].present) {
            done = compare_pair(shop, &work, program, i);
        }
    }
    pair_work_destroy(&work);
    return done;
}

static bool is_shared(const struct workshop *shop, size_t program)
{
    const size_t count = shop->summary->allocator_count;
    for (size_t i = 0; i < count; i++) {
        if (shop->speeds[program * count + i].count == 0 ||
            shop->peaks[program * count + i].count == 0) {
            return false;
        }
    }
    return true;
}

/* The rows of one allocator, of the programs that all completed. */
static size_t collect(const struct workshop *shop, const struct series *all,
                      size_t allocator)
{
    const struct programs_summary *summary = shop->summary;
    size_t count = 0;
    for (size_t i = 0; i < summary->program_count; i++) {
        if (is_shared(shop, i)) {
            shop->rows[count++] = all[i * summary->allocator_count + allocator];
        }
    }
    return count;
}

static void count_verdicts(const struct programs_summary *summary, size_t allocator,
                           struct program_total *total)
{
    for (size_t i = 0; i < summary->program_count; i++) {
        const struct program *program = &summary->programs[i];
        const struct compare_row *row = &program->summary->rows[allocator];
        const enum verdict speed = programs_speed(summary, i, allocator)->verdict;
        total->faster_count += speed == VERDICT_FASTER;
        total->slower_count += speed == VERDICT_SLOWER;
        total->smaller_count += row->peak_verdict == SIZE_SMALLER;
        total->larger_count += row->peak_verdict == SIZE_LARGER;
        total->failed_count += program->study->candidates[allocator].failed;
    }
}

static void fill_total(struct workshop *shop, size_t allocator)
{
    struct programs_summary *summary = shop->summary;
    struct program_total *total = &summary->totals[allocator];
    for (size_t i = 0; i < summary->program_count; i++) {
        shop->family[i] = &summary->speeds[i * summary->allocator_count + allocator];
    }
    timing_correct(shop->family, summary->program_count, shop->scratch);
    size_t rows = collect(shop, shop->speeds, allocator);
    summary->shared_count = rows;
    if (rows > 0) {
        total->speed = timing_compare(shop->rows, rows, summary->effect, shop->scratch,
                                      SPEED_SEED);
    }
    if (rows > 0 && allocator == summary->reference_index) {
        total->speed.verdict = VERDICT_REFERENCE;
    }
    rows = collect(shop, shop->peaks, allocator);
    total->peak_ratio = timing_estimate(shop->rows, rows, shop->scratch, PEAK_SEED);
    count_verdicts(summary, allocator, total);
}

static bool make_room(struct workshop *shop)
{
    struct programs_summary *summary = shop->summary;
    const size_t count = summary->program_count * summary->allocator_count;
    size_t longest = summary->program_count;
    for (size_t i = 0; i < count; i++) {
        const struct candidate *candidate =
            &summary->programs[i / summary->allocator_count]
                 .study->candidates[i % summary->allocator_count];
        const size_t runs = candidate->time_count > candidate->memory_count
                                ? candidate->time_count
                                : candidate->memory_count;
        longest = runs > longest ? runs : longest;
    }
    summary->speeds = calloc(count + 1, sizeof *summary->speeds);
    summary->totals = calloc(summary->allocator_count, sizeof *summary->totals);
    shop->speeds = calloc(count + 1, sizeof *shop->speeds);
    shop->peaks = calloc(count + 1, sizeof *shop->peaks);
    shop->rows = calloc(summary->program_count, sizeof(struct series));
    shop->family = calloc(summary->program_count, sizeof(struct comparison *));
    shop->scratch = calloc(longest, sizeof *shop->scratch);
    return summary->speeds != NULL && summary->totals != NULL && shop->speeds != NULL &&
           shop->peaks != NULL && shop->rows != NULL && shop->family != NULL &&
           shop->scratch != NULL;
}

static void clear_room(struct workshop *shop)
{
    const size_t count = shop->summary->program_count * shop->summary->allocator_count;
    for (size_t i = 0; i < count; i++) {
        free(shop->speeds != NULL ? (double *)(uintptr_t)shop->speeds[i].values : NULL);
        free(shop->peaks != NULL ? (double *)(uintptr_t)shop->peaks[i].values : NULL);
    }
    free(shop->speeds);
    free(shop->peaks);
    free(shop->rows);
    free((void *)shop->family);
    free(shop->scratch);
}

bool programs_summary_create(struct programs_summary *summary,
                             const struct program *programs, size_t count,
                             double effect)
{
    *summary = (struct programs_summary){
        .programs = programs,
        .program_count = count,
        .allocator_count = programs->study->count,
        .reference_index = programs->study->reference_index,
        .effect = effect,
    };
    struct workshop shop = {.summary = summary};
    bool done = make_room(&shop);
    for (size_t i = 0; done && i < count; i++) {
        done = compare_program(&shop, i);
    }
    for (size_t i = 0; done && i < summary->allocator_count; i++) {
        fill_total(&shop, i);
    }
    clear_room(&shop);
    if (!done) {
        programs_summary_destroy(summary);
    }
    return done;
}

void programs_summary_destroy(struct programs_summary *summary)
{
    free(summary->speeds);
    free(summary->totals);
    *summary = (struct programs_summary){.programs = NULL};
}
