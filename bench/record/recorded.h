/* The list of what became of recorded processes, by number. */
#ifndef SNUGBENCH_RECORD_RECORDED_H
#define SNUGBENCH_RECORD_RECORDED_H

#include "record/recording.h"

/* Takes it over. */
void recorded_remember(struct recording *recording, struct recorded *recorded);

/* A process that could not be recorded. */
void recorded_fail(struct recording *recording, uint32_t number, const char *text);

/* If there is one of the number. Its file, which --max-ops may have finished, goes,
 * too. */
void recorded_forget(struct recording *recording, uint32_t number);

#endif
