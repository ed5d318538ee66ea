#include "trace/threads.h"

#include <errno.h>
#include <stdlib.h>

enum {
    TABLE_BITS = 17, /* twice the limit, so that a probe soon meets a hole */
    TABLE_SIZE = 1 << TABLE_BITS
};

struct thread_entry {
    uint64_t tid;
    uint32_t number_plus_one; /* 0: a hole */
};

static struct thread_entry *find(struct thread_entry *table, uint64_t tid)
{
    uint64_t hash = tid * 0x9e3779b97f4a7c15u; /* Fibonacci hashing, Knuth 6.4 */
    size_t index = (size_t)(hash >> (64 - TABLE_BITS));
    while (table[index].number_plus_one != 0 && table[index].tid != tid) {
        index = (index + 1) % TABLE_SIZE;
    }
    return &table[index];
}

bool threads_look_up(struct threads *threads, uint64_t tid, uint16_t *number)
{
    if (threads->table == NULL) {
        threads->table = calloc(TABLE_SIZE, sizeof *threads->table);
        if (threads->table == NULL) {
            return false;
        }
    }
    struct thread_entry *entry = find(threads->table, tid);
    if (entry->number_plus_one == 0) {
        if (threads->count == THREADS_LIMIT) {
            errno = 0;
            return false;
        }
        *entry = (struct thread_entry){tid, ++threads->count};
    }
    threads->last_tid = tid;
    threads->last_number = (uint16_t)(entry->number_plus_one - 1);
    *number = threads->last_number;
    return true;
}

void threads_destroy(struct threads *threads)
{
    free(threads->table);
    *threads = (struct threads){0};
}
