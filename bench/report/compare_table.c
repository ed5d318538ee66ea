#include <stdlib.h>
#include <string.h>

#include "report/compare.h"
#include "report/grid.h"
#include "report/units.h"

/* More than this, as a part of the budget, is worth a line. */
static const double tolerated_overrun = 1.05;

const char *peak_method_text(enum peak_method method)
{
    switch (method) {
    case PEAK_CGROUP:
        return "memory.peak of a control group, which counts page cache too";
    case PEAK_PROCESS:
        return "the kernel's high-water mark (VmHWM) of the one process";
    case PEAK_TREE:
        return "the largest sum over all processes, sampled every 10 ms, at least the "
               "high-water mark of the largest";
    case PEAK_NONE:
        break;
    }
    return "not measured";
}

const char *score_text(const struct study *study)
{
    if (study->metric != NULL) {
        return study->larger_is_better ? "--load-metric, more is better"
                                       : "--load-metric, less is better";
    }
    return study->is_server ? "time of the load, s" : "time of a run, s";
}

static void set_headings(struct grid_row *row, const struct study *study, bool in_ms)
{
    const char *reference = study->candidates[study->reference_index].name;
    grid_set(row, 0, GRID_FAINT, "allocator");
    grid_set(row, 1, GRID_FAINT, "%s",
             study->metric != NULL ? "metric"
             : in_ms               ? "time ms"
                                   : "time s");
    grid_set(row, 2, GRID_FAINT, "speed v %s", reference);
    grid_set(row, 3, GRID_FAINT, "peak MiB");
    grid_set(row, 4, GRID_FAINT, "v %s", reference);
    grid_set(row, 5, GRID_FAINT, study->is_server ? "left MiB" : "faults");
    grid_set(row, 6, GRID_FAINT, in_ms ? "cpu ms" : "cpu s");
    if (study->is_server) {
        grid_set(row, 7, GRID_FAINT, "MiB/min");
    }
}

static void set_speed(struct grid_row *row, const struct compare_row *figures)
{
    const enum verdict verdict = figures->speed.verdict;
    if (verdict == VERDICT_REFERENCE) {
        grid_set(row, 2, GRID_FAINT, "reference");
    } else if (figures->speed.ratio.present) {
        grid_set(row, 2,
                 verdict == VERDICT_FASTER   ? GRID_GOOD
                 : verdict == VERDICT_SLOWER ? GRID_BAD
                                             : GRID_PLAIN,
                 "%s %s", units_ratio(figures->speed.ratio.value).bytes,
                 figures->is_undecided     ? "undecided"
                 : verdict == VERDICT_SAME ? "same"
                                           : verdict_text(verdict));
    }
}

static void set_memory(struct grid_row *row, const struct compare_row *figures,
                       double effect)
{
    const enum size_verdict verdict = figures->peak_verdict;
    if (figures->peak_bytes.present) {
        const struct estimate peak = figures->peak_bytes;
        grid_set(row, 3, GRID_PLAIN, "%s",
                 figures->peak_count > 1
                     ? units_mib_interval(peak.value, peak.low, peak.high).bytes
                     : units_mib(peak.value).bytes);
    }
    if (figures->peak_ratio.present && figures->speed.verdict != VERDICT_REFERENCE) {
        grid_set(row, 4,
                 verdict == SIZE_SMALLER  ? GRID_GOOD
                 : verdict == SIZE_LARGER ? GRID_BAD
                                          : GRID_PLAIN,
                 "%s%s", units_ratio(figures->peak_ratio.value).bytes,
                 verdict != SIZE_SAME                               ? ""
                 : answer_is_open_size(figures->peak_ratio, effect) ? " undecided"
                                                                    : " same");
    }
}

static void set_score(struct grid_row *row, const struct study *study,
                      struct estimate score, bool in_ms)
{
    const double scale = in_ms ? 1e3 : 1;
    const struct units_text text =
        study->metric != NULL
            ? units_metric_interval(score.value, score.low, score.high)
            : units_interval(scale * score.value, scale * score.low,
                             scale * score.high);
    grid_set(row, 1, GRID_PLAIN, "%s", text.bytes);
}

