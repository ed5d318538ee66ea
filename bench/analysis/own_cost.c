#include "analysis/own_cost.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static const double ns_per_second = 1e9;
static const double longer_run = 1.1;

static size_t find_allocator(const struct run *run, const char *name)
{
    size_t index = 0;
    while (index < run->allocator_count &&
           strcmp(run->allocators[index].name, name) != 0) {
        index++;
    }
    return index;
}

static size_t most_processes(const struct study *study)
{
    size_t most = 0;
    for (size_t i = 0; i < study->count; i++) {
        for (size_t k = 0; k < study->candidates[i].memory_count; k++) {
            const size_t count = study->candidates[i].memories[k].process_count;
            most = count > most ? count : most;
        }
    }
    return most;
}

static void fill_row(struct answer_row *row, const struct compare_row *live,
                     const struct answer_recording *recording, const struct cell *cell,
                     double floor_ns)
{
    const struct estimate cold = cell->cold.ns_per_op;
    const struct estimate whole =
        recording->is_of_processor_time ? live->cpu_s : live->score;
    const struct figure growth = cell->memory.peak_resident_growth_bytes;
    if (cold.present && whole.present) {
        const double calls = recording->call_count / ns_per_second;
        row->own_s = (struct estimate){fmax(cold.value - floor_ns, 0) * calls,
                                       fmax(cold.low - floor_ns, 0) * calls,
                                       fmax(cold.high - floor_ns, 0) * calls, true};
        row->whole_s = whole;
    }
    if (growth.present) {
        row->overhead_bytes =
            (struct figure){fmax(growth.value - recording->live_bytes, 0), true};
    }
}

/* Whether runs wait, for what they read or for a processor that others have. */
static bool does_wait(const struct study *study, const struct compare_row *reference)
{
    return !study->is_server && reference->cpu_s.present &&
           reference->cpu_s.value > 0 &&
           reference->score.value > longer_run * reference->cpu_s.value;
}

void own_cost_fill(struct compare_summary *comparison, const struct study *study,
                   const struct run *run, const struct summary *replay)
{
    struct answer *answer = &comparison->answer;
    const struct trace_header *header = &run->traces[0].header;
    const bool waits = does_wait(study, &comparison->rows[study->reference_index]);
    double floor_ns = 0;
    answer->recording = (struct answer_recording){
        .is_replayed = true,
        .call_count = (double)header->op_count,
        .live_bytes = (double)header->peak_live_bytes,
        .process_count = most_processes(study),
        .waits = waits,
        /* What a replay measures is work, of one thread that makes the calls of all; of
         * a time with waits in it no share is that of the allocator. */
        .is_of_processor_time = study->is_server || header->thread_count > 1 || waits,
    };
    if (run->floor_index != SIZE_MAX) {
        floor_ns = summary_cell(replay, 0, run->floor_index)->cold.ns_per_op.value;
    }
    for (size_t i = 0; i < answer->count; i++) {
        const size_t allocator = find_allocator(run, answer->rows[i].name);
        /* A replay's glibc is libc's, and not what the program ran on. */
        if (allocator < run->allocator_count && answer->rows[i].own == NULL) {
            fill_row(&answer->rows[i], &comparison->rows[i], &answer->recording,
                     summary_cell(replay, 0, allocator), floor_ns);
        }
    }
}
