/* Reads and writes where the program has no business: after free, out of bounds, and in
 * zero-size blocks. */
#include <pthread.h>

#include "misuse.h"

/* -- after free -- */

static void read_after_free(size_t bytes)
{
    char *const block = block_between(bytes);
    snug_free(block);
    look_at((char *)hidden(block) + bytes / 2);
}

static void read_after_free_of_many(size_t bytes)
{
    char *const block = block_of_many(bytes);
    snug_free(block);
    look_at((char *)hidden(block) + bytes / 2);
}

static void write_after_free(size_t bytes)
{
    char *const block = block_between(bytes);
    snug_free(block);
    write_to((char *)hidden(block) + bytes / 2);
}

static void write_after_free_of_many(size_t bytes)
{
    char *const block = block_of_many(bytes);
    snug_free(block);
    write_to((char *)hidden(block) + bytes / 2);
}

/* Others push it out of its list before anybody looks. */
static void write_after_free_and_free_many(size_t bytes)
{
    write_after_free(bytes);
    for (size_t i = 0; i < 3000; i++) {
        snug_free(snug_malloc(bytes));
    }
}

/* Into the link or the canary: noticed when the block is about to be handed out
 * again. */
static void write_into_the_link_and_allocate(size_t bytes)
{
    char *const block = block_of_many(bytes);
    snug_free(block);
    memset(hidden(block), 0, 8);
    look_at(snug_malloc(bytes));
}

static void write_into_the_canary_and_allocate(size_t bytes)
{
    char *const block = block_of_many(bytes);
    snug_free(block);
    write_to((char *)hidden(block) + 15);
    look_at(snug_malloc(bytes));
}

static void *wait_for_the_end(void *unused)
{
    pause();
    return unused;
}

/* With other threads a list of such blocks is full with two: the last one leaves. */
static void write_into_the_link_and_free_another(size_t bytes)
{
    pthread_t other;
    CHECK(pthread_create(&other, NULL, wait_for_the_end, NULL) == 0);
    char *const first = snug_malloc(bytes);
    char *const block = block_between(bytes);
    char *const another = snug_malloc(bytes);
    snug_free(first);
    snug_free(block);
    memset(hidden(block), 0, 8);
    snug_free(another);
}

static void write_after_realloc_moved(size_t bytes)
{
    char *const block = block_between(bytes);
    CHECK(snug_realloc(hidden(block), 10 * bytes) != block);
    write_to((char *)hidden(block) + bytes / 2);
}

/* -- out of bounds -- */

static void write_a_byte_behind(size_t bytes)
{
    char *const block = block_between(bytes);
    write_to(block + bytes);
    snug_free(block);
}

/* The thread has freed before, and would keep the block. */
static void write_a_byte_behind_a_block_to_keep(size_t bytes)
{
    snug_free(snug_malloc(bytes));
    write_a_byte_behind(bytes);
}

static void write_a_byte_behind_one_of_many(size_t bytes)
{
    char *const block = block_of_many(bytes);
    write_to(block + bytes);
    snug_free(block);
}

static void write_a_byte_behind_and_keep(size_t bytes)
{
    write_to(block_between(bytes) + bytes);
}

static void write_eight_bytes_behind(size_t bytes)
{
    char *const block = block_between(bytes);
    memset(hidden(block + bytes), 0x41, 8);
    snug_free(block);
}

static void write_a_page_behind(size_t bytes)
{
    char *const block = block_between(bytes);
    write_to(block + bytes + 4095);
    snug_free(block);
}

/* Within the red zone of a sixteenth that a larger block has. */
static void write_a_twentieth_behind(size_t bytes)
{
    char *const block = block_between(bytes);
    write_to(block + bytes + bytes / 20);
    snug_free(block);
}

static void write_behind_after_realloc(size_t bytes)
{
    char *const block = tell(snug_realloc(block_between(bytes), 2 * bytes));
    told->bytes = 2 * bytes;
    write_to(block + 2 * bytes);
    snug_free(block);
}

static void copy_a_string_too_long(size_t bytes)
{
    char *const block = block_between(bytes);
    memset(hidden(block), 'x', bytes);
    memcpy((char *)hidden(block) + bytes, "", 1);
    snug_free(block);
}

/* Behind it there is only the heap's top. */
static char *last_block(size_t bytes)
{
    char *const block = snug_malloc(bytes);
    CHECK(block != NULL);
    told->bytes = bytes;
    return tell(block);
}

static void overrun_the_last_block(size_t bytes)
{
    char *const block = last_block(bytes);
    memset((char *)hidden(block) + bytes, 'x', 16);
    snug_free(block);
}

/* What is allocated next begins where the overflow has been: calloc takes it for memory
 * that nobody has written to. */
