/* compare.json: the summary, the answer and the samples as one object, units in the
 * keys; and environment.json of a comparison. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "report/answer.h"
#include "report/compare.h"
#include "report/environment.h"

static void set_number(json_t *object, const char *key, double value, bool present)
{
    json_object_set_new(object, key, present ? json_real(value) : json_null());
}

static void set_figure(json_t *object, const char *key, struct figure figure)
{
    set_number(object, key, figure.value, figure.present);
}

static void set_estimate(json_t *object, const char *key, struct estimate estimate)
{
    json_t *value = json_null();
    if (estimate.present) {
        value = json_object();
        set_number(value, "median", estimate.value, true);
        set_number(value, "low", estimate.low, true);
        set_number(value, "high", estimate.high, true);
    }
    json_object_set_new(object, key, value);
}

static void set_text(json_t *object, const char *key, const char *text)
{
    json_t *value = text != NULL && *text != '\0' ? json_string(text) : json_null();
    /* A path may be no UTF-8, which JSON cannot hold. */
    json_object_set_new(object, key, value != NULL ? value : json_null());
}

static json_t *words(char *const *texts, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *word = json_string(texts[i]);
        json_array_append_new(list, word != NULL ? word : json_null());
    }
    return list;
}

static size_t word_count(char *const *texts)
{
    size_t count = 0;
    while (texts != NULL && texts[count] != NULL) {
        count++;
    }
    return count;
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
                   const struct compare_row *figures)
{
    const struct candidate *candidate = &study->candidates[index];
    json_t *object = json_object();
    set_text(object, "allocator", candidate->name);
    set_text(object, "library", candidate->library);
    json_object_set_new(object, "variables",
                        words(candidate->variables, candidate->variable_count));
    json_object_set_new(object, "is_reference",
                        json_boolean(index == study->reference_index));
    json_object_set_new(object, "failed", json_boolean(candidate->failed));
    set_text(object, "failure", candidate->failure);
    set_text(object, "note", candidate->note);
    set_estimate(object, "score", figures->score);
    set_estimate(object, "cpu_s", figures->cpu_s);
    set_figure(object, "user_s", figures->user_s);
    set_figure(object, "system_s", figures->system_s);
    set_estimate(object, "speed_ratio", figures->speed.ratio);
    set_text(object, "speed_verdict", verdict_text(figures->speed.verdict));
    set_figure(object, "speed_p", figures->speed_p);
    json_object_set_new(object, "speed_is_undecided",
                        json_boolean(figures->is_undecided));
    set_estimate(object, "peak_resident_bytes", figures->peak_bytes);
    set_estimate(object, "peak_resident_ratio", figures->peak_ratio);
    set_text(object, "peak_verdict", size_verdict_text(figures->peak_verdict));
    set_figure(object, "minor_faults_count", figures->minor_faults);
    set_figure(object, "major_faults_count", figures->major_faults);
    set_figure(object, "processes_count", figures->process_count);
    set_estimate(object, "left_resident_bytes", figures->left_bytes);
    set_estimate(object, "growth_bytes_per_minute", figures->growth_bytes_per_minute);
    json_object_set_new(object, "samples", samples(candidate));
    return object;
}

static bool dump(json_t *object, FILE *out)
{
    const bool written =
        object != NULL &&
        json_dumpf(object, out, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) == 0 &&
        fputc('\n', out) != EOF;
    json_decref(object);
    return written;
}

bool compare_json_write(FILE *out, const struct study *study,
                        const struct compare_summary *summary)
{
    json_t *object = json_object();
    json_t *rows = json_array();
    json_object_set_new(object, "schema_version", json_integer(COMPARE_SCHEMA_VERSION));
    json_object_set_new(object, "command",
                        words(study->command, word_count(study->command)));
    set_text(object, "score", score_text(study));
    set_text(object, "score_unit", study->metric != NULL ? study->metric : "s");
    json_object_set_new(object, "more_is_better",
                        json_boolean(study->larger_is_better));
    set_text(object, "reference", study->candidates[study->reference_index].name);
    json_object_set_new(object, "seed", json_integer((json_int_t)study->seed));
    json_object_set_new(object, "rounds_count", json_integer(study->round_count));
    json_object_set_new(object, "interrupted", json_boolean(study->interrupted));
    set_number(object, "effect_ratio", summary->effect, true);
    set_number(object, "elapsed_s", study->elapsed_s, true);
    set_text(object, "peak_method", peak_method_text(summary->method));
    json_object_set_new(object, "answer", answer_json(&summary->answer));
    for (size_t i = 0; i < study->count; i++) {
        json_array_append_new(rows, row(study, i, &summary->rows[i]));
    }
    json_object_set_new(object, "allocators", rows);
    return dump(object, out);
}

bool compare_environment_write(FILE *out, const struct study *study,
                               const struct compare_summary *summary)
{
    (void)summary;
    json_t *object = environment_create();
    json_t *allocators = json_array();
    for (size_t i = 0; i < study->count; i++) {
        json_t *item = json_object();
        set_text(item, "name", study->candidates[i].name);
        set_text(item, "library", study->candidates[i].library);
        json_object_set_new(
            item, "variables",
            words(study->candidates[i].variables, study->candidates[i].variable_count));
        json_array_append_new(allocators, item);
    }
    json_object_set_new(object, "command",
                        words(study->command, word_count(study->command)));
    json_object_set_new(object, "seed", json_integer((json_int_t)study->seed));
    json_object_set_new(object, "allocators", allocators);
    return dump(object, out);
}
