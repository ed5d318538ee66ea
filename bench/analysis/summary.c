#include "analysis/summary.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "analysis/counts.h"
#include "analysis/footprint.h"
#include "analysis/means.h"
#include "analysis/shared.h"
#include "analysis/statistics.h"
#include "analysis/threads.h"
#include "analysis/timing.h"

const struct summary_options summary_defaults = {.warm_effect = 0.02,
                                                 .cold_effect = 0.20};

/* What stands only during the making of a summary. */
struct workshop {
    const struct run *run;
    struct summary *summary;
    struct timing_values *warm, *cold; /* one per cell */
    struct series *rows;               /* trace_count */
    struct comparison **comparisons;   /* trace_count + allocator_count */
    double *scratch; /* as long as the longest series and both counts */
};

const char *verdict_text(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_TOO_FEW:
        return "too few rounds";
    case VERDICT_REFERENCE:
        return "reference";
    case VERDICT_FASTER:
        return "faster";
    case VERDICT_SLOWER:
        return "slower";
    case VERDICT_SAME:
        return "no significant difference";
    case VERDICT_NONE:
        break;
    }
    return "";
}

const struct cell *summary_cell(const struct summary *summary, size_t trace_index,
                                size_t allocator_index)
{
    return &summary->cells[trace_index * summary->allocator_count + allocator_index];
}

static size_t cell_index(const struct run *run, size_t trace, size_t allocator)
{
    return trace * run->allocator_count + allocator;
}

static bool has_figures(const struct result *result)
{
    return result->status == RESULT_OK || result->status == RESULT_INTERRUPTED;
}

static bool is_floor(const struct run *run, size_t allocator)
{
    return run->allocators[allocator].is_floor;
}

/* Every estimate gets a stream of its own, the same in every analysis of one run. */
static uint64_t estimate_seed(const struct run *run, size_t index, uint64_t purpose)
{
    uint64_t state = run->seed ^ (purpose << 56) ^ index;
    return statistics_random(&state);
}

static struct comparison compare(const struct workshop *shop, const struct series *rows,
                                 size_t row_count, size_t allocator, double effect,
                                 uint64_t seed)
{
    if (allocator == shop->run->reference_index) {
        return (struct comparison){
            .ratio = {.value = 1, .low = 1, .high = 1, .present = row_count > 0},
            .verdict = row_count > 0 ? VERDICT_REFERENCE : VERDICT_NONE};
    }
    struct comparison comparison =
        timing_compare(rows, row_count, effect, shop->scratch, seed);
    if (is_floor(shop->run, allocator)) {
        comparison.verdict = VERDICT_NONE;
    }
    return comparison;
}

static struct timing_figures timing_figures(const struct workshop *shop, size_t index,
                                            const struct timing_values *values,
                                            double effect, uint64_t purpose)
{
    const struct series times = {.values = values->ns_per_op, .count = values->count};
    const struct series ratios = {.values = values->ratios,
                                  .count = values->ratio_count};
    struct timing_figures figures = {
        .ns_per_op = timing_estimate(&times, times.count > 0, shop->scratch,
                                     estimate_seed(shop->run, index, purpose)),
        .against_reference =
            compare(shop, &ratios, ratios.count > 0, index % shop->run->allocator_count,
                    effect, estimate_seed(shop->run, index, purpose + 1)),
    };
    for (size_t i = 0; i < times.count; i++) {
        shop->scratch[i] = times.values[i];
    }
    figures.outlier_count = (struct figure){
        .value = (double)statistics_outlier_count(shop->scratch, times.count),
        .present = times.count > 0};
    return figures;
}

static struct figure median_faults(const struct workshop *shop,
                                   struct timing_samples samples)
{
    size_t count = 0;
    for (size_t i = 0; i < samples.count; i++) {
        const struct timing_sample *sample = &samples.items[i];
        if (sample->pass_count > 0) {
            shop->scratch[count++] =
                (double)sample->minor_faults / (double)sample->pass_count;
        }
    }
    return (struct figure){.value =
                               count > 0 ? statistics_median(shop->scratch, count) : 0,
                           .present = count > 0};
}

