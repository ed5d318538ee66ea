#include "runner/trial.h"

#include <string.h>

#include "process/spawn.h"
#include "runner/job.h"

enum {
    PAIRS = 5,
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
        .timeout_ns = trial->timeout_ns,
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

struct trial_answer trial_time(struct trial *trial, const struct trace *trace)
{
    struct trial_answer answer = {.status = RESULT_OK};
    uint64_t best_ns = UINT64_MAX;
    uint64_t reference_best_ns = UINT64_MAX;
    for (size_t i = 0; i < PAIRS; i++) {
        const uint64_t ns = time_once(trial, trial->allocator, trace, &answer);
        const uint64_t reference_ns =
            ns > 0 ? time_once(trial, trial->reference, trace, &answer) : 0;
        if (reference_ns == 0) {
            return answer;
        }
        best_ns = ns < best_ns ? ns : best_ns;
        reference_best_ns =
            reference_ns < reference_best_ns ? reference_ns : reference_best_ns;
    }
    answer.ratio = (double)best_ns / (double)reference_best_ns;
    return answer;
}
