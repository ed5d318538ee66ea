#include "trace/fields.h"

#include <stdio.h>
#include <string.h>

void fields_skip_blanks(struct fields *fields)
{
    while (*fields->at == ' ' || *fields->at == '\t') {
        fields->at++;
    }
}

bool fields_fail(const struct fields *fields, const char *expected, const char *at)
{
    int length = (int)strcspn(at, " \t");
    if (length == 0) {
        char message[160];
        snprintf(message, sizeof message, "expected %s, found the end of the line",
                 expected);
        return input_fail_line(fields->input, fields->error, message, NULL);
    }
    char token[64]; /* more than is shown, so that what is cut gets its "..." */
    snprintf(token, sizeof token, "%.*s", length, at);
    return input_fail_line(fields->input, fields->error, expected, token);
}

bool fields_number(struct fields *fields, uint64_t limit, const char *expected,
                   uint64_t *value)
{
    fields_skip_blanks(fields);
    const char *at = fields->at;
    uint64_t number = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (number > (UINT64_MAX - digit) / 10) {
            return fields_fail(fields, expected, fields->at);
        }
        number = number * 10 + digit;
    }
    bool ends = *at == '\0' || *at == ' ' || *at == '\t';
    if (at == fields->at || !ends || number >= limit) {
        return fields_fail(fields, expected, fields->at);
    }
    fields->at = at;
    *value = number;
    return true;
}

bool fields_end(struct fields *fields)
{
    fields_skip_blanks(fields);
    if (*fields->at != '\0') {
        return fields_fail(fields, "the end of the line", fields->at);
    }
    return true;
}
