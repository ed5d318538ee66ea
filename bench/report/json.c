#include "report/json.h"

#include <stdlib.h>
#include <string.h>

#include "report/utf8.h"

void json_set_number(json_t *object, const char *key, double value, bool present)
{
    json_object_set_new(object, key, present ? json_real(value) : json_null());
}

void json_set_figure(json_t *object, const char *key, struct figure figure)
{
    json_set_number(object, key, figure.value, figure.present);
}

void json_set_estimate(json_t *object, const char *key, struct estimate estimate)
{
    json_t *value = json_null();
    if (estimate.present) {
        value = json_object();
        json_set_number(value, "median", estimate.value, true);
        json_set_number(value, "low", estimate.low, true);
        json_set_number(value, "high", estimate.high, true);
    }
    json_object_set_new(object, key, value);
}

json_t *json_text(const char *text)
{
    if (utf8_is_valid(text)) {
        return json_string(text);
    }
    char *copy = strdup(text);
    if (copy == NULL) {
        return NULL;
    }
    utf8_repair(copy);
    json_t *value = json_string(copy);
    free(copy);
    return value;
}

void json_set_text(json_t *object, const char *key, const char *text)
{
    json_object_set_new(object, key,
                        text != NULL && *text != '\0' ? json_text(text) : json_null());
}

json_t *json_words(char *const *texts, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, json_text(texts[i]));
    }
    return list;
}

bool json_write(json_t *object, FILE *out)
{
    const bool written =
        object != NULL &&
        json_dumpf(object, out, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) == 0 &&
        fputc('\n', out) != EOF;
    json_decref(object);
    return written;
}
