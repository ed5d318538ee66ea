#include "live/rounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live/candidate.h"
#include "live/run.h"
#include "live/timed.h"
#include "process/clock.h"
#include "process/ending.h"
#include "process/memory.h"
#include "process/output.h"
#include "process/shell.h"
#include "process/signals.h"

/* Runs of the warm-up, of `count` rounds, and of memory in the first of these. */
static double runs_of(const struct rounds *rounds, uint32_t count)
{
    const struct live_options *options = rounds->options;
    const double warm_ups = options->warmup_count > 1 ? options->warmup_count : 1;
    const double looks = options->is_server ? 1 : options->memory_rounds;
    const double with_memory = looks - 1 < count ? looks - 1 : count;
    return (warm_ups + count + with_memory) * (double)rounds->study->count;
}

/* Of all rounds up to `count`, as long as the runs up to now. */
static double seconds_of(const struct rounds *rounds, uint32_t count, double elapsed_s)
{
    const double runs = runs_of(rounds, count) - rounds->runs_done;
    return runs > 0 ? runs * elapsed_s / rounds->runs_done : 0;
}

double rounds_seconds_left(const struct rounds *rounds, double elapsed_s)
{
    const struct live_options *options = rounds->options;
    const double at_most = seconds_of(rounds, options->max_rounds, elapsed_s);
    const double at_least = seconds_of(rounds, options->min_rounds, elapsed_s);
    const double budget_s = options->budget_s - options->kept_s - elapsed_s;
    const double left_s = budget_s < at_most ? budget_s : at_most;
    return left_s > at_least ? left_s : at_least;
}

static void show(struct rounds *rounds, const char *what,
                 const struct candidate *candidate)
{
    const double elapsed_s = clock_seconds_since(rounds->start_ns);
    /* Before the warm-up is over the share stays 0, and no time is shown. */
    const double share =
        rounds->round_s > 0
            ? elapsed_s / (elapsed_s + rounds_seconds_left(rounds, elapsed_s))
            : 0;
    progress_step(&rounds->progress, share, "%s, %s", what, candidate->name);
}

/* --prepare and its like: what they print is not ours, but what they fail with is. */
static bool run_hook(struct candidate *candidate, const char *option, const char *text,
                     uint64_t timeout_ns)
{
    if (text == NULL || candidate->failed) {
        return !candidate->failed;
    }
    const struct ending ending = shell_run(text, STDERR_FILENO, timeout_ns);
    if (!ending_is_good(ending) && ending.kind != ENDING_NONE) {
        char words[96];
        ending_text(ending, words, sizeof words);
        candidate_fail(candidate, "%s failed: %s", option, words);
    }
    return ending_is_good(ending);
}

/* ---- a run of our own ---- */

static bool ended_well(const struct live_options *options, struct ending ending)
{
    return ending_is_good(ending) ||
           (options->ignore_failure && ending.kind == ENDING_EXIT);
}

/* The reference comes first. Takes the file over. */
static void compare_output(struct rounds *rounds, size_t index, int file)
{
    struct study *study = rounds->study;
    if (rounds->output_file < 0 && index == study->reference_index) {
        rounds->output_file = file;
        return;
    }
    if (rounds->output_file >= 0 && !output_is_same(rounds->output_file, file)) {
        if (index == study->reference_index) {
            rounds->output_varies = true;
        } else {
            candidate_fail(&study->candidates[index],
                           "its standard output is not that of %s (--check-output)",
                           study->candidates[study->reference_index].name);
        }
    }
    close(file);
}

static void judge_batch(struct rounds *rounds, size_t index, const struct live_run *run)
{
    struct candidate *candidate = &rounds->study->candidates[index];
    char text[sizeof candidate->failure];
    const struct ending ending = ending_of(&run->root);
    if (ending.kind == ENDING_NONE) {
        return;
    }
    if (ending.kind == ENDING_TIMED_OUT) {
        ending_text(ending, text, sizeof text);
        candidate_fail(candidate, "%s", text);
        candidate->timed_out = true;
        return;
    }
    candidate->exit_code = ending_exit_code(ending);
    if (!ended_well(rounds->options, ending)) {
        ending_quote(ending, run->root.output_fd, text, sizeof text);
        candidate_fail(candidate, "%s", text);
    }
}

static void lead_batch(struct live_run *run)
{
    while (!run->root.ended && !signals_interrupted()) {
        live_step(run);
        process_stop_late(&run->root);
    }
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + 1e-6 * (double)time.tv_usec;
}

