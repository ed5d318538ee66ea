/* A program to record whose 8 threads free one another's blocks: as fast as they can,
 * counting their calls, or until it is killed. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    HAMMER_THREADS = 8,
    HAMMER_STEPS = 62500,
    HAMMER_CELLS = 512
};

/* Blocks change hands through the cells: most are freed by another thread. */
static _Atomic(void *) cells[HAMMER_CELLS];

static void *hammer_thread(void *seed)
{
    uint32_t state = (uint32_t)(uintptr_t)seed * 2654435761u + 1;
    for (int i = 0; i < HAMMER_STEPS; i++) {
        state = state * 1664525u + 1013904223u;
        size_t size = 1 + (state >> 20);
        void *block = malloc(size);
        if (block != NULL) {
            memset(block, 1, size < 16 ? size : 16);
        }
        if ((state & 0xf00) == 0) {
            block = realloc(block, size * 2);
        }
        free(atomic_exchange(&cells[(state >> 12) % HAMMER_CELLS], block));
    }
    return NULL;
}

static int hammer(void)
{
    pthread_t threads[HAMMER_THREADS];
    for (uintptr_t i = 0; i < HAMMER_THREADS; i++) {
        if (pthread_create(&threads[i], NULL, hammer_thread, (void *)(i + 1)) != 0) {
            return 1;
        }
    }
    for (size_t i = 0; i < HAMMER_THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (size_t i = 0; i < HAMMER_CELLS; i++) {
        free(cells[i]);
    }
    return 0;
}

enum {
    STORM_MIN_BYTES = 20000, /* nothing else here is between these */
    STORM_SIZES = 256,
};

static _Atomic unsigned long storm_allocations, storm_reallocs, storm_frees,
    storm_bytes;

static void *storm_thread(void *seed)
{
    uint32_t state = (uint32_t)(uintptr_t)seed * 2654435761u + 1;
    for (int i = 0; i < HAMMER_STEPS / 4; i++) {
        state = state * 1664525u + 1013904223u;
        size_t size = STORM_MIN_BYTES + (state >> 8) % STORM_SIZES;
        void *block = (state & 0x10000) != 0 ? malloc(size) : calloc(1, size);
        if ((state & 0x60000) == 0) {
            block = realloc(block, STORM_MIN_BYTES);
            storm_reallocs++;
            storm_bytes += STORM_MIN_BYTES;
        }
        storm_allocations++;
        storm_bytes += size;
        void *other = atomic_exchange(&cells[(state >> 12) % HAMMER_CELLS], block);
        free(other);
        storm_frees += other != NULL;
    }
    return NULL;
}

static bool storm_start(pthread_t threads[HAMMER_THREADS])
{
    for (uintptr_t i = 0; i < HAMMER_THREADS; i++) {
        if (pthread_create(&threads[i], NULL, storm_thread, (void *)(i + 1)) != 0) {
            return false;
        }
    }
    return true;
}

static int storm(void)
{
    pthread_t threads[HAMMER_THREADS];
    if (!storm_start(threads)) {
        return 1;
    }
    for (size_t i = 0; i < HAMMER_THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    printf("%lu %lu %lu %lu\n", storm_allocations, storm_reallocs, storm_frees,
           storm_bytes);
    return 0;
}

/* Killed when the threads are in the midst of it. */
static int storm_killed(void)
{
    pthread_t threads[HAMMER_THREADS];
    if (!storm_start(threads)) {
        return 1;
    }
    while (storm_frees < 10000) {
        sched_yield();
    }
    dprintf(STDOUT_FILENO, "%lu %lu\n", storm_allocations, storm_frees);
    kill(getpid(), SIGKILL);
    return 1;
}

int main(int argc, char **argv)
{
    static const struct mode {
        const char *name;
        int (*run)(void);
    } modes[] = {
        {"hammer", hammer},
        {"storm", storm},
        {"killed", storm_killed},
    };
    for (size_t i = 0; argc == 2 && i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(modes[i].name, argv[1]) == 0) {
            return modes[i].run();
        }
    }
    return 2;
}
