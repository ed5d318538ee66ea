#include "report/fields.h"

void field_figure(struct csv_line *line, struct figure figure)
{
    csv_line_number(line, figure.value, figure.present);
}

void field_estimate(struct csv_line *line, struct estimate estimate)
{
    csv_line_number(line, estimate.value, estimate.present);
    csv_line_number(line, estimate.low, estimate.present);
    csv_line_number(line, estimate.high, estimate.present);
}

void field_comparison(struct csv_line *line, struct comparison comparison)
{
    field_estimate(line, comparison.ratio);
    const bool is_judged = comparison.verdict != VERDICT_NONE;
    csv_line_text(line, is_judged ? verdict_text(comparison.verdict) : NULL);
}

void field_counts(struct csv_line *line, const struct count_figures *counts)
{
    for (size_t i = 0; i < COUNTER_COUNT; i++) {
        field_figure(line, counts->counters[i]);
    }
    field_figure(line, counts->callgrind_instructions);
}

const char *status_name(enum result_status status)
{
    switch (status) {
    case RESULT_OK:
        return "ok";
    case RESULT_PRELOAD_FAILED:
        return "preload failed";
    case RESULT_VERIFY_FAILED:
        return "verify failed";
    case RESULT_CRASHED:
        return "crashed";
    case RESULT_TIMED_OUT:
        return "timed out";
    case RESULT_OUT_OF_MEMORY:
        return "out of memory";
    case RESULT_SKIPPED:
        return "skipped";
    case RESULT_INTERRUPTED:
        return "interrupted";
    case RESULT_ERROR:
        break;
    }
    return "error";
}

const char *role_name(const struct run *run, size_t allocator_index)
{
    if (run->allocators[allocator_index].is_floor) {
        return "floor";
    }
    return allocator_index == run->reference_index ? "reference" : "allocator";
}
