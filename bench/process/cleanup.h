/* What must not outlive this process: files in a temporary folder, a child that writes
 * there. */
#ifndef SNUGBENCH_PROCESS_CLEANUP_H
#define SNUGBENCH_PROCESS_CLEANUP_H

/* Calls `clean` at exit and before SIGINT, SIGTERM, SIGHUP and SIGPIPE end this
 * process, unless they are ignored or somebody else handles them; not in its children.
 * It calls only what a signal handler may. */
void cleanup_at_end(void (*clean)(void));

#endif