static void overrun_the_last_block_and_allocate(size_t bytes)
{
    char *const block = last_block(bytes);
    const size_t room = snug_malloc_usable_size(block);
    memset((char *)hidden(block) + bytes, 'x', 40);
    if (running_level == 0) {
        tell(block + room);
    }
    look_at(snug_calloc(2, bytes));
}

/* Through the zones of both: it is the first one's story that is told. */
static void overrun_through_the_next_block(size_t bytes)
{
    char *const block = last_block(bytes);
    char *const next = snug_malloc(bytes);
    CHECK(next != NULL);
    memset((char *)hidden(block) + bytes, 'x', 24 + bytes / 4);
    if (running_level == 0) {
        tell(next);
    }
    snug_free(next);
}

static void end_a_string_behind_the_last_block(size_t bytes)
{
    char *const block = last_block(bytes);
    const size_t room = snug_malloc_usable_size(block);
    memcpy((char *)hidden(block) + room, "", 1);
    snug_free(block);
}

static void overrun_and_grow_the_last_block(size_t bytes)
{
    char *const block = last_block(bytes);
    memset((char *)hidden(block) + bytes, 'x', 16);
    snug_free(snug_realloc(block, 4 * bytes));
}

static void read_a_byte_behind(size_t bytes)
{
    char *const block = block_between(bytes);
    look_at(block + bytes);
    snug_free(block);
}

static void write_a_byte_before(size_t bytes)
{
    char *const block = block_between(bytes);
    write_to(block - 1);
    snug_free(block);
}

static void write_a_byte_before_one_of_many(size_t bytes)
{
    char *const block = block_of_many(bytes);
    write_to(block - 1);
    snug_free(block);
}

/* A mapping with another block's right before it, where the debug levels have a page of
 * their own. What the kernel puts there is its choice: until it is a block. */
static char *block_behind_another(size_t bytes)
{
    if (running_level > 0) {
        return block_between(bytes);
    }
    CHECK(snug_mallopt(M_MMAP_THRESHOLD, 128 * 1024) == 1);
    const size_t mapped = (bytes + 4095) / 4096 * 4096;
    char *last = snug_malloc(bytes);
    for (size_t i = 0; i < 100; i++) {
        char *const block = snug_malloc(bytes);
        CHECK(last != NULL && block != NULL);
        char *const behind = block > last ? block : last;
        if (behind == (block > last ? last : block) + mapped) {
            return tell(behind);
        }
        last = block;
    }
    CHECK(false);
    return NULL;
}

static void write_a_byte_before_a_mapping(size_t bytes)
{
    char *const block = block_behind_another(bytes);
    write_to(block - 1);
    snug_free(block);
}

static void write_a_page_before_a_mapping(size_t bytes)
{
    char *const block = block_behind_another(bytes);
    write_to(block - 4096);
    snug_free(block);
}

static void read_a_byte_before(size_t bytes)
{
    char *const block = block_between(bytes);
    look_at(block - 1);
    snug_free(block);
}

/* -- no bytes -- */

static void read_of_no_bytes(size_t bytes)
{
    look_at(hidden(block_between(bytes)));
}

static void write_to_no_bytes(size_t bytes)
{
    char *const block = block_between(bytes);
    write_to(hidden(block));
    snug_free(block);
}

static void write_to_no_bytes_of_calloc(size_t bytes)
{
    char *const block = snug_calloc(bytes, 8);
    write_to(hidden(block));
    snug_free(block);
}

/* Level 0 finds the tag between two blocks of the heap changed. */
#define OWN_TAG "free of a pointer that is no block, or whose tag was overwritten: P"
#define AFTER "corrupted block after P"
#define LAST "overflow of the block that ends before P"
#define BEFORE "write before P, N bytes"
#define BEHIND "write behind P, N bytes"
#define LINK "write after free, or overflow, into the free block P"
#define AFTER_FREE "write after free to P, N bytes"

