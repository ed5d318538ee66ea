#include "analysis/shared.h"

bool shared_has(const struct summary *summary, size_t trace, size_t allocator,
                enum shared_need need)
{
    const struct cell *cell = summary_cell(summary, trace, allocator);
    switch (need) {
    case NEED_WARM:
        return cell->warm.ns_per_op.present;
    case NEED_COLD:
        return cell->cold.ns_per_op.present;
    case NEED_MEMORY:
        return cell->memory.utilization.present;
    case NEED_SYSCALLS:
        break;
    }
    return cell->syscalls[PHASE_REPLAY].present;
}

static bool has_any(const struct summary *summary, size_t allocator,
                    enum shared_need need)
{
    for (size_t trace = 0; trace < summary->trace_count; trace++) {
        if (shared_has(summary, trace, allocator, need)) {
            return true;
        }
    }
    return false;
}

bool shared_is(const struct run *run, const struct summary *summary, size_t trace,
               enum shared_need need)
{
    bool is_there = false;
    for (size_t i = 0; i < run->allocator_count; i++) {
        if (run->allocators[i].is_floor) {
            continue;
        }
        if (shared_has(summary, trace, i, need)) {
            is_there = true;
        } else if (has_any(summary, i, need)) {
            return false;
        }
    }
    return is_there;
}

size_t shared_count(const struct run *run, const struct summary *summary,
                    enum shared_need need)
{
    size_t count = 0;
    for (size_t trace = 0; trace < summary->trace_count; trace++) {
        count += shared_is(run, summary, trace, need);
    }
    return count;
}
