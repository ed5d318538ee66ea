/* Options of a command line, by a table: one row each, which says how its value is read
 * and where it goes. A value that does not fit, an unknown option and an argument too
 * many get one line that names the command's --help.
 *
 * -h and --help are understood without a row. */
#ifndef SNUGBENCH_CLI_OPTIONS_H
#define SNUGBENCH_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/cli.h"

struct options_row;

/* Puts the value of `text` into row->target. false: it does not fit; `expected`, if the
 * row names nothing else, says what would. */
typedef bool options_take(const struct options_row *row, const char *text,
                          char *expected, size_t size);

struct options_row {
    char letter;      /* 0: none */
    const char *name; /* without the dashes; NULL: the letter alone */
    options_take *take;
    void *target;
    const char *expected;       /* "a whole number"; NULL: as `take` says */
    uint64_t from, to;          /* of whole numbers, both included; 0: no limit */
    double least, most;         /* of the others */
    const char *const *choices; /* of words, NULL-terminated */
};

/* Into a bool: true. The only kind without a value. */
options_take options_flag;
/* Into a const char *, as it is; not empty. */
options_take options_text;
/* Into a struct options_list: one more. */
options_take options_append;
/* Into a uint64_t, a uint32_t: decimal digits alone. */
options_take options_whole, options_count;
/* Into a double. */
options_take options_real;
/* Into a double: 0.02 of "2". */
options_take options_percent;
/* Into a uint64_t of nanoseconds, at most a million seconds. */
options_take options_seconds;
/* Into a struct options_rounds: exactly so many (`least` and `most` have rows of their
 * own, by options_count). */
options_take options_runs;
/* Into an unsigned, or an enum that begins at 0: the index of the word. */
options_take options_choice;

/* Repeated options; all zero is empty. To be freed with free(items). */
struct options_list {
    const char **items;
    size_t count;
};

void options_list_add(struct options_list *list, const char *item); /* borrowed */

/* How often to measure, as far as it was said; 0: it was not. Later options win. */
struct options_rounds {
    uint32_t least, most;
    uint32_t exactly; /* --runs, which sets both */
};

/* Puts them in the place of defaults, of which one makes way where it contradicts what
 * was said. false: what was said contradicts itself. */
bool options_settle_rounds(struct options_rounds said, uint32_t *least, uint32_t *most);

/* Then: "--min-runs 7 is above --runs 3". */
void options_explain_rounds(struct options_rounds said, char *text, size_t size);

enum options_operands {
    OPERANDS_NONE,
    OPERANDS_ANYWHERE, /* between the options too */
    OPERANDS_TRACES,   /* the same; other operands have options that these have not */
    OPERANDS_PROGRAM,  /* from the first on all belongs to another program */
};

struct options_command {
    const char *name; /* as typed: "replay" */
    void (*print_help)(void);
    enum options_operands operands;
    const struct options_row *rows;
    size_t row_count;
};

/* -1: go on; operands have been put last and begin at argv[*first], argc if there are
 * none. Else the exit code: help was asked for and is printed, or a line says what is
 * wrong. */
int options_parse(const struct options_command *command, int argc, char **argv,
                  int *first);

/* Says what is wrong, and where help is. */
void options_say_wrong(const struct options_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same; the exit code for it. The analyzer sees that it is one and not -1, with
 * which a command would go on without its operands. */
#define options_complain(...) (options_say_wrong(__VA_ARGS__), EXIT_USAGE)

#endif
