/* The file of compare --programs: a line "NAME: PROGRAM ARGS..." for each program. The
 * words are read as a shell reads them, with quotes, $VARIABLE, * and # comments. */
#ifndef SNUGBENCH_CLI_PROGRAM_LIST_H
#define SNUGBENCH_CLI_PROGRAM_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <wordexp.h>

struct program_line {
    char *name;      /* letters, digits, '-', '_', '+' and '.'; no two are the same */
    wordexp_t words; /* we_wordv is a command as execvp takes it */
    unsigned line;   /* of the file, from 1 */
};

struct program_list {
    struct program_line *items;
    size_t count; /* at least 1 */
};

/* false: a line has been printed, nothing to free. */
bool program_list_read(struct program_list *list, const char *path);
void program_list_free(struct program_list *list);

#endif
