/* A model of a trace: a new trace that behaves as the given one, of any length.
 *
 * The trace is cut at random into stretches, which are put into another order: each
 * moves a little, by chance (as in a block bootstrap, D. N. Politis and J. P.
 * Romano, "The stationary bootstrap", Journal of the American Statistical
 * Association 89, 1994, but each stretch is drawn once). A stretch is of what
 * happens in it: a block that begins there keeps its size, thread and reallocs; its
 * end comes with the stretch that has it, so short lives keep their length and
 * order, long ones change a little, and phases begin and end together. */
#ifndef SNUGBENCH_TRACE_FIT_H
#define SNUGBENCH_TRACE_FIT_H

#include <stdint.h>

#include "trace/trace.h"

/* About `ops` operations, 0: as many as `trace` has. If more than that, the trace is
 * run several times, each time cut anew; if its length is no divisor, lives are left
 * out all along by chance, and live bytes shrink with them. A sealed trace. NULL
 * with error: out of memory. */
struct trace *fit_generate(const struct trace *trace, uint64_t ops, uint64_t seed,
                           struct trace_error *error);

#endif