/* One run, its memory kept, and of a server its time, if it `counts`. */
static void run_ours(struct rounds *rounds, size_t index, uint32_t round, bool counts)
{
    const struct live_options *options = rounds->options;
    struct candidate *candidate = &rounds->study->candidates[index];
    const bool checks_output = options->check_output && !rounds->output_varies;
    const bool discards = options->is_server || options->output == NULL ||
                          strcmp(options->output, "null") == 0;
    const int output = checks_output || !discards ? output_file() : -1;
    struct live_run run;
    struct live_memory memory = {.round = round};
    struct live_memory server_memory = {.round = round};
    struct live_time time = {.round = round};
    const struct run_plan plan = {
        .command = options->command,
        .candidate = candidate,
        .round = round,
        .input = options->input,
        .output = output,
        .timeout_ns = options->timeout_ns,
        .follow = !options->is_server,
    };
    char error[sizeof candidate->failure] = "";
    if (options->is_server && server_is_taken(&options->server)) {
        candidate_fail(candidate,
                       "%s answers before the server is started: stop what runs there",
                       options->server.ready_port != 0 ? "the port" : "--ready");
        return;
    }
    if (!live_start(&run, &plan, error, sizeof error)) {
        candidate_fail(candidate, "%s", error);
        if (output >= 0) {
            close(output);
        }
        return;
    }
    if (options->is_server) {
        if (!server_lead(&run, &options->server, &time, &server_memory, error,
                         sizeof error) &&
            !signals_interrupted()) {
            candidate_fail(candidate, "%s", error);
        }
    } else {
        lead_batch(&run);
        judge_batch(rounds, index, &run);
        rounds->study->leaves_processes =
            rounds->study->leaves_processes ||
            (!candidate->failed && !signals_interrupted() &&
             live_leaves_processes(&run));
        rounds->study->is_followed = rounds->study->is_followed && run.is_followed;
    }
    live_finish(&run, &memory);
    memory.has_left = server_memory.has_left;
    memory.left_bytes = server_memory.left_bytes;
    memory.has_growth = server_memory.has_growth;
    memory.growth_bytes_per_minute = server_memory.growth_bytes_per_minute;
    candidate_check_preload(candidate, &run);
    const bool is_whole = !candidate->failed && !signals_interrupted();
    if (is_whole && counts) {
        time.user_s = seconds(run.usage.ru_utime);
        time.system_s = seconds(run.usage.ru_stime);
        candidate_keep_memory(candidate, &memory);
        candidate_keep_points(candidate, &run);
        if (options->is_server) {
            candidate_keep_time(candidate, &time);
        }
    }
    if (is_whole && checks_output) {
        compare_output(rounds, index, output);
    } else if (output >= 0) {
        close(output);
    }
    live_destroy(&run);
}

/* ---- rounds ---- */

static void run_timed(struct rounds *rounds, size_t index, uint32_t round)
{
    const struct live_options *options = rounds->options;
    struct candidate *candidate = &rounds->study->candidates[index];
    const struct timed_plan plan = {
        .command = options->command,
        .candidate = candidate,
        .round = round,
        .input = options->input,
        .output = options->output != NULL ? options->output : "null",
        .ignore_failure = options->ignore_failure,
        .padding_bytes = (size_t)rng_below(&rounds->rng, PROCESS_PADDING_LIMIT_BYTES),
        .timeout_ns = options->timeout_ns,
    };
    struct live_time time;
    char error[sizeof candidate->failure];
    if (timed_run(&plan, &time, error, sizeof error)) {
        candidate_keep_time(candidate, &time);
    } else if (!signals_interrupted()) {
        candidate_fail(candidate, "%s", error);
    }
}

/* One run between --prepare and --conclude. */
static void run_hooked(struct rounds *rounds, size_t index, uint32_t round,
                       bool is_timed, bool counts)
{
    const struct live_options *options = rounds->options;
    struct candidate *candidate = &rounds->study->candidates[index];
    rounds->runs_done++;
    if (candidate->failed || signals_interrupted() ||
        !run_hook(candidate, "--prepare", options->prepare, options->timeout_ns)) {
        return;
    }
    if (is_timed) {
        run_timed(rounds, index, round);
    } else {
        run_ours(rounds, index, round, counts);
    }
    run_hook(candidate, "--conclude", options->conclude, options->timeout_ns);
}

bool rounds_begin(struct rounds *rounds, struct study *study,
                  const struct live_options *options)
{
    *rounds = (struct rounds){
        .study = study,
        .options = options,
        .rng = rng_create(study->seed),
        .progress = progress_begin(1, 1),
        .start_ns = clock_now_ns(),
        .output_file = -1,
    };
    study->is_followed = !options->is_server;
    live_prepare();
    progress_trace(&rounds->progress, 0, options->command[0], 1);
    if (options->setup != NULL) {
        const struct ending ending =
            shell_run(options->setup, STDERR_FILENO, options->timeout_ns);
        if (!ending_is_good(ending)) {
            char words[96];
            ending_text(ending, words, sizeof words);
            snprintf(rounds->error, sizeof rounds->error, "--setup failed: %s", words);
            return false;
        }
    }
    return true;
}

