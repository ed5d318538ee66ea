#include "base/text.h"

#include <string.h>

#include "base/size.h"

static void append(struct text *text, const char *string, size_t length)
{
    const size_t room = text->capacity - 1 - text->length;
    const size_t bytes = smaller(length, room);
    memcpy(text->buffer + text->length, string, bytes);
    text->length += bytes;
    text->buffer[text->length] = '\0';
}

static void append_number(struct text *text, size_t number, unsigned base)
{
    char digits[32];
    size_t first = sizeof digits;
    do {
        digits[--first] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    append(text, digits + first, sizeof digits - first);
}

void text_format_list(struct text *text, const char *format, va_list arguments)
{
    while (*format != '\0') {
        const size_t plain = strcspn(format, "%");
        append(text, format, plain);
        format += plain;
        if (*format == '\0') {
            break;
        }
        format++;
        size_t precision = SIZE_MAX;
        if (*format == '.') {
            precision = (size_t)va_arg(arguments, int);
            format += strlen(".*");
        }
        if (*format == 's') {
            const char *const string = va_arg(arguments, const char *);
            append(text, string, strnlen(string, precision));
        } else if (*format == 'd') {
            append_number(text, (size_t)va_arg(arguments, int), 10);
        } else if (*format == 'p') {
            append(text, "0x", 2);
            append_number(text, (uintptr_t)va_arg(arguments, void *), 16);
        } else {
            format++; /* the z of zu or zx */
            append_number(text, va_arg(arguments, size_t), *format == 'u' ? 10 : 16);
        }
        format++;
    }
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
