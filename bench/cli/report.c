/* snugbench report: charts and a page out of a results folder. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "process/memory.h"
#include "process/signals.h"
#include "report/charts.h"
#include "report/output.h"
#include "report/page.h"
#include "report/program_names.h"

enum {
    DEFAULT_COLUMNS = 100,
    LEAST_COLUMNS = 60, /* two panels side by side want that */
    MOST_COLUMNS = 400,
    NAMES_IN_LINE = 6,
    EXIT_INTERRUPTED = 130, /* as a shell reports SIGINT */
};

struct report_options {
    const char *directory;
    char inside[PATH_MAX]; /* DIR/replay, which need not be there */
    const char *only;
    const char *trace;
    bool plot;
};

static void print_help(void)
{
    printf(
        "usage: snugbench report [OPTIONS] DIR\n\n"
        "Draws what compare, replay, micro and stat kept in DIR (-o DIR): every chart "
        "that\n"
        "the CSV files there allow, as NAME.svg, NAME.png and NAME.pdf, and a page "
        "for\n"
        "people, DIR/report.html. The page is one file that needs no network: the\n"
        "answer, the charts, the machine, the method, the tables. What a program's\n"
        "recording shows (DIR/replay) is among the charts; of compare --programs each\n"
        "program's folder gets a page, too.\n\n"
        "      --trace TRACE  along which memory is shown (default: the one with the\n"
        "                     largest peak)\n"
        "      --plot         the charts as text, here; nothing is written to DIR\n"
        "      --only LIST    with --plot these charts alone, of\n");
    for (size_t i = 0; i < charts_count; i++) {
        printf("%s%s%s", i % NAMES_IN_LINE == 0 ? "                     " : " ",
               charts[i].name,
               i + 1 == charts_count                    ? "\n"
               : i % NAMES_IN_LINE == NAMES_IN_LINE - 1 ? ",\n"
                                                        : ",");
    }
    printf(
        "  -h, --help         this text\n\n"
        "Charts need gnuplot (apt-get install gnuplot-nox). Exit code: 0 all is well;\n"
        "1 something could not be drawn or written; 2 bad usage, or DIR holds nothing\n"
        "to show; 130 interrupted.\n\n"
        "examples:\n"
        "  snugbench compare -o app -- ./app && snugbench report app\n"
        "  snugbench replay -o results/app app.rep.zst && snugbench report "
        "results/app\n"
        "  snugbench report --plot --only scatter,latency results/app\n");
}

/* -1, or the exit code. */
static int parse(struct report_options *options, int argc, char **argv)
{
    const struct options_row rows[] = {
        {0, "trace", options_text, .target = &options->trace},
        {0, "plot", options_flag, .target = &options->plot},
        {0, "only", options_text, .target = &options->only},
    };
    const struct options_command command = {"report", print_help, OPERANDS_ANYWHERE,
                                            rows, sizeof rows / sizeof *rows};
    int first = 0;
    const int code = options_parse(&command, argc, argv, &first);
    if (code >= 0) {
        return code;
    }
    if (argc - first != 1) {
        return options_complain(&command, "name one folder, the DIR of -o");
    }
    if (options->only != NULL && !options->plot) {
        return options_complain(&command, "--only goes with --plot");
    }
    options->directory = argv[first];
    return snprintf(options->inside, sizeof options->inside, "%s/replay",
                    options->directory) < (int)sizeof options->inside
               ? -1
               : options_complain(&command, "the folder's name is too long");
}

/* Which charts --only names; all without it. false: it names none such. */
static bool choose(const char *only, bool *chosen)
{
    char *copy = memory_copy(only == NULL ? "" : only);
    char *rest = NULL;
    bool done = true;
    for (size_t i = 0; i < charts_count; i++) {
        chosen[i] = only == NULL;
    }
    for (char *name = strtok_r(copy, ",", &rest); done && name != NULL;
         name = strtok_r(NULL, ",", &rest)) {
        const struct chart *chart = chart_find(name);
        done = chart != NULL;
        if (done) {
            chosen[chart - charts] = true;
        } else {
            fprintf(stderr,
                    "snugbench: no chart is called '%s'; 'snugbench report --help' "
                    "lists them\n",
                    name);
        }
    }
    free(copy);
    return done;
}

/* Whether the folder is there and holds a file that a page or chart is made of. */
static bool is_usable(const char *directory)
{
    struct stat status;
    const bool is_there = stat(directory, &status) == 0;
    if (is_there && !S_ISDIR(status.st_mode)) {
        fprintf(
            stderr,
            "snugbench: '%s' is a file; report takes the folder that -o of compare, "
            "replay, micro or stat has filled\n",
            directory);
        return false;
    }
    if (!is_there) {
        fprintf(stderr,
                "snugbench: no folder '%s'; 'snugbench compare -o %s -- PROGRAM' or "
                "'replay -o %s TRACE' fills one\n",
                directory, directory, directory);
        return false;
    }
    bool found = page_has(directory, "answer.txt");
    for (size_t i = 0; !found && i < charts_count; i++) {
        found = page_has(directory, charts[i].files[0]);
    }
    if (!found) {
        fprintf(stderr,
                "snugbench: nothing to show in '%s': no figures of compare, replay, "
                "micro or stat; 'snugbench compare -o %s -- PROGRAM' measures some\n",
                directory, directory);
    }
    return found;
}

