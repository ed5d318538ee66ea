#include <math.h>

#include "report/compare.h"
#include "report/csv.h"
#include "report/fields.h"

static const char *const compare_columns[] = {
    "allocator",
    "library",
    "variables",
    "role",
    "status",
    "runs_count",
    "score",
    "score_low",
    "score_high",
    "score_unit",
    "score_better",
    "cpu_s",
    "cpu_s_low",
    "cpu_s_high",
    "user_s",
    "system_s",
    "outliers_count",
    "speed_ratio",
    "speed_ratio_low",
    "speed_ratio_high",
    "speed_verdict",
    "speed_p",
    "speed_is_decided",
    "memory_runs_count",
    "peak_resident_bytes",
    "peak_resident_bytes_low",
    "peak_resident_bytes_high",
    "peak_resident_ratio",
    "peak_resident_ratio_low",
    "peak_resident_ratio_high",
    "peak_verdict",
    "peak_method",
    "minor_faults_count",
    "major_faults_count",
    "processes_count",
    "left_resident_bytes",
    "left_resident_bytes_low",
    "left_resident_bytes_high",
    "growth_bytes_per_minute",
    "growth_bytes_per_minute_low",
    "growth_bytes_per_minute_high",
    "own_cost_s",
    "own_overhead_bytes",
    "exit_code",
    "note",
};

static const char *const sample_columns[] = {
    "allocator",
    "kind",
    "round",
    "score",
    "user_s",
    "system_s",
    "peak_resident_bytes",
    "minor_faults_count",
    "major_faults_count",
    "processes_count",
    "left_resident_bytes",
    "growth_bytes_per_minute",
};

static const char *const memory_columns[] = {
    "allocator",      "round",           "role", "phase", "time_s",
    "resident_bytes", "processes_count",
};

static const char *method_name(enum peak_method method)
{
    static const char *const names[] = {[PEAK_NONE] = NULL,
                                        [PEAK_CGROUP] = "cgroup",
                                        [PEAK_PROCESS] = "process",
                                        [PEAK_TREE] = "tree"};
    return names[method];
}

/* "A=1 B=2"; NULL: none. */
static const char *variables_of(const struct candidate *candidate, char *text,
                                size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < candidate->variable_count && used < size; i++) {
        const int length = snprintf(text + used, size - used, "%s%s", i > 0 ? " " : "",
                                    candidate->variables[i]);
        used += length > 0 ? (size_t)length : 0;
    }
    return used > 0 ? text : NULL;
}

/* Half a byte is nobody's, and would cost digits. */
static void field_bytes(struct csv_line *line, struct estimate bytes)
{
    bytes.value = round(bytes.value);
    bytes.low = round(bytes.low);
    bytes.high = round(bytes.high);
    field_estimate(line, bytes);
}

static const char *unit_of(const struct study *study)
{
    return study->metric != NULL ? study->metric_name : "s";
}

static const char *role_of(const struct study *study, size_t index)
{
    return index == study->reference_index ? "reference" : "allocator";
}

static bool write_row(FILE *out, struct csv_line *line, const struct study *study,
                      size_t index, const struct compare_row *row,
                      const struct answer_row *answer)
{
    const struct candidate *candidate = &study->candidates[index];
    char variables[1024];
    csv_line_text(line, candidate->name);
    csv_line_text(line, candidate->library);
    csv_line_text(line, variables_of(candidate, variables, sizeof variables));
    csv_line_text(line, role_of(study, index));
    csv_line_text(line, candidate->failed ? "failed" : row->present ? "ok" : "not run");
    csv_line_count(line, candidate->time_count);
    field_estimate(line, row->score);
    csv_line_text(line, unit_of(study));
    csv_line_text(line, study->larger_is_better ? "more" : "less");
    field_estimate(line, row->cpu_s);
    field_figure(line, row->user_s);
    field_figure(line, row->system_s);
    field_figure(line, row->outlier_count);
    field_comparison(line, row->speed);
    field_figure(line, row->speed_p);
    csv_line_text(line, !row->speed_p.present ? NULL
                        : row->is_undecided   ? "no"
                                              : "yes");
    csv_line_count(line, row->peak_count);
    field_bytes(line, row->peak_bytes);
    field_estimate(line, row->peak_ratio);
    csv_line_text(line, row->peak_verdict != SIZE_NONE
                            ? size_verdict_text(row->peak_verdict)
                            : NULL);
    csv_line_text(line, candidate->memory_count > 0
                            ? method_name(candidate->memories[0].method)
                            : NULL);
    field_figure(line, row->minor_faults);
    field_figure(line, row->major_faults);
    field_figure(line, row->process_count);
    field_bytes(line, row->left_bytes);
    field_bytes(line, row->growth_bytes_per_minute);
    field_figure(line, (struct figure){answer->own_s.value, answer->own_s.present});
    field_figure(line, answer->overhead_bytes);
    csv_line_number(line, candidate->exit_code, candidate->memory_count > 0);
    csv_line_text(line, candidate->failed            ? candidate->failure
                        : candidate->note[0] != '\0' ? candidate->note
                                                     : NULL);
    return csv_line_write(line, out);
}

