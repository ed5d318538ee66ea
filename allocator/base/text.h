/* Lines built in a caller's buffer: no stream, no lock, and nothing is allocated. */
#ifndef SNUG_TEXT_H
#define SNUG_TEXT_H

#include <stdarg.h>
#include <stddef.h>

struct text {
    char *buffer;
    size_t capacity;
    size_t length; /* what does not fit, with a 0 behind it, is dropped */
};

/* As printf, of whose conversions it knows %s, %.*s, %zu, %zx, %p, and %d of what is
 * not negative. stdio's may allocate. */
__attribute__((format(printf, 2, 3))) void text_format(struct text *text,
                                                       const char *format, ...);
__attribute__((format(printf, 2, 0))) void
text_format_list(struct text *text, const char *format, va_list arguments);
/* The number that a text is, digits and perhaps K, M or G (2^10, 2^20, 2^30) behind
 * them; SIZE_MAX: it is none, or far beyond REQUEST_LIMIT_BYTES. */
size_t text_to_number(const char *string, size_t length);

#endif
