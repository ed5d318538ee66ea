/* producer-consumer: one thread allocates blocks of 16 bytes to bench->amount and hands
 * them over a bounded queue of 1,024 to another, which frees them. One operation is one
 * block handed over: counted where it is freed. */
#include <sched.h>
#include <stdatomic.h>

#include "micro/cases.h"
#include "micro/thread_group.h"

enum {
    QUEUE_SLOTS = 1024,
    BATCH_OPERATIONS = 256,
    PATIENCE = 2000, /* looks before the processor is left to the other */
    LINE_BYTES = 128,
};

/* One writer for each end; each keeps the other's end as it last saw it, so that the
 * queue costs little beside the allocator. */
struct queue {
    _Atomic uint64_t head __attribute__((aligned(LINE_BYTES))); /* next to take */
    uint64_t tail_seen;
    _Atomic uint64_t tail __attribute__((aligned(LINE_BYTES))); /* next to fill */
    uint64_t head_seen;
    const struct sizes *sizes __attribute__((aligned(LINE_BYTES)));
    void *slots[QUEUE_SLOTS];
};

static bool has_room(struct queue *queue, uint64_t tail)
{
    if (tail - queue->head_seen < QUEUE_SLOTS) {
        return true;
    }
    queue->head_seen = atomic_load_explicit(&queue->head, memory_order_acquire);
    return tail - queue->head_seen < QUEUE_SLOTS;
}

static bool has_block(struct queue *queue, uint64_t head)
{
    if (head != queue->tail_seen) {
        return true;
    }
    queue->tail_seen = atomic_load_explicit(&queue->tail, memory_order_acquire);
    return head != queue->tail_seen;
}

static void pause_processor(void)
{
#ifdef __x86_64__
    __builtin_ia32_pause();
#endif
}

/* Until `ready`, or too often in vain: the batch then ends and the clock is looked at.
 */
static bool await(struct queue *queue, bool (*ready)(struct queue *, uint64_t),
                  uint64_t place)
{
    for (int look = 0; look < PATIENCE; look++) {
        if (ready(queue, place)) {
            return true;
        }
        pause_processor();
    }
    sched_yield();
    return false;
}

static uint64_t produce(void *state, struct random *random)
{
    struct queue *queue = state;
    uint64_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    for (int i = 0; i < BATCH_OPERATIONS && await(queue, has_room, tail); i++) {
        queue->slots[tail % QUEUE_SLOTS] =
            bench_malloc(sizes_pick(queue->sizes, random));
        atomic_store_explicit(&queue->tail, ++tail, memory_order_release);
    }
    return 0;
}

static uint64_t consume(void *state, struct random *random)
{
    (void)random;
    struct queue *queue = state;
    uint64_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);
    uint64_t taken = 0;
    while (taken < BATCH_OPERATIONS && await(queue, has_block, head)) {
        free(queue->slots[head % QUEUE_SLOTS]);
        atomic_store_explicit(&queue->head, ++head, memory_order_release);
        taken++;
    }
    return taken;
}

static void drain(void *state)
{
    while (consume(state, NULL) > 0) {
    }
}

void producer_consumer_run(struct bench *bench)
{
    struct queue *queue = bench_table(bench, sizeof *queue);
    queue->sizes = bench_sizes(bench, 16, (uint32_t)bench->amount);
    const struct thread_group_work works[] = {
        {produce, NULL, queue},
        {consume, drain, queue},
    };
    thread_group_run(bench, works, 2);
}
