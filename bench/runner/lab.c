#include "runner/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/cleanup.h"
#include "process/memory.h"
#include "runner/lab_files.h"

/* In the private folder. A quoted include looks first beside the file that has it, so
 * the student's source is copied to where our memlib.h is; then come the student's own
 * folder and the files that serve where it has none. The library alone stays. */
enum lab_name {
    NAME_FIRST, /* a folder */
    NAME_LAST,  /* a folder */
    NAME_SOURCE,
    NAME_MEMLIB_H,
    NAME_MEMLIB_C,
    NAME_LAB_C,
    NAME_MM_H,
    NAME_CONFIG_H,
    NAME_MESSAGES,
    NAME_LIBRARY,
    NAME_COUNT
};

static const char *const names[NAME_COUNT] = {
    [NAME_FIRST] = "first",
    [NAME_LAST] = "last",
    [NAME_SOURCE] = "first/mm.c",
    [NAME_MEMLIB_H] = "first/memlib.h",
    [NAME_MEMLIB_C] = "first/memlib.c",
    [NAME_LAB_C] = "first/lab.c",
    [NAME_MM_H] = "last/mm.h",
    [NAME_CONFIG_H] = "last/config.h",
    [NAME_MESSAGES] = "messages",
    [NAME_LIBRARY] = "libmm.so",
};

enum {
    FOLDER_BYTES = 256,
    CC_WORDS = 16,
    /* The environment's CC, our options, the end. */
    ARGUMENTS = CC_WORDS + 24,
};

/* A folder of one compilation, with its names made beforehand: they are removed by a
 * signal handler, too. It is among the others before it is made. */
struct folder {
    struct folder *next;
    char path[FOLDER_BYTES];
    char files[NAME_COUNT][FOLDER_BYTES + 16];
};

static struct {
    struct folder *volatile folders; /* a signal handler goes through them */
    volatile pid_t compiler;
    bool is_arranged; /* that they are removed at the end */
} lab;

/* Only what a signal handler may call. Files first: folders must be empty. */
static void remove_files(const struct folder *folder, enum lab_name keep)
{
    for (size_t i = NAME_COUNT; i > 0; i--) {
        const char *file = folder->files[i - 1];
        if (i - 1 == NAME_FIRST || i - 1 == NAME_LAST) {
            rmdir(file);
        } else if (i - 1 != keep) {
            unlink(file);
        }
    }
}

static void remove_folders(void)
{
    if (lab.compiler > 0) {
        kill(lab.compiler, SIGTERM);
        waitpid(lab.compiler, NULL, 0);
    }
    for (const struct folder *folder = lab.folders; folder != NULL;
         folder = folder->next) {
        remove_files(folder, NAME_COUNT);
        rmdir(folder->path);
    }
}

static struct folder *make_folder(void)
{
    const char *parent = getenv("TMPDIR");
    struct folder *folder = memory_allocate(1, sizeof *folder);
    int length = snprintf(folder->path, sizeof folder->path, "%s/snugbench-lab-XXXXXX",
                          parent == NULL || *parent == '\0' ? "/tmp" : parent);
    if (length < 0 || (size_t)length >= sizeof folder->path) {
        errno = ENAMETOOLONG;
        free(folder);
        return NULL;
    }
    if (!lab.is_arranged) {
        cleanup_at_end(remove_folders);
        lab.is_arranged = true;
    }
    folder->next = lab.folders;
    lab.folders = folder;
    if (mkdtemp(folder->path) == NULL) {
        lab.folders = folder->next;
        free(folder);
        return NULL;
    }
    for (size_t i = 0; i < NAME_COUNT; i++) {
        snprintf(folder->files[i], sizeof folder->files[i], "%s/%s", folder->path,
                 names[i]);
    }
    if (mkdir(folder->files[NAME_FIRST], 0700) != 0 ||
        mkdir(folder->files[NAME_LAST], 0700) != 0) {
        return NULL; /* removed with the others */
    }
    return folder;
}

static bool write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return false;
    }
    const bool written = fputs(text, file) >= 0;
    return fclose(file) == 0 && written;
}

static bool copy_stream(FILE *from, FILE *to)
{
    char buffer[BUFSIZ];
    size_t length;
    while ((length = fread(buffer, 1, sizeof buffer, from)) > 0) {
        if (fwrite(buffer, 1, length, to) != length) {
            return false;
        }
    }
    return !ferror(from);
}

/* Messages and debuggers are told the source's own name. */
static bool copy_source(const char *path, const char *copy)
{
    FILE *from = fopen(path, "re");
    FILE *to = from == NULL ? NULL : fopen(copy, "we");
    if (to == NULL) {
        if (from != NULL) {
            fclose(from);
        }
        return false;
    }
    fputs("#line 1 \"", to);
    for (const char *at = path; *at != '\0'; at++) {
        fprintf(to, "%s%c", *at == '"' || *at == '\\' ? "\\" : "", *at);
    }
    fputs("\"\n", to);
    bool copied = copy_stream(from, to);
    fclose(from);
    return fclose(to) == 0 && copied;
}

