/* What was found out about the machine: one thing each, and whether it disturbs. */
#ifndef SNUGBENCH_RUNNER_FINDING_H
#define SNUGBENCH_RUNNER_FINDING_H

#include <stddef.h>

#include "runner/warnings.h"

enum finding_level {
    FINDING_OK,
    FINDING_NOTE, /* good to know; figures stand */
    FINDING_WARN, /* figures suffer */
    FINDING_STOP, /* nothing can be measured */
};

struct finding {
    enum finding_level level;
    enum warning_id id;
    char found[256];    /* "powersave", "load average 0.10" */
    const char *remedy; /* NULL: that of the warning */
};

/* In the order in which they were looked at. */
struct findings {
    struct finding *items;
    size_t count;
};

__attribute__((format(printf, 3, 4))) struct finding
finding_make(enum finding_level level, enum warning_id id, const char *format, ...);

void findings_add(struct findings *findings, struct finding finding);
void findings_free(struct findings *findings);

#endif
