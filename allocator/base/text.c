#include "base/text.h"

#include <stdio.h>
#include <string.h>

#include "base/assertions.h"

void text_format_list(struct text *text, const char *format, va_list arguments)
{
    const size_t room = text->capacity - text->length;
    const int bytes = vsnprintf(text->buffer + text->length, room, format, arguments);
    const size_t wanted = bytes > 0 ? (size_t)bytes : 0;
    text->length += wanted < room ? wanted : room - 1;
}

void text_format(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_format_list(text, format, arguments);
    va_end(arguments);
}

size_t text_to_number(const char *string, size_t length)
{
    static const char units[] = {'K', 'M', 'G'};
    const char *const unit =
        length > 1 ? memchr(units, string[length - 1], sizeof units) : NULL;
    const size_t digits = unit != NULL ? length - 1 : length;
    const size_t shift = unit != NULL ? 10 * (size_t)(unit - units + 1) : 0;
    size_t number = 0;
    for (size_t i = 0; i < digits; i++) {
        if (string[i] < '0' || string[i] > '9' || number > REQUEST_LIMIT_BYTES) {
            return SIZE_MAX;
        }
        number = number * 10 + (size_t)(string[i] - '0');
    }
    return digits > 0 && number <= REQUEST_LIMIT_BYTES >> shift ? number << shift
                                                                : SIZE_MAX;
}
