/* What disturbs measuring on this machine, and what is lacking for it, found out
 * without root. */
#ifndef SNUGBENCH_RUNNER_DOCTOR_H
#define SNUGBENCH_RUNNER_DOCTOR_H

#include "runner/finding.h"

/* Everything that is looked at, in a fixed order. Takes a second, for machine.h. Free
 * with findings_free. */
struct findings doctor_examine(void);

#endif
