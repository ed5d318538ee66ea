#include "process/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process/memory.h"
#include "process/program.h"

enum {
    KIB = 1024
};

static struct tree_process *find(const struct tree *tree, pid_t pid)
{
    for (size_t i = tree->count; i > 0; i--) {
        if (tree->processes[i - 1].pid == pid) {
            return &tree->processes[i - 1];
        }
    }
    return NULL;
}

static struct tree_process *find_or_add(struct tree *tree, pid_t pid)
{
    struct tree_process *found = find(tree, pid);
    if (found == NULL) {
        tree->processes =
            memory_grow(tree->processes, tree->count + 1, sizeof *tree->processes);
        found = &tree->processes[tree->count++];
        *found = (struct tree_process){.pid = pid};
    }
    return found;
}

/* ---- one process ---- */

static FILE *open_proc(pid_t pid, const char *name)
{
    char path[320];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    return fopen(path, "re");
}

/* The number behind "VmHWM:\t  1234 kB" in bytes. */
static bool read_field(const char *line, const char *name, uint64_t *bytes)
{
    const size_t length = strlen(name);
    if (strncmp(line, name, length) != 0 || line[length] != ':') {
        return false;
    }
    *bytes = strtoull(line + length + 1, NULL, 10) * KIB;
    return true;
}

