/* Text without stdio: lines built in a caller's buffer and written with write(2).
 * Reentrant, never allocates, usable while dying. */
#ifndef SNUG_TEXT_H
#define SNUG_TEXT_H

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
/* Write all of it to a file descriptor; errors are ignored, there is no one to tell. */
void text_write(const struct text *text, int fd);

#endif
