/* The smallest trace that still shows what a trace shows, by delta debugging (Zeller
 * and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002).
 *
 * Whole blocks are left out first, in ever smaller parts, then single operations. What
 * is left is 1-minimal: no single operation can be left out of it, unless the test is
 * a matter of luck. */
#ifndef SNUGBENCH_TRACE_SHRINK_H
#define SNUGBENCH_TRACE_SHRINK_H

#include <stdbool.h>
#include <stdint.h>

#include "trace/trace.h"

enum shrink_verdict {
    SHRINK_GONE,  /* the trace no longer shows it */
    SHRINK_SHOWS, /* it does */
    SHRINK_STOP,  /* no more tests: what has been reached is the result */
};

struct shrink {
    /* Called for each trace to try. `reached` is the number of its operations that were
     * needed, 0 if that is not known. */
    enum shrink_verdict (*test)(const struct trace *trace, uint64_t *reached,
                                void *data);
    void *data;
    uint64_t least_ops;  /* never below */
    uint64_t most_parts; /* never cut into more; 0: down to single operations */
};

/* Takes `trace` over, of which SHRINK_SHOWS is known. All becomes one thread, as tests
 * are. NULL with error filled in: no memory. */
struct trace *shrink_trace(const struct shrink *shrink, struct trace *trace,
                           uint64_t reached, struct trace_error *error);

#endif
