/* One place where snugbench waits: for children, for a deadline, for Ctrl-C.
 *
 * The signals are blocked for the whole run and taken with sigtimedwait, so none can
 * slip in between a check and a wait. One thread. */
#ifndef SNUGBENCH_PROCESS_SIGNALS_H
#define SNUGBENCH_PROCESS_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

/* From here on SIGCHLD, SIGINT, SIGTERM and SIGHUP are held back. Those that were
 * ignored (nohup, a script's background job) stay ignored.
 * signals_outlive_pipe comes with it. Nothing if already held. */
void signals_hold(void);

/* From here on SIGPIPE is held back: who reads the progress may go away before what was
 * measured is written. Until signals_hold comes no child may be started. */
void signals_outlive_pipe(void);

/* All that is kept has been written: who closes the pipe of the table ends us, as is
 * usual. What came of pipes until then is forgotten. */
void signals_end_by_pipe(void);

/* Undo signals_hold. A held interrupt that was never taken then strikes as usual. */
void signals_release(void);

/* In a child: the signal mask from before signals_hold. Nothing if not held. */
void signals_restore_mask(void);

/* Sleep until a child stops or ends, somebody asks to stop, or the clock of
 * clock_now_ns reaches `deadline_ns`. May return early: callers look for themselves.
 */
void signals_wait(uint64_t deadline_ns);

/* Whether somebody asked to stop; stays true. */
bool signals_interrupted(void);

/* How often somebody did, as far as it has been asked for. What is started after that
 * is to clean up: it goes on until somebody asks again. */
unsigned signals_interruptions(void);
bool signals_interrupted_again(unsigned interruptions);

#endif
