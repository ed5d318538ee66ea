/* cache-thrash and cache-scratch: whether an allocator puts objects of two threads into
 * one cache line, so that each write of one takes it from the other. In the spirit of
 * the benchmarks of these names by Berger, McKinley, Blumofe and Wilson, "Hoard: a
 * scalable memory allocator for multithreaded applications" (ASPLOS 2000).
 *
 * Each thread allocates an object of 8 bytes, writes it 2,000 times from end to end and
 * frees it, over and over: cache-thrash. In cache-scratch (bench->amount) each begins
 * with an object that the main thread has allocated, one beside the other, and frees
 * that first: an allocator that gives it back to the thread that freed it has the two
 * threads write into one line from then on. Fixed work: 3,000 objects each; one
 * operation is one object, its writes included. */
#include "micro/cases.h"
#include "micro/thread_group.h"

enum {
    OBJECT_BYTES = 8,
    WRITE_COUNT = 2000,
    OBJECT_COUNT = 3000,
};

struct writer {
    void *first; /* of the main thread; NULL: none */
    uint64_t object_count;
} __attribute__((aligned(128)));

/* Each write needs the one before, as of a counter in the object. */
static void write_to(volatile char *object)
{
    for (int k = 0; k < OBJECT_BYTES; k++) {
        object[k] = 0;
    }
    for (int i = 0; i < WRITE_COUNT; i++) {
        for (int k = 0; k < OBJECT_BYTES; k++) {
            object[k]++;
        }
    }
}

static uint64_t write_objects(void *state, struct random *random)
{
    (void)random;
    struct writer *writer = state;
    free(writer->first);
    for (uint64_t i = 0; i < writer->object_count; i++) {
        char *object = bench_malloc(OBJECT_BYTES);
        write_to(object);
        free(object);
    }
    return writer->object_count;
}

void cache_lines_run(struct bench *bench)
{
    const uint32_t count = bench->row->threads;
    struct writer *writers = bench_table(bench, count * sizeof *writers);
    struct thread_group_work works[THREAD_GROUP_LIMIT];
    for (uint32_t i = 0; i < count; i++) {
        writers[i].first = bench->amount != 0 ? bench_malloc(OBJECT_BYTES) : NULL;
        writers[i].object_count = bench_scaled(bench, OBJECT_COUNT);
        works[i] = (struct thread_group_work){write_objects, NULL, &writers[i]};
    }
    thread_group_run_once(bench, works, count);
}
