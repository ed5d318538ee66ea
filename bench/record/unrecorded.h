/* What is told, and written at the end of the program's trace, of what is on no trace. */
#ifndef SNUGBENCH_RECORD_UNRECORDED_H
#define SNUGBENCH_RECORD_UNRECORDED_H

#include "record/launch.h"
#include "record/tracee.h"

/* Other processes than it, and the program that its own became. */
void unrecorded_note(struct tracee *tracee, const struct log_header *header,
                     const struct launched *launched);

#endif
