#include "cli/program_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process/memory.h"

/* Editors on Windows put one at the head of a text in UTF-8, and '\r' before '\n'. */
static const char byte_order_mark[] = "\xef\xbb\xbf";

static bool complain(const char *path, unsigned line, const char *text)
{
    fprintf(stderr, "snugbench: %s:%u: %s\n", path, line, text);
    return false;
}

static const char *word_error(int code)
{
    switch (code) {
    case WRDE_BADCHAR:
        return "an unquoted character of |&;<>(){}; put it in quotes, or write sh -c "
               "'...'";
    case WRDE_BADVAL:
        return "a variable that is not set; set it, or put the $ in single quotes";
    case WRDE_CMDSUB:
        return "a command within the command; write sh -c '...'";
    case WRDE_SYNTAX:
        return "a quote that is not closed";
    default:
        return "out of memory";
    }
}

/* It will be the name of a folder. */
static bool is_name(const char *name)
{
    return name[0] != '\0' && name[0] != '.' && name[0] != '-' &&
           name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                             "0123456789-_+.")] == '\0';
}

static bool is_taken(const struct program_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* A '#' where a word may begin starts a comment, as in a shell; wordexp takes it for a
 * word. */
static void cut_comment(char *text)
{
    char quote = '\0';
    bool may_begin = true;
    for (char *c = text; *c != '\0'; c++) {
        if (*c == '#' && may_begin) {
            *c = '\0';
            return;
        }
        may_begin = quote == '\0' && (*c == ' ' || *c == '\t');
        if (*c == '\\' && quote != '\'' && c[1] != '\0') {
            c++;
        } else if (quote == '\0' && (*c == '\'' || *c == '"')) {
            quote = *c;
        } else if (*c == quote) {
            quote = '\0';
        }
    }
}

/* A line that holds something, without its end. */
static bool take_line(struct program_list *list, const char *path, unsigned number,
                      char *text)
{
    char *colon = strchr(text, ':');
    wordexp_t words;
    if (colon == NULL) {
        return complain(path, number, "no name; write NAME: PROGRAM ARGS...");
    }
    *colon = '\0';
    if (!is_name(text)) {
        return complain(path, number,
                        "a name is of letters, digits, '-', '_', '+' and '.', and "
                        "begins with neither '.' nor '-'");
    }
    if (is_taken(list, text)) {
        return complain(path, number, "this name is taken by a line above");
    }
    cut_comment(colon + 1);
    const int code = wordexp(colon + 1, &words, WRDE_NOCMD | WRDE_UNDEF);
    if (code != 0) {
        return complain(path, number, word_error(code));
    }
    if (words.we_wordc == 0) {
        wordfree(&words);
        return complain(path, number, "no program behind the name");
    }
    list->items = memory_grow(list->items, list->count + 1, sizeof *list->items);
    list->items[list->count++] = (struct program_line){
        .name = memory_copy(text), .words = words, .line = number};
    return true;
}

static void cut_end(char *line)
{
    size_t length = strcspn(line, "\n");
    if (length > 0 && line[length - 1] == '\r') {
        length--;
    }
    line[length] = '\0';
}

static bool take_lines(struct program_list *list, const char *path, FILE *in)
{
    char *text = NULL;
    size_t size = 0;
    unsigned number = 0;
    bool taken = true;
    while (taken && getline(&text, &size, in) > 0) {
        char *start = text;
        number++;
        cut_end(text);
        if (number == 1 &&
            strncmp(text, byte_order_mark, strlen(byte_order_mark)) == 0) {
            start += strlen(byte_order_mark);
        }
        start += strspn(start, " \t");
        if (*start != '\0' && *start != '#') {
            taken = take_line(list, path, number, start);
        }
    }
    free(text);
    if (taken && ferror(in)) {
        fprintf(stderr, "snugbench: cannot read '%s': %s\n", path, strerror(errno));
        return false;
    }
    if (taken && list->count == 0) {
        fprintf(stderr,
                "snugbench: '%s' names no program; write lines NAME: PROGRAM "
                "ARGS...\n",
                path);
        return false;
    }
    return taken;
}

bool program_list_read(struct program_list *list, const char *path)
{
    *list = (struct program_list){.count = 0};
    FILE *in = fopen(path, "re");
    if (in == NULL) {
        fprintf(stderr, "snugbench: cannot read '%s': %s\n", path, strerror(errno));
        return false;
    }
    const bool taken = take_lines(list, path, in);
    fclose(in);
    if (!taken) {
        program_list_free(list);
    }
    return taken;
}

void program_list_free(struct program_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].name);
        wordfree(&list->items[i].words);
    }
    free(list->items);
    *list = (struct program_list){.count = 0};
}
