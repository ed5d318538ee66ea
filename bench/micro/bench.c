#include "micro/bench.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "worker/residency.h"

enum {
    BATCH_OPERATIONS = 256,
    TICKS = 100,
    TICK_NS = 10 * 1000 * 1000,
    TICK_BLOCKS = 100,
};

static int rollup_fd = -1;

void bench_end(struct bench *bench, enum micro_status status, const char *message)
{
    struct micro_record *record = bench->record;
    strncpy(record->message, message, sizeof record->message - 1);
    record->status = status;
    _exit(0);
}

void *bench_table(struct bench *bench, size_t bytes)
{
    void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (start == MAP_FAILED) {
        bench_end(bench, MICRO_OUT_OF_MEMORY, "no memory for the harness's tables");
    }
    return start;
}

uint64_t bench_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t bench_scaled(const struct bench *bench, uint64_t count)
{
    const double scaled = (double)count * bench->record->scale;
    return scaled < 1 ? 1 : (uint64_t)scaled;
}

/* The logarithm, straight within an octave: no libm in the measured process. */
static double octave_of(uint32_t bytes)
{
    const int whole = 31 - __builtin_clz(bytes);
    return whole + (double)bytes / (double)(1u << whole) - 1;
}

static uint32_t bytes_at(double octave)
{
    const uint32_t whole = (uint32_t)octave;
    return (uint32_t)((double)(1u << whole) * (1 + octave - whole));
}

const struct sizes *bench_sizes(struct bench *bench, uint32_t min, uint32_t max)
{
    struct sizes *sizes = bench_table(bench, sizeof *sizes);
    const double low = octave_of(min);
    const double step = (octave_of(max) - low) / (SIZE_COUNT - 1);
    for (uint32_t i = 0; i < SIZE_COUNT; i++) {
        sizes->bytes[i] = bytes_at(low + step * i);
    }
    return sizes;
}

void bench_sampler_open(struct bench *bench)
{
    rollup_fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
    if (rollup_fd < 0) {
        bench_end(bench, MICRO_INTERNAL_ERROR, "cannot read /proc/self/smaps_rollup");
    }
}

uint64_t bench_resident_bytes(struct bench *bench)
{
    static char text[RESIDENCY_TEXT_BYTES];
    const ssize_t length = pread(rollup_fd, text, sizeof text - 1, 0);
    if (length <= 0) {
        bench_end(bench, MICRO_INTERNAL_ERROR, "cannot read /proc/self/smaps_rollup");
    }
    text[length] = '\0';
    return rollup_resident_bytes(text);
}

void bench_sample_peak(struct bench *bench)
{
    const uint64_t bytes = bench_resident_bytes(bench);
    if (bytes > bench->record->peak_resident_bytes) {
        bench->record->peak_resident_bytes = bytes;
    }
    bench->record->measured |= MICRO_HAS_PEAK;
}

void bench_sample_after(struct bench *bench)
{
    bench->record->after_resident_bytes = bench_resident_bytes(bench);
    bench->record->measured |= MICRO_HAS_AFTER;
}

void bench_count(struct bench *bench, uint64_t operations, uint64_t elapsed_ns)
{
    bench->record->operations += operations;
    bench->record->elapsed_ns += elapsed_ns;
    bench->record->measured |= MICRO_HAS_TIME;
}

void bench_time(struct bench *bench, bench_batch *batch, void *state)
{
    const uint64_t chunk_ns = bench_scaled(bench, CHUNK_NS);
    for (int chunk = 0; chunk < CHUNK_COUNT; chunk++) {
        const uint64_t start_ns = bench_now_ns();
        uint64_t now_ns = start_ns;
        uint64_t operations = 0;
        while (now_ns - start_ns < chunk_ns) {
            operations += batch(state, &bench->random);
            now_ns = bench_now_ns();
        }
        if (chunk > 0) {
            bench_count(bench, operations, now_ns - start_ns);
        }
        bench_sample_peak(bench);
    }
}

uint64_t churn_batch(void *state, struct random *random)
{
    const struct churn *churn = state;
    for (int i = 0; i < BATCH_OPERATIONS; i++) {
        void **slot = &churn->slots[random_below(random, churn->slot_count)];
        free(*slot);
        *slot = bench_malloc(sizes_pick(churn->sizes, random));
    }
    return BATCH_OPERATIONS;
}

void churn_fill(struct churn *churn, struct random *random)
{
    for (uint64_t i = 0; i < churn->slot_count; i++) {
        churn->slots[i] = bench_malloc(sizes_pick(churn->sizes, random));
    }
}

void churn_empty(struct churn *churn)
{
    for (uint64_t i = 0; i < churn->slot_count; i++) {
        free(churn->slots[i]);
        churn->slots[i] = NULL;
    }
}

void bench_be_slightly_active(struct bench *bench)
{
    void *blocks[TICK_BLOCKS];
    const uint64_t ticks = bench_scaled(bench, TICKS);
    for (uint64_t tick = 0; tick < ticks; tick++) {
        nanosleep(&(struct timespec){.tv_nsec = TICK_NS}, NULL);
        for (int i = 0; i < TICK_BLOCKS; i++) {
            blocks[i] = bench_malloc(random_between(&bench->random, 16, 256));
        }
        for (int i = 0; i < TICK_BLOCKS; i++) {
            free(blocks[i]);
        }
    }
}
