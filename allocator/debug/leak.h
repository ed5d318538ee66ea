/* Leaks: live blocks to which nothing leads any more, neither from root memory
 * (debug/roots.h) nor through blocks that are in use. As in any conservative search, a
 * number that looks like an address keeps a block from being reported. */
#ifndef SNUG_DEBUG_LEAK_H
#define SNUG_DEBUG_LEAK_H

#include "base/size.h"

/* Print the report on stderr; quiet: only if there are leaks. Returns the blocks lost,
 * suppressed ones not among them. The heap lock is not held. */
size_t debug_leak_report(bool quiet);
/* What options ask for at exit; ends the process with their exit code. */
void debug_leak_report_at_exit(void);

#endif
