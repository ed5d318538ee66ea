/* A program to record with --follow-fork: its processes are faster than snugbench
 * looks. It stops snugbench, which is its parent, for as long as it takes. */
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Through volatile, so that the compiler removes no pair of calls. */
static void *volatile kept;

static void *keep(void *block)
{
    kept = block;
    return kept;
}

/* Returns once it is. */
static int stop(pid_t pid)
{
    char path[64];
    char state = 0;
    kill(pid, SIGSTOP);
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    while (state != 'T') {
        FILE *file = fopen(path, "r");
        if (file == NULL || fscanf(file, "%*d (%*[^)]) %c", &state) != 1) {
            return 1;
        }
        fclose(file);
        usleep(1000);
    }
    return 0;
}

/* A child has ended when what its parent wrote before the fork is yet to be read. */
static int overtaken(void)
{
    enum {
        BLOCKS = 40000 /* as many as a ring has room for */
    };
    const char *trace = getenv("TRACE"); /* the child's */
    const pid_t reader = getppid();
    int status = 0;
    char *first = keep(malloc(5201));
    if (stop(reader) != 0) {
        return 1;
    }
    for (int i = 0; i < BLOCKS; i++) {
        free(keep(malloc(24)));
    }
    const pid_t child = fork();
    if (child == 0) {
        free(first);
        keep(malloc(5202));
        _exit(0);
    }
    waitpid(child, &status, 0);
    kill(reader, SIGCONT);
    for (int i = 0; i < 2000 && access(trace, F_OK) != 0; i++) {
        usleep(5000);
    }
    return status;
}

/* A child forks a child of its own and becomes another program. */
static int fork_and_exec(const char *self)
{
    char text[32];
    int status = 0;
    char *first = keep(malloc(5301));
    snprintf(text, sizeof text, "%d", (int)getppid());
    if (setenv("READER", text, 1) != 0 || stop(getppid()) != 0) {
        return 1;
    }
    const pid_t child = fork();
    if (child == 0) {
        char *second = keep(malloc(5302));
        if (fork() == 0) {
            free(first);
            free(second);
            keep(malloc(5303));
            _exit(0);
        }
        execl(self, self, "forked", (char *)NULL);
    }
    return waitpid(child, &status, 0) == child ? status : 1;
}

/* What it becomes. */
static int forked(void)
{
    const bool has_child = wait(NULL) > 0;
    keep(malloc(5304));
    kill((pid_t)strtol(getenv("READER"), NULL, 10), SIGCONT);
    return has_child ? 0 : 1;
}

/* The next process of the namespace has the pid. */
static bool choose_pid(pid_t pid)
{
    FILE *last = fopen("/proc/sys/kernel/ns_last_pid", "w");
    return last != NULL && fprintf(last, "%d", (int)pid - 1) > 0 && fclose(last) == 0;
}

/* Its child's child has the pid that it had itself. */
static int pass_on_pid(void)
{
    const pid_t own = getpid();
    if (fork() != 0) {
        return 0;
    }
    setsid();
    while (kill(own, 0) == 0) {
        usleep(1000);
    }
    if (!choose_pid(own)) {
        _exit(1);
    }
    if (fork() == 0) {
        keep(malloc(5401));
        usleep(300000); /* longer than snugbench sleeps */
        keep(malloc(getpid() == own ? 5402 : 5403));
        _exit(0);
    }
    wait(NULL);
    _exit(0);
}

/* Two children, one after the other, have one pid. */
static int share_pid(void)
{
    const pid_t reader = getppid();
    if (stop(reader) != 0) {
        return 1;
    }
    pid_t child = fork();
    if (child == 0) {
        keep(malloc(5501));
        _exit(0);
    }
    waitpid(child, NULL, 0);
    const bool is_chosen = choose_pid(child);
    const pid_t first = child;
    child = fork();
    if (child == 0) {
        keep(malloc(5502));
        _exit(0);
    }
    waitpid(child, NULL, 0);
    kill(reader, SIGCONT);
    return is_chosen && child == first ? 0 : 1;
}

/* Has ended when the other one begins. */
static int spawn(char *self)
{
    pid_t other;
    char *const arguments[] = {self, (char[]){"spawned"}, NULL};
    setenv("SLOW_START", "1", 1);
    keep(malloc(5601));
    _exit(posix_spawn(&other, self, NULL, NULL, arguments, environ));
}

static int run(const char *mode, char *self)
{
    if (strcmp(mode, "overtaken") == 0) {
        return overtaken();
    }
    if (strcmp(mode, "fork-exec") == 0) {
        return fork_and_exec(self);
    }
    if (strcmp(mode, "forked") == 0) {
        return forked();
    }
    if (strcmp(mode, "spawn") == 0) {
        return spawn(self);
    }
    if (strcmp(mode, "spawned") == 0) {
        return keep(malloc(5602)) != NULL ? 0 : 1;
    }
    if (strcmp(mode, "share-pid") == 0) {
        return share_pid();
    }
    return strcmp(mode, "pass-on-pid") == 0 ? pass_on_pid() : 2;
}

int main(int argc, char **argv)
{
    return argc == 2 ? run(argv[1], argv[0]) : 2;
}
