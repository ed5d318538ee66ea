#include "record/tracee.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "record/names.h"
#include "record/others.h"

enum {
    BATCH_RECORDS = LOG_RECORDS / 16,
    /* In records: the ring comes from the writer's cache, then the blocks from
     * memory. */
    LINES_AHEAD = 64,
    PAGES_AHEAD = 16,
    BLOCKS_AHEAD = 6,
    /* A thread that came to its end in the middle of a record holds up all others when
     * the ring is full; one that only waits for its processor does so for less long. */
    HOLE_NS = 2000000000,
    /* Longer than the parent's ring takes to be read up to the fork. */
    LEGACY_NS = 1000000000,
    /* How much of a trace may be lost if this process is killed. */
    CUT_NS = 1000000000,
};

/* ---- what is told ---- */

void tracee_note(struct tracee *tracee, const char *format, ...)
{
    struct recorded *recorded = tracee->recorded;
    if (recorded != NULL && recorded->note_count < RECORDED_NOTES) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(recorded->notes[recorded->note_count++], RECORDED_NOTE_BYTES, format,
                  arguments);
        va_end(arguments);
    }
}

static bool note_repair(void *tracee, const char *sentence)
{
    tracee_note(tracee, "%s", sentence);
    return true;
}

static void note_losses(struct tracee *tracee)
{
    pointers_finish(tracee->pointers);
    if (tracee->left_out > 0) {
        tracee_note(tracee,
                    "Left out %" PRIu64
                    " calls that were under way when the program or their "
                    "thread ended.",
                    tracee->left_out);
    }
}

/* ---- the file ---- */

static void write_comments(struct tracee *tracee)
{
    const char *const *comment = tracee->options->comments;
    char line[LOG_IMAGE_BYTES + 32];
    for (; *comment != NULL; comment++) {
        trace_writer_comment(&tracee->writer, *comment);
    }
    if (tracee->number > 1) {
        snprintf(line, sizeof line, "process: %" PRIu32 ": %.*s", tracee->number,
                 LOG_COMMAND_BYTES - 1, tracee->ring->command);
        trace_writer_comment(&tracee->writer, line);
    }
    snprintf(line, sizeof line, RECORDED_IMAGE "%.*s", LOG_IMAGE_BYTES - 1,
             tracee->ring->image);
    trace_writer_comment(&tracee->writer, line);
}

static bool file_open(struct tracee *tracee, struct trace_error *error)
{
    struct recorded *recorded = tracee->recorded;
    names_trace(recorded->path, sizeof recorded->path, tracee->options->output,
                tracee->number, tracee->ring->name);
    if (!trace_writer_open(&tracee->writer, recorded->path, SINK_QUICK,
                           (struct trace_totals){.weight = WEIGHT_BOTH}, error)) {
        return false;
    }
    write_comments(tracee);
    return true;
}

static void file_finish(struct tracee *tracee)
{
    struct recorded *recorded = tracee->recorded;
    struct trace_error error = {""};
    for (size_t i = 0; i < recorded->note_count; i++) {
        trace_writer_recorded(&tracee->writer, recorded->notes[i]);
    }
    struct pointers_totals totals = pointers_totals(tracee->pointers);
    trace_writer_total(&tracee->writer, (struct trace_totals){WEIGHT_BOTH, totals.slots,
                                                              tracee->operations,
                                                              totals.peak_live_bytes});
    if (!trace_writer_finish(&tracee->writer, &error)) {
        snprintf(recorded->failure, sizeof recorded->failure, "%s", error.text);
        recorded->operations = 0;
    }
}

/* ---- open and close ---- */

static bool put_op(void *to, struct trace_op op)
{
    struct tracee *tracee = to;
    if (!tracee->is_stopped) {
        trace_writer_op(&tracee->writer, op);
        if (++tracee->operations == tracee->options->max_ops) {
            tracee_stop(tracee, "The recording ended before the program: at the number "
                                "of operations that --max-ops gave.");
        }
    }
    return true;
}

static void release(struct tracee *tracee)
{
    pointers_close(tracee->pointers);
    if (tracee->pidfd >= 0) {
        close(tracee->pidfd);
    }
    free(tracee);
}

static bool is_of_our_namespace(const struct log_ring *ring)
{
    char own[LOG_NAMESPACE_BYTES];
    log_read_link("/proc/self/ns/pid", own, sizeof own);
    return ring->pid_namespace[0] == '\0' ||
           strncmp(ring->pid_namespace, own, sizeof own) == 0;
}

