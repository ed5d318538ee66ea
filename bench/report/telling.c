#include "report/telling.h"

#include "report/units.h"

const double telling_many_times = 2;

const char *telling_name(const struct telling *tell, size_t index)
{
    return tell->answer->rows[index].name;
}

const struct answer_row *telling_reference(const struct telling *tell)
{
    return &tell->answer->rows[tell->answer->reference_index];
}

const char *telling_reference_name(const struct telling *tell)
{
    return telling_reference(tell)->name;
}

void telling_put_score(const struct telling *tell, double value, bool with_unit)
{
    if (tell->answer->score == SCORE_NUMBER) {
        fputs(units_metric(value).bytes, tell->out);
        if (with_unit && tell->answer->score_name != NULL) {
            fprintf(tell->out, " (%s)", tell->answer->score_name);
        }
    } else if (tell->answer->score == SCORE_MOPS) {
        fprintf(tell->out, "%s%s", units_number(value).bytes,
                with_unit ? " million calls a second" : "");
    } else {
        fputs(units_duration(1e9 * value).bytes, tell->out);
    }
}

bool telling_has_several_traces(const struct telling *tell)
{
    return tell->answer->trace_count > 1;
}

bool telling_is_unreached(const struct telling *tell, size_t index)
{
    const struct answer_row *row = &tell->answer->rows[index];
    return row->present && row->unreached != NULL;
}

const char *telling_reach(const struct telling *tell)
{
    for (size_t i = 0; i < tell->answer->count; i++) {
        if (telling_is_unreached(tell, i)) {
            return ", as far as the preload reaches";
        }
    }
    return "";
}

void telling_put_names(const struct telling *tell,
                       bool (*is_chosen)(const struct telling *, size_t))
{
    size_t total = 0;
    size_t put = 0;
    for (size_t i = 0; i < tell->answer->count; i++) {
        total += is_chosen(tell, i);
    }
    for (size_t i = 0; i < tell->answer->count; i++) {
        if (is_chosen(tell, i)) {
            put++;
            fprintf(tell->out, "%s%s",
                    put == 1       ? ""
                    : put == total ? " and "
                                   : ", ",
                    telling_name(tell, i));
        }
    }
}

void telling_put_memory_change(const struct telling *tell, const struct answer_row *row)
{
    const double ratio = row->size_ratio.value;
    switch (row->size_verdict) {
    case SIZE_SMALLER:
        fprintf(tell->out, ", with %.0f %% less memory", 100 * (1 - ratio));
        break;
    case SIZE_LARGER:
        if (ratio < telling_many_times) {
            fprintf(tell->out, ", but with %.0f %% more memory", 100 * (ratio - 1));
        } else {
            fprintf(tell->out, ", but with %.1f times the memory", ratio);
        }
        break;
    case SIZE_SAME:
        fputs(answer_is_open_size(row->size_ratio, tell->answer->effect)
                  ? "; its memory is undecided"
                  : ", with as much memory",
              tell->out);
        break;
    case SIZE_NONE:
        break;
    }
}

void telling_put_speed_change(const struct telling *tell, const struct answer_row *row)
{
    const double ratio = row->speed.ratio.value;
    if (row->speed.verdict == VERDICT_SLOWER && ratio > 1 / telling_many_times) {
        fprintf(tell->out, ", but %.0f %% slower", 100 * (1 / ratio - 1));
    } else if (row->speed.verdict == VERDICT_SLOWER) {
        fprintf(tell->out, ", but %.1f times slower", 1 / ratio);
    } else if (row->speed.verdict == VERDICT_FASTER && ratio < telling_many_times) {
        fprintf(tell->out, ", and %.0f %% faster", 100 * (ratio - 1));
    } else if (row->speed.verdict == VERDICT_FASTER) {
        fprintf(tell->out, ", and %.1f times as fast", ratio);
    } else if (row->speed.verdict == VERDICT_SAME) {
        fputs(row->is_undecided ? "; its speed is undecided" : ", as fast", tell->out);
    }
}
