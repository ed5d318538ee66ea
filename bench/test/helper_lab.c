/* A program with threads and forks to preload a course's allocator into: every kind of
 * request, contents checked, exit code 0 if all of it went well. */
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    THREADS = 4,
    BLOCKS = 200,
    STEPS = 20000,
    FORKS = 20,
};

struct block {
    unsigned char *start;
    size_t bytes;
    unsigned char fill;
};

static uint32_t draw(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static bool is_whole(const struct block *block)
{
    for (size_t i = 0; i < block->bytes; i++) {
        if (block->start[i] != block->fill) {
            return false;
        }
    }
    return true;
}

static bool is_filled_with(const unsigned char *start, size_t bytes, unsigned char fill)
{
    const struct block block = {
        .start = (unsigned char *)(uintptr_t)start, .bytes = bytes, .fill = fill};
    return is_whole(&block);
}

/* A new block in the place of an old one, by one of the ways there are. */
static bool renew(struct block *block, uint32_t *state)
{
    const size_t bytes = 1 + draw(state) % 700;
    const uint32_t kind = draw(state) % 5;
    const size_t alignment = (size_t)16 << draw(state) % 8;
    if (!is_whole(block)) {
        return false;
    }
    if (kind == 0) {
        const size_t kept = bytes < block->bytes ? bytes : block->bytes;
        block->start = realloc(block->start, bytes);
        if (block->start == NULL || !is_filled_with(block->start, kept, block->fill)) {
            return false;
        }
    } else {
        free(block->start);
        void *start = NULL;
        if (kind == 1) {
            start = calloc(1, bytes);
        } else if (kind == 2 && posix_memalign(&start, alignment, bytes) != 0) {
            return false;
        } else if (kind == 3) {
            start = aligned_alloc(alignment, bytes);
        } else if (kind == 4) {
            start = malloc(bytes);
        }
        block->start = start;
        if (start == NULL || (kind == 1 && !is_filled_with(start, bytes, 0)) ||
            ((kind == 2 || kind == 3) && (uintptr_t)start % alignment != 0)) {
            return false;
        }
    }
    block->bytes = bytes;
    block->fill = (unsigned char)draw(state);
    memset(block->start, block->fill, bytes);
    return true;
}

static bool work(uint32_t seed)
{
    struct block blocks[BLOCKS] = {{.bytes = 0}};
    uint32_t state = seed;
    for (int i = 0; i < STEPS; i++) {
        if (!renew(&blocks[draw(&state) % BLOCKS], &state)) {
            return false;
        }
    }
    for (int i = 0; i < BLOCKS; i++) {
        if (!is_whole(&blocks[i])) {
            return false;
        }
        free(blocks[i].start);
    }
    return true;
}

static void *run_thread(void *argument)
{
    return work((uint32_t)(uintptr_t)argument) ? argument : NULL;
}

/* A child that allocates while the parent's other threads may hold the lock. */
static bool fork_once(void)
{
    pid_t child = fork();
    if (child == 0) {
        void *volatile block = malloc(100);
        _exit(block != NULL ? 0 : 1);
    }
    int status = 1;
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

int main(void)
{
    pthread_t threads[THREADS];
    bool good = malloc_usable_size(NULL) == 0;
    for (uintptr_t i = 0; i < THREADS; i++) {
        good =
            pthread_create(&threads[i], NULL, run_thread, (void *)(i + 1)) == 0 && good;
    }
    for (int i = 0; i < FORKS; i++) {
        good = fork_once() && good;
    }
    for (uintptr_t i = 0; i < THREADS; i++) {
        void *result = NULL;
        good = pthread_join(threads[i], &result) == 0 && result != NULL && good;
    }
    puts(good ? "all is well" : "something was wrong");
    return good ? 0 : 1;
}