static unsigned terminal_columns(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return DEFAULT_COLUMNS;
    }
    return size.ws_col < LEAST_COLUMNS  ? LEAST_COLUMNS
           : size.ws_col > MOST_COLUMNS ? MOST_COLUMNS
                                        : size.ws_col;
}

/* The folder that has the chart's figures: of a program that was compared, those of its
 * recording are in a folder inside. */
static struct chart_request request_of(const struct report_options *options,
                                       const struct chart *chart)
{
    const bool is_inside = !page_has(options->directory, chart->files[0]) &&
                           page_has(options->inside, chart->files[0]);
    return (struct chart_request){is_inside ? options->inside : options->directory,
                                  options->trace};
}

static int print_charts(const struct report_options *options, const bool *chosen)
{
    const unsigned columns = terminal_columns();
    int code = EXIT_FAILED;
    signals_end_by_pipe();
    for (size_t i = 0; i < charts_count && !signals_interrupted(); i++) {
        const struct chart_request request = request_of(options, &charts[i]);
        struct report_error error;
        switch (chosen[i] ? chart_print(&charts[i], &request, columns, &error)
                          : CHART_ABSENT) {
        case CHART_ABSENT:
            break;
        case CHART_DRAWN:
            code = EXIT_OK;
            break;
        case CHART_FAILED:
            fprintf(stderr, "snugbench: %s\n", error.text);
            return EXIT_FAILED;
        }
    }
    if (code != EXIT_OK) {
        fprintf(stderr, "snugbench: no figures for such a chart in '%s'\n",
                options->directory);
    }
    return code;
}

/* How many; what fails is told, the first of it kept in `problem`. */
static size_t draw_charts(const struct report_options *options,
                          struct chart_drawing *drawings, struct report_error *problem)
{
    size_t drawn = 0;
    for (size_t i = 0; i < charts_count && !signals_interrupted(); i++) {
        const struct chart_request request = request_of(options, &charts[i]);
        struct report_error error = {.text = ""};
        const enum chart_outcome outcome =
            chart_draw(&charts[i], &request, &drawings[i], &error);
        drawn += outcome == CHART_DRAWN;
        /* A gnuplot or a trace that is missing is told once. */
        if (outcome == CHART_FAILED && !signals_interrupted() &&
            strcmp(error.text, problem->text) != 0) {
            fprintf(stderr, "snugbench: %s\n", error.text);
            if (problem->text[0] == '\0') {
                *problem = error;
            }
        }
    }
    return drawn;
}

static void tell_page(const struct report_options *options, size_t drawn)
{
    signals_end_by_pipe();
    if (drawn == 0) {
        printf("%s/report.html, without charts\n", options->directory);
    } else {
        printf("%s/report.html; beside it %zu chart%s as SVG, PNG and PDF\n",
               options->directory, drawn, drawn == 1 ? "" : "s");
    }
}

static int write_page(const struct report_options *options,
                      struct report_error *problem)
{
    struct report_error error;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/report.html", options->directory);
    if (!output_check(path, &error)) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        return EXIT_FAILED;
    }
    struct chart_drawing *drawings = memory_allocate(charts_count, sizeof *drawings);
    const size_t drawn = draw_charts(options, drawings, problem);
    const bool has_problem = problem->text[0] != '\0';
    const struct page page = {options->directory, drawings,
                              has_problem ? problem->text : NULL};
    const struct output_file file = {"report.html", page_write, &page};
    int code = has_problem ? EXIT_FAILED : EXIT_OK;
    if (signals_interrupted()) {
        code = EXIT_INTERRUPTED;
    } else if (!output_write_all(options->directory, &file, 1, &error)) {
        fprintf(stderr, "snugbench: %s\n", error.text);
        code = EXIT_FAILED;
    } else {
        tell_page(options, drawn);
    }
    for (size_t i = 0; i < charts_count; i++) {
        chart_drawing_free(&drawings[i]);
    }
    free(drawings);
    return code;
}

/* Of several programs each has a page, too. */
static int write_pages(const struct report_options *options)
{
    struct report_error problem = {.text = ""};
    int code = write_page(options, &problem);
    struct program_names names = program_names_read(options->directory);
    for (size_t i = 0; i < names.count && code != EXIT_INTERRUPTED; i++) {
        char folder[PATH_MAX];
        struct report_options inner = *options;
        inner.directory = folder;
        if (snprintf(folder, sizeof folder, "%s/%s", options->directory,
                     names.items[i]) < (int)sizeof folder &&
            snprintf(inner.inside, sizeof inner.inside, "%s/replay", folder) <
                (int)sizeof inner.inside &&
            page_has(folder, "answer.txt")) {
            const int inner_code = write_page(&inner, &problem);
            code = inner_code != EXIT_OK ? inner_code : code;
        }
    }
    program_names_free(&names);
    return code;
}

int cli_report(int argc, char **argv)
{
    struct report_options options = {.plot = false};
    int code = parse(&options, argc, argv);
    if (code >= 0) {
        return code;
    }
    bool *chosen = memory_allocate(charts_count, sizeof *chosen);
    code = EXIT_USAGE;
    if (choose(options.only, chosen) && is_usable(options.directory)) {
        signals_hold();
        code = options.plot ? print_charts(&options, chosen) : write_pages(&options);
    }
    free(chosen);
    return code;
}
