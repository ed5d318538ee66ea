/* compare.json: the summary, the answer and the samples as one object, units in the
 * keys; and environment.json of a comparison. */
#include <jansson.h>

#include "report/answer.h"
#include "report/compare.h"
#include "report/environment.h"
#include "report/json.h"

static size_t word_count(char *const *texts)
{
    size_t count = 0;
    while (texts != NULL && texts[count] != NULL) {
        count++;
    }
    return count;
}

/* What was run. */
static void set_command(json_t *object, const struct study *study)
{
    json_object_set_new(object, "command",
                        json_words(study->command, word_count(study->command)));
    if (study->is_server) {
        json_set_text(object, "ready", study->ready);
        json_set_text(object, "load", study->load);
    }
}

static json_t *samples(const struct candidate *candidate)
{
    json_t *object = json_object();
    json_t *scores = json_array();
    json_t *peaks = json_array();
    for (size_t i = 0; i < candidate->time_count; i++) {
        json_array_append_new(scores, json_real(candidate->times[i].score));
    }
    for (size_t i = 0; i < candidate->memory_count; i++) {
        json_array_append_new(
            peaks, json_integer((json_int_t)candidate->memories[i].peak_bytes));
    }
    json_object_set_new(object, "scores", scores);
    json_object_set_new(object, "peak_resident_bytes", peaks);
    return object;
}

static json_t *row(const struct study *study, size_t index,
                   const struct compare_row *figures, const struct answer_row *answer)
{
    const struct candidate *candidate = &study->candidates[index];
    json_t *object = json_object();
    json_set_text(object, "allocator", candidate->name);
    json_set_text(object, "library", candidate->library);
    json_object_set_new(object, "variables",
                        json_words(candidate->variables, candidate->variable_count));
    json_object_set_new(object, "is_reference",
                        json_boolean(index == study->reference_index));
    json_object_set_new(object, "failed", json_boolean(candidate->failed));
    json_set_text(object, "failure", candidate->failure);
    json_set_text(object, "note", candidate->note);
    json_set_estimate(object, "score", figures->score);
    json_set_estimate(object, "cpu_s", figures->cpu_s);
    json_set_figure(object, "user_s", figures->user_s);
    json_set_figure(object, "system_s", figures->system_s);
    json_set_estimate(object, "speed_ratio", figures->speed.ratio);
    json_set_text(object, "speed_verdict", verdict_text(figures->speed.verdict));
    json_set_figure(object, "speed_p", figures->speed_p);
    json_object_set_new(object, "speed_is_undecided",
                        json_boolean(figures->is_undecided));
    json_set_estimate(object, "peak_resident_bytes", figures->peak_bytes);
    json_set_estimate(object, "peak_resident_ratio", figures->peak_ratio);
    json_set_text(object, "peak_verdict", size_verdict_text(figures->peak_verdict));
    json_set_figure(object, "minor_faults_count", figures->minor_faults);
    json_set_figure(object, "major_faults_count", figures->major_faults);
    json_set_figure(object, "processes_count", figures->process_count);
    json_set_estimate(object, "left_resident_bytes", figures->left_bytes);
    json_set_estimate(object, "growth_bytes_per_minute",
                      figures->growth_bytes_per_minute);
    json_set_figure(object, "own_cost_s",
                    (struct figure){answer->own_s.value, answer->own_s.present});
    json_set_figure(object, "own_overhead_bytes", answer->overhead_bytes);
    json_object_set_new(object, "samples", samples(candidate));
    return object;
}

bool compare_json_write(FILE *out, const struct study *study,
                        const struct compare_summary *summary)
{
    json_t *object = json_object();
    json_t *rows = json_array();
    json_object_set_new(object, "schema_version", json_integer(COMPARE_SCHEMA_VERSION));
    set_command(object, study);
    json_set_text(object, "score", score_text(study));
    json_set_text(object, "score_unit",
                  study->metric != NULL ? study->metric_name : "s");
    json_set_text(object, "load_metric", study->metric);
    json_object_set_new(object, "more_is_better",
                        json_boolean(study->larger_is_better));
    json_set_text(object, "reference", study->candidates[study->reference_index].name);
    json_object_set_new(object, "seed", json_integer((json_int_t)study->seed));
    json_object_set_new(object, "rounds_count", json_integer(study->round_count));
    json_object_set_new(object, "interrupted", json_boolean(study->interrupted));
    json_set_number(object, "effect_ratio", summary->effect, true);
    json_set_number(object, "budget_s", study->budget_s, study->budget_s > 0);
    json_set_number(object, "elapsed_s", study->elapsed_s, true);
    json_set_text(object, "peak_method", peak_method_text(summary->method));
    json_object_set_new(object, "answer", answer_json(&summary->answer));
    for (size_t i = 0; i < study->count; i++) {
        json_array_append_new(
            rows, row(study, i, &summary->rows[i], &summary->answer.rows[i]));
    }
    json_object_set_new(object, "allocators", rows);
    return json_write(object, out);
}

bool compare_environment_write(FILE *out, const struct study *study,
                               const struct compare_summary *summary)
{
    (void)summary;
    json_t *object = environment_create();
    set_command(object, study);
    environment_add_study(object, study);
    return json_write(object, out);
}

void environment_add_study(json_t *object, const struct study *study)
{
    json_t *allocators = json_array();
    for (size_t i = 0; i < study->count; i++) {
        json_t *item = json_object();
        json_set_text(item, "name", study->candidates[i].name);
        json_set_text(item, "library", study->candidates[i].library);
        json_object_set_new(item, "variables",
                            json_words(study->candidates[i].variables,
                                       study->candidates[i].variable_count));
        json_array_append_new(allocators, item);
    }
    json_object_set_new(object, "seed", json_integer((json_int_t)study->seed));
    json_object_set_new(object, "allocators", allocators);
}
