#include "runner/micro.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "process/ending.h"
#include "process/memory.h"
#include "process/signals.h"
#include "report/units.h"
#include "runner/capacity.h"
#include "runner/progress.h"
#include "runner/rng.h"
#include "runner/worker.h"

static const uint64_t timeout_ns = 120 * UINT64_C(1000000000);

/* What one process has to say. */
struct answer {
    enum result_status status;
    char text[320];
    struct micro_record record;
};

static struct micro_record *make_record(int *fd)
{
    *fd = memfd_create("snugbench-micro", MFD_CLOEXEC);
    if (*fd < 0) {
        return NULL;
    }
    void *start = MAP_FAILED;
    if (ftruncate(*fd, sizeof(struct micro_record)) == 0) {
        start = mmap(NULL, sizeof(struct micro_record), PROT_READ | PROT_WRITE,
                     MAP_SHARED, *fd, 0);
    }
    if (start == MAP_FAILED) {
        close(*fd);
        return NULL;
    }
    return start;
}

static void judge(struct answer *answer, const struct process *process)
{
    struct micro_record *record = &answer->record;
    record->message[sizeof record->message - 1] = '\0';
    if (!ending_is_good(ending_of(process)) || record->status == MICRO_STARTED) {
        answer->status =
            worker_judge(process, "", "", answer->text, sizeof answer->text);
    } else if (record->status == MICRO_DONE) {
        answer->status = RESULT_OK;
    } else {
        answer->status = record->status == MICRO_WRONG_LIBRARY   ? RESULT_PRELOAD_FAILED
                         : record->status == MICRO_OUT_OF_MEMORY ? RESULT_OUT_OF_MEMORY
                                                                 : RESULT_ERROR;
        snprintf(answer->text, sizeof answer->text, "%s", record->message);
    }
}

/* One process from start to end; answer->record holds what is asked and comes back
 * with what was answered. */
static void ask(struct answer *answer, const char *library, char *const *variables,
                size_t padding_bytes)
{
    int fd;
    struct micro_record *record = make_record(&fd);
    answer->status = RESULT_ERROR;
    answer->text[0] = '\0';
    if (record == NULL) {
        snprintf(answer->text, sizeof answer->text, "no memory for the record: %s",
                 strerror(errno));
        return;
    }
    snprintf(answer->record.expected_library, sizeof answer->record.expected_library,
             "%s", library == NULL ? "" : library);
    *record = answer->record;
    const struct worker_plan plan = {
        .tool = "snugbench-micro",
        .library = library,
        .variables = variables,
        .trace_fd = -1,
        .record_fd = fd,
        .streams_fd = -1,
        .padding_bytes = padding_bytes,
        .timeout_ns = timeout_ns,
    };
    struct process process;
    if (worker_start(&process, &plan, answer->text, sizeof answer->text)) {
        process_wait(&process);
        answer->record = *record;
        judge(answer, &process);
        process_close(&process);
    }
    munmap(record, sizeof *record);
    close(fd);
}

