#include "cli/proof.h"

#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/proof.h"
#include "analysis/timing.h"
#include "cli/cli.h"
#include "process/memory.h"
#include "process/signals.h"
#include "process/tool.h"
#include "report/proof.h"
#include "report/report.h"
#include "runner/delayed.h"
#include "runner/progress.h"
#include "runner/rng.h"
#include "runner/run.h"
#include "runner/schedule.h"
#include "runner/sources.h"
#include "trace/generate.h"

enum {
    EXIT_INTERRUPTED = 130, /* as a shell reports SIGINT */
    RACES = PROOF_EQUALS + PROOF_SLOWED,
    /* The copy that tells what a step costs has so many: some 10 % of a replay. */
    CALIBRATION_STEPS = 2048,
    CALIBRATION_ROUNDS = 5,
    STEPS_LIMIT = 1 << 20,
};

/* In this order in each run; the first two have no library. */
enum racer {
    RACER_GLIBC,
    RACER_GLIBC_COPY,
    RACER_FLOOR,
    RACER_FLOOR_COPY,
    RACER_SLOWED, /* PROOF_SLOWED of them */
    RACERS = RACER_SLOWED + PROOF_SLOWED
};

static const double slow_downs[PROOF_SLOWED] = {0.01, 0.02, 0.05};

static const struct {
    enum racer reference, subject;
} races[RACES] = {
    {RACER_GLIBC, RACER_GLIBC_COPY}, {RACER_FLOOR, RACER_FLOOR_COPY},
    {RACER_FLOOR, RACER_SLOWED},     {RACER_FLOOR, RACER_SLOWED + 1},
    {RACER_FLOOR, RACER_SLOWED + 2},
};

struct campaign {
    const struct proof_options *options;
    struct sources sources;
    uint32_t (*steps)[PROOF_SLOWED]; /* by trace */
    struct series *rows[RACES];      /* repetition * trace count + trace */
    uint32_t done;                   /* whole repetitions */
    bool is_broken;                  /* a racer failed somewhere */
    struct rng rng;
    struct progress progress;
};

static void add_racer(struct allocator_list *list, const char *name,
                      const char *library)
{
    list->items = memory_grow(list->items, list->count + 1, sizeof *list->items);
    list->items[list->count++] = (struct allocator){
        .name = memory_copy(name),
        .library = library != NULL ? memory_copy(library) : NULL,
        .is_floor = library != NULL,
    };
}

/* Two glibc and a floor for each delay over one trace; NULL: said why. */
static struct run *race(struct campaign *campaign, size_t trace, const uint32_t *delays,
                        size_t delay_count, uint32_t rounds)
{
    struct delayed floors[RACERS];
    char error[256];
    struct allocator_list list = {.count = 0};
    size_t opened = 0;
    add_racer(&list, "glibc", NULL);
    add_racer(&list, "glibc's copy", NULL);
    while (opened < delay_count &&
           delayed_open(&floors[opened], delays[opened], error, sizeof error)) {
        char name[64];
        snprintf(name, sizeof name, "floor %zu", opened + 1);
        add_racer(&list, name, floors[opened++].path);
    }
    struct run *run = NULL;
    if (opened < delay_count) {
        fprintf(stderr, "snugbench: %s\n", error);
        allocators_free(&list);
    } else {
        struct schedule_options schedule = schedule_defaults;
        schedule.modes = 1u << WORKER_WARM;
        schedule.min_rounds = schedule.max_rounds = rounds;
        schedule.is_quiet = true;
        schedule.is_flat = true; /* the delayed floor's price is of one thread */
        struct sources view = {
            .items = &campaign->sources.items[trace], .count = 1, .is_reused = true};
        run = run_create(&list, 1);
        sources_describe(&view, run);
        run->seed = rng_next(&campaign->rng);
        run->cold_touch = TOUCH_PAGE;
        run->warm_touch = TOUCH_FIRST;
        schedule_run(run, &view, &schedule);
    }
    while (opened > 0) {
        delayed_close(&floors[--opened]);
    }
    return run;
}

/* Ratios of two racers; an empty row, with a word on stderr, if one of them failed. */
static struct series take_ratios(struct campaign *campaign, struct run *run,
                                 size_t reference, size_t subject)
{
    struct timing_values values;
    const struct result *pair[] = {run_result(run, 0, reference),
                                   run_result(run, 0, subject)};
    for (size_t i = 0; i < 2; i++) {
        if (pair[i]->status != RESULT_OK) {
            fprintf(stderr, "snugbench: %s: %s: %s\n", run->traces[0].name,
                    run->allocators[pair[i]->allocator_index].name,
                    pair[i]->status_text);
            campaign->is_broken = true;
            return (struct series){.count = 0};
        }
    }
    if (!timing_values_create(&values, pair[1]->warm, pair[0]->warm,
                              run->traces[0].header.op_count)) {
        campaign->is_broken = true;
        return (struct series){.count = 0};
    }
    double *ratios = memory_allocate(values.ratio_count, sizeof *ratios);
    for (size_t i = 0; i < values.ratio_count; i++) {
        ratios[i] = values.ratios[i];
    }
    const struct series row = {.values = ratios, .count = values.ratio_count};
    timing_values_destroy(&values);
    return row;
}

