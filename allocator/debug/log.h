/* log=FILE: every call, in the text form of snugbench's traces (bench/trace/README.md),
 * so that a debug run is a recording too. Under the heap lock. */
#ifndef SNUG_DEBUG_LOG_H
#define SNUG_DEBUG_LOG_H

#include "debug/table.h"

void debug_log_allocate(const struct debug_block *block, size_t alignment);
/* The block keeps its identity in the log: `serial` of the old goes on in the new. */
void debug_log_resize(const struct debug_block *block);
void debug_log_free(const struct debug_block *block, struct debug_release release);
/* Write what is buffered, and the header's counts. Needs no lock while dying. */
void debug_log_flush(void);
/* Write no more to it. */
void debug_log_abandon(void);

#endif