/* Where what is there now does not end, the others would not end either, each after as
 * long a time. */
static void give_up(struct study *study)
{
    const struct candidate *reference = &study->candidates[study->reference_index];
    for (size_t i = 0; i < study->count; i++) {
        if (i != study->reference_index) {
            candidate_fail(&study->candidates[i], "not run: %s %s", reference->name,
                           reference->failure);
        }
    }
}

void rounds_warm_up(struct rounds *rounds)
{
    struct study *study = rounds->study;
    const uint64_t start_ns = clock_now_ns();
    const size_t first = study->reference_index;
    /* Of a server even the first run is whole, but it warms up: it does not count. */
    const bool counts = !rounds->options->is_server;
    uint32_t again = 0;
    for (; again == 0 || again < rounds->options->warmup_count; again++) {
        for (size_t i = 0; i < study->count; i++) {
            const size_t index = i == 0 ? first : i <= first ? i - 1 : i;
            show(rounds, "warm-up", &study->candidates[index]);
            run_hooked(rounds, index, 0, false, counts && again == 0);
            if (i == 0 && study->candidates[first].timed_out) {
                give_up(study);
            }
            /* Is its output the same twice? Others are judged by it only then. */
            if (i == 0 && again == 0 && rounds->options->check_output) {
                run_hooked(rounds, index, 0, false, false);
            }
        }
    }
    rounds->round_s = clock_seconds_since(start_ns) / again;
    study->run_s = rounds->round_s / (double)study->count;
}

void rounds_next(struct rounds *rounds)
{
    struct study *study = rounds->study;
    const struct live_options *options = rounds->options;
    const uint32_t round = study->round_count;
    const uint64_t start_ns = clock_now_ns();
    size_t *order = memory_allocate(study->count, sizeof *order);
    char what[32];
    snprintf(what, sizeof what, "round %u", round + 1);
    rng_shuffle(&rounds->rng, order, study->count);
    for (size_t i = 0; i < study->count; i++) {
        show(rounds, what, &study->candidates[order[i]]);
        run_hooked(rounds, order[i], round, !options->is_server, true);
    }
    double timed_s = clock_seconds_since(start_ns);
    /* The warm-up has been the first of the memory rounds. */
    for (size_t i = 0; !options->is_server && i < study->count; i++) {
        if (round + 1 < options->memory_rounds) {
            show(rounds, "memory", &study->candidates[order[i]]);
            run_hooked(rounds, order[i], round + 1, false, true);
        }
    }
    free(order);
    rounds->round_s = timed_s;
    if (!signals_interrupted()) {
        study->round_count++;
    }
}

bool rounds_run_aside(const struct rounds *rounds, const char *what,
                      char *const *command, uint64_t timeout_ns, char *failure,
                      size_t failure_size)
{
    static char name[] = "aside";
    struct candidate candidate = {.name = name};
    struct live_options options = *rounds->options;
    struct study study = *rounds->study;
    struct rounds aside = *rounds;
    options.command = command;
    options.timeout_ns = timeout_ns;
    options.check_output = false;
    options.output = NULL;
    study.candidates = &candidate;
    study.count = 1;
    study.reference_index = 0;
    aside.options = &options;
    aside.study = &study;
    progress_step(&aside.progress, 0, "%s", what);
    run_hooked(&aside, 0, 0, false, false);
    snprintf(failure, failure_size, "%s", candidate.failure);
    return !candidate.failed && !signals_interrupted();
}

bool rounds_have_time(const struct rounds *rounds, uint32_t count)
{
    const struct live_options *options = rounds->options;
    const double elapsed_s = clock_seconds_since(rounds->start_ns);
    return elapsed_s + count * rounds->round_s + options->kept_s <= options->budget_s;
}

void rounds_end(struct rounds *rounds)
{
    struct study *study = rounds->study;
    study->interrupted = signals_interrupted();
    study->elapsed_s = clock_seconds_since(rounds->start_ns);
    progress_clear(&rounds->progress);
    if (rounds->options->cleanup != NULL) {
        const struct ending ending = shell_run(rounds->options->cleanup, STDERR_FILENO,
                                               rounds->options->timeout_ns);
        study->cleanup_failed = !ending_is_good(ending);
        if (study->cleanup_failed) {
            char words[96];
            ending_text(ending, words, sizeof words);
            fprintf(stderr, "snugbench: --cleanup failed: %s\n", words);
        }
    }
    if (rounds->output_varies) {
        fprintf(
            stderr,
            "snugbench: the output is not the same from run to run under %s itself: "
            "--check-output says nothing\n",
            study->candidates[study->reference_index].name);
    }
    if (rounds->output_file >= 0) {
        close(rounds->output_file);
    }
}
