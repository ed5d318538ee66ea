/* The models with several threads. Their operations stand in one order, as those of a
 * recorded program do; which thread comes next is drawn by lot. */
#include <stdlib.h>

#include "trace/generator.h"

/* A ring that never holds more than `room` blocks. */
struct queue {
    block_handle *blocks;
    uint64_t *makers; /* by which thread each was made */
    uint64_t room, first, count;
};

static bool queue_open(struct generator *generator, struct queue *queue, uint64_t room)
{
    *queue = (struct queue){.blocks = generator_blocks(generator, room),
                            .makers = calloc((size_t)room, sizeof *queue->makers),
                            .room = room};
    generator->failed = generator->failed || queue->makers == NULL;
    return !generator->failed;
}

static void queue_close(struct queue *queue)
{
    free(queue->blocks);
    free(queue->makers);
}

static void queue_put(struct queue *queue, block_handle block, uint64_t maker)
{
    const uint64_t place = (queue->first + queue->count++) % queue->room;
    queue->blocks[place] = block;
    queue->makers[place] = maker;
}

static block_handle queue_take(struct queue *queue, uint64_t *maker)
{
    const uint64_t place = queue->first;
    queue->first = (place + 1) % queue->room;
    queue->count--;
    *maker = queue->makers[place];
    return queue->blocks[place];
}

static uint64_t item_bytes(struct generator *generator)
{
    const struct generate_parameters *parameters = &generator->parameters;
    return random_between(&generator->random, parameters->min_bytes,
                          parameters->max_bytes);
}

/* A producer frees a reply, if there is one, and makes an item, if the consumers are
 * not too far behind. */
static void produce(struct generator *generator, struct queue *items,
                    struct queue *replies, uint64_t *under_way)
{
    uint64_t consumer;
    if (replies->count > 0) {
        generator_free(generator, queue_take(replies, &consumer));
        --*under_way;
    }
    if (*under_way < replies->room) {
        ++*under_way;
        queue_put(items, generator_malloc(generator, item_bytes(generator)),
                  generator->thread);
    }
}

/* A consumer frees the oldest item and sends its producer a small reply. */
static void consume(struct generator *generator, struct queue *items,
                    struct queue *replies)
{
    uint64_t producer;
    if (items->count > 0) {
        generator_free(generator, queue_take(items, &producer));
        queue_put(&replies[producer],
                  generator_malloc(generator, generator->parameters.min_bytes),
                  generator->thread);
    }
}

/* Each thread works with a block of its own beside. The first half of the threads are
 * producers. Replies keep the two together in a
 * replay, too, where a thread waits for blocks alone. */
void model_producer_consumer(struct generator *generator)
{
    const uint64_t producers = (generator->threads + 1) / 2;
    const uint64_t room = generator->parameters.live / producers + 1;
    struct queue items = {.count = 0};
    struct queue *replies = calloc((size_t)producers, sizeof *replies);
    uint64_t *under_way = calloc((size_t)producers, sizeof *under_way);
    block_handle *own = generator_blocks(generator, generator->threads);
    bool is_open = replies != NULL && under_way != NULL && own != NULL &&
                   queue_open(generator, &items, producers * room);
    for (uint64_t i = 0; is_open && i < producers; i++) {
        is_open = queue_open(generator, &replies[i], room);
    }
    generator->failed = generator->failed || !is_open;
    for (uint64_t step = 0; is_open && generator_goes_on(generator); step++) {
        /* At first each in turn, so that numbers are in the order of beginning. */
        const uint64_t thread =
            step < generator->threads
                ? step
                : random_below(&generator->random, generator->threads);
        generator->thread = (uint16_t)thread;
        generator_free(generator, own[thread]);
        own[thread] = generator_malloc(generator, item_bytes(generator));
        if (thread < producers) {
            produce(generator, &items, &replies[thread], &under_way[thread]);
        } else {
            consume(generator, &items, replies);
        }
    }
    for (uint64_t i = 0; replies != NULL && i < producers; i++) {
        queue_close(&replies[i]);
    }
    queue_close(&items);
    free(replies);
    free(under_way);
    free(own);
    generator->thread = 0;
}

enum {
    LIVES_MAX = 1000, /* threads that come after each other in one place, at most */
    LIFE_ROUNDS = 4,  /* how often a thread replaces as many blocks as it has */
};

/* A server's threads (Larson and Krishnan, "Memory allocation for long-running server
 * applications", ISMM 1998): each replaces blocks of its own at random; when it ends,
 * the next one goes on with them. */
void model_larson(struct generator *generator)
{
    const uint64_t places = generator->threads;
    const uint64_t each = generator->parameters.live / places + 1;
    const uint64_t least = generator->parameters.ops / 2 / places / LIVES_MAX + 1;
    const uint64_t life = LIFE_ROUNDS * each > least ? LIFE_ROUNDS * each : least;
    block_handle *blocks = generator_blocks(generator, places * each);
    uint64_t *left = calloc((size_t)places, sizeof *left);
    uint16_t *threads = calloc((size_t)places, sizeof *threads);
    uint64_t thread_count = 0;
    const bool is_open = blocks != NULL && left != NULL && threads != NULL;
    generator->failed = generator->failed || !is_open;
    for (uint64_t step = 0; is_open && generator_goes_on(generator); step++) {
        const uint64_t place =
            step < places ? step : random_below(&generator->random, places);
        if (left[place]-- == 0) {
            left[place] = life;
            threads[place] = (uint16_t)thread_count++;
        }
        generator->thread = threads[place];
        block_handle *block =
            &blocks[place * each + random_below(&generator->random, each)];
        generator_free(generator, *block);
        *block = generator_malloc(generator, item_bytes(generator));
    }
    free(blocks);
    free(left);
    free(threads);
    generator->thread = 0;
}
