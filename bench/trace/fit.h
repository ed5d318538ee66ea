/* A model of a trace: a new trace that behaves as the given one, of any length.
 *
 * It is made by a stationary bootstrap (D. N. Politis and J. P. Romano, "The stationary
 * bootstrap", Journal of the American Statistical Association 89, 1994) of the lives of
 * blocks, within a window that moves along the trace: from a random place near the time
 * that has been reached a stretch of lives is taken as they came, of random length, then
 * another. A life keeps its size, thread, reallocs and the delays between them; so sizes
 * and lifetimes are joint, and local order is kept within a stretch. A step that is far
 * off comes at the time at which it came in the trace, so phases begin and end together.
 * The few lives that are large beside the peak are not drawn, they come once each. */
#ifndef SNUGBENCH_TRACE_FIT_H
#define SNUGBENCH_TRACE_FIT_H

#include <stdint.h>

#include "trace/trace.h"

/* About `ops` operations, 0: as many as `trace` has. If more than that, the trace is run
 * several times, each time different; if fewer, lives are left out all along, and live
 * bytes shrink with them. A sealed trace. NULL with error: out of memory. */
struct trace *fit_generate(const struct trace *trace, uint64_t ops, uint64_t seed,
                           struct trace_error *error);

#endif
