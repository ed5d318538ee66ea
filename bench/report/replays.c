#include "report/replays.h"

#include <string.h>

#include "report/answer.h"
#include "report/compare.h"
#include "report/json.h"
#include "report/report.h"
#include "report/units.h"

static const char score_meaning[] =
    "millions of operations a second, warm, geometric mean over the traces";

static const char *reference_of(const struct answer *answer)
{
    return answer->rows[answer->reference_index].name;
}

static void put_footnotes(FILE *out, const struct run *run,
                          const struct summary *summary)
{
    fprintf(out,
            "Speed over %zu, memory over %zu of %zu %s; rounds: %u, seed %llu. A "
            "difference counts if its 95 %% interval leaves out 1, it is at least %s, "
            "and p < 0.05 after Holm.\n",
            summary->warm_trace_count, summary->memory_trace_count, run->trace_count,
            run->trace_count == 1 ? "trace" : "traces", run->rounds,
            (unsigned long long)run->seed,
            units_percent(summary->options.warm_effect).bytes);
    fputs("Warm: steady state; cold: a first pass. Peak: resident memory at its most, "
          "over the floor's. Util: peak live bytes / that.\n",
          out);
}

bool replays_answer_write(FILE *out, const struct run *run,
                          const struct summary *summary, const struct answer *answer)
{
    answer_print(out, answer);
    fputc('\n', out);
    if (!report_totals(out, run, summary)) {
        return false;
    }
    put_footnotes(out, run, summary);
    return !ferror(out);
}

/* Names are not given twice. */
static size_t run_index(const struct run *run, const char *name)
{
    size_t index = 0;
    while (strcmp(run->allocators[index].name, name) != 0) {
        index++;
    }
    return index;
}

/* ---- JSON ---- */

static json_t *traces(struct answer_traces counts, const char *better,
                      const char *worse)
{
    json_t *object = json_object();
    json_object_set_new(object, better, json_integer((json_int_t)counts.better));
    json_object_set_new(object, worse, json_integer((json_int_t)counts.worse));
    json_object_set_new(object, "same", json_integer((json_int_t)counts.same));
    return object;
}

static size_t word_count(char *const *texts)
{
    size_t count = 0;
    while (texts != NULL && texts[count] != NULL) {
        count++;
    }
    return count;
}

static json_t *row_json(const struct run *run, const struct summary *summary,
                        const struct answer *answer, size_t index)
{
    const struct answer_row *row = &answer->rows[index];
    const size_t allocator = run_index(run, row->name);
    const struct allocator *what = &run->allocators[allocator];
    const struct total *total = &summary->totals[allocator];
    json_t *object = json_object();
    json_set_text(object, "allocator", row->name);
    json_set_text(object, "library", what->library);
    json_object_set_new(object, "variables",
                        json_words(what->variables, word_count(what->variables)));
    json_object_set_new(object, "is_reference",
                        json_boolean(index == answer->reference_index));
    json_object_set_new(object, "failed_traces_count",
                        json_integer((json_int_t)row->failed_trace_count));
    json_set_text(object, "failed_trace", row->failed_trace);
    json_set_text(object, "failure", row->failure);
    json_set_estimate(object, "score", row->score);
    json_set_estimate(object, "speed_ratio", row->speed.ratio);
    json_set_text(object, "speed_verdict", verdict_text(row->speed.verdict));
    json_set_figure(object, "speed_p", row->speed_p);
    json_object_set_new(object, "speed_is_undecided", json_boolean(row->is_undecided));
    json_object_set_new(object, "speed_traces_count",
                        traces(row->speed_traces, "faster", "slower"));
    json_set_estimate(object, "cold_speed_ratio", total->cold.ratio);
    json_set_text(object, "cold_speed_verdict", verdict_text(total->cold.verdict));
    json_set_estimate(object, "peak_resident_growth_bytes", row->size_bytes);
    json_set_estimate(object, "peak_resident_ratio", row->size_ratio);
    json_set_text(object, "peak_verdict", size_verdict_text(row->size_verdict));
    json_object_set_new(object, "peak_traces_count",
                        traces(row->size_traces, "smaller", "larger"));
    json_set_figure(object, "mean_utilization_ratio", total->mean_utilization);
    json_set_figure(object, "worst_utilization_ratio", total->worst_utilization);
    json_set_figure(object, "replay_syscalls_count", total->syscalls[PHASE_REPLAY]);
    return object;
}

bool replays_json_write(FILE *out, const struct run *run, const struct summary *summary,
                        const struct answer *answer)
{
    json_t *object = json_object();
    json_t *rows = json_array();
    json_t *names = json_array();
    for (size_t i = 0; i < run->trace_count; i++) {
        json_array_append_new(names, json_text(run->traces[i].name));
    }
    json_object_set_new(object, "schema_version", json_integer(COMPARE_SCHEMA_VERSION));
    json_object_set_new(object, "traces", names);
    json_set_text(object, "score", score_meaning);
    json_set_text(object, "score_unit", "Mops");
    json_object_set_new(object, "more_is_better", json_true());
    json_set_text(object, "reference", reference_of(answer));
    json_object_set_new(object, "seed", json_integer((json_int_t)run->seed));
    json_object_set_new(object, "rounds_count", json_integer(run->rounds));
    json_object_set_new(object, "interrupted", json_boolean(run->interrupted));
    json_set_number(object, "effect_ratio", answer->effect, true);
    json_object_set_new(object, "speed_traces_count",
                        json_integer((json_int_t)summary->warm_trace_count));
    json_object_set_new(object, "memory_traces_count",
                        json_integer((json_int_t)summary->memory_trace_count));
    json_object_set_new(object, "answer", answer_json(answer));
    for (size_t i = 0; i < answer->count; i++) {
        json_array_append_new(rows, row_json(run, summary, answer, i));
    }
    json_object_set_new(object, "allocators", rows);
    return json_write(object, out);
}

/* ---- Markdown ---- */

/* " 12.3 |", or an empty one. */
static struct units_text cell(struct figure figure,
                              struct units_text (*format)(double value))
{
    struct units_text text = {" |"};
    if (figure.present) {
        snprintf(text.bytes, sizeof text.bytes, " %.20s |", format(figure.value).bytes);
    }
    return text;
}

bool replays_markdown_write(FILE *out, const struct run *run,
                            const struct summary *summary, const struct answer *answer)
{
    const char *reference = reference_of(answer);
    compare_markdown_begin(out);
    fputs("| allocator | Mops | speed v ", out);
    compare_markdown_text(out, reference);
    fputs(" | verdict | peak v ", out);
    compare_markdown_text(out, reference);
    fputs(" | mean util | worst util |\n", out);
    fputs("|:---|---:|---:|:---|---:|---:|---:|\n", out);
    for (size_t i = 0; i < answer->count; i++) {
        const struct answer_row *row = &answer->rows[i];
        const struct total *total = &summary->totals[run_index(run, row->name)];
        const struct figure score = {row->score.value, row->score.present};
        const struct figure speed = {row->speed.ratio.value, row->speed.ratio.present};
        fputs("| ", out);
        compare_markdown_text(out, row->name);
        fprintf(out, " |%s", cell(score, units_number).bytes);
        fprintf(out, "%s %s |", cell(speed, units_ratio).bytes,
                row->is_undecided ? "undecided" : verdict_text(row->speed.verdict));
        fprintf(out, "%s", cell(total->peak_ratio, units_ratio).bytes);
        fprintf(out, "%s", cell(total->mean_utilization, units_share).bytes);
        fprintf(out, "%s\n", cell(total->worst_utilization, units_share).bytes);
    }
    return !ferror(out);
}
