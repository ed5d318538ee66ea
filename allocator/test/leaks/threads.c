/* Leaks of threads: each of 8 puts a message of 256 bytes into a box of its own in each
 * of 2000 rounds, and frees the one before, but for every 50th round; and each forgets
 * a buffer of 300000 bytes. Leak: 320 messages (81920 bytes) and 8 buffers (2400000
 * bytes). What is in the boxes at the end is reachable and no leak. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    THREADS = 8,
    ROUNDS = 2000,
    EVERY = 50
};

static char *boxes[THREADS]; /* at the end each holds a message: reachable */

static void prepare(void)
{
    char *const buffer = malloc(300000);
    if (buffer != NULL) {
        memset(buffer, 1, 300000);
    } /* the bug: that was all */
}

static void *work(void *argument)
{
    char **const box = argument;
    prepare();
    for (int round = 1; round <= ROUNDS; round++) {
        if (round % EVERY != 0) {
            free(*box);
        } /* the bug: else it is lost; 40 times */
        *box = malloc(256);
        if (*box != NULL) {
            snprintf(*box, 256, "round %d", round);
        }
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, work, &boxes[i]) != 0) {
            return 1;
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    printf("%s\n", boxes[0]);
    return 0;
}
