#include "runner/trial.h"

#include <stdlib.h>
#include <string.h>

#include "process/spawn.h"
#include "runner/job.h"
#include "runner/votes.h"

enum {
    WARM_PASSES = 3,
    WARM_BUDGET_NS = 20000000
};

static struct job make_job(struct trial *trial, const struct allocator *allocator,
                           const struct trace *trace, enum worker_mode mode)
{
    return (struct job){
        .allocator = allocator,
        .trace = trace,
        .mode = mode,
        .touch = mode == WORKER_VERIFY ? TOUCH_ALL : TOUCH_FIRST,
        .warm_budget_ns = WARM_BUDGET_NS,
        .warm_min_passes = WARM_PASSES,
        .padding_bytes = (size_t)rng_below(&trial->rng, PROCESS_PADDING_LIMIT_BYTES),
        .timeout_ns = trial->timeout_ns > 0 ? trial->timeout_ns
                                            : job_patience_ns(TRIAL_PATIENCE_S, trace),
    };
}

static void take_status(struct trial_answer *answer, const struct job *job)
{
    answer->status = job->status;
    memcpy(answer->text, job->status_text, sizeof answer->text);
}

struct trial_answer trial_verify(struct trial *trial, const struct trace *trace)
{
    struct trial_answer answer = {.status = RESULT_ERROR};
    struct job job = make_job(trial, trial->allocator, trace, WORKER_VERIFY);
    job_run_all(&job, 1, 1);
    take_status(&answer, &job);
    if (job.record != NULL && job.record->current_op <= trace->header->op_count) {
        answer.reached = job.record->current_op;
    }
    job_close(&job);
    return answer;
}

/* The quickest warm pass; 0: it failed, and the answer says how. */
static uint64_t time_once(struct trial *trial, const struct allocator *allocator,
                          const struct trace *trace, struct trial_answer *answer)
{
    uint64_t best_ns = UINT64_MAX;
    struct job job = make_job(trial, allocator, trace, WORKER_WARM);
    job_run_all(&job, 1, 1);
    if (job.status != RESULT_OK) {
        take_status(answer, &job);
        best_ns = 0;
    } else {
        for (uint32_t i = 0; i < job.record->pass_count && i < WORKER_MAX_PASSES; i++) {
            const uint64_t ns = job.record->pass_ns[i];
            best_ns = ns < best_ns ? ns : best_ns;
        }
    }
    job_close(&job);
    return best_ns;
}

/* A pair's ratio; 0: a process failed, and the answer says how. */
static double time_pair(struct trial *trial, const struct trace *trace,
                        bool is_reference_first, struct trial_answer *answer)
{
    const struct allocator *order[2] = {trial->allocator, trial->reference};
    uint64_t ns[2] = {0, 0};
    for (size_t i = 0; i < 2; i++) {
        const size_t which = is_reference_first ? 1 - i : i;
        ns[which] = time_once(trial, order[which], trace, answer);
        if (ns[which] == 0) {
            return 0;
        }
    }
    return (double)ns[0] / (double)ns[1];
}

static int by_size(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

struct trial_answer trial_time(struct trial *trial, const struct trace *trace,
                               double ratio)
{
    struct trial_answer answer = {.status = RESULT_OK};
    double ratios[VOTES_LIMIT];
    struct votes votes = {0};
    while (votes_are_open(&votes)) {
        const double found = time_pair(trial, trace, votes.count % 2 != 0, &answer);
        if (found == 0) {
            return answer;
        }
        ratios[votes.count] = found;
        votes_add(&votes, found >= ratio);
    }
    qsort(ratios, votes.count, sizeof *ratios, by_size);
    answer.is_slower = votes_say_yes(&votes);
    answer.pair_count = votes.count;
    answer.ratio = ratios[votes.count / 2];
    answer.ratio_quarter = ratios[votes.count / 4];
    return answer;
}
