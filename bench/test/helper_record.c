/* A program to record: each mode makes calls that test_record.sh knows by their sizes.
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MARKER_BYTES = 123457 /* what lies between two of these is looked at */
};

/* Through volatile, so that the compiler removes no pair of calls. */
static void *volatile kept;

static void *keep(void *block)
{
    kept = block;
    return kept;
}

static void marker(void)
{
    free(keep(malloc(MARKER_BYTES)));
}

static int sequence(void)
{
    volatile size_t far_too_much = PTRDIFF_MAX;
    void *aligned = NULL;
    marker();
    char *a = keep(malloc(100));
    void *b = keep(calloc(3, 40));
    void *c = keep(realloc(keep(NULL), 7));
    a = keep(realloc(a, 5000));
    c = keep(reallocarray(c, 10, 20));
    if (posix_memalign(&aligned, 64, 300) != 0 || malloc(far_too_much) != NULL ||
        realloc(a, far_too_much) != NULL) {
        return 1;
    }
    void *e = keep(aligned_alloc(256, 512));
    void *f = keep(memalign(32, 33));
    void *g = keep(valloc(10));
    void *h = keep(pvalloc(10));
    free(keep(NULL));
    kept = realloc(b, 0);
    void *big = keep(calloc(100000, 3)); /* more elements than an operation can count */
    a = keep(realloc(a, 1 << 20));
    free(a);
    free(c);
    free(aligned);
    free(e);
    free(f);
    free(g);
    free(h);
    free(big);
    marker();
    return 0;
}

static void *allocate_1001(void *unused)
{
    (void)unused;
    return keep(malloc(1001));
}

static int thread_hands_over(void)
{
    pthread_t thread;
    void *block = NULL;
    if (pthread_create(&thread, NULL, allocate_1001, NULL) != 0 ||
        pthread_join(thread, &block) != 0) {
        return 1;
    }
    free(block);
    free(keep(malloc(1002)));
    return 0;
}

static int fork_detaches(void)
{
    pid_t (*const forks[])(void) = {fork, _Fork};
    for (size_t i = 0; i < 2; i++) {
        pid_t child = forks[i]();
        if (child == 0) {
            keep(malloc(2001));
            _exit(0);
        }
        int status = 0;
        if (waitpid(child, &status, 0) != child || status != 0) {
            return 1;
        }
    }
    keep(malloc(2002));
    return 0;
}

static int die(void)
{
    keep(malloc(3001));
    kill(getpid(), SIGKILL);
    return 1;
}

static int leave(void)
{
    fprintf(stderr, "to standard error\n");
    printf("to standard output\n");
    fflush(stdout);
    keep(malloc(4001));
    _exit(9);
}

static int exec_again(const char *self)
{
    keep(malloc(5001));
    execl(self, self, "leave", (char *)NULL);
    return 1;
}

static int errno_survives(void)
{
    for (int i = 0; i < 1 << 20; i++) { /* over the first chunk of the log */
        errno = 77;
        free(keep(malloc(24)));
        if (errno != 77) {
            return 1;
        }
    }
    return 0;
}

/* ---- a program that is interrupted, waits, or starts others ---- */

static volatile sig_atomic_t alarms;

static void on_alarm(int number)
{
    (void)number;
    alarms = alarms + 1;
}

static int many_calls(void);

/* Signals come all the time, in the recorder and in its sleep. */
static int signals(void)
{
    const struct itimerval often = {{0, 200}, {0, 200}};
    const struct itimerval never = {{0, 0}, {0, 0}};
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    int code = many_calls();
    setitimer(ITIMER_REAL, &never, NULL);
    return alarms > 0 ? code : 5;
}

/* Allocates until its trace is there, which is written while it runs, and once more. */
static int until_file(void)
{
    const char *path = getenv("TRACE");
    for (int i = 0; i < 2000 && access(path, F_OK) != 0; i++) {
        free(keep(malloc(1101)));
        usleep(5000);
    }
    keep(malloc(1102));
    return access(path, F_OK) == 0 ? 0 : 6;
}

static int open_plugin(void)
{
    return dlopen(getenv("PLUGIN"), RTLD_NOW) != NULL ? 0 : 7;
}

/* A process, its child, and the child's child; each frees what its parent had. */
static int generations(void)
{
    int status = 0;
    char *first = keep(malloc(5101));
    pid_t child = fork();
    if (child == 0) {
        free(first);
        char *second = keep(malloc(5102));
        pid_t grandchild = fork();
        if (grandchild == 0) {
            free(second);
            keep(malloc(5103));
            _exit(0);
        }
        _exit(waitpid(grandchild, &status, 0) == grandchild ? status : 1);
    }
    return waitpid(child, &status, 0) == child ? status : 1;
}

