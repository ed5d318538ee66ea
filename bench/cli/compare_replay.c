#include "cli/compare_replay.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/own_cost.h"
#include "analysis/replay_answer.h"
#include "process/clock.h"
#include "process/memory.h"
#include "process/signals.h"
#include "record/others.h"
#include "report/units.h"
#include "runner/forecast.h"
#include "runner/run.h"
#include "runner/schedule.h"
#include "runner/sources.h"

enum {
    /* A line of a trace takes about 12 bytes, and a second replays 1.5 million of them
     * under six allocators. */
    BYTES_PER_SECOND = 16 << 20,
    LEAST_ROUNDS = 1,
    MOST_ROUNDS = 7,
};

__attribute__((format(printf, 2, 3))) static void fail(struct recorded *recorded,
                                                       const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(recorded->failure, sizeof recorded->failure, format, arguments);
    va_end(arguments);
}

/* ---- recording ---- */

/* This program's own `record`, with the user's command behind it. */
static char **record_command(const struct recorded *recorded, char *const *command)
{
    static char self[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    const char *const front[] = {length > 0 ? self : "snugbench", "record", "-o",
                                 recorded->path, "--"};
    const size_t front_count = sizeof front / sizeof *front;
    size_t count = 0;
    while (command[count] != NULL) {
        count++;
    }
    char **words = memory_allocate(front_count + count + 1, sizeof *words);
    for (size_t i = 0; i < front_count; i++) {
        words[i] = memory_copy(front[i]);
    }
    for (size_t i = 0; i < count; i++) {
        words[front_count + i] = memory_copy(command[i]);
    }
    return words;
}

static void free_words(char **words)
{
    for (char **word = words; *word != NULL; word++) {
        free(*word);
    }
    free(words);
}

static bool make_directory(struct recorded *recorded)
{
    const char *folder = getenv("TMPDIR");
    snprintf(recorded->directory, sizeof recorded->directory,
             "%s/snugbench-compare-XXXXXX",
             folder != NULL && folder[0] != '\0' ? folder : "/tmp");
    if (mkdtemp(recorded->directory) == NULL) {
        fail(recorded,
             "no place for a recording in '%.200s': %s (TMPDIR names another)",
             recorded->directory, strerror(errno));
        recorded->directory[0] = '\0';
        return false;
    }
    snprintf(recorded->path, sizeof recorded->path, "%.*s/program.rep", PATH_MAX - 16,
             recorded->directory);
    return true;
}

/* Why it is not recorded: record's own words stand behind how it ended. If these are
 * that it did record, the program itself did not end well. */
static const char *reason_of(char *failure)
{
    static const char own[] = ": snugbench: ";
    char *at = strstr(failure, own);
    if (at == NULL) {
        return failure;
    }
    const char *said = at + sizeof own - 1;
    if (strncmp(said, "recorded ", 9) == 0 || strncmp(said, "warning: ", 9) == 0) {
        *at = '\0';
        return failure;
    }
    return said;
}

/* What the program became could not be recorded: a replay of what came before would be
 * taken for the whole. The notes are the last lines of the trace. NULL: it is the
 * whole, as far as is known. */
static const char *find_replaced(const char *path)
{
    char notes[8192];
    FILE *file = fopen(path, "re");
    size_t length = 0;
    if (file != NULL) {
        if (fseek(file, -(long)(sizeof notes - 1), SEEK_END) != 0) {
            rewind(file); /* it is shorter than that */
        }
        length = fread(notes, 1, sizeof notes - 1, file);
        fclose(file);
    }
    notes[length] = '\0';
    if (strstr(notes, RECORDED_RENAMED) != NULL) {
        return "it ended under another name than it began with, so it may have become "
               "another program by exec, which is not recorded; 'snugbench record' and "
               "'compare TRACE' take what is";
    }
    return strstr(notes, RECORDED_REPLACED) != NULL
               ? "it becomes another program by exec, into which nothing can be "
                 "preloaded the way it is started; compare that one itself"
               : NULL;
}

/* What was recorded, which an interpreter or a wrapper may be; in front of the first
 * operation. */
static void read_image(struct recorded *recorded)
{
    static const char label[] = "# " RECORDED_IMAGE;
    char line[PATH_MAX + sizeof label];
    FILE *file = fopen(recorded->path, "re");
    bool is_found = false;
    while (file != NULL && !is_found && fgets(line, sizeof line, file) != NULL &&
           line[0] != 'a') {
        is_found = strncmp(line, label, strlen(label)) == 0;
    }
    if (is_found) {
        const char *slash = strrchr(line, '/');
        line[strcspn(line, "\n")] = '\0';
        snprintf(recorded->image, sizeof recorded->image, "%.63s",
                 slash != NULL ? slash + 1 : line + strlen(label));
    }
    if (file != NULL) {
        fclose(file);
    }
}

void compare_record(struct recorded *recorded, const struct rounds *rounds,
                    double left_s)
{
    struct stat status;
    char failure[sizeof recorded->failure];
    const uint64_t left_ns = (uint64_t)(left_s * NS_PER_SECOND);
    *recorded = (struct recorded){.until_ns = clock_now_ns() + left_ns};
    if (rounds->study->run_s > left_s) {
        fail(recorded,
             "one run takes %.1f s, and %.1f are left of the budget to record and "
             "replay it; --budget gives more, or 'snugbench record' takes its time",
             rounds->study->run_s, left_s);
        return;
    }
    if (!make_directory(recorded)) {
        return;
    }
    char **command = record_command(recorded, rounds->options->command);
    const bool done = rounds_run_aside(rounds, "recording", command, left_ns, failure,
                                       sizeof failure);
    free_words(command);
    if (!done && strncmp(failure, "timed out", strlen("timed out")) == 0) {
        fail(recorded,
             "recording it takes longer than the %.2f s that are left of the budget; "
             "--budget gives more, or 'snugbench record' takes its time",
             left_s);
    } else if (!done) {
        fail(recorded, "it cannot be recorded: %s", reason_of(failure));
    } else if (stat(recorded->path, &status) != 0) {
        fail(recorded, "nothing was recorded");
    } else if ((double)status.st_size > left_s * BYTES_PER_SECOND) {
        fail(recorded,
             "its recording is too large (%lld MiB); 'snugbench record' and "
             "'compare TRACE' take their time",
             (long long)(status.st_size >> 20));
    } else {
        const char *replaced = find_replaced(recorded->path);
        if (replaced != NULL) {
            fail(recorded, "%s", replaced);
        } else {
            read_image(recorded);
        }
    }
}

/* ---- replaying ---- */

/* Those that the sentences about the replay speak of. */
static bool is_told(const struct answer *answer, size_t index)
{
    return index == answer->reference_index || index == answer->fastest ||
           index == answer->smallest;
}

static void add_allocators(struct allocator_list *list, const struct study *study,
                           const struct answer *told)
{
    struct allocator_error ignored;
    for (size_t i = 0; i < study->count; i++) {
        const struct candidate *candidate = &study->candidates[i];
        if (candidate->failed || (told != NULL && !is_told(told, i))) {
            continue;
        }
        list->items = memory_grow(list->items, list->count + 1, sizeof *list->items);
        struct allocator *allocator = &list->items[list->count++];
        *allocator = (struct allocator){
            .name = memory_copy(candidate->name),
            .library =
                candidate->library != NULL ? memory_copy(candidate->library) : NULL,
            .variables = memory_allocate(candidate->variable_count + 1,
                                         sizeof *allocator->variables),
        };
        for (size_t k = 0; k < candidate->variable_count; k++) {
            allocator->variables[k] = memory_copy(candidate->variables[k]);
        }
    }
    allocators_add_floor(list, &ignored);
}

static void find_reference(struct run *run, const struct study *study)
{
    const char *name = study->candidates[study->reference_index].name;
    const size_t index = run_find_allocator(run, name);
    if (index < run->allocator_count) {
        run->reference_index = index;
    }
}

static bool keep(const struct run *run, const struct summary *replay,
                 const char *directory)
{
    char folder[PATH_MAX];
    struct report_error error;
    struct answer answer;
    bool is_kept = false;
    snprintf(folder, sizeof folder, "%s/replay", directory);
    if (!replay_answer_create(&answer, run, replay)) {
        fprintf(stderr, "snugbench: out of memory\n");
    } else if (!report_write_directory(run, replay, &answer, folder, &error)) {
        fprintf(stderr, "snugbench: %s\n", error.text);
    } else {
        is_kept = true;
    }
    answer_destroy(&answer);
    return is_kept;
}

/* Cold passes: a program begins with an empty heap, and once. What nobody keeps is not
 * measured along the way. */
static struct schedule_options plan(bool is_kept)
{
    struct schedule_options options = schedule_defaults;
    options.modes = 1u << WORKER_MEMORY | 1u << WORKER_COLD;
    options.min_rounds = LEAST_ROUNDS;
    options.max_rounds = MOST_ROUNDS;
    options.budget_ns = 0;
    options.only_peaks = !is_kept;
    options.is_quiet = true;
    options.is_flat = true; /* what the calls cost, whoever waits for whom */
    return options;
}

/* With all allocators, or those alone that are `told`. */
static struct run *make_run(struct sources *sources, const struct study *study,
                            const struct answer *told)
{
    struct allocator_list list = {.count = 0};
    add_allocators(&list, study, told);
    struct run *run = run_create(&list, 1);
    sources_describe(sources, run);
    find_reference(run, study);
    run->seed = study->seed;
    run->cold_touch = TOUCH_PAGE;
    run->warm_touch = TOUCH_FIRST;
    return run;
}

static double forecast_seconds(const struct run *run,
                               const struct schedule_options *options, unsigned modes)
{
    struct schedule_options asked = *options;
    asked.modes = modes;
    return forecast_trace(run, &run->traces[0].header, &asked).seconds;
}

static double seconds_left(const struct recorded *recorded)
{
    return ((double)recorded->until_ns - (double)clock_now_ns()) / NS_PER_SECOND;
}

static void tell_too_many(struct recorded *recorded, const struct run *run,
                          double least_s)
{
    fail(recorded,
         "its %s calls would take about %.0f s, and %.0f are left of the budget; "
         "--budget gives more, or 'snugbench record' and 'compare TRACE' take their "
         "time",
         units_many(run->traces[0].header.op_count).bytes, ceil(least_s),
         fmax(floor(seconds_left(recorded)), 0));
}

static void replay_sources(struct recorded *recorded, struct sources *sources,
                           const struct study *study, struct compare_summary *summary,
                           const char *directory)
{
    struct schedule_options options = plan(directory != NULL);
    struct run *run = make_run(sources, study, NULL);
    double least_s = forecast_seconds(run, &options, options.modes);
    if (least_s > seconds_left(recorded)) {
        run_destroy(run);
        run = make_run(sources, study, &summary->answer);
        least_s = forecast_seconds(run, &options, options.modes);
    }
    const double rounds_s =
        seconds_left(recorded) - forecast_seconds(run, &options, 1u << WORKER_MEMORY);
    if (least_s > seconds_left(recorded)) {
        tell_too_many(recorded, run, least_s);
    } else {
        options.budget_ns = (uint64_t)(rounds_s * NS_PER_SECOND);
        struct progress progress = progress_begin(1, 1);
        progress_trace(&progress, 0, study->command[0], 1);
        progress_step(&progress, 0, "replaying what was recorded");
        schedule_run(run, sources, &options);
        progress_clear(&progress);
        struct summary *replay = summary_create(run, summary_defaults);
        if (replay != NULL && !run->interrupted) {
            own_cost_fill(summary, study, run, replay);
            summary->answer.recording.image = recorded->image;
            if (directory != NULL) {
                recorded->is_unkept = !keep(run, replay, directory);
            }
        }
        summary_destroy(replay);
    }
    run_destroy(run);
}

void compare_replay(struct recorded *recorded, const struct study *study,
                    struct compare_summary *summary, const char *directory)
{
    struct sources sources = {.is_brief = true};
    struct trace_error error;
    if (recorded->failure[0] == '\0' &&
        !sources_add(&sources, recorded->path, &error)) {
        fail(recorded, "%s", error.text);
    }
    if (recorded->failure[0] == '\0') {
        replay_sources(recorded, &sources, study, summary, directory);
    }
    sources_free(&sources);
    if (recorded->failure[0] != '\0') {
        summary->answer.recording.failure = recorded->failure;
    }
}

void compare_forget(struct recorded *recorded)
{
    if (recorded->directory[0] != '\0') {
        unlink(recorded->path);
        rmdir(recorded->directory);
        recorded->directory[0] = '\0';
    }
}