static bool write_sources(const struct folder *folder, const char *path)
{
    const struct {
        enum lab_name name;
        const char *text;
    } files[] = {
        {NAME_MEMLIB_H, lab_file_memlib_h}, {NAME_MEMLIB_C, lab_file_memlib_c},
        {NAME_LAB_C, lab_file_lab_c},       {NAME_MM_H, lab_file_mm_h},
        {NAME_CONFIG_H, lab_file_config_h},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (!write_text(folder->files[files[i].name], files[i].text)) {
            return false;
        }
    }
    return copy_source(path, folder->files[NAME_SOURCE]);
}

/* "ccache gcc -m32" is three words. Cuts `text` up. */
static size_t split_words(char *text, char **words, size_t limit)
{
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(text, " \t", &rest); word != NULL && count < limit;
         word = strtok_r(NULL, " \t", &rest)) {
        words[count++] = word;
    }
    return count;
}

/* Run it with its output appended to the file `messages`. Its wait status, or -1
 * (errno). */
static int run_compiler(char **arguments, const char *messages)
{
    posix_spawn_file_actions_t actions;
    pid_t compiler;
    int status = -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, messages,
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    errno = posix_spawnp(&compiler, arguments[0], &actions, NULL, arguments, environ);
    if (errno == 0) {
        lab.compiler = compiler;
        while (waitpid(compiler, &status, 0) < 0 && errno == EINTR) {
        }
        lab.compiler = 0;
    }
    posix_spawn_file_actions_destroy(&actions);
    return status;
}

/* All that the compiler said, if anything, as it stands. */
static void show_messages(const char *compiler, const char *path, const char *messages)
{
    FILE *file = fopen(messages, "re");
    int first = file == NULL ? EOF : getc(file);
    if (first != EOF) {
        ungetc(first, file);
        fprintf(stderr, "snugbench: %s says of %s:\n", compiler, path);
        copy_stream(file, stderr);
    }
    if (file != NULL) {
        fclose(file);
    }
}

static bool compile(struct folder *folder, const char *path, char *error,
                    size_t error_size)
{
    char *command = memory_copy(getenv("CC") == NULL ? "cc" : getenv("CC"));
    char *path_copy = memory_copy(path);
    char *arguments[ARGUMENTS];
    size_t count = split_words(command, arguments, CC_WORDS);
    if (count == 0) {
        static char default_compiler[] = "cc";
        arguments[count++] = default_compiler;
    }
    /* Hidden: a function that a student calls "remove" must not become everyone's. */
    const char *const options[] = {
        "-O2",
        "-g",
        "-DDRIVER",
        "-fPIC",
        "-shared",
        "-fvisibility=hidden",
        "-fno-builtin-malloc",
        "-fno-builtin-calloc",
        "-fno-builtin-realloc",
        "-fno-builtin-free",
        "-Wl,-z,defs",
        "-I",
        folder->files[NAME_FIRST],
        "-I",
        dirname(path_copy),
        "-I",
        folder->files[NAME_LAST],
        "-o",
        folder->files[NAME_LIBRARY],
        folder->files[NAME_SOURCE],
        folder->files[NAME_LAB_C],
        folder->files[NAME_MEMLIB_C],
        "-lm",
        "-lpthread",
        NULL,
    };
    memcpy(arguments + count, options, sizeof options); /* argv is not const */
    int status = run_compiler(arguments, folder->files[NAME_MESSAGES]);
    if (status == -1) {
        snprintf(error, error_size,
                 "cannot run the compiler '%s': %s; install one, or set CC",
                 arguments[0], strerror(errno));
    } else {
        show_messages(arguments[0], path, folder->files[NAME_MESSAGES]);
        snprintf(error, error_size, "'%s' does not compile", path);
    }
    free(path_copy);
    free(command);
    return status == 0;
}

bool lab_is_source(const char *path)
{
    const char *ending = strrchr(path, '.');
    return ending != NULL && strcmp(ending, ".c") == 0;
}

char *lab_compile(const char *path, char *error, size_t error_size)
{
    struct folder *folder = make_folder();
    if (folder == NULL || !write_sources(folder, path)) {
        snprintf(error, error_size, "cannot prepare '%s' for the compiler: %s", path,
                 strerror(errno));
        return NULL;
    }
    const bool compiled = compile(folder, path, error, error_size);
    remove_files(folder, NAME_LIBRARY);
    return compiled ? memory_copy(folder->files[NAME_LIBRARY]) : NULL;
}
