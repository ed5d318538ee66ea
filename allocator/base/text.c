#include "base/text.h"

#include <stdio.h>

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

static unsigned unit_shift(char unit)
{
    return unit == 'K' ? 10 : unit == 'M' ? 20 : unit == 'G' ? 30 : 0;
}

size_t text_to_number(const char *string, size_t length)
{
    size_t number = 0;
    size_t digits = 0;
    for (; digits < length && string[digits] >= '0' && string[digits] <= '9';
         digits++) {
        if (number > REQUEST_LIMIT_BYTES) {
            return SIZE_MAX;
        }
        number = number * 10 + (size_t)(string[digits] - '0');
    }
    const unsigned shift = digits + 1 == length ? unit_shift(string[digits]) : 0;
    const size_t used = digits + (shift != 0 ? 1 : 0);
    return digits > 0 && used == length && number <= REQUEST_LIMIT_BYTES >> shift
               ? number << shift
               : SIZE_MAX;
}
