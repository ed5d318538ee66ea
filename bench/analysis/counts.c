#include "analysis/counts.h"

#include "analysis/statistics.h"

/* Scaled up where the counter had to take turns with others. */
static double count_of(const struct counter_count *counter)
{
    return (double)counter->count * (double)counter->enabled_ns /
           (double)counter->running_ns;
}

/* Median over the processes in which it was counted. */
static struct figure counter_per_op(struct counter_samples samples, enum counter which,
                                    double op_count, double *scratch)
{
    size_t count = 0;
    for (size_t i = 0; i < samples.count; i++) {
        const struct counter_sample *sample = &samples.items[i];
        const struct counter_count *counter = &sample->counters[which];
        if (counter->error == 0 && counter->running_ns > 0 && sample->pass_count > 0) {
            scratch[count++] = count_of(counter) / (op_count * sample->pass_count);
        }
    }
    return (struct figure){.value = count > 0 ? statistics_median(scratch, count) : 0,
                           .present = count > 0};
}

struct count_figures counts_figures(const struct result *result, uint64_t op_count,
                                    double *scratch)
{
    struct count_figures figures = {.callgrind_instructions = {.present = false}};
    if (op_count == 0) {
        return figures;
    }
    for (size_t i = 0; i < COUNTER_COUNT; i++) {
        figures.counters[i] = counter_per_op(result->counters, (enum counter)i,
                                             (double)op_count, scratch);
    }
    figures.callgrind_instructions = (struct figure){
        .value = (double)result->callgrind_instructions / (double)op_count,
        .present = result->callgrind_instructions > 0};
    return figures;
}

void counts_syscalls(struct figure figures[PHASE_COUNT],
                     const struct syscall_counts *calls)
{
    for (size_t phase = 0; phase < PHASE_COUNT; phase++) {
        figures[phase] = (struct figure){.present = calls->measured};
        for (size_t i = 0; calls->measured && i < calls->count; i++) {
            figures[phase].value += (double)calls->items[i].calls[phase];
        }
    }
}
