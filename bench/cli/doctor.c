/* snugbench doctor: what disturbs measuring on this machine, and what to do. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "runner/doctor.h"

struct doctor_options {
    bool help;
    bool json;
};

static void print_help(void)
{
    printf("usage: snugbench doctor [--json]\n\n"
           "What disturbs measuring on this machine: a line for each thing looked at,\n"
           "with what to do about it.\n\n"
           "  ok    it does not disturb\n"
           "  note  good to know; figures stand\n"
           "  warn  figures suffer\n"
           "  stop  nothing can be measured\n\n"
           "      --json             the same as a JSON array\n"
           "  -h, --help             this text\n\n"
           "Exit code: 0; 1 if something makes measuring impossible; 2 bad usage.\n\n"
           "examples:\n"
           "  snugbench doctor\n"
           "  snugbench doctor | grep -v ^ok\n");
}

static const struct option long_options[] = {
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool parse_options(struct doctor_options *options, int argc, char **argv)
{
    *options = (struct doctor_options){.json = false};
    optind = 0;
    opterr = 0;
    for (int option;
         (option = getopt_long(argc, argv, ":h", long_options, NULL)) != -1;) {
        switch (option) {
        case 'j':
            options->json = true;
            break;
        case 'h':
            options->help = true;
            return true;
        default:
            fprintf(stderr, "snugbench: there is no option '%s'; see 'doctor --help'\n",
                    argv[optind - 1]);
            return false;
        }
    }
    if (optind < argc) {
        fprintf(stderr,
                "snugbench: doctor takes no argument '%s'; see 'doctor --help'\n",
                argv[optind]);
        return false;
    }
    return true;
}

static const char *level_name(enum finding_level level)
{
    static const char *const names[] = {
        [FINDING_OK] = "ok",
        [FINDING_NOTE] = "note",
        [FINDING_WARN] = "warn",
        [FINDING_STOP] = "stop",
    };
    return names[level];
}

static const char *remedy_of(const struct finding *finding)
{
    return finding->remedy != NULL ? finding->remedy
                                   : warning_find(finding->id)->remedy;
}

static void print_finding(const struct finding *finding)
{
    char text[512];
    const char *remedy = remedy_of(finding);
    const char *shown = finding->found;
    if (finding->level == FINDING_OK) {
        remedy = NULL;
    } else {
        warning_format(finding->id, finding->found, text, sizeof text);
        shown = text;
    }
    printf("%-4s  %-15s  %s%s%s\n", level_name(finding->level),
           warning_find(finding->id)->name, shown, remedy != NULL ? "; " : "",
           remedy != NULL ? remedy : "");
}

static bool print_json(const struct findings *findings)
{
    json_t *list = json_array();
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        json_t *object = json_object();
        json_object_set_new(object, "level", json_string(level_name(finding->level)));
        json_object_set_new(object, "name",
                            json_string(warning_find(finding->id)->name));
        json_object_set_new(object, "found", json_string(finding->found));
        if (finding->level != FINDING_OK) {
            char text[512];
            warning_format(finding->id, finding->found, text, sizeof text);
            json_object_set_new(object, "text", json_string(text));
            json_object_set_new(object, "remedy", json_string(remedy_of(finding)));
        }
        json_array_append_new(list, object);
    }
    const bool written = list != NULL &&
                         json_dumpf(list, stdout, JSON_INDENT(2)) == 0 &&
                         putchar('\n') != EOF;
    json_decref(list);
    return written;
}

static int examine(bool json)
{
    struct findings findings = doctor_examine();
    bool written = true;
    bool is_stopped = false;
    if (json) {
        written = print_json(&findings);
    }
    for (size_t i = 0; i < findings.count; i++) {
        is_stopped = is_stopped || findings.items[i].level == FINDING_STOP;
        if (!json) {
            print_finding(&findings.items[i]);
        }
    }
    findings_free(&findings);
    if (fflush(stdout) != 0 || ferror(stdout) || !written) {
        fprintf(stderr, "snugbench: cannot write the findings: %s\n", strerror(errno));
        return EXIT_FAILED;
    }
    return is_stopped ? EXIT_FAILED : EXIT_OK;
}

int cli_doctor(int argc, char **argv)
{
    struct doctor_options options;
    if (!parse_options(&options, argc, argv)) {
        return EXIT_USAGE;
    }
    if (options.help) {
        print_help();
        return EXIT_OK;
    }
    return examine(options.json);
}
