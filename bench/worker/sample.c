#include "worker/sample.h"

#include <fcntl.h>
#include <unistd.h>

#include "worker/message.h"
#include "worker/residency.h"

static const char rollup_path[] = "/proc/self/smaps_rollup";
static const char statm_path[] = "/proc/self/statm";

static bool fail_to_read(struct job *job, const char *path)
{
    job_begin_failure();
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

bool sampler_read(const struct sampler *sampler, struct job *job,
                  struct worker_sample *sample)
{
    static char text[RESIDENCY_TEXT_BYTES];
    uint64_t sizes_bytes[STATM_FIELDS];
    if (!read_text(sampler->rollup_fd, text, sizeof text)) {
        return fail_to_read(job, rollup_path);
    }
    sample->resident_bytes = rollup_resident_bytes(text);
    if (!read_text(sampler->statm_fd, text, sizeof text)) {
        return fail_to_read(job, statm_path);
    }
    statm_parse(text, (uint64_t)sysconf(_SC_PAGESIZE), sizes_bytes);
    sample->reserved_bytes = sizes_bytes[STATM_SIZE];
    sample->accessible_bytes = sizes_bytes[STATM_DATA];
    return true;
}