/* ---- a program that gives up what the recorder may want ---- */

/* A million calls, twice what a log once had room for without asking for more. */
static int many_calls(void)
{
    enum {
        BLOCKS = 600000
    };
    for (int i = 0; i < BLOCKS; i++) {
        char *block = keep(malloc(7001));
        if (block == NULL) {
            return 3;
        }
        free(block);
    }
    return 0;
}

static int close_all(void)
{
    return close_range(STDERR_FILENO + 1, ~0u, 0) == 0 ? many_calls() : 4;
}

static int descriptor_limit(void)
{
    struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_NOFILE, &none) == 0 ? many_calls() : 4;
}

static int file_size_limit(void)
{
    struct rlimit small = {4096, 4096};
    return setrlimit(RLIMIT_FSIZE, &small) == 0 ? many_calls() : 4;
}

/* Root and the root directory, in that order; and every descriptor. */
static int privileges(void)
{
    if (chdir("/proc/self") != 0 || chroot(".") != 0 || setgid(65534) != 0 ||
        setuid(65534) != 0) {
        return 4;
    }
    return close_all();
}

/* How much can be had under a limit that leaves room for 64 MiB: at least 60. */
static int address_space_limit(void)
{
    enum {
        ROOM_MIB = 64
    };
    char line[128] = "";
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL) {
        return 4;
    }
    fclose(file);
    unsigned long pages = strtoul(line, NULL, 10);
    rlim_t bytes = pages * (rlim_t)sysconf(_SC_PAGESIZE) + ((rlim_t)ROOM_MIB << 20);
    if (bytes > (rlim_t)256 << 20) {
        fprintf(stderr, "the program has mapped %llu MiB before its first call\n",
                (unsigned long long)bytes >> 20);
        return 5;
    }
    if (setrlimit(RLIMIT_AS, &(struct rlimit){bytes, bytes}) != 0) {
        return 4;
    }
    int blocks_mib = 0;
    while (malloc(1 << 20) != NULL) {
        blocks_mib++;
    }
    if (blocks_mib < ROOM_MIB - 4) {
        fprintf(stderr, "%d blocks of 1 MiB\n", blocks_mib);
        return 6;
    }
    return many_calls();
}

/* ---- a program that leaves the work to another process ---- */

static int daemonize(void)
{
    int ready[2];
    if (pipe(ready) != 0) {
        return 1;
    }
    keep(malloc(8001));
    if (fork() == 0) {
        setsid();
        close(ready[1]);
        keep(malloc(8002));
        char byte;
        (void)!read(STDIN_FILENO, &byte, 1); /* until the test closes it */
        _exit(0);
    }
    return 0;
}

/* The end of a program that became another one, which cannot be recorded. */
static int become_static(void)
{
    keep(malloc(9001));
    execl(getenv("STATIC_PROGRAM"), "another", (char *)NULL);
    return 1;
}

/* The same program again, which loads no recorder. */
static int exec_without_environment(const char *self)
{
    char *const nothing[] = {NULL};
    keep(malloc(9101));
    execle(self, self, "nap", (char *)NULL, nothing);
    return 1;
}

/* Longer than snugbench sleeps. */
static int nap(void)
{
    usleep(1200000);
    return 0;
}

static int wait_for_signal(void)
{
    keep(malloc(6001));
    printf("ready\n");
    fflush(stdout);
    sleep(20);
    return 1;
}

static int run(const char *mode, const char *self)
{
    if (strcmp(mode, "exec") == 0) {
        return exec_again(self);
    }
    if (strcmp(mode, "bare") == 0) {
        return exec_without_environment(self);
    }
    static const struct mode {
        const char *name;
        int (*run)(void);
    } modes[] = {
        {"sequence", sequence},
        {"thread", thread_hands_over},
        {"fork", fork_detaches},
        {"die", die},
        {"leave", leave},
        {"errno", errno_survives},
        {"wait", wait_for_signal},
        {"nap", nap},
        {"close", close_all},
        {"nofile", descriptor_limit},
        {"fsize", file_size_limit},
        {"privileges", privileges},
        {"as", address_space_limit},
        {"daemon", daemonize},
        {"static", become_static},
        {"many", many_calls},
        {"signals", signals},
        {"until-file", until_file},
        {"plugin", open_plugin},
        {"generations", generations},
    };
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(modes[i].name, mode) == 0) {
            return modes[i].run();
        }
    }
    return 2;
}

int main(int argc, char **argv)
{
    return argc == 2 ? run(argv[1], argv[0]) : 2;
}
