/* Memory of one allocator on one trace, as growth over the floor on the same trace. */
#ifndef SNUGBENCH_ANALYSIS_FOOTPRINT_H
#define SNUGBENCH_ANALYSIS_FOOTPRINT_H

#include "analysis/summary.h"
#include "runner/result.h"

/* `floor` is the floor's result on the same trace, or NULL: then only what needs no
 * floor is present. */
struct memory_figures footprint_figures(const struct result *result,
                                        const struct result *floor);

/* What is neither asked for nor behind that inside live blocks: headers, free blocks,
 * caches, tables. */
struct figure footprint_external(double growth_bytes,
                                 const struct worker_blocks *blocks, bool measured);

/* peak live / growth, at most 1: every payload byte was written, so less growth than
 * live bytes is noise of measurement (a page shared with the harness here and there).
 * Absent if nothing grew, or if growth is short of live by more than such noise: then
 * it was not this heap that was measured. */
struct figure footprint_utilization(double live_bytes, struct figure growth_bytes);

#endif