static void free_row(struct series row)
{
    free((void *)(uintptr_t)row.values);
}

/* The quickest pass of all; 0: none. */
static double least_pass_ns(const struct result *result)
{
    double least = 0;
    for (size_t i = 0; i < result->warm.count; i++) {
        const double ns = (double)result->warm.items[i].best_pass_ns;
        least = least == 0 || ns < least ? ns : least;
    }
    return least;
}

/* How many steps slow the floor down by a per cent depends on the trace: they are a
 * share of its operations' time. Taken from the quickest passes, which whatever else
 * the machine does disturbs least. */
static bool calibrate(struct campaign *campaign, size_t trace)
{
    static const uint32_t delays[] = {0, CALIBRATION_STEPS};
    struct run *run = race(campaign, trace, delays, 2, CALIBRATION_ROUNDS);
    const bool is_done = run != NULL && !run->interrupted;
    if (is_done) {
        const double base_ns = least_pass_ns(run_result(run, 0, RACER_FLOOR));
        const double delayed_ns = least_pass_ns(run_result(run, 0, RACER_FLOOR_COPY));
        const double step_ns = (delayed_ns - base_ns) / CALIBRATION_STEPS;
        for (size_t i = 0; i < PROOF_SLOWED; i++) {
            const double steps =
                step_ns > 0 ? slow_downs[i] * base_ns / step_ns : STEPS_LIMIT;
            campaign->steps[trace][i] =
                (uint32_t)lround(steps < STEPS_LIMIT ? steps : STEPS_LIMIT);
        }
    }
    if (run != NULL) {
        run_destroy(run);
    }
    return is_done;
}

static bool race_all(struct campaign *campaign, uint32_t repetition, size_t trace)
{
    uint32_t delays[RACERS - RACER_FLOOR] = {0, 0};
    memcpy(delays + 2, campaign->steps[trace], sizeof campaign->steps[trace]);
    struct run *run = race(campaign, trace, delays, sizeof delays / sizeof *delays,
                           campaign->options->rounds);
    const bool is_done = run != NULL && !run->interrupted;
    for (size_t i = 0; is_done && i < RACES; i++) {
        campaign->rows[i][repetition * campaign->sources.count + trace] =
            take_ratios(campaign, run, races[i].reference, races[i].subject);
    }
    if (run != NULL) {
        run_destroy(run);
    }
    return is_done;
}

/* false: interrupted, or a library is missing. */
static bool measure(struct campaign *campaign)
{
    const size_t traces = campaign->sources.count;
    for (size_t trace = 0; trace < traces; trace++) {
        const char *name = campaign->sources.items[trace].name;
        progress_trace(&campaign->progress, trace, name, 1);
        progress_step(&campaign->progress, 0, "calibrating");
        if (!calibrate(campaign, trace)) {
            return false;
        }
        campaign->progress.work_done++;
    }
    for (uint32_t i = 0; i < campaign->options->repetitions; i++) {
        for (size_t trace = 0; trace < traces; trace++) {
            progress_trace(&campaign->progress, trace,
                           campaign->sources.items[trace].name, 2);
            progress_step(&campaign->progress, 0, "repetition %" PRIu32 " of %" PRIu32,
                          i + 1, campaign->options->repetitions);
            if (!race_all(campaign, i, trace)) {
                return false;
            }
            campaign->progress.work_done += 2;
        }
        campaign->done++;
        if (!campaign->progress.is_terminal) {
            fprintf(stderr, "snugbench: %" PRIu32 " of %" PRIu32 " repetitions done\n",
                    i + 1, campaign->options->repetitions);
        }
    }
    return true;
}

static struct proof *prepare(const struct campaign *campaign, size_t race)
{
    const struct proof_race rows = {.rows = campaign->rows[race],
                                    .repetition_count = campaign->done,
                                    .trace_count = campaign->sources.count};
    struct proof *proof = proof_create(&rows, campaign->options->seed + race);
    if (proof == NULL) {
        fprintf(stderr, "snugbench: out of memory\n");
        exit(EXIT_FAILED);
    }
    return proof;
}

