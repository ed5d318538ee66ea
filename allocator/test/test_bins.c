/* The index of free blocks against a naive model: an array that is searched.
 *
 * The blocks are tags in a reservation far larger than memory; only the pages with a
 * tag or a footer are ever touched. */
#include "bins.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/mman.h>

#include "random.h"

enum {
    SLOTS = 400,
    OPERATIONS = 60000,
    LARGEST_BITS = 30
};

struct slot {
    struct block *block; /* where its address range starts; fixed */
    size_t bytes;        /* of the block in the bins, 0: none is */
};

struct model {
    struct bins bins;
    struct slot slots[SLOTS];
    char *area;
    struct random random;
    size_t marked; /* by count_visit */
};

/* A range of its own for each slot: ever fewer slots are for ever larger blocks. */
static size_t slot_limit(size_t slot)
{
    return (size_t)1 << (10 + slot % (LARGEST_BITS - 9));
}

static int reserve(void **state)
{
    struct model *const m = calloc(1, sizeof *m);
    size_t bytes = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        bytes += slot_limit(i) + 4096;
    }
    m->area = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(m->area != MAP_FAILED);
    char *at = m->area + sizeof(size_t);
    for (size_t i = 0; i < SLOTS; i++) {
        m->slots[i].block = (struct block *)(void *)at;
        at += slot_limit(i) + 4096;
    }
    m->random.state = 1;
    *state = m;
    return 0;
}

static int release(void **state)
{
    struct model *const m = *state;
    size_t bytes = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        bytes += slot_limit(i) + 4096;
    }
    munmap(m->area, bytes);
    free(m);
    return 0;
}

/* Sizes of three kinds: anything, a few that come again and again (lists and rings get
 * long), and neighbours of a power of two (where bins and bits change). */
static size_t choose_bytes(struct model *m, size_t limit)
{
    static const size_t often[] = {32, 48, 496, 1008, 1024, 1040, 1152, 5008, 65536};
    size_t bytes;
    switch (random_below(&m->random, 3)) {
    case 0:
        bytes = random_size(&m->random, LARGEST_BITS);
        break;
    case 1:
        bytes = often[random_below(&m->random, sizeof often / sizeof *often)];
        break;
    default:
        bytes = ((size_t)1 << (6 + random_below(&m->random, LARGEST_BITS - 6))) + 128 -
                16 * random_below(&m->random, 17);
        break;
    }
    bytes = align_up(bytes, ALIGNMENT_BYTES) % (limit + ALIGNMENT_BYTES);
    return bytes < BLOCK_MIN_BYTES ? BLOCK_MIN_BYTES : bytes;
}

static void insert(struct model *m, struct slot *slot, size_t bytes)
{
    slot->bytes = bytes;
    block_set_free(slot->block, bytes);
    bins_insert(&m->bins, slot->block);
}

static struct slot *model_find(struct model *m, const struct block *block)
{
    for (size_t i = 0; i < SLOTS; i++) {
        if (m->slots[i].block == block) {
            return &m->slots[i];
        }
    }
    return NULL;
}

/* The size of the best fit, 0 if nothing fits. */
static size_t model_best(const struct model *m, size_t bytes)
{
    size_t best = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        const size_t here = m->slots[i].bytes;
        if (here >= bytes && (best == 0 || here < best)) {
            best = here;
        }
    }
    return best;
}

static void take_and_compare(struct model *m, size_t bytes)
{
    const size_t best = model_best(m, bytes);
    struct block *const taken = bins_take_best(&m->bins, bytes);
    if (best == 0) {
        assert_null(taken);
        return;
    }
    assert_non_null(taken);
    assert_int_equal(block_size(taken), best);
    struct slot *const slot = model_find(m, taken);
    assert_non_null(slot);
    assert_int_equal(slot->bytes, best); /* it was in, and is no longer */
    slot->bytes = 0;
}

static void count_visit(const struct block *block, void *context)
{
    struct model *const m = context;
    const struct slot *const slot = model_find(m, block);
    assert_non_null(slot);
    assert_int_equal(slot->bytes, block_size(block));
    m->marked++;
}

static void compare_all(struct model *m)
{
    const char *const broken = bins_check(&m->bins);
    if (broken != NULL) {
        fail_msg("%s", broken);
    }
    size_t expected = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        expected += m->slots[i].bytes != 0;
    }
    m->marked = 0;
    bins_visit(&m->bins, count_visit, m);
    assert_int_equal(m->marked, expected);
}

