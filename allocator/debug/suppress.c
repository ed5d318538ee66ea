#include "debug/suppress.h"

#include <fcntl.h>
#include <string.h>

#include "base/descriptor.h"
#include "base/os.h"
#include "base/output.h"
#include "debug/options.h"
#include "debug/symbol.h"

#define FILE_LIMIT_BYTES (64 * KIB)

static const char *patterns, *patterns_end; /* lines, each ended with 0 */

static void load(void)
{
    static bool loaded;
    if (loaded || debug_options.suppress[0] == '\0') {
        return;
    }
    loaded = true;
    char *const text = os_map(FILE_LIMIT_BYTES);
    const int file = descriptor_open(debug_options.suppress, O_RDONLY);
    if (text == NULL || file < 0) {
        output_print("snug: SNUG_DEBUG: cannot read suppressions\n");
        return;
    }
    size_t length = 0;
    ssize_t n;
    while (length < FILE_LIMIT_BYTES - 1 &&
           (n = descriptor_read(file, text + length, FILE_LIMIT_BYTES - 1 - length)) >
               0) {
        length += (size_t)n;
    }
    descriptor_close_number(file);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\r' || text[i] == '\n') {
            text[i] = '\0';
        }
    }
    patterns = text;
    patterns_end = text + length;
}

static bool line_matches(const char *line, const struct debug_symbol *symbol)
{
    static const char prefix[] = "leak:";
    if (strncmp(line, prefix, strlen(prefix)) == 0) {
        line += strlen(prefix);
    }
    return *line != '\0' && *line != '#' &&
           ((symbol->function != NULL && strstr(symbol->function, line) != NULL) ||
            (symbol->linkage != NULL && strstr(symbol->linkage, line) != NULL) ||
            (symbol->object != NULL && strstr(symbol->object, line) != NULL));
}

static bool is_known(const struct debug_symbol *symbol)
{
    for (const char *line = patterns; line < patterns_end; line += strlen(line) + 1) {
        if (line_matches(line, symbol)) {
            return true;
        }
    }
    return false;
}

bool debug_suppressed(const struct debug_stack *stack)
{
    load();
    for (size_t i = 0; patterns != NULL && i < stack->count; i++) {
        const struct debug_symbol *symbol = debug_symbol_find(stack, i);
        for (; symbol != NULL; symbol = symbol->caller) {
            if (is_known(symbol)) {
                return true;
            }
        }
    }
    return false;
}
