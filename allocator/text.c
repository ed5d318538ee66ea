#include "text.h"

#include <errno.h>
#include <unistd.h>

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

void text_write(const struct text *text, int fd)
{
    size_t done = 0;
    while (done < text->length) {
        const ssize_t n = write(fd, text->buffer + done, text->length - done);
        if (n > 0) {
            done += (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            return;
        }
    }
}