static void empty_the_bins(struct model *m)
{
    while (bins_take_best(&m->bins, BLOCK_MIN_BYTES) != NULL) {
    }
    for (size_t i = 0; i < SLOTS; i++) {
        m->slots[i].bytes = 0;
    }
    compare_all(m);
}

static void empty_bins_give_nothing(void **state)
{
    struct model *const m = *state;
    compare_all(m);
    for (size_t bytes = BLOCK_MIN_BYTES; bytes < (size_t)1 << 46; bytes *= 2) {
        assert_null(bins_take_best(&m->bins, bytes));
        assert_null(bins_take_best(&m->bins, bytes + ALIGNMENT_BYTES));
    }
}

static void every_take_is_the_smallest_that_fits(void **state)
{
    struct model *const m = *state;
    for (size_t i = 0; i < OPERATIONS; i++) {
        struct slot *const slot = &m->slots[random_below(&m->random, SLOTS)];
        const size_t limit = slot_limit((size_t)(slot - m->slots));
        if (random_below(&m->random, 3) == 0) {
            take_and_compare(m, choose_bytes(m, (size_t)1 << LARGEST_BITS));
        } else if (slot->bytes == 0) {
            insert(m, slot, choose_bytes(m, limit));
        } else {
            bins_remove(&m->bins, slot->block);
            slot->bytes = 0;
        }
        if (i % 1000 == 0) {
            compare_all(m);
        }
    }
    compare_all(m);
    empty_the_bins(m);
}

/* Sizes one step apart, all in a bin or two: every shape of a small trie. */
static void neighbouring_sizes_are_kept_apart(void **state)
{
    struct model *const m = *state;
    for (size_t round = 0; round < 300; round++) {
        const size_t base = (size_t)1024 << (round % 8);
        for (size_t i = 0; i < SLOTS; i++) {
            if (slot_limit(i) < 4 * base || m->slots[i].bytes != 0) {
                continue;
            }
            insert(m, &m->slots[i], base + 16 * random_below(&m->random, 24));
        }
        for (size_t i = 0; i < SLOTS / 4; i++) {
            take_and_compare(m, base + 16 * random_below(&m->random, 26));
        }
        compare_all(m);
    }
    empty_the_bins(m);
}

static void blocks_of_one_size_leave_in_any_order(void **state)
{
    struct model *const m = *state;
    const size_t sizes[] = {32, 1008, 1024};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t order[SLOTS];
        for (size_t i = 0; i < SLOTS; i++) {
            order[i] = i;
            insert(m, &m->slots[i], sizes[s]);
        }
        random_shuffle(&m->random, order, SLOTS);
        for (size_t i = 0; i < SLOTS; i++) {
            bins_remove(&m->bins, m->slots[order[i]].block);
            m->slots[order[i]].bytes = 0;
            if (i % 16 == 0) {
                compare_all(m);
            }
        }
        assert_null(bins_take_best(&m->bins, BLOCK_MIN_BYTES));
    }
}

/* The checker must see what it is there for. */
static void the_check_names_what_is_wrong(void **state)
{
    struct model *const m = *state;
    const size_t sizes[] = {64, 4096};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct block *const block = m->slots[2].block;
        assert_true(slot_limit(2) >= sizes[s]);
        insert(m, &m->slots[2], sizes[s]);
        assert_null(bins_check(&m->bins));
        *(size_t *)((uintptr_t)block + sizes[s] - sizeof(size_t)) = 1;
        assert_non_null(bins_check(&m->bins));
        block_set_free(block, sizes[s]);
        block->tag |= BLOCK_IN_USE;
        assert_non_null(bins_check(&m->bins));
        block_set_free(block, sizes[s] / 2);
        assert_non_null(bins_check(&m->bins));
        block_set_free(block, sizes[s]);
        assert_null(bins_check(&m->bins));
        bins_remove(&m->bins, block);
        m->slots[2].bytes = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_bins_give_nothing),
        cmocka_unit_test(every_take_is_the_smallest_that_fits),
        cmocka_unit_test(neighbouring_sizes_are_kept_apart),
        cmocka_unit_test(blocks_of_one_size_leave_in_any_order),
        cmocka_unit_test(the_check_names_what_is_wrong),
    };
    return cmocka_run_group_tests_name("bins", tests, reserve, release);
}