bool compare_csv_write(FILE *out, const struct study *study,
                       const struct compare_summary *summary)
{
    struct csv_line line = {.count = 0};
    bool written =
        csv_row(out, sizeof compare_columns / sizeof *compare_columns, compare_columns);
    for (size_t i = 0; written && i < study->count; i++) {
        written = write_row(out, &line, study, i, &summary->rows[i],
                            &summary->answer.rows[i]);
    }
    return written;
}

static void fill_empty(struct csv_line *line, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        csv_line_text(line, NULL);
    }
}

bool compare_samples_write(FILE *out, const struct study *study,
                           const struct compare_summary *summary)
{
    (void)summary;
    struct csv_line line = {.count = 0};
    bool written =
        csv_row(out, sizeof sample_columns / sizeof *sample_columns, sample_columns);
    for (size_t i = 0; i < study->count; i++) {
        const struct candidate *candidate = &study->candidates[i];
        for (size_t k = 0; written && k < candidate->time_count; k++) {
            const struct live_time *time = &candidate->times[k];
            csv_line_text(&line, candidate->name);
            csv_line_text(&line, "time");
            csv_line_count(&line, time->round + 1);
            csv_line_number(&line, time->score, true);
            csv_line_number(&line, time->user_s, true);
            csv_line_number(&line, time->system_s, true);
            fill_empty(&line, 6);
            written = csv_line_write(&line, out);
        }
        for (size_t k = 0; written && k < candidate->memory_count; k++) {
            const struct live_memory *memory = &candidate->memories[k];
            csv_line_text(&line, candidate->name);
            csv_line_text(&line, "memory");
            csv_line_count(&line, memory->round + 1);
            fill_empty(&line, 3);
            csv_line_number(&line, (double)memory->peak_bytes,
                            memory->method != PEAK_NONE);
            csv_line_count(&line, memory->minor_faults);
            csv_line_count(&line, memory->major_faults);
            csv_line_count(&line, memory->process_count);
            csv_line_number(&line, (double)memory->left_bytes, memory->has_left);
            csv_line_number(&line, round(memory->growth_bytes_per_minute),
                            memory->has_growth);
            written = csv_line_write(&line, out);
        }
    }
    return written;
}

bool compare_memory_write(FILE *out, const struct study *study,
                          const struct compare_summary *summary)
{
    (void)summary;
    static const char *const phases[] = {[LIVE_START] = "start",
                                         [LIVE_LOAD] = "load",
                                         [LIVE_LINGER] = "linger",
                                         [LIVE_STOP] = "stop"};
    struct csv_line line = {.count = 0};
    bool written =
        csv_row(out, sizeof memory_columns / sizeof *memory_columns, memory_columns);
    for (size_t i = 0; i < study->count; i++) {
        const struct candidate *candidate = &study->candidates[i];
        for (size_t k = 0; written && k < candidate->point_count; k++) {
            const struct live_point *point = &candidate->points[k];
            csv_line_text(&line, candidate->name);
            csv_line_count(&line, point->round + 1);
            csv_line_text(&line, role_of(study, i));
            csv_line_text(&line, study->is_server ? phases[point->phase] : "run");
            csv_line_number(&line, point->time_s, true);
            csv_line_count(&line, point->resident_bytes);
            csv_line_count(&line, point->process_count);
            written = csv_line_write(&line, out);
        }
    }
    return written;
}