static struct estimate mops_from_ns(struct estimate ns)
{
    if (!ns.present || ns.low <= 0) {
        return (struct estimate){.present = false};
    }
    return (struct estimate){.value = 1e3 / ns.value,
                             .low = 1e3 / ns.high,
                             .high = 1e3 / ns.low,
                             .present = true};
}

static void fill_cell(const struct workshop *shop, size_t trace, size_t allocator)
{
    const struct run *run = shop->run;
    const size_t index = cell_index(run, trace, allocator);
    const struct result *result = &run->results[index];
    struct cell *cell = &shop->summary->cells[index];
    if (!has_figures(result)) {
        return;
    }
    cell->warm = timing_figures(shop, index, &shop->warm[index],
                                shop->summary->options.warm_effect, 1);
    cell->cold = timing_figures(shop, index, &shop->cold[index],
                                shop->summary->options.cold_effect, 3);
    cell->warm_mops = mops_from_ns(cell->warm.ns_per_op);
    cell->warm_minor_faults_per_pass = median_faults(shop, result->warm);
    cell->cold_minor_faults_per_pass = median_faults(shop, result->cold);
    cell->counts =
        counts_figures(result, run->traces[trace].header.op_count, shop->scratch);
    counts_syscalls(cell->syscalls, &result->syscalls);
    if (!is_floor(run, allocator)) {
        const struct result *floor =
            run->floor_index == SIZE_MAX
                ? NULL
                : &run->results[cell_index(run, trace, run->floor_index)];
        cell->memory = footprint_figures(result, floor);
    }
}

/* Rows of the shared traces; 0 if this allocator lacks one, as the floor may, or one
 * that completed no trace. */
static size_t collect_rows(const struct workshop *shop, size_t allocator,
                           enum shared_need need, bool ratios)
{
    size_t count = 0;
    for (size_t trace = 0; trace < shop->run->trace_count; trace++) {
        if (!shared_is(shop->run, shop->summary, trace, need)) {
            continue;
        }
        const size_t index = cell_index(shop->run, trace, allocator);
        const struct timing_values *values =
            need == NEED_WARM ? &shop->warm[index] : &shop->cold[index];
        const struct series row =
            ratios ? (struct series){values->ratios, values->ratio_count}
                   : (struct series){values->ns_per_op, values->count};
        if (row.count == 0) {
            return 0;
        }
        shop->rows[count++] = row;
    }
    return count;
}

static void fill_total_times(const struct workshop *shop, size_t allocator,
                             struct total *total)
{
    const struct run *run = shop->run;
    size_t rows = collect_rows(shop, allocator, NEED_WARM, false);
    total->warm_mops = mops_from_ns(timing_estimate(shop->rows, rows, shop->scratch,
                                                    estimate_seed(run, allocator, 5)));
    rows = collect_rows(shop, allocator, NEED_WARM, true);
    total->warm =
        compare(shop, shop->rows, rows, allocator, shop->summary->options.warm_effect,
                estimate_seed(run, allocator, 6));
    rows = collect_rows(shop, allocator, NEED_COLD, true);
    total->cold =
        compare(shop, shop->rows, rows, allocator, shop->summary->options.cold_effect,
                estimate_seed(run, allocator, 7));
}