struct tracee *tracee_open(struct log_ring *ring, uint32_t ring_number, uint32_t number,
                           const struct recording_options *options, struct forks *forks,
                           uint64_t now_ns, struct trace_error *error)
{
    struct tracee *tracee = calloc(1, sizeof *tracee);
    struct recorded *recorded = calloc(1, sizeof *recorded);
    if (tracee == NULL || recorded == NULL) {
        snprintf(error->text, sizeof error->text, "no memory to record a process");
        free(tracee);
        free(recorded);
        return NULL;
    }
    recorded->number = number;
    *tracee = (struct tracee){
        .ring = ring,
        .ring_number = ring_number,
        .number = number,
        .pid = ring->pid,
        .waiting_since_ns = ring->fork != 0 ? now_ns : 0,
        .cut_ns = now_ns,
        .options = options,
        .forks = forks,
        .recorded = recorded,
    };
    tracee->is_visible = is_of_our_namespace(ring);
    tracee->pidfd =
        tracee->is_visible ? (int)syscall(SYS_pidfd_open, tracee->pid, 0) : -1;
    tracee->pointers = pointers_open(
        (struct pointers_target){put_op, note_repair, tracee}, POINTERS_EXACT);
    if (tracee->pointers == NULL || !file_open(tracee, error)) {
        free(recorded);
        release(tracee);
        return NULL;
    }
    tracee->live = pointers_live(tracee->pointers);
    return tracee;
}

bool tracee_has_pid_of(const struct tracee *tracee, const struct log_ring *ring)
{
    const char *const own = tracee->ring->pid_namespace;
    const char *const other = ring->pid_namespace;
    return tracee->pid == ring->pid && (own[0] == '\0' || other[0] == '\0' ||
                                        strncmp(own, other, LOG_NAMESPACE_BYTES) == 0);
}

/* ---- reading ---- */

/* Writers may go on to the end of the ring; those who sleep are woken when that is
 * worth it. */
