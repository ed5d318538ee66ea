/* A look at the machine: what disturbs measuring on it, found out without root. */
#ifndef SNUGBENCH_RUNNER_DOCTOR_H
#define SNUGBENCH_RUNNER_DOCTOR_H

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

struct findings {
    struct finding *items;
    size_t count;
};

/* Everything that is looked at, in a fixed order. Takes a second, for the share of
 * processor time that others take. */
struct findings doctor_examine(void);
void findings_free(struct findings *findings);

#endif