/* false: it has no memory (any more). */
static bool read_memory(struct tree_process *process)
{
    char line[256];
    uint64_t peak = 0;
    uint64_t resident = 0;
    uint64_t anonymous = 0;
    uint64_t shared = 0;
    FILE *in = open_proc(process->pid, "status");
    while (in != NULL && fgets(line, sizeof line, in) != NULL) {
        if (!read_field(line, "VmHWM", &peak) &&
            !read_field(line, "VmRSS", &resident) &&
            !read_field(line, "RssAnon", &anonymous)) {
            read_field(line, "RssShmem", &shared);
        }
    }
    if (in != NULL) {
        fclose(in);
    }
    process->resident_bytes = resident;
    process->dirty_bytes = anonymous + shared;
    process->peak_bytes = peak > process->peak_bytes ? peak : process->peak_bytes;
    return peak > 0;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Whether it brings a malloc: the libraries with one that programs are linked with. */
static bool is_allocator_library(const char *path)
{
    static const char *const names[] = {"libjemalloc", "libmimalloc", "libtcmalloc",
                                        "libtbbmalloc_proxy", "libsnug.so"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strncmp(base_name(path), names[i], strlen(names[i])) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_libc(const char *path)
{
    const char *base = base_name(path);
    return strncmp(base, "libc.so", 7) == 0 || strncmp(base, "libc-", 5) == 0 ||
           strncmp(base, "ld-musl", 7) == 0 || strncmp(base, "libc.musl", 9) == 0;
}

static bool environment_has_preload(pid_t pid)
{
    FILE *in = open_proc(pid, "environ");
    char *entry = NULL;
    size_t capacity = 0;
    bool found = false;
    while (in != NULL && !found && getdelim(&entry, &capacity, '\0', in) > 0) {
        found = strncmp(entry, "LD_PRELOAD=", 11) == 0 && entry[11] != '\0';
    }
    free(entry);
    if (in != NULL) {
        fclose(in);
    }
    return found;
}

static const char *reason_of(pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    switch (program_judge(path)) {
    case PROGRAM_STATIC:
        return "static";
    case PROGRAM_PRIVILEGED:
        return "set-user-ID or with capabilities";
    case PROGRAM_OTHER_ABI:
        return "of another word size or machine";
    case PROGRAM_OWN_MALLOC:
    case PROGRAM_DYNAMIC:
    case PROGRAM_UNKNOWN:
        break;
    }
    return environment_has_preload(pid) ? "its loader did not take the library"
                                        : "environment cleaned by the program";
}

/* The loader maps what is preloaded before the libc: a libc without the library is
 * proof that it is missing, and nothing at all says that the loader is still at work.
 */
static void check_libraries(const struct tree *tree, struct tree_process *process)
{
    char *line = NULL;
    size_t capacity = 0;
    bool has_library = false;
    bool has_libc = false;
    FILE *in = open_proc(process->pid, "maps");
    while (in != NULL && getline(&line, &capacity, in) > 0) {
        line[strcspn(line, "\n")] = '\0';
        const char *path = strchr(line, '/');
        if (path == NULL) {
            continue;
        }
        has_libc = has_libc || is_libc(path);
        if (tree->library != NULL && strcmp(path, tree->library) == 0) {
            has_library = true;
        } else if (is_allocator_library(path)) {
            snprintf(process->allocator, sizeof process->allocator, "%s", path);
        }
    }
    free(line);
    if (in != NULL) {
        fclose(in);
    }
    if (tree->library == NULL) {
        process->preload = has_libc ? PRELOAD_THERE : PRELOAD_UNKNOWN;
    } else if (has_library) {
        process->preload = PRELOAD_THERE;
    } else if (has_libc || strcmp(reason_of(process->pid), "static") == 0) {
        process->preload = PRELOAD_MISSING;
        process->reason = reason_of(process->pid);
    }
}

/* Another program file than before: its libraries are others. */
static void note_program(struct tree_process *process)
{
    char path[64];
    char program[sizeof process->program];
    snprintf(path, sizeof path, "/proc/%d/exe", process->pid);
    const ssize_t length = readlink(path, program, sizeof program - 1);
    if (length <= 0) {
        return;
    }
    program[length] = '\0';
    if (strcmp(program, process->program) != 0) {
        memcpy(process->program, program, sizeof program);
        process->preload = PRELOAD_UNKNOWN;
        process->allocator[0] = '\0';
    }
}

void tree_look(struct tree *tree, pid_t pid)
{
    struct tree_process *process = find_or_add(tree, pid);
    process->is_alive = read_memory(process);
    if (process->is_alive) {
        note_program(process);
        if (process->preload != PRELOAD_THERE) {
            check_libraries(tree, process);
        }
    }
}

void tree_forget_image(struct tree *tree, pid_t pid)
{
    find_or_add(tree, pid)->program[0] = '\0';
}

/* ---- all of them ---- */

struct pid_list {
    pid_t *items;
    size_t count;
};

static void pid_list_add(struct pid_list *list, pid_t pid)
{
    list->items = memory_grow(list->items, list->count + 1, sizeof *list->items);
    list->items[list->count++] = pid;
}

static void add_children_of_thread(struct pid_list *list, pid_t pid, const char *thread)
{
    char name[280];
    snprintf(name, sizeof name, "task/%.200s/children", thread);
    FILE *in = open_proc(pid, name);
    if (in == NULL) {
        return;
    }
    char numbers[4096];
    const size_t length = fread(numbers, 1, sizeof numbers - 1, in);
    fclose(in);
    numbers[length] = '\0';
    char *end = numbers;
    for (char *at = numbers; at[0] != '\0'; at = end) {
        const long child = strtol(at, &end, 10);
        if (end == at) {
            break;
        }
        pid_list_add(list, (pid_t)child);
    }
}

static void add_children(struct pid_list *list, pid_t pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *threads = opendir(path);
    if (threads == NULL) {
        return;
    }
    for (const struct dirent *entry; (entry = readdir(threads)) != NULL;) {
        if (entry->d_name[0] != '.') {
            add_children_of_thread(list, pid, entry->d_name);
        }
    }
    closedir(threads);
}

void tree_create(struct tree *tree, pid_t root, const char *library)
{
    struct pid_list ours = {.count = 0};
    add_children(&ours, getpid());
    size_t kept = 0;
    for (size_t i = 0; i < ours.count; i++) {
        if (ours.items[i] != root) {
            ours.items[kept++] = ours.items[i];
        }
    }
    *tree = (struct tree){.root = root,
                          .library = library,
                          .strangers = ours.items,
                          .stranger_count = kept};
}

void tree_destroy(struct tree *tree)
{
    free(tree->processes);
    free(tree->strangers);
    *tree = (struct tree){.count = 0};
}

/* A child of ours that the tree has left behind. */
static bool is_orphan(const struct tree *tree, pid_t pid)
{
    for (size_t i = 0; i < tree->stranger_count; i++) {
        if (tree->strangers[i] == pid) {
            return false;
        }
    }
    const bool is_beside =
        tree->beside != 0 && (pid == tree->beside || getsid(pid) == tree->beside);
    return pid != tree->root && !is_beside;
}

static struct pid_list living(const struct tree *tree)
{
    struct pid_list list = {.count = 0};
    struct pid_list ours = {.count = 0};
    if (!tree->root_is_gone) {
        pid_list_add(&list, tree->root);
    }
    add_children(&ours, getpid());
    for (size_t i = 0; i < ours.count; i++) {
        if (is_orphan(tree, ours.items[i])) {
            pid_list_add(&list, ours.items[i]);
        }
    }
    free(ours.items);
    for (size_t i = 0; i < list.count; i++) {
        add_children(&list, list.items[i]);
    }
    return list;
}

struct tree_sum tree_sample(struct tree *tree)
{
    struct pid_list list = living(tree);
    struct tree_sum sum = {.process_count = 0};
    for (size_t i = 0; i < tree->count; i++) {
        tree->processes[i].is_alive = false;
    }
    for (size_t i = 0; i < list.count; i++) {
        tree_look(tree, list.items[i]);
        const struct tree_process *process = find(tree, list.items[i]);
        if (process->is_alive) {
            sum.resident_bytes += process->resident_bytes;
            sum.dirty_bytes += process->dirty_bytes;
            sum.process_count++;
        }
    }
    free(list.items);
    if (sum.resident_bytes > tree->peak_sum_bytes) {
        tree->peak_sum_bytes = sum.resident_bytes;
    }
    return sum;
}

bool tree_is_empty(const struct tree *tree)
{
    struct pid_list list = living(tree);
    free(list.items);
    return list.count == 0;
}

uint64_t tree_largest_peak(const struct tree *tree)
{
    uint64_t largest = 0;
    for (size_t i = 0; i < tree->count; i++) {
        const uint64_t peak = tree->processes[i].peak_bytes;
        largest = peak > largest ? peak : largest;
    }
    return largest;
}

void tree_kill(struct tree *tree)
{
    struct pid_list list = living(tree);
    for (size_t i = 0; i < list.count; i++) {
        kill(list.items[i], SIGKILL);
    }
    free(list.items);
}

/* ---- what to say of it ---- */

static bool note_missing(const struct tree *tree, char *note, size_t size)
{
    const struct tree_process *first = NULL;
    size_t missing = 0;
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->processes[i].preload == PRELOAD_MISSING) {
            first = first == NULL ? &tree->processes[i] : first;
            missing++;
        }
    }
    if (first == NULL) {
        return false;
    }
    snprintf(note, size,
             "%zu of %zu processes ran without the preload, first %.128s (%s)", missing,
             tree->count, first->program, first->reason);
    return true;
}

/* Whether LD_PRELOAD as it is set here has an entry that is this library. What has no
 * slash is searched for, by a name that may be a link's. */
static bool is_preloaded(const char *library)
{
    const char *entry = getenv("LD_PRELOAD");
    while (entry != NULL && *entry != '\0') {
        char name[PATH_MAX];
        char real[PATH_MAX];
        const size_t length = strcspn(entry, ": ");
        snprintf(name, sizeof name, "%.*s", (int)length, entry);
        const char *end = strstr(name, ".so");
        const size_t stem = end != NULL ? (size_t)(end - name) + 3 : length;
        if (strchr(name, '/') != NULL
                ? realpath(name, real) != NULL && strcmp(real, library) == 0
                : length > 0 && strncmp(base_name(library), name, stem) == 0) {
            return true;
        }
        entry += length + strspn(entry + length, ": ");
    }
    return false;
}

/* The user's own LD_PRELOAD, which stays in force, or the program is linked with it. */
static const char *bringer(const struct tree *tree, const struct tree_process *process)
{
    if (is_preloaded(process->allocator)) {
        return "LD_PRELOAD as it is set here";
    }
    return process->pid == tree->root ? "the program" : base_name(process->program);
}

static bool note_own_allocator(const struct tree *tree, char *note, size_t size)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct tree_process *process = &tree->processes[i];
        if (process->allocator[0] != '\0') {
            snprintf(
                note, size,
                "nothing is preloaded, but %s brings %s: that is what this row is of",
                bringer(tree, process), base_name(process->allocator));
            return true;
        }
    }
    return false;
}

bool tree_note(const struct tree *tree, char *note, size_t size)
{
    note[0] = '\0';
    return tree->library != NULL ? note_missing(tree, note, size)
                                 : note_own_allocator(tree, note, size);
}