static void set_row(struct grid_row *row, const struct study *study, size_t index,
                    const struct compare_row *figures, double effect, bool in_ms)
{
    const struct candidate *candidate = &study->candidates[index];
    grid_set(row, 0, GRID_PLAIN, "%s", candidate->name);
    for (size_t i = 1; i < 7; i++) {
        grid_set(row, i, GRID_FAINT, "-");
    }
    if (candidate->failed) {
        grid_set(row, GRID_COLUMNS - 1, GRID_BAD, "failed: %s", candidate->failure);
        return;
    }
    if (figures->score.present) {
        set_score(row, study, figures->score, in_ms);
    }
    set_speed(row, figures);
    set_memory(row, figures, effect);
    if (study->is_server && figures->left_bytes.present) {
        grid_set(row, 5, GRID_PLAIN, "%s", units_mib(figures->left_bytes.value).bytes);
    } else if (!study->is_server && figures->minor_faults.present) {
        const double faults = figures->minor_faults.value + figures->major_faults.value;
        grid_set(row, 5, GRID_PLAIN, "%s", units_count((uint64_t)(faults + 0.5)).bytes);
    }
    if (figures->cpu_s.present) {
        grid_set(row, 6, GRID_PLAIN, "%s",
                 units_number((in_ms ? 1e3 : 1) * figures->cpu_s.value).bytes);
    }
    if (study->is_server && figures->growth_bytes_per_minute.present) {
        grid_set(row, 7, GRID_PLAIN, "%s",
                 units_mib(figures->growth_bytes_per_minute.value).bytes);
    }
    if (candidate->note[0] != '\0') {
        grid_set(row, GRID_COLUMNS - 1, GRID_FAINT, "(%s)", "see below");
    }
}

bool compare_table(FILE *out, const struct study *study,
                   const struct compare_summary *summary)
{
    struct grid grid = {.count = 0};
    const struct compare_row *reference = &summary->rows[study->reference_index];
    const struct estimate time =
        study->metric == NULL ? reference->score : reference->cpu_s;
    const bool in_ms = time.present && time.value < 1;
    struct grid_row *row = grid_add_row(&grid);
    if (row != NULL) {
        set_headings(row, study, in_ms);
    }
    for (size_t i = 0; row != NULL && i < study->count; i++) {
        row = grid_add_row(&grid);
        if (row != NULL) {
            set_row(row, study, i, &summary->rows[i], summary->effect, in_ms);
        }
    }
    if (row == NULL) {
        free(grid.rows);
        return false;
    }
    grid_print(&grid, out);
    return fflush(out) == 0 && !ferror(out);
}

/* The same note under every allocator is said once. */
static void put_notes(FILE *out, const struct study *study)
{
    for (size_t i = 0; i < study->count; i++) {
        const struct candidate *candidate = &study->candidates[i];
        bool is_new = candidate->note[0] != '\0';
        for (size_t k = 0; is_new && k < i; k++) {
            is_new = strcmp(study->candidates[k].note, candidate->note) != 0;
        }
        if (is_new) {
            fprintf(out, "%s: %s.\n", candidate->name, candidate->note);
        }
    }
}

static void put_details(FILE *out, const struct study *study,
                        const struct compare_summary *summary)
{
    for (size_t i = 0; i < study->count; i++) {
        const struct compare_row *row = &summary->rows[i];
        if (row->speed.ratio.present && row->speed.verdict != VERDICT_REFERENCE) {
            fprintf(out,
                    "%s: speed %.3fx (95 %% interval %.3f to %.3f, p %.3f after Holm), "
                    "user %.3f s, system %.3f s, %zu runs, %.0f beyond the fences\n",
                    study->candidates[i].name, row->speed.ratio.value,
                    row->speed.ratio.low, row->speed.ratio.high, row->speed_p.value,
                    row->user_s.value, row->system_s.value,
                    study->candidates[i].time_count, row->outlier_count.value);
        }
    }
}

/* Five rounds of a slow program take what they take; rounds beyond them end in time,
 * and what comes after is only foretold. */
static void put_overrun(FILE *out, const struct study *study)
{
    if (study->budget_s <= 0 ||
        study->elapsed_s <= tolerated_overrun * study->budget_s) {
        return;
    }
    if (study->round_count > study->least_rounds) {
        fprintf(out,
                "The budget of %g s was not kept: the last round, recording and "
                "replaying took longer than those before; --no-replay leaves these "
                "two out.\n",
                study->budget_s);
    } else {
        fprintf(out,
                "The budget of %g s was not kept: a run takes %s, and %u rounds of "
                "%zu allocators are the least%s; fewer allocators (-a) take less.\n",
                study->budget_s, units_duration(1e9 * study->run_s).bytes,
                study->round_count, study->count,
                study->round_count == SUMMARY_VERDICT_ROUNDS ? " for a verdict" : "");
    }
}

void compare_footnotes(FILE *out, const struct study *study,
                       const struct compare_summary *summary, bool is_verbose)
{
    put_notes(out, study);
    fprintf(out,
            "Rounds: %u, %.0f s in all, seed %llu. A difference counts if its 95 %% "
            "interval "
            "leaves out 1, it is at least %s, and p < 0.05 after Holm.\n",
            study->round_count, study->elapsed_s, (unsigned long long)study->seed,
            units_percent(summary->effect).bytes);
    put_overrun(out, study);
    fprintf(out, "Peak: %s.%s", peak_method_text(summary->method),
            study->is_followed ? "" : " Processes too short to be seen are missing.");
    if (summary->peak_count == 1) {
        fprintf(
            out,
            " One run of each, without an interval: a difference counts from %s on.",
            units_percent(summary->peak_effect).bytes);
    }
    fputc('\n', out);
    if (is_verbose) {
        put_details(out, study, summary);
    }
}
