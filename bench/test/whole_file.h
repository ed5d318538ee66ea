/* Small files, read and written whole. What cannot be ends the test. */
#ifndef SNUGBENCH_TEST_WHOLE_FILE_H
#define SNUGBENCH_TEST_WHOLE_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The caller frees it. */
static inline char *read_whole(const char *path)
{
    char *text = NULL;
    size_t capacity = 0;
    FILE *in = fopen(path, "r");
    if (in == NULL || getdelim(&text, &capacity, '\0', in) < 0) {
        fprintf(stderr, "cannot read %s\n", path);
        abort();
    }
    fclose(in);
    return text;
}

static inline void write_whole(const char *path, const void *bytes, size_t length)
{
    FILE *out = fopen(path, "w");
    if (out == NULL || fwrite(bytes, 1, length, out) != length || fclose(out) != 0) {
        fprintf(stderr, "cannot write %s\n", path);
        abort();
    }
}

#endif
