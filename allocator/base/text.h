/* Text without stdio: lines built in a caller's buffer. Reentrant, never allocates,
 * usable while dying. */
#ifndef SNUG_TEXT_H
#define SNUG_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *buffer;
    size_t capacity;
    size_t length; /* what does not fit is dropped */
};

void text_string(struct text *text, const char *string);
void text_decimal(struct text *text, uint64_t number);
void text_pointer(struct text *text, const void *pointer);
/* As printf, of whose conversions these are known: %s, %zu, %p. */
__attribute__((format(printf, 2, 3))) void text_format(struct text *text,
                                                       const char *format, ...);
__attribute__((format(printf, 2, 0))) void
text_format_list(struct text *text, const char *format, va_list arguments);
/* The number that a text is, digits and perhaps K, M or G (2^10, 2^20, 2^30) behind
 * them; SIZE_MAX: it is none, or far beyond REQUEST_LIMIT_BYTES. */
size_t text_to_number(const char *string, size_t length);

#endif
