#include "record/unrecorded.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "record/others.h"

static void note_others(struct tracee *tracee, const struct log_header *header)
{
    struct others others = others_describe(header);
    char more[32] = "";
    if (others.text[0] == '\0') {
        return;
    }
    if (others.unlisted > 0) {
        snprintf(more, sizeof more, " and %" PRIu32 " more", others.unlisted);
    }
    if (tracee->options->follow_fork) {
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
static void note_replaced(struct tracee *tracee, const struct launched *launched)
{
    const struct log_ring *ring = tracee->ring;
    const char *last = launched->last_name;
    if (!tracee->has_ended || ring->has_exited != 0) {
        return;
    }
    if (launched->has_no_library) {
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

void unrecorded_note(struct tracee *tracee, const struct log_header *header,
                     const struct launched *launched)
{
    note_others(tracee, header);
    note_replaced(tracee, launched);
}
