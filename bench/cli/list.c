#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "runner/allocators.h"

static void print_help(void)
{
    printf("usage: snugbench list\n\n"
           "The allocators that 'replay' knows by name: those on this machine with\n"
           "version and library, the others with the way to get them.\n\n"
           "examples:\n"
           "  snugbench list\n"
           "  snugbench replay app.rep.zst -a snug -a jemalloc\n"
           "  snugbench replay app.rep.zst -a glibc -a mine=./libmine.so\n");
}

static void print_known(const struct known_state *state)
{
    const char *version = state->version[0] != '\0' ? state->version : "-";
    if (state->library != NULL) {
        printf("%-10s  %-20s  %s\n", state->name, version, state->library);
    } else if (state->is_available) {
        printf("%-10s  %-20s  (the libc's own; nothing is preloaded)\n", state->name,
               version);
    } else {
        printf("%-10s  %-20s  missing; get it with '%s'\n", state->name, "-",
               state->remedy);
    }
}

int cli_list(int argc, char **argv)
{
    const struct options_command command = {"list", print_help, OPERANDS_NONE, NULL, 0};
    int first = 0;
    const int code = options_parse(&command, argc, argv, &first);
    if (code >= 0) {
        return code;
    }
    printf("%-10s  %-20s  %s\n", "name", "version", "library");
    for (size_t i = 0; i < allocators_known_count(); i++) {
        struct known_state state = allocators_known(i);
        print_known(&state);
        free(state.library);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("snugbench: cannot write the list");
        return EXIT_FAILED;
    }
    return EXIT_OK;
}
