#include "worker/sample.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/message.h"

static const char rollup_path[] = "/proc/self/smaps_rollup";
static const char statm_path[] = "/proc/self/statm";

static bool fail_to_read(struct job *job, const char *path)
{
    message_add(job->record, "cannot read %s, which memory figures come from", path);
    return job_fail(job, WORKER_INTERNAL_ERROR, 0);
}

bool sampler_open(struct sampler *sampler, struct job *job)
{
    sampler->rollup_fd = open(rollup_path, O_RDONLY | O_CLOEXEC);
    if (sampler->rollup_fd < 0) {
        return fail_to_read(job, rollup_path);
    }
    sampler->statm_fd = open(statm_path, O_RDONLY | O_CLOEXEC);
    if (sampler->statm_fd < 0) {
        return fail_to_read(job, statm_path);
    }
    return true;
}

static bool read_text(int fd, char *text, size_t capacity)
{
    ssize_t length = pread(fd, text, capacity - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    return length > 0;
}

/* "\nAnonymous:   112 kB" as bytes; 0 if the kernel does not have the field. */
static uint64_t field_bytes(const char *text, const char *field)
{
    const char *found = strstr(text, field);
    return found == NULL ? 0 : strtoull(found + strlen(field), NULL, 10) * 1024;
}

bool sampler_read(const struct sampler *sampler, struct job *job,
                  struct worker_sample *sample)
{
    static char text[4096];
    const uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    if (!read_text(sampler->rollup_fd, text, sizeof text)) {
        return fail_to_read(job, rollup_path);
    }
    sample->resident_bytes =
        field_bytes(text, "\nAnonymous:") + field_bytes(text, "\nPrivate_Hugetlb:");
    if (!read_text(sampler->statm_fd, text, sizeof text)) {
        return fail_to_read(job, statm_path);
    }
    /* size resident shared text lib data dt, in pages */
    char *next = text;
    sample->reserved_bytes = strtoull(next, &next, 10) * page_bytes;
    for (int skipped = 0; skipped < 4; skipped++) {
        strtoull(next, &next, 10);
    }
    sample->accessible_bytes = strtoull(next, &next, 10) * page_bytes;
    return true;
}
