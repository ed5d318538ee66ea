#include "record/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "process/clock.h"
#include "process/ending.h"
#include "record/launch.h"
#include "record/recorded.h"
#include "record/rings.h"
#include "record/tracee.h"
#include "record/unrecorded.h"

enum {
    SLEEP_NS = 500000000,
    SHORT_SLEEP_NS = 2000000,   /* for a record that is being written */
    FOLLOW_SLEEP_NS = 20000000, /* the ends of children are not told, but looked for */
    FORKED_NS = 1000000000,     /* that a child may take to note itself */
    PATIENCE_NS = 500000000,    /* until it is said that daemons are waited for */
};

_Static_assert(LOG_RING_BYTES >> 20 == RECORDING_MIB, "as the user is told");

struct session {
    struct recording *recording;
    const struct recording_options *options;
    struct launched launched;
    struct rings rings;
    struct tracee **tracees;
    size_t tracee_count;
    size_t tracee_room;
    uint32_t numbers; /* given to processes so far */
    struct forks forks;
    uint64_t deadline_ns; /* 0: none */
    bool is_over;         /* nothing is read any more */
    uint64_t ended_ns;    /* when the program had; 0: it runs */
    uint64_t last_end_ns; /* when the last process had */
    bool has_unmet;       /* children, when it was looked last */
    bool has_told;        /* that daemons are waited for */
};

/* ---- processes ---- */

/* Whether there is more to read at once. */
static bool drain_all(struct session *session, uint64_t now)
{
    bool has_more = false;
    for (size_t i = 0; i < session->tracee_count; i++) {
        has_more = tracee_drain(session->tracees[i], now) || has_more;
    }
    return has_more;
}

static void tracee_remove(struct session *session, struct tracee *tracee)
{
    uint32_t ring = tracee->ring_number;
    size_t index = 0;
    while (session->tracees[index] != tracee) {
        index++;
    }
    session->tracees[index] = session->tracees[--session->tracee_count];
    tracee_close(tracee);
    rings_release(&session->rings, ring);
}

/* The process on record that a ring's owner has the pid of, or had it: the last one.
 * NULL: none has. */
static struct tracee *find_namesake(const struct session *session,
                                    const struct log_ring *ring)
{
    struct tracee *found = NULL;
    for (size_t i = 0; i < session->tracee_count; i++) {
        struct tracee *tracee = session->tracees[i];
        if (tracee_has_pid_of(tracee, ring) &&
            (found == NULL || found->number < tracee->number)) {
            found = tracee;
        }
    }
    return found;
}

/* All that it wrote, which comes after what it has from its parent. That is in the ring
 * of the parent, who may wait for its own. */
static void read_to_end(struct session *session, struct tracee *tracee)
{
    size_t generations = session->tracee_count;
    while (tracee->waiting_since_ns != 0 && !tracee->is_stopped &&
           (drain_all(session, clock_now_ns()) || generations-- > 0)) {
    }
    while (tracee_drain(tracee, clock_now_ns())) {
    }
}

/* The number of the process that a new image is of: it keeps it, and what was recorded
 * of the image before is forgotten, but for the forks in it. 0: it is a new process.
 * Then the one before it by that pid has ended, as is not seen where pids are not. */
static uint32_t replace_image(struct session *session, const struct log_ring *ring)
{
    struct tracee *tracee = find_namesake(session, ring);
    if (tracee == NULL) {
        return 0;
    }
    if (ring->is_child || tracee->ring->has_exited != 0) {
        tracee->has_ended = tracee->has_ended ||
                            (!tracee->is_visible && ring->pid_namespace[0] != '\0');
        return 0;
    }
    const uint32_t number = tracee->number;
    read_to_end(session, tracee);
    tracee_remove(session, tracee);
    recorded_forget(session->recording, number);
    return number;
}

static bool has_room(struct session *session)
{
    if (session->tracee_count < session->tracee_room) {
        return true;
    }
    size_t room = session->tracee_room * 2 + 4;
    struct tracee **tracees =
        reallocarray(session->tracees, room, sizeof(struct tracee *));
    if (tracees != NULL) {
        session->tracees = tracees;
        session->tracee_room = room;
    }
    return tracees != NULL;
}

static void tracee_add(struct session *session, struct log_ring *ring,
                       uint32_t ring_number, uint64_t now)
{
    struct trace_error error = {"no memory to record a process"};
    uint32_t number = replace_image(session, ring);
    struct tracee *tracee = NULL;
    if (number == 0) {
        number = ++session->numbers;
    }
    session->recording->was_seen = true;
    if (has_room(session)) {
        tracee = tracee_open(ring, ring_number, number, session->options,
                             &session->forks, now, &error);
    }
    if (tracee == NULL) {
        rings_refuse(ring); /* it looks at its limit again before long */
        recorded_fail(session->recording, number, error.text);
        return;
    }
    session->tracees[session->tracee_count++] = tracee;
    /* All that the program began as is met when its end is seen. From then on its pid
     * may be another's, in that very round a child's of another process. */
    tracee->is_program = tracee->is_visible && !ring->is_child &&
                         tracee->pid == session->launched.process.pid &&
                         (session->ended_ns == 0 || session->ended_ns == now);
    if (tracee->is_program) {
        session->launched.has_no_library = false;
    }
}

