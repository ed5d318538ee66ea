#include "base/assertions.h"

#include <stdlib.h>

#include "base/output.h"

const struct misuse misuse_of_free = {"double free of",
                                      "free of a pointer that is no block:"};
const struct misuse misuse_of_realloc = {"realloc of the freed block",
                                         "realloc of a pointer that is no block:"};
const struct misuse misuse_of_usable_size = {
    "usable size of the freed block", "usable size of a pointer that is no block:"};

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
