/* The processes of one run: the root, its descendants and those of them whose parent
 * has died. They become children of snugbench, a subreaper: every child is one of them
 * that was not there before the root and is not of the command beside it. Looks at
 * /proc; what lives between two looks unseen is missing, unless somebody calls
 * tree_look in time. */
#ifndef SNUGBENCH_PROCESS_TREE_H
#define SNUGBENCH_PROCESS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum preload_state {
    PRELOAD_UNKNOWN, /* the loader had not come to it when we last looked */
    PRELOAD_THERE,
    PRELOAD_MISSING,
};

struct tree_process {
    pid_t pid;
    bool is_alive;
    enum preload_state preload;
    char program[256];       /* the file, when last seen */
    char allocator[256];     /* the library of another known allocator; "" none */
    const char *reason;      /* of PRELOAD_MISSING */
    uint64_t peak_bytes;     /* VmHWM */
    uint64_t resident_bytes; /* VmRSS */
    uint64_t dirty_bytes;    /* RssAnon + RssShmem */
};

struct tree {
    pid_t root;
    bool root_is_gone; /* waited for: its number may be another's */
    pid_t *strangers;  /* children of ours from before */
    size_t stranger_count;
    pid_t beside; /* a command of ours that runs at the same time, with its session; or
                     0 */
    const char *library; /* that every process must have mapped; NULL: none */
    struct tree_process *processes; /* all that were ever seen */
    size_t count;
    uint64_t peak_sum_bytes; /* of resident_bytes over the living */
};

/* The resident memory of all living processes at one look. */
struct tree_sum {
    uint64_t resident_bytes;
    uint64_t dirty_bytes;
    size_t process_count;
};

void tree_create(struct tree *tree, pid_t root, const char *library);
void tree_destroy(struct tree *tree);

/* Finds the living processes and looks at each. */
struct tree_sum tree_sample(struct tree *tree);

/* Looks at one process, which belongs to the tree. */
void tree_look(struct tree *tree, pid_t pid);

/* It has executed another program: what was known of its libraries is void. */
void tree_forget_image(struct tree *tree, pid_t pid);

/* None is left, not even one that is dead and not yet waited for. */
bool tree_is_empty(const struct tree *tree);

/* VmHWM of the largest process. */
uint64_t tree_largest_peak(const struct tree *tree);

/* Kills all that live, the root too. */
void tree_kill(struct tree *tree);

/* One line about processes that ran without the library, or, where none is asked for,
 * with an allocator of the program's own; false: nothing to say. */
bool tree_note(const struct tree *tree, char *note, size_t size);

#endif
