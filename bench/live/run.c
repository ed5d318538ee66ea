#include "live/run.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/clock.h"
#include "process/follow.h"
#include "process/memory.h"
#include "process/output.h"
#include "process/peak.h"
#include "process/preload.h"
#include "process/signals.h"

enum {
    LOOK_INTERVAL_NS = 10000000,
    POINT_LIMIT = 2000, /* then every second one goes and looks are half as many */
};

void live_prepare(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* ---- starting ---- */

/* In the child: its environment, in which what stands in the user's own LD_PRELOAD
 * stays, behind the allocator. */
static bool enter_environment(const void *context)
{
    const struct candidate *candidate = context;
    bool done = true;
    if (candidate->preload != NULL) {
        char *preload = preload_value(candidate->preload);
        done = preload != NULL && setenv("LD_PRELOAD", preload, 1) == 0;
        free(preload);
    }
    for (size_t i = 0; done && i < candidate->variable_count; i++) {
        done = putenv(candidate->variables[i]) == 0;
    }
    return done;
}

/* A child that is traced stops at its exec, which is taken here: then
 * process_start_error can tell. */
static void take_exec(struct live_run *run)
{
    int status;
    bool is_exec = false;
    while (!is_exec && waitpid(run->root.pid, &status, __WALL) == run->root.pid &&
           WIFSTOPPED(status)) {
        is_exec = status >> 16 != 0;
        follow_stop(&run->tree, run->root.pid, status);
    }
}

static bool start_root(struct live_run *run, const struct run_plan *plan, char *error,
                       size_t error_size)
{
    const int input =
        plan->input != NULL ? open(plan->input, O_RDONLY | O_CLOEXEC) : -1;
    const int errors = output_file();
    const struct process_plan process_plan = {
        .kind = PROCESS_COMMAND,
        .arguments = plan->command,
        .files = {input, plan->output, errors},
        .file_count = 3,
        .output_fd = errors,
        .timeout_ns = plan->timeout_ns,
        .is_held = true,
        .enter = enter_environment,
        .context = plan->candidate,
    };
    const bool started = process_start(&run->root, &process_plan, error, error_size);
    if (input >= 0) {
        close(input);
    }
    return started;
}

bool live_start(struct live_run *run, const struct run_plan *plan, char *error,
                size_t error_size)
{
    *run = (struct live_run){.round = plan->round,
                             .look_interval_ns = LOOK_INTERVAL_NS,
                             .own_bytes = peak_own()};
    if (!start_root(run, plan, error, error_size)) {
        return false;
    }
    tree_create(&run->tree, run->root.pid, plan->candidate->library);
    if (cgroup_create(&run->group) && !cgroup_add(&run->group, run->root.pid)) {
        cgroup_remove(&run->group);
    }
    run->is_followed = plan->follow && follow_begin(run->root.pid);
    run->start_ns = clock_now_ns();
    run->next_look_ns = run->start_ns;
    process_go(&run->root);
    if (run->is_followed) {
        take_exec(run);
    }
    const int reason = process_start_error(&run->root);
    if (reason != 0) {
        struct live_memory ignored;
        snprintf(error, error_size, "cannot run '%s': %s", plan->command[0],
                 strerror(reason));
        live_finish(run, &ignored);
        live_destroy(run);
        return false;
    }
    return true;
}

/* ---- while it runs ---- */

static void add_usage(struct rusage *sum, const struct rusage *usage)
{
    sum->ru_minflt += usage->ru_minflt;
    sum->ru_majflt += usage->ru_majflt;
    timeradd(&sum->ru_utime, &usage->ru_utime, &sum->ru_utime);
    timeradd(&sum->ru_stime, &usage->ru_stime, &sum->ru_stime);
    if (usage->ru_maxrss > sum->ru_maxrss) {
        sum->ru_maxrss = usage->ru_maxrss;
    }
}

/* Takes in every stop and end there is. */
static void reap(struct live_run *run)
{
    int status;
    struct rusage usage;
    for (pid_t pid; (pid = wait4(-1, &status, WNOHANG | __WALL, &usage)) > 0;) {
        if (WIFSTOPPED(status)) {
            follow_stop(&run->tree, pid, status);
        } else if (pid == run->tree.beside) {
            process_take_end(&run->beside, status, &usage);
        } else if (pid == run->root.pid) {
            process_take_end(&run->root, status, &usage);
            add_usage(&run->usage, &usage);
            run->tree.root_is_gone = true;
        } else if (!run->is_followed) {
            /* An orphan. A tracer is told of everybody's children, which the root's
             * usage holds already. */
            add_usage(&run->usage, &usage);
        }
    }
}

static void thin_points(struct live_run *run)
{
    size_t kept = 0;
    for (size_t i = 0; i < run->point_count; i += 2) {
        run->points[kept++] = run->points[i];
    }
    run->point_count = kept;
    run->look_interval_ns *= 2;
}

struct tree_sum live_look(struct live_run *run)
{
    const uint64_t now_ns = clock_now_ns();
    const struct tree_sum sum = tree_sample(&run->tree);
    if (sum.process_count > 0) {
        if (run->point_count == POINT_LIMIT) {
            thin_points(run);
        }
        run->points =
            memory_grow(run->points, run->point_count + 1, sizeof *run->points);
        run->points[run->point_count++] = (struct live_point){
            .round = run->round,
            .time_s = (double)(now_ns - run->start_ns) / 1e9,
            .resident_bytes = sum.dirty_bytes,
            .process_count = sum.process_count,
            .phase = run->phase,
        };
    }
    run->next_look_ns = now_ns + run->look_interval_ns;
    return sum;
}

void live_step(struct live_run *run)
{
    reap(run); /* before the sleep: its SIGCHLD may have been taken already */
    if (!run->root.ended && !run->beside.ended) {
        signals_wait(run->next_look_ns);
        reap(run);
    }
    if (!run->root.ended && clock_now_ns() >= run->next_look_ns) {
        live_look(run);
    }
}

/* ---- the end ---- */

bool live_leaves_processes(struct live_run *run)
{
    enum {
        TRIES = 20
    };
    reap(run);
    for (int i = 0; i < TRIES && !tree_is_empty(&run->tree); i++) {
        signals_wait(clock_now_ns() + LOOK_INTERVAL_NS);
        reap(run);
    }
    return run->root.ended && !tree_is_empty(&run->tree);
}

/* What is left of the tree is killed and waited for. */
static void end_all(struct live_run *run)
{
    enum {
        TRIES = 500
    };
    reap(run);
    for (int i = 0; i < TRIES && !(run->root.ended && tree_is_empty(&run->tree)); i++) {
        tree_kill(&run->tree);
        signals_wait(clock_now_ns() + LOOK_INTERVAL_NS);
        reap(run);
    }
}

/* A process that was not followed may have grown after the last look at it. */
static uint64_t bytes_at_end(const struct live_run *run)
{
    const uint64_t bytes = peak_of_usage(&run->usage);
    const bool tells = run->root.ended && !run->is_followed && bytes > run->own_bytes;
    return tells ? bytes : 0;
}

void live_finish(struct live_run *run, struct live_memory *memory)
{
    const uint64_t at_end_bytes = bytes_at_end(run);
    end_all(run);
    const struct peak peak = peak_find(&run->tree, &run->group, at_end_bytes);
    *memory = (struct live_memory){
        .round = run->round,
        .method = peak.method,
        .peak_bytes = peak.bytes,
        .minor_faults = (uint64_t)run->usage.ru_minflt,
        .major_faults = (uint64_t)run->usage.ru_majflt,
        .process_count = run->tree.count,
    };
    cgroup_remove(&run->group);
}

void live_destroy(struct live_run *run)
{
    tree_destroy(&run->tree);
    free(run->points);
    run->points = NULL;
    process_close(&run->root);
}
