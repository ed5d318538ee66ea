#include "cli/options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "process/memory.h"

enum {
    MOST_ROWS = 60,
    FIRST_LONG = 256, /* what getopt returns for a long option: this and its row */
    EXPECTED_BYTES = 160
};

static const double ns_per_second = 1e9;
static const double most_seconds = 1e6;

bool options_flag(const struct options_row *row, const char *text, char *expected,
                  size_t size)
{
    (void)text, (void)expected, (void)size;
    *(bool *)row->target = true;
    return true;
}

/* Empty is what a script has no value for; an option, or "--", stands where the value
 * was forgotten. */
static bool is_text(const char *text, char *expected, size_t size)
{
    snprintf(expected, size, "a text");
    return text[0] != '\0' && strncmp(text, "--", 2) != 0;
}

bool options_text(const struct options_row *row, const char *text, char *expected,
                  size_t size)
{
    if (!is_text(text, expected, size)) {
        return false;
    }
    *(const char **)row->target = text;
    return true;
}

void options_list_add(struct options_list *list, const char *item)
{
    list->items = memory_grow(list->items, list->count + 1, sizeof *list->items);
    list->items[list->count++] = item;
}

bool options_append(const struct options_row *row, const char *text, char *expected,
                    size_t size)
{
    if (!is_text(text, expected, size)) {
        return false;
    }
    options_list_add(row->target, text);
    return true;
}

/* `to` of 0: no limit. */
static bool parse_whole(const char *text, uint64_t from, uint64_t to, uint64_t *value)
{
    char *end;
    errno = 0;
    const uint64_t number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number < from ||
        (to > 0 && number > to)) {
        return false;
    }
    *value = number;
    return true;
}

bool options_whole(const struct options_row *row, const char *text, char *expected,
                   size_t size)
{
    snprintf(expected, size, "a whole number");
    return parse_whole(text, row->from, row->to, row->target);
}

bool options_count(const struct options_row *row, const char *text, char *expected,
                   size_t size)
{
    uint64_t value;
    assert(row->to > 0 && row->to <= UINT32_MAX);
    snprintf(expected, size, "a number from %" PRIu64 " to %" PRIu64, row->from,
             row->to);
    if (!parse_whole(text, row->from, row->to, &value)) {
        return false;
    }
    *(uint32_t *)row->target = (uint32_t)value;
    return true;
}

bool options_runs(const struct options_row *row, const char *text, char *expected,
                  size_t size)
{
    struct options_rounds *rounds = row->target;
    struct options_row least = *row;
    least.target = &rounds->least;
    if (!options_count(&least, text, expected, size)) {
        return false;
    }
    rounds->most = rounds->exactly = rounds->least;
    return true;
}

bool options_settle_rounds(struct options_rounds said, uint32_t *least, uint32_t *most)
{
    *least = said.least > 0 ? said.least : *least;
    *most = said.most > 0 ? said.most : *most;
    if (*least > *most && said.most == 0) {
        *most = *least;
    } else if (*least > *most && said.least == 0) {
        *least = *most;
    }
    return *least <= *most;
}

void options_explain_rounds(struct options_rounds said, char *text, size_t size)
{
    snprintf(text, size, "%s %" PRIu32 " is above %s %" PRIu32,
             said.least == said.exactly ? "--runs" : "--min-runs", said.least,
             said.most == said.exactly ? "--runs" : "--max-runs", said.most);
}

static bool parse_real(const char *text, double least, double most, double *value)
{
    char *end;
    const double number = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(number) || number < least ||
        number > most) {
        return false;
    }
    *value = number;
    return true;
}

bool options_real(const struct options_row *row, const char *text, char *expected,
                  size_t size)
{
    snprintf(expected, size, "a number from %.10g to %.10g", row->least, row->most);
    return parse_real(text, row->least, row->most, row->target);
}

bool options_percent(const struct options_row *row, const char *text, char *expected,
                     size_t size)
{
    double *share = row->target;
    snprintf(expected, size, "a percentage from 0 to 100");
    if (!parse_real(text, 0, 100, share)) {
        return false;
    }
    *share /= 100;
    return true;
}

bool options_seconds(const struct options_row *row, const char *text, char *expected,
                     size_t size)
{
    double seconds;
    snprintf(expected, size, "a number of seconds from %.10g to %.10g", row->least,
             most_seconds);
    if (!parse_real(text, row->least, most_seconds, &seconds)) {
        return false;
    }
    *(uint64_t *)row->target = (uint64_t)(seconds * ns_per_second);
    return true;
}