/* ---- ends ---- */

/* Of a process that is not visible it is seen at exit, or when nothing else is left. */
static bool has_ended(struct session *session, const struct tracee *tracee)
{
    struct pollfd end = {.fd = tracee->pidfd, .events = POLLIN};
    if (tracee->is_program) {
        return launch_has_ended(&session->launched);
    }
    if (!tracee->is_visible) {
        return tracee->ring->has_exited != 0;
    }
    return tracee->pidfd < 0 || poll(&end, 1, 0) == 1;
}

/* A child notes itself when it first runs, which may be after its parent has ended. Its
 * ring is ready by then, so this is looked at before rings are. Processes are only
 * searched for where the recording would be over without one. */
static bool is_one_unmet(const struct session *session, uint64_t now)
{
    const struct log_header *header = session->rings.header;
    bool is_one_known = session->ended_ns == 0;
    for (size_t i = 0; i < session->tracee_count; i++) {
        const struct tracee *tracee = session->tracees[i];
        is_one_known = is_one_known || (tracee->is_visible && !tracee->has_ended);
    }
    return header->forked < header->forks ||
           (session->options->follow_fork && !is_one_known &&
            now - session->last_end_ns < FORKED_NS &&
            launch_is_inherited(session->rings.file));
}

static void look_for_ends(struct session *session, uint64_t now)
{
    for (size_t i = 0; i < session->tracee_count; i++) {
        struct tracee *tracee = session->tracees[i];
        if (!tracee->has_ended && has_ended(session, tracee)) {
            tracee->has_ended = true;
            session->last_end_ns = now;
        }
    }
    if (session->ended_ns == 0 && launch_has_ended(&session->launched)) {
        session->ended_ns = now;
        session->last_end_ns = now;
    }
    session->has_unmet = is_one_unmet(session, now);
}

static bool are_children_expected(const struct session *session, uint64_t since_ns,
                                  uint64_t now)
{
    return session->has_unmet && now - since_ns < FORKED_NS;
}

static bool is_done(const struct session *session, uint64_t now)
{
    bool has_visible = false;
    for (size_t i = 0; i < session->tracee_count; i++) {
        has_visible = has_visible || session->tracees[i]->is_visible;
    }
    return session->ended_ns != 0 &&
           (launch_is_interrupted() || session->is_over ||
            (!has_visible &&
             !are_children_expected(session, session->last_end_ns, now)));
}

static void stop_all(struct session *session, const char *why)
{
    session->is_over = true;
    session->rings.header->reader = 0; /* nobody begins any more */
    for (size_t i = 0; i < session->tracee_count; i++) {
        tracee_stop(session->tracees[i], why);
    }
}

/* ---- the loop ---- */

/* Whether there was one, whose end is to be looked for at once. */
static bool attach_new(struct session *session, uint64_t now)
{
    uint32_t number = 0;
    bool has_new = false;
    struct log_ring *ring;
    while (!session->is_over && (ring = rings_take(&session->rings, &number)) != NULL) {
        tracee_add(session, ring, number, now);
        has_new = true;
    }
    return has_new;
}

static void finish(struct session *session, struct tracee *tracee)
{
    if (tracee->is_program) {
        unrecorded_note(tracee, session->rings.header, &session->launched);
    }
    recorded_remember(session->recording, tracee_finish(tracee));
}

static void finish_ended(struct session *session, uint64_t now)
{
    for (size_t i = session->tracee_count; i-- > 0;) {
        struct tracee *tracee = session->tracees[i];
        if (tracee->is_program && tracee->has_ended &&
            are_children_expected(session, session->ended_ns, now)) {
            continue; /* they are named in its trace */
        }
        if (tracee->waiting_since_ns != 0 && !tracee->is_stopped) {
            continue; /* its trace begins with what it has from its parent */
        }
        if (tracee->recorded != NULL && (tracee->has_ended || tracee->is_stopped)) {
            finish(session, tracee);
        }
        if (tracee->has_ended) {
            tracee_remove(session, tracee);
        }
    }
}

static uint64_t sleep_length(const struct session *session, uint64_t now)
{
    uint64_t length = session->options->follow_fork ? FOLLOW_SLEEP_NS : SLEEP_NS;
    if (session->ended_ns != 0 &&
        are_children_expected(session, session->last_end_ns, now)) {
        length = SHORT_SLEEP_NS;
    }
    for (size_t i = 0; i < session->tracee_count; i++) {
        if (tracee_has_hole(session->tracees[i])) {
            length = SHORT_SLEEP_NS;
        }
    }
    if (session->deadline_ns > now && session->deadline_ns - now < length) {
        length = session->deadline_ns - now;
    }
    return length;
}

