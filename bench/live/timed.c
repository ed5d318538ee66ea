#include "live/timed.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live/hyperfine.h"
#include "process/ending.h"
#include "process/output.h"
#include "process/preload.h"
#include "process/spawn.h"

/* Within single quotes nothing is special but the quote itself. */
static void put_word(FILE *out, const char *prefix, const char *word)
{
    fputs(" '", out);
    fputs(prefix, out);
    for (; *word != '\0'; word++) {
        if (*word == '\'') {
            fputs("'\\''", out);
        } else {
            fputc(*word, out);
        }
    }
    fputc('\'', out);
}

/* All candidates come through the same door, env: what it costs is the same for all. */
static void put_environment(FILE *out, const struct timed_plan *plan)
{
    if (plan->candidate->preload != NULL) {
        char *preload = preload_value(plan->candidate->preload);
        put_word(out, "LD_PRELOAD=", preload != NULL ? preload : "");
        free(preload);
    }
    for (size_t i = 0; i < plan->candidate->variable_count; i++) {
        put_word(out, "", plan->candidate->variables[i]);
    }
    fprintf(out, " 'SNUGBENCH_PADDING=%*s'", (int)plan->padding_bytes, "");
}

char *timed_command(const struct timed_plan *plan)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return NULL;
    }
    if (plan->input != NULL) {
        /* Older versions of hyperfine have no --input. */
        fputs("sh -c 'exec env \"$@\" <\"$0\"'", out);
        put_word(out, "", plan->input);
    } else {
        fputs("env", out);
    }
    put_environment(out, plan);
    for (size_t i = 0; plan->command[i] != NULL; i++) {
        put_word(out, "", plan->command[i]);
    }
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static bool read_times(const char *path, struct live_time *time, char *error,
                       size_t error_size)
{
    struct hyperfine_times times;
    if (!hyperfine_read(path, &times, error, error_size)) {
        return false;
    }
    time->score = times.median_s;
    time->user_s = times.user_s;
    time->system_s = times.system_s;
    return true;
}

static void explain(int errors_fd, char *error, size_t error_size)
{
    char line[300];
    static const char code_text[] = "non-zero exit code: ";
    output_first_line(errors_fd, line, sizeof line);
    const char *code = strstr(line, code_text);
    if (code != NULL) {
        snprintf(
            error, error_size, "exit code %d when timed",
            atoi(code + sizeof code_text - 1)); // NOLINT(cert-err34-c): a number or 0
    } else if (strstr(line, "terminated by a signal") != NULL ||
               strstr(line, "terminated unexpectedly") != NULL) {
        snprintf(error, error_size, "killed by a signal when timed");
    } else if (strstr(line, "Invalid UTF-8") != NULL) {
        snprintf(error, error_size,
                 "hyperfine takes no bytes that are no UTF-8 as arguments; put the "
                 "command into a script");
    } else if (line[0] == '\0') {
        snprintf(error, error_size,
                 "hyperfine failed without a word; is there room in TMPDIR or /tmp?");
    } else {
        snprintf(error, error_size, "hyperfine: %s", line);
    }
}

static bool run_hyperfine(const struct timed_plan *plan, char *command, char *csv,
                          char *error, size_t error_size)
{
    char *argv[20];
    size_t count = 0;
    char output[PATH_MAX];
    /* Its own words apart, hyperfine takes a file only with a slash in its name. */
    const bool is_word = strcmp(plan->output, "null") == 0 ||
                         strcmp(plan->output, "pipe") == 0 ||
                         strcmp(plan->output, "inherit") == 0;
    snprintf(output, sizeof output, "%s%s",
             is_word || strchr(plan->output, '/') != NULL ? "" : "./", plan->output);
    char *const fixed[] = {
        (char[]){"hyperfine"},    (char[]){"-N"},
        (char[]){"--style"},      (char[]){"none"},
        (char[]){"--runs"},       (char[]){"1"},
        (char[]){"--output"},     output,
        (char[]){"--export-csv"}, csv,
        (char[]){"-n"},           (char[]){"program"},
    };
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        argv[count++] = fixed[i];
    }
    char ignore[] = "-i";
    if (plan->ignore_failure) {
        argv[count++] = ignore;
    }
    argv[count++] = command;
    argv[count] = NULL;
    const int errors_fd = output_file();
    const bool shows = strcmp(plan->output, "inherit") == 0;
    const struct process_plan process_plan = {
        .kind = PROCESS_COMMAND,
        .arguments = argv,
        .files = {-1, shows ? STDOUT_FILENO : -1, errors_fd},
        .file_count = 3,
        .output_fd = errors_fd,
        .timeout_ns = plan->timeout_ns,
    };
    struct process process;
    if (!process_start(&process, &process_plan, error, error_size)) {
        return false;
    }
    process_wait(&process);
    const struct ending ending = ending_of(&process);
    error[0] = '\0';
    if (ending.kind == ENDING_EXIT && ending.number != 0) {
        explain(process.output_fd, error, error_size);
    } else if (ending.kind == ENDING_NOT_RUN) {
        snprintf(error, error_size, "hyperfine cannot be run: %s",
                 strerror(ending.number));
    } else if (ending.kind != ENDING_NONE) {
        ending_text(ending, error, error_size);
    }
    process_close(&process);
    return ending_is_good(ending);
}

bool timed_run(const struct timed_plan *plan, struct live_time *time, char *error,
               size_t error_size)
{
    const char *folder = getenv("TMPDIR");
    char csv[PATH_MAX];
    snprintf(csv, sizeof csv, "%s/snugbench-time-XXXXXX",
             folder != NULL && folder[0] != '\0' ? folder : "/tmp");
    *time = (struct live_time){.round = plan->round};
    const int file = mkstemp(csv);
    char *command = timed_command(plan);
    bool done = false;
    if (file < 0 || command == NULL) {
        snprintf(error, error_size, "cannot make '%s': %s", csv, strerror(errno));
    } else {
        done = run_hyperfine(plan, command, csv, error, error_size) &&
               read_times(csv, time, error, error_size);
    }
    if (file >= 0) {
        close(file);
        unlink(csv);
    }
    free(command);
    return done;
}
