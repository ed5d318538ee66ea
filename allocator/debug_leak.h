/* Leaks: blocks that nothing points to any more. */
#ifndef SNUG_DEBUG_LEAK_H
#define SNUG_DEBUG_LEAK_H

/* The report at exit, if options ask for it; ends the process with their exit code. */
void debug_leak_report_at_exit(void);

#endif
