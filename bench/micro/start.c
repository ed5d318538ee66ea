/* start: an empty program under the allocator, 60 times: this executable with the one
 * argument "empty", posix_spawn to wait. One operation is one process; median, because
 * single ones are disturbed. Minor faults are the pages it touched, libraries and libc
 * included, peak resident what is private when main begins. */
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "micro/cases.h"

enum {
    PROCESS_COUNT = 60
};

static bool run_empty(uint64_t *elapsed_ns, uint64_t *faults)
{
    char path[] = "/proc/self/exe";
    char name[] = "snugbench-micro";
    char argument[] = "empty";
    char *arguments[] = {name, argument, NULL};
    pid_t pid;
    int status;
    struct rusage usage;
    const uint64_t start_ns = bench_now_ns();
    if (posix_spawn(&pid, path, NULL, NULL, arguments, environ) != 0 ||
        wait4(pid, &status, 0, &usage) != pid || status != 0) {
        return false;
    }
    *elapsed_ns = bench_now_ns() - start_ns;
    *faults = (uint64_t)usage.ru_minflt;
    return true;
}

/* The median of a few values, which it sorts. */
static uint64_t median(uint64_t *values, uint64_t count)
{
    for (uint64_t i = 1; i < count; i++) {
        for (uint64_t j = i; j > 0 && values[j] < values[j - 1]; j--) {
            const uint64_t value = values[j];
            values[j] = values[j - 1];
            values[j - 1] = value;
        }
    }
    return values[count / 2];
}

void start_run(struct bench *bench)
{
    uint64_t elapsed_ns[PROCESS_COUNT] = {0};
    uint64_t faults[PROCESS_COUNT] = {0};
    const uint64_t count = bench_scaled(bench, PROCESS_COUNT);
    bench->record->peak_resident_bytes = bench->record->start_resident_bytes;
    bench->record->measured |= MICRO_HAS_PEAK | MICRO_HAS_FAULTS;
    for (uint64_t i = 0; i < count; i++) {
        if (!run_empty(&elapsed_ns[i], &faults[i])) {
            bench_end(bench, MICRO_INTERNAL_ERROR, "the empty program failed");
        }
    }
    bench_count(bench, count, count * median(elapsed_ns, count));
    bench->record->minor_faults = median(faults, count);
}
