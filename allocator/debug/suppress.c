#include "debug/suppress.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"
#include "base/output.h"
#include "debug/options.h"
#include "debug/symbol.h"

#define FILE_LIMIT_BYTES (64 * KIB)

static const char *patterns; /* the file's text, ended with 0; NULL: none */

static void load(void)
{
    static bool loaded;
    if (loaded || debug_options.suppress[0] == '\0') {
        return;
    }
    loaded = true;
    char *const text = os_map(FILE_LIMIT_BYTES);
    const int file = open(debug_options.suppress, O_RDONLY | O_CLOEXEC);
    if (text == NULL || file < 0) {
        output_print("snug: SNUG_DEBUG: cannot read suppressions\n");
        return;
    }
    size_t length = 0;
    ssize_t n;
    while (length < FILE_LIMIT_BYTES - 1 &&
           (n = read(file, text + length, FILE_LIMIT_BYTES - 1 - length)) > 0) {
        length += (size_t)n;
    }
    close(file);
    patterns = text;
}

static bool holds(const char *name, const char *part, size_t length)
{
    for (; name != NULL && *name != '\0'; name++) {
        if (strncmp(name, part, length) == 0) {
            return true;
        }
    }
    return false;
}

static bool line_matches(const char *line, size_t length,
                         const struct debug_symbol *symbol)
{
    if (length > 5 && strncmp(line, "leak:", 5) == 0) {
        line += 5;
        length -= 5;
    }
    return length > 0 && *line != '#' &&
           (holds(symbol->function, line, length) ||
            holds(symbol->object, line, length));
}

static bool symbol_matches(const struct debug_symbol *symbol)
{
    const char *line = patterns;
    while (*line != '\0') {
        const size_t length = strcspn(line, "\r\n");
        if (line_matches(line, length, symbol)) {
            return true;
        }
        line += length;
        line += *line != '\0' ? 1 : 0;
    }
    return false;
}

bool debug_suppressed(const struct debug_stack *stack)
{
    load();
    for (size_t i = 0; patterns != NULL && i < stack->count; i++) {
        const struct debug_symbol symbol = debug_symbol_find(stack->frames[i]);
        if (symbol_matches(&symbol)) {
            return true;
        }
    }
    return false;
}
