/* The user's program as a file: whether LD_PRELOAD can reach it at all. */
#ifndef SNUGBENCH_PROCESS_PROGRAM_H
#define SNUGBENCH_PROCESS_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum program_kind {
    PROGRAM_DYNAMIC,
    PROGRAM_STATIC,     /* no dynamic loader, so nothing is preloaded */
    PROGRAM_PRIVILEGED, /* set-user-ID, set-group-ID or capabilities: LD_PRELOAD is cut
                         */
    PROGRAM_OTHER_ABI,  /* of another word size or machine than our libraries */
    PROGRAM_OWN_MALLOC, /* it defines malloc: the loader finds that one first */
    PROGRAM_UNKNOWN,    /* not to be read, or no ELF file */
};

/* Whether the dynamic symbols of an ELF file hold a malloc that is defined there; true
 * where they cannot be read. */
bool program_defines_malloc(const char *path);

/* What execvp would run: `name` itself when it holds a slash, else from PATH. false:
 * there is none that may be executed (errno). */
bool program_locate(const char *name, char path[PATH_MAX]);

/* Judges one ELF file. */
enum program_kind program_judge(const char *path);

/* The file that really runs: a script's interpreter ("#!", also by way of env), and of
 * that, if it is a script, the interpreter again. */
void program_resolve(const char *path, char real[PATH_MAX]);

/* "is linked statically ..."; a clause whose subject is the file. */
const char *program_kind_text(enum program_kind kind);

#endif