bool options_choice(const struct options_row *row, const char *text, char *expected,
                    size_t size)
{
    size_t used = 0;
    bool is_found = false;
    expected[0] = '\0';
    for (unsigned i = 0; row->choices[i] != NULL && used < size; i++) {
        const char *separator = i == 0                        ? ""
                                : row->choices[i + 1] == NULL ? " or "
                                                              : ", ";
        used += (size_t)snprintf(expected + used, size - used, "%s%s", separator,
                                 row->choices[i]);
        if (strcmp(row->choices[i], text) == 0) {
            *(unsigned *)row->target = i;
            is_found = true;
        }
    }
    return is_found;
}

void options_say_wrong(const struct options_command *command, const char *format, ...)
{
    va_list arguments;
    fputs("snugbench: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "; see '%s --help'\n", command->name);
}

/* The same table as getopt wants it. */
struct grammar {
    struct option longs[MOST_ROWS + 2];
    char shorts[2 * MOST_ROWS + 4];
};

static void add_letter(struct grammar *grammar, const struct options_row *row)
{
    if (row->letter != '\0') {
        const char letter[] = {row->letter, '\0'};
        strcat(grammar->shorts, letter);
        strcat(grammar->shorts, row->take == options_flag ? "" : ":");
    }
}

static void make_grammar(struct grammar *grammar, const struct options_command *command)
{
    assert(command->row_count <= MOST_ROWS);
    *grammar = (struct grammar){.shorts = ":h"};
    if (command->operands == OPERANDS_PROGRAM) {
        strcpy(grammar->shorts, "+:h");
    }
    size_t longs = 0;
    for (size_t i = 0; i < command->row_count; i++) {
        const struct options_row *row = &command->rows[i];
        if (row->name != NULL) {
            grammar->longs[longs++] = (struct option){
                .name = row->name,
                .has_arg = row->take == options_flag ? no_argument : required_argument,
                .val = FIRST_LONG + (int)i};
        }
        add_letter(grammar, row);
    }
    grammar->longs[longs] = (struct option){.name = "help", .val = 'h'};
}

/* What getopt did not take; `word` is a long option as it was typed. */
static int complain_option(const struct options_command *command, bool is_value_missing,
                           const char *word)
{
    const char letter[] = {'-', (char)optopt, '\0'};
    const bool is_letter = optopt > 0 && optopt < FIRST_LONG;
    if (!is_value_missing && optopt >= FIRST_LONG) {
        return options_complain(command, "no value goes with '%s'", word);
    }
    const bool is_other = !is_value_missing && command->operands == OPERANDS_TRACES;
    return options_complain(command, "%s '%s'%s",
                            is_value_missing ? "a value is missing after"
                                             : "there is no option",
                            is_letter ? letter : word, is_other ? " for traces" : "");
}

static const struct options_row *find_row(const struct options_command *command,
                                          int option)
{
    if (option >= FIRST_LONG) {
        return &command->rows[option - FIRST_LONG];
    }
    size_t i = 0;
    while (command->rows[i].letter != option) {
        i++;
    }
    return &command->rows[i];
}

/* -1, or the exit code. */
static int take_value(const struct options_command *command,
                      const struct options_row *row, const char *text)
{
    char expected[EXPECTED_BYTES] = "";
    if (row->take(row, text, expected, sizeof expected)) {
        return -1;
    }
    const char letter[] = {row->letter, '\0'};
    return options_complain(command, "%s%s takes %s, not '%s'",
                            row->name != NULL ? "--" : "-",
                            row->name != NULL ? row->name : letter,
                            row->expected != NULL ? row->expected : expected, text);
}

int options_parse(const struct options_command *command, int argc, char **argv,
                  int *first)
{
    struct grammar grammar;
    make_grammar(&grammar, command);
    opterr = 0; /* its lines do not begin as ours do */
    optind = 0; /* getopt starts afresh */
    for (int option; (option = getopt_long(argc, argv, grammar.shorts, grammar.longs,
                                           NULL)) != -1;) {
        if (option == 'h') {
            command->print_help();
            return EXIT_OK;
        }
        if (option == '?' || option == ':') {
            return complain_option(command, option == ':', argv[optind - 1]);
        }
        const int code = take_value(command, find_row(command, option), optarg);
        if (code >= 0) {
            return code;
        }
    }
    *first = optind;
    if (command->operands == OPERANDS_NONE && optind < argc) {
        return options_complain(command, "%s takes no argument '%s'", command->name,
                                argv[optind]);
    }
    return -1;
}
