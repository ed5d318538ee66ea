#include "process/signals.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "process/clock.h"

static struct {
    bool held;
    bool pipe_held;
    unsigned interruptions;
    sigset_t waited_for;
    sigset_t original_mask;
} signals;

static sigset_t pipe_alone(void)
{
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    return pipe;
}

void signals_outlive_pipe(void)
{
    const sigset_t pipe = pipe_alone();
    sigset_t mask;
    sigprocmask(SIG_BLOCK, &pipe, &mask);
    signals.pipe_held |= sigismember(&mask, SIGPIPE) == 0;
}

void signals_end_by_pipe(void)
{
    const sigset_t pipe = pipe_alone();
    const struct timespec now = {.tv_sec = 0};
    if (signals.pipe_held) {
        while (sigtimedwait(&pipe, NULL, &now) == SIGPIPE) {
        }
        sigprocmask(SIG_UNBLOCK, &pipe, NULL);
        signals.pipe_held = false;
    }
}

void signals_hold(void)
{
    if (signals.held) {
        return;
    }
    static const int stoppers[] = {SIGINT, SIGTERM, SIGHUP};
    sigemptyset(&signals.waited_for);
    sigaddset(&signals.waited_for, SIGCHLD);
    for (size_t i = 0; i < sizeof stoppers / sizeof *stoppers; i++) {
        struct sigaction action;
        if (sigaction(stoppers[i], NULL, &action) == 0 &&
            action.sa_handler != SIG_IGN) {
            sigaddset(&signals.waited_for, stoppers[i]);
        }
    }
    /* An ignored SIGCHLD would make the kernel reap children behind our back. */
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &signals.waited_for, &signals.original_mask);
    if (signals.pipe_held) { /* children are not to outlive theirs */
        sigdelset(&signals.original_mask, SIGPIPE);
    }
    signals_outlive_pipe();
    signals.interruptions = 0;
    signals.held = true;
}

void signals_release(void)
{
    if (signals.held) {
        sigprocmask(SIG_SETMASK, &signals.original_mask, NULL);
        signals.held = signals.pipe_held = false;
    }
}

void signals_restore_mask(void)
{
    if (signals.held) {
        sigprocmask(SIG_SETMASK, &signals.original_mask, NULL);
    }
}

/* Take one signal within `left_ns`; false if none came. */
static bool take_signal(uint64_t left_ns)
{
    struct timespec left = {
        .tv_sec = (time_t)(left_ns / NS_PER_SECOND),
        .tv_nsec = (long)(left_ns % NS_PER_SECOND),
    };
    int signal_number = sigtimedwait(&signals.waited_for, NULL, &left);
    if (signal_number > 0 && signal_number != SIGCHLD) {
        signals.interruptions++;
    }
    return signal_number > 0;
}

void signals_wait(uint64_t deadline_ns)
{
    uint64_t now_ns = clock_now_ns();
    take_signal(deadline_ns > now_ns ? deadline_ns - now_ns : 0);
}

bool signals_interrupted(void)
{
    return signals_interrupted_again(0);
}

unsigned signals_interruptions(void)
{
    return signals.interruptions;
}

bool signals_interrupted_again(unsigned interruptions)
{
    /* A SIGCHLD taken here is not missed: callers look at their children after this,
     * and before they sleep. */
    while (signals.held && take_signal(0)) {
    }
    return signals.interruptions > interruptions;
}