/* Whether `name` stands in the comma-separated list. */
static bool is_listed(const char *list, const char *name)
{
    const size_t length = strlen(name);
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, length) == 0 &&
            (at[length] == ',' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

static bool is_benchmark(const struct micro_record *record, const char *name)
{
    for (uint32_t i = 0; i < record->case_count; i++) {
        if (strcmp(record->cases[i].benchmark, name) == 0) {
            return true;
        }
    }
    return false;
}

/* "no benchmark 'x'; one of: medium growth ..." */
static bool check_only(const struct micro_record *record, const char *only, char *error,
                       size_t error_size)
{
    char *names = memory_copy(only);
    char *rest = names;
    char *name = strsep(&rest, ",");
    while (name != NULL && is_benchmark(record, name)) {
        name = strsep(&rest, ",");
    }
    if (name != NULL) {
        size_t used = (size_t)snprintf(error, error_size,
                                       "no benchmark '%.60s'; write one of:", name);
        const char *last = "";
        for (uint32_t i = 0; i < record->case_count && used < error_size; i++) {
            const char *benchmark = record->cases[i].benchmark;
            if (strcmp(benchmark, last) != 0) {
                used +=
                    (size_t)snprintf(error + used, error_size - used, " %s", benchmark);
            }
            last = benchmark;
        }
    }
    free(names);
    return name == NULL;
}

static void take_cases(struct micro_run *run, const struct micro_record *record,
                       const char *only)
{
    run->cases = memory_allocate(MICRO_CASES, sizeof *run->cases);
    run->case_indices = memory_allocate(MICRO_CASES, sizeof *run->case_indices);
    for (uint32_t i = 0; i < record->case_count && i < MICRO_CASES; i++) {
        if (only == NULL || is_listed(only, record->cases[i].benchmark)) {
            run->cases[run->case_count] = record->cases[i];
            run->case_indices[run->case_count++] = i;
        }
    }
    run->rows =
        memory_allocate(run->case_count * run->allocator_count, sizeof *run->rows);
}

bool micro_run_create(struct micro_run *run, const char *only,
                      const struct allocator *allocators, size_t allocator_count,
                      char *error, size_t error_size)
{
    *run = (struct micro_run){
        .allocators = allocators,
        .allocator_count = allocator_count,
    };
    struct answer answer = {.record.case_index = MICRO_LIST};
    ask(&answer, NULL, NULL, 0);
    if (answer.status != RESULT_OK) {
        snprintf(error, error_size, "snugbench-micro: %s", answer.text);
        return false;
    }
    if (only != NULL && !check_only(&answer.record, only, error, error_size)) {
        return false;
    }
    take_cases(run, &answer.record, only);
    return true;
}

const struct micro_row *micro_run_row(const struct micro_run *run, size_t case_index,
                                      size_t allocator_index)
{
    return &run->rows[case_index * run->allocator_count + allocator_index];
}

static void add_sample(struct micro_row *row, const struct micro_record *record,
                       uint32_t round)
{
    row->samples = memory_grow(row->samples, row->count + 1, sizeof *row->samples);
    struct micro_sample *sample = &row->samples[row->count++];
    *sample = (struct micro_sample){
        .round = round,
        .measured = record->measured,
        .worst_op_ns = record->worst_op_ns,
        .peak_resident_bytes = record->peak_resident_bytes,
        .after_resident_bytes = record->after_resident_bytes,
        .minor_faults = record->minor_faults,
    };
    if (record->operations == 0) {
        sample->measured &= ~(uint32_t)MICRO_HAS_TIME;
    } else {
        sample->ns_per_op = (double)record->elapsed_ns / (double)record->operations;
    }
}

static void run_case(struct micro_run *run, size_t case_index, size_t allocator_index,
                     uint32_t round, struct rng *rng)
{
    struct micro_row *row =
        &run->rows[case_index * run->allocator_count + allocator_index];
    const uint64_t needs_bytes = run->cases[case_index].needs_bytes;
    if (row->status != RESULT_OK) {
        return;
    }
    if (needs_bytes > 0 && capacity_memory_bytes() < needs_bytes) {
        row->status = RESULT_SKIPPED;
        snprintf(row->status_text, sizeof row->status_text, "needs %s of free memory",
                 units_bytes((double)needs_bytes).bytes);
        return;
    }
    struct answer answer = {
        .record = {.case_index = (int32_t)run->case_indices[case_index],
                   .scale = run->scale,
                   .seed = run->seed + round}, /* the same for all of a round */
    };
    const struct allocator *allocator = &run->allocators[allocator_index];
    ask(&answer, allocator->library, allocator->variables,
        rng_below(rng, PROCESS_PADDING_LIMIT_BYTES));
    if (answer.status == RESULT_OK) {
        add_sample(row, &answer.record, round);
    } else if (answer.status != RESULT_INTERRUPTED) {
        row->status = answer.status;
        snprintf(row->status_text, sizeof row->status_text, "%s", answer.text);
    }
}

static void measure_base(struct micro_run *run, const char *floor)
{
    struct answer answer = {.record = {.case_index = MICRO_EMPTY, .scale = 1}};
    if (floor == NULL) {
        return;
    }
    ask(&answer, floor, NULL, 0);
    run->has_base = answer.status == RESULT_OK;
    run->base_bytes = answer.record.start_resident_bytes;
}

void micro_run_all(struct micro_run *run, const char *floor)
{
    struct rng rng = rng_create(run->seed);
    size_t *order = memory_allocate(run->allocator_count, sizeof *order);
    struct progress progress = progress_begin(run->rounds, run->rounds);
    measure_base(run, floor);
    for (uint32_t round = 0; round < run->rounds && !run->interrupted; round++) {
        char name[32];
        snprintf(name, sizeof name, "round %u", round + 1);
        progress_trace(&progress, round, name, 1);
        for (size_t i = 0; i < run->case_count && !run->interrupted; i++) {
            progress_step(&progress, (double)i / (double)run->case_count, "%s, %s",
                          run->cases[i].benchmark, run->cases[i].parameter);
            rng_shuffle(&rng, order, run->allocator_count);
            for (size_t j = 0; j < run->allocator_count && !run->interrupted; j++) {
                run_case(run, i, order[j], round, &rng);
                run->interrupted = signals_interrupted();
            }
        }
        if (progress.is_terminal) { /* else it would print a line, of traces */
            progress_trace_done(&progress);
        }
    }
    progress_clear(&progress);
    free(order);
}

void micro_run_destroy(struct micro_run *run)
{
    for (size_t i = 0; i < run->case_count * run->allocator_count; i++) {
        free(run->rows[i].samples);
    }
    free(run->rows);
    free(run->cases);
    free(run->case_indices);
    *run = (struct micro_run){.case_count = 0};
}