static void fill_total_memory(const struct workshop *shop, size_t allocator,
                              struct total *total)
{
    double sum = 0;
    double mapped_sum = 0;
    double log_sum = 0; /* of the memory in the reference's */
    size_t count = 0;
    size_t ratio_count = 0;
    size_t mapped_count = 0;
    for (size_t trace = 0; trace < shop->run->trace_count; trace++) {
        const struct memory_figures *memory =
            &summary_cell(shop->summary, trace, allocator)->memory;
        if (!memory->utilization.present ||
            !shared_is(shop->run, shop->summary, trace, NEED_MEMORY)) {
            continue;
        }
        const double utilization = memory->utilization.value;
        if (count == 0 || utilization < total->worst_utilization.value) {
            total->worst_utilization = memory->utilization;
            total->worst_utilization_trace = trace;
        }
        sum += utilization;
        count++;
        const struct figure theirs =
            summary_cell(shop->summary, trace, shop->run->reference_index)
                ->memory.utilization;
        if (theirs.present) {
            log_sum += log(theirs.value / utilization);
            ratio_count++;
        }
        mapped_sum += memory->mapped_utilization.value;
        mapped_count += memory->mapped_utilization.present;
    }
    if (count > 0) {
        total->mean_utilization =
            (struct figure){.value = sum / (double)count, .present = true};
    }
    if (count > 0 && ratio_count == count) {
        total->peak_ratio =
            (struct figure){.value = exp(log_sum / (double)count), .present = true};
    }
    if (count > 0 && mapped_count == count) {
        total->mean_mapped_utilization =
            (struct figure){.value = mapped_sum / (double)count, .present = true};
    }
}

static void fill_total_counts(const struct workshop *shop, size_t allocator,
                              struct total *total)
{
    for (size_t trace = 0; trace < shop->run->trace_count; trace++) {
        const struct cell *cell = summary_cell(shop->summary, trace, allocator);
        const enum verdict verdict = cell->warm.against_reference.verdict;
        total->faster_count += verdict == VERDICT_FASTER;
        total->slower_count += verdict == VERDICT_SLOWER;
        total->same_count += verdict == VERDICT_SAME;
        const enum result_status status =
            shop->run->results[cell_index(shop->run, trace, allocator)].status;
        total->failed_count += status != RESULT_OK && status != RESULT_SKIPPED &&
                               status != RESULT_INTERRUPTED;
        if (!cell->syscalls[PHASE_REPLAY].present ||
            !shared_is(shop->run, shop->summary, trace, NEED_SYSCALLS)) {
            continue;
        }
        for (size_t phase = 0; phase < PHASE_COUNT; phase++) {
            total->syscalls[phase].value += cell->syscalls[phase].value;
            total->syscalls[phase].present = true;
        }
    }
}

static bool fill_values(const struct workshop *shop)
{
    const struct run *run = shop->run;
    for (size_t i = 0; i < run->trace_count * run->allocator_count; i++) {
        const size_t trace = i / run->allocator_count;
        const uint64_t op_count = run->traces[trace].header.op_count;
        const struct result *result = &run->results[i];
        const struct result *reference =
            &run->results[cell_index(run, trace, run->reference_index)];
        const struct timing_samples none = {.count = 0};
        const bool comparable = has_figures(reference);
        if (op_count == 0 || !has_figures(result)) {
            continue;
        }
        if (!timing_values_create(&shop->warm[i], result->warm,
                                  comparable ? reference->warm : none, op_count) ||
            !timing_values_create(&shop->cold[i], result->cold,
                                  comparable ? reference->cold : none, op_count) ||
            !threads_figures(&shop->summary->cells[i].threads, result,
                             &run->traces[trace])) {
            return false;
        }
    }
    return true;
}

static size_t longest_series(const struct run *run)
{
    size_t longest = 1;
    for (size_t i = 0; i < run->trace_count * run->allocator_count; i++) {
        const struct result *result = &run->results[i];
        longest = result->warm.count > longest ? result->warm.count : longest;
        longest = result->cold.count > longest ? result->cold.count : longest;
        longest = result->counters.count > longest ? result->counters.count : longest;
    }
    return longest;
}

/* Verdicts on single traces are corrected for their number, warm and cold apart. */
static void correct_verdicts(const struct workshop *shop, size_t allocator)
{
    struct summary *summary = shop->summary;
    for (size_t trace = 0; trace < summary->trace_count; trace++) {
        shop->comparisons[trace] =
            &summary->cells[cell_index(shop->run, trace, allocator)]
                 .warm.against_reference;
    }
    timing_correct(shop->comparisons, summary->trace_count, shop->scratch);
    for (size_t trace = 0; trace < summary->trace_count; trace++) {
        shop->comparisons[trace] =
            &summary->cells[cell_index(shop->run, trace, allocator)]
                 .cold.against_reference;
    }
    timing_correct(shop->comparisons, summary->trace_count, shop->scratch);
}

