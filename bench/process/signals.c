#include "process/signals.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "process/clock.h"

static struct {
    bool held;
    unsigned interruptions;
    sigset_t waited_for;
    sigset_t original_mask;
} signals;

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
    signals.interruptions = 0;
    signals.held = true;
}

void signals_release(void)
{
    if (signals.held) {
        sigprocmask(SIG_SETMASK, &signals.original_mask, NULL);
        signals.held = false;
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
