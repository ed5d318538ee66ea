#include "live/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/clock.h"
#include "process/command.h"
#include "process/follow.h"
#include "process/memory.h"
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

/* What stands in the user's own LD_PRELOAD stays, behind the allocator. */
static bool set_environment(const struct candidate *candidate)
{
    const char *own = getenv("LD_PRELOAD");
    char *preload = NULL;
    bool done = true;
    if (candidate->preload != NULL) {
        done = asprintf(&preload, "%s%s%s", candidate->preload, own != NULL ? ":" : "",
                        own != NULL ? own : "") > 0 &&
               setenv("LD_PRELOAD", preload, 1) == 0;
        free(preload);
    }
    for (size_t i = 0; done && i < candidate->variable_count; i++) {
        done = putenv(candidate->variables[i]) == 0;
    }
    return done;
}

static void place(int file, int target)
{
    if (file < 0) {
        file = open("/dev/null", O_RDWR);
    }
    dup2(file, target);
}

/* In the child: waits for the word, then becomes the program. On failure its errno goes
 * through the pipe, which a successful exec closes. */
static _Noreturn void become(const struct run_plan *plan, int errors_file, int go,
                             int failure)
{
    char word;
    setsid();
    place(plan->input != NULL ? open(plan->input, O_RDONLY) : -1, STDIN_FILENO);
    place(plan->output, STDOUT_FILENO);
    place(errors_file, STDERR_FILENO);
    sigprocmask(SIG_SETMASK, signals_original_mask(), NULL);
    if (read(go, &word, 1) == 1 && set_environment(plan->candidate)) {
        execvp(plan->command[0], plan->command);
    }
    const int reason = errno;
    const ssize_t written = write(failure, &reason, sizeof reason);
    _exit(written == sizeof reason ? 127 : 126);
}

/* Let it go, and learn whether the program was found. A child that is traced reports
 * its exec first, which is taken here. */
static int release(struct live_run *run, int go, int failure)
{
    int reason = 0;
    if (write(go, "g", 1) != 1) {
        return errno;
    }
    int status;
    while (run->is_followed && waitpid(run->pid, &status, __WALL) == run->pid) {
        const bool stopped = WIFSTOPPED(status);
        if (!stopped) {
            break;
        }
        const bool is_exec = status >> 16 != 0;
        follow_stop(&run->tree, run->pid, status);
        if (is_exec) {
            break;
        }
    }
    const ssize_t length = read(failure, &reason, sizeof reason);
    return length == sizeof reason ? reason : 0;
}

static bool open_pipes(int go[2], int failure[2])
{
    if (pipe2(go, O_CLOEXEC) != 0) {
        return false;
    }
    if (pipe2(failure, O_CLOEXEC) != 0) {
        close(go[0]);
        close(go[1]);
        return false;
    }
    return true;
}

static uint64_t own_resident_bytes(void)
{
    struct rusage own = {.ru_maxrss = 0};
    getrusage(RUSAGE_SELF, &own);
    return (uint64_t)own.ru_maxrss * 1024;
}

bool live_start(struct live_run *run, const struct run_plan *plan, char *error,
                size_t error_size)
{
    int go[2];
    int failure[2];
    *run = (struct live_run){.round = plan->round,
                             .look_interval_ns = LOOK_INTERVAL_NS,
                             .own_bytes = own_resident_bytes()};
    if (!open_pipes(go, failure)) {
        snprintf(error, error_size, "cannot make a pipe: %s", strerror(errno));
        return false;
    }
    run->errors_file = command_file();
    fflush(NULL);
    run->pid = fork();
    if (run->pid == 0) {
        become(plan, run->errors_file, go[0], failure[1]);
    }
    close(go[0]);
    close(failure[1]);
    int reason = run->pid < 0 ? errno : 0;
    if (run->pid > 0) {
        tree_create(&run->tree, run->pid, plan->candidate->library);
        if (cgroup_create(&run->group) && !cgroup_add(&run->group, run->pid)) {
            cgroup_remove(&run->group);
        }
        run->is_followed = plan->follow && follow_begin(run->pid);
        run->start_ns = clock_now_ns();
        reason = release(run, go[1], failure[0]);
    }
    close(go[1]);
    close(failure[0]);
    run->deadline_ns = run->start_ns + plan->timeout_ns;
    run->next_look_ns = run->start_ns;
    if (reason != 0) {
        struct live_memory ignored;
        snprintf(error, error_size, "cannot run '%s': %s", plan->command[0],
                 strerror(reason));
        if (run->pid > 0) {
            live_finish(run, &ignored);
        }
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
            run->beside_has_ended = true;
            run->beside_status = status;
        } else if (pid == run->pid) {
            add_usage(&run->usage, &usage);
            run->has_ended = true;
            run->tree.root_is_gone = true;
            run->wait_status = status;
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
    if (!run->has_ended && !run->beside_has_ended) {
        signals_wait(run->next_look_ns);
        reap(run);
    }
    if (!run->has_ended && clock_now_ns() >= run->next_look_ns) {
        live_look(run);
    }
}

/* ---- the end ---- */

/* What is left of the tree is killed and waited for. */
static void end_all(struct live_run *run)
{
    enum {
        TRIES = 500
    };
    reap(run);
    for (int i = 0; i < TRIES && !(run->has_ended && tree_is_empty(&run->tree)); i++) {
        tree_kill(&run->tree);
        signals_wait(clock_now_ns() + LOOK_INTERVAL_NS);
        reap(run);
    }
}

/* A process that was not followed may have grown after the last look at it. The
 * kernel's figure at its end covers that, but begins at what snugbench itself had
 * resident when it forked: below that it says nothing. */
static uint64_t peak_at_end(const struct live_run *run)
{
    const uint64_t at_end_bytes = (uint64_t)run->usage.ru_maxrss * 1024;
    const bool tells = !run->is_followed && at_end_bytes > run->own_bytes;
    return tells ? at_end_bytes : 0;
}

void live_finish(struct live_run *run, struct live_memory *memory)
{
    uint64_t largest = tree_largest_peak(&run->tree);
    if (run->has_ended && peak_at_end(run) > largest) {
        largest = peak_at_end(run);
    }
    const uint64_t sum = run->tree.peak_sum_bytes;
    end_all(run);
    *memory = (struct live_memory){
        .round = run->round,
        .method = run->tree.count > 1 ? PEAK_TREE : PEAK_PROCESS,
        .peak_bytes = run->tree.count > 1 && sum > largest ? sum : largest,
        .minor_faults = (uint64_t)run->usage.ru_minflt,
        .major_faults = (uint64_t)run->usage.ru_majflt,
        .process_count = run->tree.count,
    };
    uint64_t exact;
    if (cgroup_peak(&run->group, &exact)) {
        memory->method = PEAK_CGROUP;
        memory->peak_bytes = exact;
    }
    if (memory->peak_bytes == 0) {
        memory->method = PEAK_NONE;
    }
    cgroup_remove(&run->group);
}

void live_destroy(struct live_run *run)
{
    tree_destroy(&run->tree);
    free(run->points);
    run->points = NULL;
    if (run->errors_file > 0) {
        close(run->errors_file);
    }
    run->errors_file = 0;
}