/* `seen`: what header->wake was before it was looked whether there is anything to
 * do. */
static void sleep_until_woken(struct session *session, uint32_t seen, uint64_t now)
{
    struct log_header *header = session->rings.header;
    const struct timespec length = {.tv_nsec = (long)sleep_length(session, now)};
    header->is_asleep = 1;
    syscall(SYS_futex, &header->wake, FUTEX_WAIT, seen, &length, NULL, 0);
    header->is_asleep = 0;
}

static void tell_of_daemons(struct session *session, const char *program, uint64_t now)
{
    if (!session->has_told && session->ended_ns != 0 &&
        now - session->ended_ns > PATIENCE_NS) {
        session->has_told = true;
        fprintf(
            stderr,
            "snugbench: %s has ended; recording on, as processes that it started run "
            "(%zu): Ctrl-C ends the recording, not them\n",
            program, session->tracee_count);
    }
}

/* A ring that is ready is met after the end of its process is seen, so nothing is
 * missed when all that were met have ended. */
static void empty_rings(struct session *session, const char *program)
{
    uint64_t now;
    do {
        uint32_t seen = session->rings.header->wake;
        now = clock_now_ns();
        look_for_ends(session, now);
        bool has_more = attach_new(session, now);
        has_more = drain_all(session, now) || has_more;
        finish_ended(session, now);
        if (session->deadline_ns != 0 && now >= session->deadline_ns) {
            session->deadline_ns = 0;
            stop_all(session, "The recording ended before the program: after the time "
                              "that --duration gave.");
        } else if (!has_more && !is_done(session, now)) {
            tell_of_daemons(session, program, now);
            launch_look(&session->launched);
            sleep_until_woken(session, seen, now);
        }
    } while (!is_done(session, now));
}

/* Processes that run on, or whose end is not visible. */
static void finish_rest(struct session *session)
{
    /* What children have, from their parents. Those who run on may write on, too. */
    for (size_t i = session->tracee_count; i > 0 && drain_all(session, clock_now_ns());
         i--) {
    }
    for (size_t i = 0; i < session->tracee_count; i++) {
        struct tracee *tracee = session->tracees[i];
        tracee->has_ended = tracee->has_ended || !tracee->is_visible;
        while (tracee_drain(tracee, clock_now_ns())) {
        }
        tracee_stop(tracee, launch_is_interrupted()
                                ? "The recording ended before the program: it was "
                                  "interrupted."
                                : NULL);
        if (tracee->recorded != NULL) {
            finish(session, tracee);
        }
        tracee_close(tracee);
    }
    session->tracee_count = 0;
}

/* ---- the whole of it ---- */

/* false: it never became the program, and the error is filled in. */
static bool take_ending(struct recording *recording, struct ending ending,
                        const char *program, struct trace_error *error)
{
    recording->exit_code = ending_exit_code(ending);
    recording->signal = ending.kind == ENDING_SIGNAL ? ending.number : 0;
    if (ending.kind == ENDING_NOT_RUN) {
        snprintf(error->text, sizeof error->text, "cannot run %.300s: %s", program,
                 ending.number == ENOENT
                     ? "no such program, or its interpreter is missing"
                     : strerror(ending.number));
    }
    return ending.kind != ENDING_NOT_RUN;
}

static void record(struct session *session, const char *program)
{
    const struct recording_options *options = session->options;
    session->deadline_ns =
        options->duration_ns != 0 ? clock_now_ns() + options->duration_ns : 0;
    empty_rings(session, program);
    finish_rest(session);
    free(session->tracees);
    forks_destroy(&session->forks);
}

bool recording_run(struct recording *recording, char *const argv[],
                   const struct recording_options *options, struct trace_error *error)
{
    struct session session = {.recording = recording, .options = options};
    *recording = (struct recording){.exit_code = 1};
    const char *library = launch_library(error);
    if (library == NULL || !rings_create(&session.rings, error)) {
        return false;
    }
    bool has_run = launch_start(&session.launched, argv, library, session.rings.header,
                                session.rings.file, options->follow_fork, error);
    if (has_run) {
        record(&session, argv[0]);
        recording->attach_failure = (int)session.rings.header->attach_failure;
        has_run = take_ending(recording, ending_of(&session.launched.process), argv[0],
                              error);
        launch_end(&session.launched);
    }
    rings_destroy(&session.rings);
    return has_run;
}

void recording_destroy(struct recording *recording)
{
    while (recording->processes != NULL) {
        struct recorded *next = recording->processes->next;
        free(recording->processes);
        recording->processes = next;
    }
}
