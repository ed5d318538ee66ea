#include "base/assertions.h"

#include <stdlib.h>

#include "base/output.h"

static _Noreturn void die(const char *message, const char *separator,
                          const void *pointer)
{
    char line[160];
    struct text text = {line, sizeof line, 0};
    text_string(&text, "snug: ");
    text_string(&text, message);
    if (separator != NULL) {
        text_string(&text, separator);
        text_pointer(&text, pointer);
    }
    text_string(&text, "\n");
    output_write(&text);
    abort();
}

void fatal(const char *message)
{
    die(message, NULL, NULL);
}

void fatal_pointer(const char *message, const void *pointer)
{
    die(message, " ", pointer);
}