static struct proof_report make_report(const struct campaign *campaign)
{
    const double effect = summary_defaults.warm_effect;
    struct proof_report report = {
        .trace_count = campaign->sources.count,
        .rounds = campaign->options->rounds,
        .effect = effect,
    };
    struct proof *glibc = prepare(campaign, 0);
    struct proof *floor = prepare(campaign, 1);
    report.equals[0] =
        (struct proof_equals){"glibc and glibc", proof_judge(glibc, 0, effect)};
    report.equals[1] =
        (struct proof_equals){"floor and floor", proof_judge(floor, 0, effect)};
    report.least_single = proof_least_difference(glibc, effect, true);
    report.least_of_all = proof_least_difference(glibc, effect, false);
    for (size_t i = 0; i < PROOF_SLOWED; i++) {
        struct proof *slowed = prepare(campaign, PROOF_EQUALS + i);
        report.slowed[i] = (struct proof_slowed){
            .slow_down = slow_downs[i],
            .outcome = proof_judge(slowed, 0, effect),
            .stated = proof_judge(floor, slow_downs[i], effect),
        };
        proof_destroy(slowed);
    }
    proof_destroy(glibc);
    proof_destroy(floor);
    return report;
}

/* Whether it holds. */
static bool print_result(const struct campaign *campaign)
{
    if (campaign->done == 0) {
        return false;
    }
    const struct proof_report report = make_report(campaign);
    signals_end_by_pipe();
    printf("Warm passes of %zu traces, %" PRIu32 " rounds, %" PRIu32
           " repetitions, seed %" PRIu64 ".\n\n",
           campaign->sources.count, campaign->options->rounds, campaign->done,
           campaign->options->seed);
    return proof_print(stdout, &report) && proof_holds(&report);
}

static int prove(struct campaign *campaign)
{
    const struct proof_options *options = campaign->options;
    const size_t traces = campaign->sources.count;
    campaign->steps = memory_allocate(traces, sizeof *campaign->steps);
    for (size_t i = 0; i < RACES; i++) {
        campaign->rows[i] =
            memory_allocate(traces * options->repetitions, sizeof(struct series));
    }
    fprintf(stderr,
            "snugbench: traces: %zu, rounds: %" PRIu32 ", repetitions: %" PRIu32
            ", seed: %" PRIu64 "\n",
            traces, options->rounds, options->repetitions, options->seed);
    campaign->rng = rng_create(options->seed);
    campaign->progress =
        progress_begin(traces, (double)traces * (1 + 2.0 * options->repetitions));
    signals_hold();
    const bool is_complete = measure(campaign);
    progress_clear(&campaign->progress);
    const bool holds = print_result(campaign);
    for (size_t i = 0; i < RACES; i++) {
        for (size_t k = 0; k < traces * options->repetitions; k++) {
            free_row(campaign->rows[i][k]);
        }
        free(campaign->rows[i]);
    }
    free(campaign->steps);
    if (signals_interrupted()) {
        fprintf(stderr, "snugbench: interrupted after %" PRIu32 " repetitions\n",
                campaign->done);
        return EXIT_INTERRUPTED;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("snugbench: cannot write the proof");
        return EXIT_FAILED;
    }
    return is_complete && holds && !campaign->is_broken ? EXIT_OK : EXIT_FAILED;
}

static bool add_files(struct sources *sources, const char *const *paths, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct trace_error error;
        if (!sources_add(sources, paths[i], &error)) {
            fprintf(stderr, "snugbench: %s\n", error.text);
            return false;
        }
        if (sources->items[sources->count - 1].header.op_count == 0) {
            fprintf(stderr, "snugbench: %s: no operations\n", paths[i]);
            return false;
        }
    }
    return true;
}

/* The traces beside the tool: in the checkout, or where they are installed. */
static bool find_shipped(glob_t *found)
{
    static const char *const places[] = {"traces", "../share/snugbench/traces"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char folder[PATH_MAX];
        char pattern[PATH_MAX + 16];
        if (tool_find(places[i], folder, sizeof folder)) {
            snprintf(pattern, sizeof pattern, "%s/*.rep.zst", folder);
            if (glob(pattern, 0, NULL, found) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool add_generated(struct sources *sources)
{
    size_t count;
    const struct generate_model *models = generate_models(&count);
    for (size_t i = 0; i < count; i++) {
        struct trace_error error;
        struct trace *trace =
            generate_trace(&models[i], &models[i].defaults,
                           generate_default_threads(&models[i]), &error);
        if (trace == NULL) {
            fprintf(stderr, "snugbench: %s\n", error.text);
            return false;
        }
        sources_take(sources, models[i].name, trace);
    }
    return true;
}

int proof_run(const struct proof_options *options)
{
    struct campaign campaign = {.options = options, .sources = {.is_brief = true}};
    glob_t shipped = {.gl_pathc = 0};
    bool is_read;
    if (options->trace_count > 0) {
        is_read = add_files(&campaign.sources, options->traces, options->trace_count);
    } else if (find_shipped(&shipped)) {
        is_read = add_files(&campaign.sources, (const char *const *)shipped.gl_pathv,
                            shipped.gl_pathc);
    } else {
        is_read = add_generated(&campaign.sources);
    }
    const int code = is_read ? prove(&campaign) : EXIT_USAGE;
    sources_free(&campaign.sources);
    if (shipped.gl_pathc > 0) {
        globfree(&shipped);
    }
    return code;
}
