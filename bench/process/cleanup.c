#include "process/cleanup.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

enum {
    MOST_CLEANERS = 4
};

static struct {
    void (*cleaners[MOST_CLEANERS])(void);
    volatile sig_atomic_t count;
    pid_t owner; /* a forked child must not clean up */
} cleanup;

static void clean_all(void)
{
    if (getpid() == cleanup.owner) {
        for (int i = cleanup.count; i > 0; i--) {
            cleanup.cleaners[i - 1]();
        }
    }
}

static void end_by_signal(int signal_number)
{
    clean_all();
    raise(signal_number); /* the default again, by SA_RESETHAND */
}

static void arrange(void)
{
    static const int enders[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    cleanup.owner = getpid();
    atexit(clean_all);
    for (size_t i = 0; i < sizeof enders / sizeof *enders; i++) {
        struct sigaction old;
        const struct sigaction action = {.sa_handler = end_by_signal,
                                         .sa_flags = (int)SA_RESETHAND};
        if (sigaction(enders[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL) {
            sigaction(enders[i], &action, NULL);
        }
    }
}

void cleanup_at_end(void (*clean)(void))
{
    assert(cleanup.count < MOST_CLEANERS);
    cleanup.cleaners[cleanup.count] = clean;
    cleanup.count++;
    if (cleanup.owner != getpid()) {
        arrange();
    }
}
