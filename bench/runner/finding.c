#include "runner/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "process/memory.h"

struct finding finding_make(enum finding_level level, enum warning_id id,
                            const char *format, ...)
{
    struct finding finding = {.level = level, .id = id};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding.found, sizeof finding.found, format, arguments);
    va_end(arguments);
    return finding;
}

void findings_add(struct findings *findings, struct finding finding)
{
    findings->items =
        memory_grow(findings->items, findings->count + 1, sizeof *findings->items);
    findings->items[findings->count++] = finding;
}

void findings_free(struct findings *findings)
{
    free(findings->items);
    *findings = (struct findings){.count = 0};
}
