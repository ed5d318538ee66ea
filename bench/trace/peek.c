#include "trace/peek.h"

#include <string.h>

enum {
    LINE_BYTES = 256
};

bool peek_any_line(const char *text, size_t length, bool (*matches)(const char *line))
{
    const char *end = text + length;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = newline != NULL ? newline : end;
        size_t line_length = (size_t)(line_end - text);
        char line[LINE_BYTES];
        size_t shown = line_length < sizeof line - 1 ? line_length : sizeof line - 1;
        memcpy(line, text, shown);
        line[shown] = '\0';
        if (line[0] != '#' && matches(line)) {
            return true;
        }
        text = line_end + 1;
    }
    return false;
}
