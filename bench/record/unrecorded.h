/* What is told at the end, and written in the program's trace, of what is on none. */
#ifndef SNUGBENCH_RECORD_UNRECORDED_H
#define SNUGBENCH_RECORD_UNRECORDED_H

#include "record/launch.h"
#include "record/tracee.h"

/* Other processes than it, and the program that its own became. */
void unrecorded_note(struct tracee *tracee, const struct log_header *header,
                     const struct launched *launched);

#endif
