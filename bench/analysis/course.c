#include "analysis/course.h"

#include <math.h>

const double course_utilization_share = 0.6;

static const double ns_per_second = 1e9;

struct figure course_kops(uint64_t op_count, struct figure seconds)
{
    if (!seconds.present || seconds.value <= 0) {
        return (struct figure){.present = false};
    }
    return (struct figure){.value = (double)op_count / seconds.value / 1e3,
                           .present = true};
}

/* A course's allocator says itself how far its heap reaches, to the byte. */
static struct figure utilization(const struct result *result, const struct cell *cell,
                                 double peak_live_bytes)
{
    const uint64_t heap_bytes = result->memory.lab_heap_bytes;
    if (heap_bytes == 0) {
        return cell->memory.mapped_utilization;
    }
    return (struct figure){.value = peak_live_bytes / (double)heap_bytes,
                           .present = true};
}

struct course_line course_line(const struct run *run, const struct summary *summary,
                               size_t trace_index, size_t allocator_index)
{
    const struct result *result =
        &run->results[trace_index * run->allocator_count + allocator_index];
    const struct cell *cell = summary_cell(summary, trace_index, allocator_index);
    const struct trace_header *header = &run->traces[trace_index].header;
    struct course_line line = {.op_count = header->op_count};
    if (result->status != RESULT_OK) {
        return line;
    }
    line.utilization = utilization(result, cell, (double)header->peak_live_bytes);
    line.resident_utilization = cell->memory.utilization;
    line.seconds = (struct figure){.value = cell->warm.ns_per_op.value *
                                            (double)header->op_count / ns_per_second,
                                   .present = cell->warm.ns_per_op.present};
    return line;
}

/* `sum` stays present only as long as everything added is. */
static void add(struct figure *sum, struct figure figure)
{
    sum->value += figure.value;
    sum->present = sum->present && figure.present;
}

static void divide(struct figure *sum, size_t count)
{
    sum->present = sum->present && count > 0;
    sum->value = count > 0 ? sum->value / (double)count : 0;
}

struct course_score course_score(const struct run *run, const struct summary *summary,
                                 size_t allocator_index)
{
    struct course_score score = {.utilization.present = true,
                                 .resident_utilization.present = true,
                                 .seconds.present = true};
    size_t utilization_count = 0;
    for (size_t i = 0; i < run->trace_count; i++) {
        const struct result *result =
            &run->results[i * run->allocator_count + allocator_index];
        if (result->status == RESULT_SKIPPED) {
            continue;
        }
        score.trace_count++;
        score.valid_count += result->status == RESULT_OK;
        const struct course_line line = course_line(run, summary, i, allocator_index);
        const enum trace_weight weight = run->traces[i].weight;
        if (weight == WEIGHT_BOTH || weight == WEIGHT_UTILIZATION) {
            add(&score.utilization, line.utilization);
            add(&score.resident_utilization, line.resident_utilization);
            utilization_count++;
        }
        if (weight == WEIGHT_BOTH || weight == WEIGHT_THROUGHPUT) {
            add(&score.seconds, line.seconds);
            score.op_count += line.op_count;
        }
    }
    divide(&score.utilization, utilization_count);
    divide(&score.resident_utilization, utilization_count);
    score.seconds.present = score.seconds.present && score.op_count > 0;
    return score;
}

struct course_index course_index(const struct course_score *score,
                                 const struct course_score *libc)
{
    if (score->valid_count < score->trace_count) {
        return (struct course_index){.present = true};
    }
    const struct figure ours = course_kops(score->op_count, score->seconds);
    const struct figure theirs = course_kops(libc->op_count, libc->seconds);
    if (!score->utilization.present || !ours.present || !theirs.present) {
        return (struct course_index){.present = false};
    }
    return (struct course_index){
        .utilization_part = course_utilization_share * score->utilization.value,
        .throughput_part =
            (1 - course_utilization_share) * fmin(1, ours.value / theirs.value),
        .present = true,
    };
}
