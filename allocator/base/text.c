#include "base/text.h"

#include "base/assertions.h"

static void text_character(struct text *text, char c)
{
    if (text->length < text->capacity) {
        text->buffer[text->length++] = c;
    }
}

void text_string(struct text *text, const char *string)
{
    while (*string != '\0') {
        text_character(text, *string++);
    }
}

static void text_number(struct text *text, uint64_t number, unsigned base)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    while (count > 0) {
        text_character(text, digits[--count]);
    }
}

void text_decimal(struct text *text, uint64_t number)
{
    text_number(text, number, 10);
}

void text_pointer(struct text *text, const void *pointer)
{
    text_string(text, "0x");
    text_number(text, (uintptr_t)pointer, 16);
}

void text_format_list(struct text *text, const char *format, va_list arguments)
{
    for (const char *c = format; *c != '\0'; c++) {
        if (*c != '%') {
            text_character(text, *c);
        } else if (*++c == 's') {
            text_string(text, va_arg(arguments, const char *));
        } else if (*c == 'p') {
            text_pointer(text, va_arg(arguments, const void *));
        } else {
            c++; /* zu */
            text_decimal(text, va_arg(arguments, size_t));
        }
    }
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
