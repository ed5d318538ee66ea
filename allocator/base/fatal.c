#include "base/assertions.h"

#include <stdlib.h>

#include "base/output.h"

const struct misuse misuse_of_free = {"double free of",
                                      "free of a pointer that is no block:"};
const struct misuse misuse_of_realloc = {"realloc of the freed block",
                                         "realloc of a pointer that is no block:"};
const struct misuse misuse_of_usable_size = {
    "usable size of the freed block", "usable size of a pointer that is no block:"};

void fatal(const char *message)
{
    output_print("snug: %s\n", message);
    abort();
}

void fatal_pointer(const char *message, const void *pointer)
{
    output_print("snug: %s %p\n", message, pointer);
    abort();
}