static struct row rows[] = {
    /* program, bytes: at level 0, 1, 2 */
    ROW(read_after_free, 40, UNNOTICED, UNNOTICED, SEGV),
    ROW(read_after_free, 20000, UNNOTICED, UNNOTICED, SEGV),
    ROW(read_after_free, 300000, UNNOTICED, SEGV, SEGV),
    ROW(read_after_free, 64 << 20, SEGV, SEGV, SEGV),
    ROW(read_after_free_of_many, 40, UNNOTICED, UNNOTICED, SEGV),
    ROW(write_after_free, 40, UNNOTICED, AFTER_FREE, SEGV),
    ROW(write_after_free, 1000, UNNOTICED, AFTER_FREE, SEGV),
    ROW(write_after_free, 20000, UNNOTICED, AFTER_FREE, SEGV),
    ROW(write_after_free, 300000, UNNOTICED, SEGV, SEGV),
    ROW(write_after_free, 64 << 20, SEGV, SEGV, SEGV),
    ROW(write_after_free_of_many, 40, UNNOTICED, AFTER_FREE, SEGV),
    ROW(write_after_free_and_free_many, 1000, UNNOTICED, AFTER_FREE, SEGV),
    ROW(write_into_the_link_and_allocate, 16, LINK, AFTER_FREE, SEGV),
    ROW(write_into_the_link_and_allocate, 300, LINK, AFTER_FREE, SEGV),
    ROW(write_into_the_canary_and_allocate, 16, LINK, AFTER_FREE, SEGV),
    ROW(write_into_the_canary_and_allocate, 500, LINK, AFTER_FREE, SEGV),
    ROW(write_into_the_link_and_free_another, 30000, LINK, AFTER_FREE, SEGV),
    ROW(write_after_realloc_moved, 40, UNNOTICED, AFTER_FREE, SEGV),
    ROW(write_a_byte_behind, 13, UNNOTICED, BEHIND, BEHIND),
    ROW(write_a_byte_behind, 48, UNNOTICED, BEHIND, SEGV),
    ROW(write_a_byte_behind, 1000, AFTER, BEHIND, BEHIND),
    ROW(write_a_byte_behind_a_block_to_keep, 1000, AFTER, BEHIND, BEHIND),
    ROW(write_a_byte_behind, 20000, UNNOTICED, BEHIND, SEGV),
    ROW(write_a_byte_behind, 300000, UNNOTICED, SEGV, SEGV),
    ROW(write_a_byte_behind_one_of_many, 48, UNNOTICED, BEHIND, SEGV),
    ROW(write_a_byte_behind_and_keep, 48, UNNOTICED, BEHIND, SEGV),
    ROW(write_eight_bytes_behind, 48, UNNOTICED, BEHIND, SEGV),
    ROW(write_eight_bytes_behind, 20008, AFTER, BEHIND, BEHIND),
    ROW(write_a_page_behind, 300000, UNNOTICED, SEGV, SEGV),
    ROW(write_a_page_behind, 20000, UNNOTICED, UNNOTICED, SEGV),
    ROW(write_a_twentieth_behind, 16000, UNNOTICED, BEHIND, SEGV),
    ROW(write_behind_after_realloc, 48, UNNOTICED, BEHIND, SEGV),
    ROW(copy_a_string_too_long, 16, UNNOTICED, BEHIND, SEGV),
    ROW(overrun_the_last_block, 16, AFTER, BEHIND, SEGV),
    ROW(overrun_the_last_block, 4080, AFTER, BEHIND, SEGV),
    ROW(overrun_the_last_block_and_allocate, 1008, LAST, BEHIND, SEGV),
    ROW(overrun_the_last_block_and_allocate, 4080, LAST, BEHIND, SEGV),
    ROW(overrun_through_the_next_block, 48, OWN_TAG, BEHIND, SEGV),
    ROW(overrun_through_the_next_block, 4080, OWN_TAG, BEHIND, SEGV),
    ROW(end_a_string_behind_the_last_block, 24, AFTER, BEHIND, BEHIND),
    ROW(end_a_string_behind_the_last_block, 4080, AFTER, BEHIND, SEGV),
    ROW(overrun_and_grow_the_last_block, 4080, AFTER, BEHIND, SEGV),
    ROW(read_a_byte_behind, 48, UNNOTICED, UNNOTICED, SEGV),
    ROW(read_a_byte_behind, 20000, UNNOTICED, UNNOTICED, SEGV),
    ROW(read_a_byte_behind, 65536, UNNOTICED, UNNOTICED, SEGV),
    ROW(read_a_byte_behind, 262144, UNNOTICED, SEGV, SEGV),
    ROW(write_a_byte_before, 48, OWN_TAG, BEFORE, BEFORE),
    ROW(write_a_byte_before, 1000, OWN_TAG, BEFORE, BEFORE),
    ROW(write_a_byte_before, 20000, OWN_TAG, BEFORE, BEFORE),
    ROW(write_a_byte_before, 300000, OWN_TAG, BEFORE, BEFORE),
    ROW(write_a_byte_before_a_mapping, 300000, UNNOTICED, BEFORE, BEFORE),
    ROW(write_a_byte_before_a_mapping, 262144, UNNOTICED, SEGV, SEGV),
    ROW(write_a_byte_before_one_of_many, 48, UNNOTICED, BEFORE, BEFORE),
    ROW(write_a_page_before_a_mapping, 300000, UNNOTICED, SEGV, SEGV),
    ROW(read_a_byte_before, 48, UNNOTICED, UNNOTICED, UNNOTICED),
    ROW(read_a_byte_before, 4096, UNNOTICED, UNNOTICED, SEGV),
    ROW(read_of_no_bytes, 0, SEGV, SEGV, SEGV),
    ROW(write_to_no_bytes, 0, SEGV, SEGV, SEGV),
    ROW(write_to_no_bytes_of_calloc, 0, SEGV, SEGV, SEGV),
};

int main(void)
{
    return run_rows("misuse by access", rows, sizeof rows / sizeof *rows);
}