/* Those over all traces are corrected for the number of allocators. */
static void correct_totals(const struct workshop *shop)
{
    const struct run *run = shop->run;
    size_t count = 0;
    for (size_t i = 0; i < run->allocator_count; i++) {
        if (!is_floor(run, i)) {
            shop->comparisons[count++] = &shop->summary->totals[i].warm;
        }
    }
    timing_correct(shop->comparisons, count, shop->scratch);
    count = 0;
    for (size_t i = 0; i < run->allocator_count; i++) {
        if (!is_floor(run, i)) {
            shop->comparisons[count++] = &shop->summary->totals[i].cold;
        }
    }
    timing_correct(shop->comparisons, count, shop->scratch);
}

static void fill_summary(const struct workshop *shop)
{
    struct summary *summary = shop->summary;
    for (size_t trace = 0; trace < summary->trace_count; trace++) {
        for (size_t i = 0; i < summary->allocator_count; i++) {
            fill_cell(shop, trace, i);
        }
    }
    for (size_t i = 0; i < summary->allocator_count; i++) {
        correct_verdicts(shop, i);
    }
    summary->warm_trace_count = shared_count(shop->run, summary, NEED_WARM);
    summary->memory_trace_count = shared_count(shop->run, summary, NEED_MEMORY);
    summary->syscall_trace_count = shared_count(shop->run, summary, NEED_SYSCALLS);
    for (size_t i = 0; i < summary->allocator_count; i++) {
        fill_total_times(shop, i, &summary->totals[i]);
        fill_total_memory(shop, i, &summary->totals[i]);
        fill_total_counts(shop, i, &summary->totals[i]);
    }
    means_fill(summary, shop->run);
    correct_totals(shop);
}

static struct summary *summary_allocate(const struct run *run,
                                        struct summary_options options)
{
    struct summary *summary = calloc(1, sizeof *summary);
    if (summary == NULL) {
        return NULL;
    }
    summary->options = options;
    summary->trace_count = run->trace_count;
    summary->allocator_count = run->allocator_count;
    summary->cells =
        calloc(run->trace_count * run->allocator_count + 1, sizeof *summary->cells);
    summary->totals = calloc(run->allocator_count + 1, sizeof *summary->totals);
    if (summary->cells == NULL || summary->totals == NULL) {
        summary_destroy(summary);
        return NULL;
    }
    return summary;
}

struct summary *summary_create(const struct run *run, struct summary_options options)
{
    const size_t cells = run->trace_count * run->allocator_count;
    struct workshop shop = {
        .run = run,
        .summary = summary_allocate(run, options),
        .warm = calloc(cells + 1, sizeof *shop.warm),
        .cold = calloc(cells + 1, sizeof *shop.cold),
        .rows = calloc(run->trace_count + 1, sizeof *shop.rows),
        .comparisons = calloc(run->trace_count + run->allocator_count + 1,
                              sizeof *shop.comparisons),
        .scratch = calloc(longest_series(run) + run->trace_count + run->allocator_count,
                          sizeof *shop.scratch),
    };
    const bool complete = shop.summary != NULL && shop.warm != NULL &&
                          shop.cold != NULL && shop.rows != NULL &&
                          shop.comparisons != NULL && shop.scratch != NULL &&
                          fill_values(&shop);
    if (complete) {
        fill_summary(&shop);
    } else {
        summary_destroy(shop.summary);
    }
    for (size_t i = 0; shop.warm != NULL && shop.cold != NULL && i < cells; i++) {
        timing_values_destroy(&shop.warm[i]);
        timing_values_destroy(&shop.cold[i]);
    }
    free(shop.warm);
    free(shop.cold);
    free(shop.rows);
    free(shop.comparisons);
    free(shop.scratch);
    return complete ? shop.summary : NULL;
}

void summary_destroy(struct summary *summary)
{
    if (summary != NULL) {
        free(summary->cells);
        free(summary->totals);
        free(summary);
    }
}
