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
#include "record/others.h"
#include "record/rings.h"
#include "record/tracee.h"

enum {
    SLEEP_NS = 500000000,
    SHORT_SLEEP_NS = 2000000,   /* for a record that is being written */
    FOLLOW_SLEEP_NS = 20000000, /* the ends of children are not told, but looked for */
    FORKED_NS = 1000000000,     /* that a child may take to come to life */
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
    bool has_told;        /* that daemons are waited for */
};

/* ---- processes ---- */

static void remember_recorded(struct session *session, struct recorded *recorded)
{
    struct recorded **place = &session->recording->processes;
    while (*place != NULL && (*place)->number < recorded->number) {
        place = &(*place)->next;
    }
    recorded->next = *place;
    *place = recorded;
}

static void remember_failure(struct session *session, uint32_t number, const char *text)
{
    struct recorded *recorded = calloc(1, sizeof *recorded);
    if (recorded != NULL) {
        recorded->number = number;
        snprintf(recorded->failure, sizeof recorded->failure, "%s", text);
        remember_recorded(session, recorded);
    }
}

static void tracee_remove(struct session *session, size_t index)
{
    struct tracee *tracee = session->tracees[index];
    uint32_t ring = tracee->ring_number;
    session->tracees[index] = session->tracees[--session->tracee_count];
    tracee_close(tracee);
    rings_release(&session->rings, ring);
}

static void forget_recorded(struct session *session, uint32_t number)
{
    struct recorded **place = &session->recording->processes;
    while (*place != NULL && (*place)->number != number) {
        place = &(*place)->next;
    }
    struct recorded *found = *place;
    if (found != NULL) {
        *place = found->next;
        free(found);
    }
}

/* The number of the process that a new image is of: it keeps it, and what was recorded
 * of the image before is forgotten, but for the forks in it. 0: it is a new process.
 * (The number of a process that has ended is not another's already: that is removed
 * when its end is seen.) */
static uint32_t replace_image(struct session *session, int32_t pid)
{
    for (size_t i = 0; i < session->tracee_count; i++) {
        struct tracee *tracee = session->tracees[i];
        if (tracee->pid == pid) {
            uint32_t number = tracee->number;
            while (tracee_drain(tracee, clock_now_ns())) {
            }
            tracee_remove(session, i);
            forget_recorded(session, number);
            return number;
        }
    }
    return 0;
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
    uint32_t number = replace_image(session, ring->pid);
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
        remember_failure(session, number, error.text);
        return;
    }
    session->tracees[session->tracee_count++] = tracee;
    if (tracee->pid == session->launched.process.pid) {
        session->launched.has_no_library = false;
    }
}

/* ---- ends ---- */

/* Of a process that is not visible it is seen at exit, or when nothing else is left. */
static bool has_ended(struct session *session, const struct tracee *tracee)
{
    struct pollfd end = {.fd = tracee->pidfd, .events = POLLIN};
    if (tracee->pid == session->launched.process.pid) {
        return launch_has_ended(&session->launched);
    }
    if (!tracee->is_visible) {
        return tracee->ring->has_exited != 0;
    }
    return tracee->pidfd < 0 || poll(&end, 1, 0) == 1;
}

static void look_for_ends(struct session *session, uint64_t now)
{
    for (size_t i = 0; i < session->tracee_count; i++) {
        struct tracee *tracee = session->tracees[i];
        tracee->has_ended = tracee->has_ended || has_ended(session, tracee);
    }
    if (session->ended_ns == 0 && launch_has_ended(&session->launched)) {
        session->ended_ns = now;
    }
}

/* A child notes itself when it first runs, which may be after its parent has ended. */
static bool are_children_expected(const struct session *session, uint64_t now)
{
    return session->rings.header->forked < session->rings.header->forks &&
           now - session->ended_ns < FORKED_NS;
}

static bool is_done(const struct session *session, uint64_t now)
{
    bool has_visible = false;
    for (size_t i = 0; i < session->tracee_count; i++) {
        has_visible = has_visible || session->tracees[i]->is_visible;
    }
    return session->ended_ns != 0 &&
           (launch_is_interrupted() || session->is_over ||
            (!has_visible && !are_children_expected(session, now)));
}

static void stop_all(struct session *session, const char *why)
{
    session->is_over = true;
    session->rings.header->reader = 0; /* nobody begins any more */
    for (size_t i = 0; i < session->tracee_count; i++) {
        tracee_stop(session->tracees[i], why);
    }
}

/* ---- what was not recorded ---- */

static void note_others(struct session *session, struct tracee *tracee)
{
    struct others others = others_describe(session->rings.header);
    char more[32] = "";
    if (others.text[0] == '\0') {
        return;
    }
    if (others.unlisted > 0) {
        snprintf(more, sizeof more, " and %" PRIu32 " more", others.unlisted);
    }
    if (session->options->follow_fork) {
        const struct log_header *const header = session->rings.header;
        char why[64] = "";
        if (header->attach_failure == EAGAIN) {
            snprintf(why, sizeof why, "more than %" PRIu32 " processes at a time",
                     header->ring_count);
        }
        tracee_note(tracee, "Not recorded: %s%s: %s.", others.text, more,
                    why[0] != '\0' ? why : strerror((int)header->attach_failure));
    } else {
        tracee_note(tracee,
                    "Not recorded, since only the first process is: %s%s. With "
                    "--follow-fork they are.",
                    others.text, more);
    }
}

/* The process ended as another program than the one on record, which the recorder did
 * not get into. One of the same name is seen if it ran for longer than we sleep. */
static void note_replaced(const struct session *session, struct tracee *tracee)
{
    const struct log_ring *ring = tracee->ring;
    const char *last = session->launched.last_name;
    if (!tracee->has_ended || ring->has_exited != 0) {
        return;
    }
    if (session->launched.has_no_library) {
        tracee_note(tracee,
                    "The process " RECORDED_REPLACED " after %.200s: that "
                    "one did not load the recorder and is not recorded.",
                    ring->image);
    } else if (last[0] != '\0' && strncmp(last, ring->name, LOG_NAME_BYTES) != 0) {
        tracee_note(tracee,
                    "The process ended under another name than that of "
                    "%.200s: " RECORDED_RENAMED ", that one did not load the recorder "
                    "and is not recorded.",
                    ring->image);
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

/* Whether there is more to read at once. */
static bool drain_all(struct session *session, uint64_t now)
{
    bool has_more = false;
    for (size_t i = 0; i < session->tracee_count; i++) {
        has_more = tracee_drain(session->tracees[i], now) || has_more;
    }
    return has_more;
}

static void finish(struct session *session, struct tracee *tracee)
{
    if (tracee->pid == session->launched.process.pid) {
        note_others(session, tracee);
        note_replaced(session, tracee);
    }
    remember_recorded(session, tracee_finish(tracee));
}

static void finish_ended(struct session *session, uint64_t now)
{
    for (size_t i = session->tracee_count; i-- > 0;) {
        struct tracee *tracee = session->tracees[i];
        if (tracee->pid == session->launched.process.pid && tracee->has_ended &&
            are_children_expected(session, now)) {
            continue; /* they are named in its trace */
        }
        if (tracee->recorded != NULL && (tracee->has_ended || tracee->is_stopped)) {
            finish(session, tracee);
        }
        if (tracee->has_ended) {
            tracee_remove(session, i);
        }
    }
}

static uint64_t sleep_length(const struct session *session, uint64_t now)
{
    uint64_t length = session->options->follow_fork ? FOLLOW_SLEEP_NS : SLEEP_NS;
    if (session->ended_ns != 0 && are_children_expected(session, now)) {
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