static void publish(struct tracee *tracee, bool is_empty)
{
    struct log_ring *ring = tracee->ring;
    ring->limit = tracee->next + LOG_RECORDS;
    if (ring->waiters != 0 &&
        (is_empty || ring->claimed - tracee->next <= LOG_RECORDS / 2)) {
        ring->waiters = 0;
        atomic_fetch_add(&ring->turn, 1);
        syscall(SYS_futex, &ring->turn, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    }
}

void tracee_stop(struct tracee *tracee, const char *why)
{
    struct log_ring *ring = tracee->ring;
    if (!tracee->is_stopped) {
        tracee->is_stopped = true;
        ring->limit = 0;
        atomic_fetch_add(&ring->turn, 1);
        syscall(SYS_futex, &ring->turn, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
        if (why != NULL) {
            tracee_note(tracee, "%s", why);
        }
    }
}

static void stop_for_memory(struct tracee *tracee)
{
    tracee_note(tracee,
                "The recording ended before the program: no memory for %" PRIu64
                " live blocks.",
                tracee->live->count);
    tracee_stop(tracee, NULL);
}

/* What its parent had when it was forked. false: not known yet. */
static bool inherit(struct tracee *tracee, uint64_t now_ns)
{
    struct legacy *legacy = forks_take(tracee->forks, tracee->ring->fork);
    if (legacy == NULL) {
        if (now_ns - tracee->waiting_since_ns > LEGACY_NS) {
            tracee->waiting_since_ns = 0;
        }
        return tracee->waiting_since_ns == 0;
    }
    for (uint64_t i = 0; i < legacy->count; i++) {
        if (!tracee->is_stopped &&
            !pointers_inherit(tracee->pointers, legacy->blocks[i])) {
            stop_for_memory(tracee);
        }
    }
    char line[100];
    snprintf(line, sizeof line,
             "The first %" PRIu64 " mallocs are what was live when it was forked.",
             legacy->count);
    trace_writer_recorded(&tracee->writer, line);
    tracee->waiting_since_ns = 0;
    legacy_destroy(legacy);
    return true;
}

static void take(struct tracee *tracee, const struct log_record *record, uint64_t extra)
{
    if (log_record_kind(record) == LOG_FORK) {
        forks_keep(tracee->forks, (uint32_t)log_record_size(record), tracee->live);
    } else if (!convert_record(tracee->pointers, record, extra)) {
        stop_for_memory(tracee);
    }
}

static const struct log_record *record_at(const struct tracee *tracee,
                                          uint64_t position)
{
    return &log_ring_records(tracee->ring)[position % LOG_RECORDS];
}

/* The records of the call at `next`: 1 or 2. 0: it is not all written. */
static unsigned call_length(const struct tracee *tracee)
{
    const struct log_record *record = record_at(tracee, tracee->next);
    if (!log_record_is_written(record, tracee->next)) {
        return 0;
    }
    enum log_kind kind = log_record_kind(record);
    if (kind != LOG_CALLOC && kind != LOG_MEMALIGN) {
        return 1;
    }
    uint64_t second = tracee->next + 1;
    return log_record_is_written(record_at(tracee, second), second) ? 2 : 0;
}

/* Of a record that may not be written yet: a guess. */
static uint64_t address_ahead(const struct tracee *tracee, unsigned distance)
{
    return log_record_address(record_at(tracee, tracee->next + distance));
}

/* false: the next call is not written. */
static bool take_next(struct tracee *tracee)
{
    unsigned length = call_length(tracee);
    if (length == 0) {
        return false;
    }
    uint64_t extra =
        length == 2 ? log_record_size(record_at(tracee, tracee->next + 1)) : 0;
    __builtin_prefetch(record_at(tracee, tracee->next + LINES_AHEAD));
    addresses_prefetch_page(tracee->live, address_ahead(tracee, PAGES_AHEAD));
    addresses_prefetch(tracee->live, address_ahead(tracee, BLOCKS_AHEAD));
    take(tracee, record_at(tracee, tracee->next), extra);
    tracee->next += length;
    return true;
}

bool tracee_has_hole(const struct tracee *tracee)
{
    return !tracee->is_stopped && tracee->ring->claimed > tracee->next;
}

/* Past a record that will not be written any more. */
static void skip_hole(struct tracee *tracee, uint64_t now_ns)
{
    if (!tracee_has_hole(tracee) || tracee->ring->waiters == 0) {
        tracee->hole_since_ns = 0;
    } else if (tracee->hole_since_ns == 0) {
        tracee->hole_since_ns = now_ns;
    } else if (now_ns - tracee->hole_since_ns > HOLE_NS) {
        tracee->left_out++;
        tracee->next++;
        tracee->hole_since_ns = 0;
    }
}

bool tracee_drain(struct tracee *tracee, uint64_t now_ns)
{
    if (tracee->is_stopped ||
        (tracee->waiting_since_ns != 0 && !inherit(tracee, now_ns))) {
        return false;
    }
    uint64_t end = tracee->next + BATCH_RECORDS;
    while (tracee->next < end && !tracee->is_stopped && take_next(tracee)) {
    }
    bool is_full = tracee->next >= end;
    if (is_full) {
        tracee->hole_since_ns = 0;
    } else {
        skip_hole(tracee, now_ns);
    }
    if (now_ns - tracee->cut_ns >= CUT_NS) {
        tracee->cut_ns = now_ns;
        trace_writer_cut(&tracee->writer);
    }
    if (sink_has_failed(tracee->writer.sink)) {
        tracee_stop(tracee, NULL);
    }
    if (!tracee->is_stopped) {
        publish(tracee, !is_full);
    }
    return is_full && !tracee->is_stopped;
}

/* ---- the end ---- */

/* Nobody writes any more: what is not written never will be. */
static void take_rest(struct tracee *tracee)
{
    uint64_t claimed = tracee->ring->claimed;
    uint64_t limit = tracee->ring->limit;
    if (tracee->waiting_since_ns != 0) {
        inherit(tracee, tracee->waiting_since_ns);
    }
    while (tracee->next < claimed && tracee->next < limit && !tracee->is_stopped) {
        if (!take_next(tracee)) {
            tracee->left_out++;
            tracee->next++;
        }
    }
    if (!tracee->is_stopped && claimed > tracee->next) {
        tracee->left_out += claimed - tracee->next;
    }
}

struct recorded *tracee_finish(struct tracee *tracee)
{
    struct recorded *recorded = tracee->recorded;
    if (tracee->has_ended) {
        take_rest(tracee);
    }
    tracee_stop(tracee, NULL);
    note_losses(tracee);
    recorded->operations = tracee->operations;
    const struct pointers_totals totals = pointers_totals(tracee->pointers);
    recorded->threads = totals.threads;
    recorded->peak_live_bytes = totals.peak_live_bytes;
    if (tracee->operations == 0 && !sink_has_failed(tracee->writer.sink)) {
        trace_writer_discard(&tracee->writer);
    } else {
        file_finish(tracee);
    }
    pointers_close(tracee->pointers);
    tracee->pointers = NULL;
    tracee->recorded = NULL;
    return recorded;
}

void tracee_close(struct tracee *tracee)
{
    if (tracee->recorded != NULL) {
        tracee_stop(tracee, NULL);
        trace_writer_discard(&tracee->writer);
        free(tracee->recorded);
    }
    munmap(tracee->ring, LOG_RING_BYTES);
    release(tracee);
}
