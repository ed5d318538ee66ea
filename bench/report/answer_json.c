#include <stdlib.h>
#include <string.h>

#include "report/answer.h"
#include "report/json.h"

static json_t *name_at(const struct answer *answer, size_t index)
{
    return index < answer->count ? json_text(answer->rows[index].name) : json_null();
}

static json_t *names(const struct answer *answer,
                     bool (*is_chosen)(const struct answer_row *))
{
    json_t *list = json_array();
    for (size_t i = 0; i < answer->count; i++) {
        if (is_chosen(&answer->rows[i])) {
            json_array_append_new(list, json_text(answer->rows[i].name));
        }
    }
    return list;
}

static bool is_undecided(const struct answer_row *row)
{
    return row->is_undecided;
}

static bool is_on_front(const struct answer_row *row)
{
    return row->is_on_front;
}

static bool is_tied(const struct answer_row *row)
{
    return row->is_tied_with_fastest;
}

static bool is_lead_undecided(const struct answer_row *row)
{
    return row->is_lead_undecided;
}

static bool is_unreached(const struct answer_row *row)
{
    return row->present && row->unreached != NULL;
}

static json_t *lines(const struct answer *answer)
{
    json_t *list = json_array();
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out != NULL) {
        answer_print(out, answer);
        fclose(out);
        char *rest = NULL;
        for (char *line = strtok_r(text, "\n", &rest); line != NULL;
             line = strtok_r(NULL, "\n", &rest)) {
            json_array_append_new(list, json_text(line));
        }
    }
    free(text);
    return list;
}

json_t *answer_json(const struct answer *answer)
{
    json_t *object = json_object();
    json_object_set_new(object, "fastest", name_at(answer, answer->fastest));
    json_object_set_new(object, "not_behind_fastest", names(answer, is_tied));
    json_object_set_new(object, "undecided_against_fastest",
                        names(answer, is_lead_undecided));
    json_object_set_new(object, "more_rounds_to_decide_fastest",
                        json_integer((json_int_t)answer->more_lead_rounds));
    json_object_set_new(object, "smallest", name_at(answer, answer->smallest));
    json_object_set_new(object, "least_left", name_at(answer, answer->least_left));
    json_object_set_new(object, "not_beaten_on_both", names(answer, is_on_front));
    json_object_set_new(object, "not_in_every_process", names(answer, is_unreached));
    json_object_set_new(object, "undecided", names(answer, is_undecided));
    json_object_set_new(object, "more_rounds_to_decide",
                        json_integer((json_int_t)answer->more_rounds));
    json_object_set_new(object, "leaves_processes",
                        json_boolean(answer->leaves_processes));
    json_object_set_new(object, "is_too_noisy", json_boolean(answer->is_too_noisy));
    json_object_set_new(object, "spread_ratio", json_real(answer->spread));
    json_object_set_new(object, "lines", lines(answer));
    return object;
}
