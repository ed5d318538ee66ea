/* The index of free blocks against a naive model: an array that is searched.
 *
 * The blocks are tags in a reservation far larger than memory; only the pages with a
 * tag or a footer are ever touched. */
#include "heap/bins.h"

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
    size_t bytes;        /* of the free block in the bins, 0: none is */
    uint32_t record;     /* its record */
};

struct model {
    struct bins bins;
    struct slot slots[SLOTS];
    char *area;
    struct random random;
    size_t marked;        /* by count_visit */
    size_t visited_bytes; /* of the last one */
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
    bins_open(&m->bins, NULL, 0);
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

/* Tag and footer, as the heap writes them. */
static void mark(struct block *block, size_t bytes, uint32_t record)
{
    block_set_free(block, record);
    *block_word_before(block_at(block, bytes)) = record;
}

static void insert(struct model *m, struct slot *slot, size_t bytes)
{
    slot->bytes = bytes;
    slot->record = bins_add(&m->bins, slot->block, bytes);
    assert_int_not_equal(slot->record, 0);
    mark(slot->block, bytes, slot->record);
}

static void drop(struct model *m, struct slot *slot)
{
    bins_drop(&m->bins, slot->record);
    slot->bytes = 0;
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
    const uint32_t record = bins_best(&m->bins, bytes);
    if (best == 0) {
        assert_int_equal(record, 0);
        return;
    }
    assert_int_not_equal(record, 0);
    assert_int_equal(bins_bytes(&m->bins, record), best);
    struct slot *const slot = model_find(m, bins_block(&m->bins, record));
    assert_non_null(slot);
    assert_int_equal(slot->bytes, best);
    drop(m, slot);
}

static void count_visit(const struct block *block, size_t bytes, void *context)
{
    struct model *const m = context;
    const struct slot *const slot = model_find(m, block);
    assert_non_null(slot);
    assert_int_equal(slot->bytes, bytes);
    /* Those of a bin, in any order, differ by a 32nd at most. */
    assert_true(bytes <= m->visited_bytes + m->visited_bytes / 32);
    m->visited_bytes = bytes;
    m->marked++;
}

static void compare_all(struct model *m)
{
    const char *const broken = bins_check(&m->bins);
    if (broken != NULL) {
        fail_msg("%s", broken);
    }
    for (size_t slot = 0; slot < SLOTS; slot += 50) {
        const size_t least = m->slots[slot].bytes + 1;
        size_t expected = 0;
        for (size_t i = 0; i < SLOTS; i++) {
            expected += m->slots[i].bytes >= least;
        }
        m->marked = 0;
        m->visited_bytes = SIZE_MAX / 2;
        bins_visit(&m->bins, least, count_visit, m);
        assert_int_equal(m->marked, expected);
    }
}

static void empty_the_bins(struct model *m)
{
    for (size_t i = 0; i < SLOTS; i++) {
        if (m->slots[i].bytes != 0) {
            drop(m, &m->slots[i]);
        }
    }
    assert_int_equal(bins_best(&m->bins, BLOCK_MIN_BYTES), 0);
    compare_all(m);
}

/* Nor for sizes beyond the last bin, as twice what realloc asks for may be. */
static void empty_bins_give_nothing(void **state)
{
    struct model *const m = *state;
    compare_all(m);
    for (size_t bytes = BLOCK_MIN_BYTES; bytes != 0; bytes *= 2) {
        assert_int_equal(bins_best(&m->bins, bytes), 0);
        assert_int_equal(bins_best(&m->bins, bytes + ALIGNMENT_BYTES), 0);
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
            drop(m, slot);
        }
        if (i % 1000 == 0) {
            compare_all(m);
        }
    }
    compare_all(m);
    empty_the_bins(m);
}

/* Sizes one step apart, all in a bin or two: all orders of a few. */
static void neighbouring_sizes_are_kept_apart(void **state)
{
    struct model *const m = *state;
    for (size_t round = 0; round < 300; round++) {
        const size_t base = (size_t)1024 << (round % 12);
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
    const size_t sizes[] = {32, 1008, 1024, 32768, 40000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t order[SLOTS];
        size_t count = 0;
        for (size_t i = 0; i < SLOTS; i++) {
            if (slot_limit(i) >= sizes[s]) {
                order[count++] = i;
                insert(m, &m->slots[i], sizes[s]);
            }
        }
        assert_true(count > SLOTS / 2);
        random_shuffle(&m->random, order, count);
        for (size_t i = 0; i < count; i++) {
            drop(m, &m->slots[order[i]]);
            if (i % 16 == 0) {
                compare_all(m);
            }
        }
        assert_int_equal(bins_best(&m->bins, BLOCK_MIN_BYTES), 0);
    }
}

/* Free blocks side by side become one, whichever are there; their records are used
 * again. */
static void free_neighbours_become_one(void **state)
{
    struct model *const m = *state;
    struct slot *const slot = &m->slots[10];
    const uint32_t used = m->bins.used;
    for (size_t round = 0; round < 1000; round++) {
        struct block *const first = slot->block;
        struct block *const last = block_at(first, 320);
        uint32_t before = 0;
        uint32_t after = 0;
        if (round % 4 >= 2) {
            before = bins_add(&m->bins, first, 64);
            mark(first, 64, before);
            assert_int_equal(bins_free_before(&m->bins, block_at(first, 64)), before);
        }
        if (round % 2 == 1) {
            after = bins_add(&m->bins, last, 480);
            mark(last, 480, after);
            assert_true(bins_begins_at(&m->bins, after, last));
        }
        struct block *const start = before != 0 ? first : block_at(first, 64);
        const size_t bytes = 256u + (before != 0 ? 64u : 0u) + (after != 0 ? 480u : 0u);
        slot->record = before != 0 ? before : after;
        if (before != 0 && after != 0) {
            bins_drop(&m->bins, after);
        }
        if (slot->record != 0) {
            bins_change(&m->bins, slot->record, start, bytes);
        } else {
            slot->record = bins_add(&m->bins, start, bytes);
        }
        mark(start, bytes, slot->record);
        assert_null(bins_check(&m->bins));
        assert_int_equal(m->bins.free_bytes, bytes);
        assert_int_equal(bins_best(&m->bins, bytes), slot->record);
        assert_int_equal(bins_best(&m->bins, bytes + ALIGNMENT_BYTES), 0);
        assert_int_equal(bins_free_before(&m->bins, block_at(start, bytes)),
                         slot->record);
        drop(m, slot);
    }
    assert_true(m->bins.used <= used + 2);
}

/* A payload may end in any number: only a free block's end is one. */
static void a_number_is_no_footer(void **state)
{
    struct model *const m = *state;
    struct slot *const slot = &m->slots[10];
    insert(m, slot, 64);
    struct block *const far = block_at(slot->block, 640);
    const size_t numbers[] = {0, slot->record, m->bins.used, SIZE_MAX, 1};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        *block_word_before(far) = numbers[i];
        assert_int_equal(bins_free_before(&m->bins, far), 0);
    }
    drop(m, slot);
    assert_int_equal(bins_free_before(&m->bins, block_at(slot->block, 64)), 0);
}

/* The checker must see what it is there for. */
static void the_check_names_what_is_wrong(void **state)
{
    struct model *const m = *state;
    const size_t sizes[] = {64, 4096, 40000};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct slot *const slot = &m->slots[10];
        assert_true(slot_limit(10) >= sizes[s]);
        insert(m, slot, sizes[s]);
        assert_null(bins_check(&m->bins));
        mark(slot->block, sizes[s], slot->record + 1);
        assert_non_null(bins_check(&m->bins));
        mark(slot->block, sizes[s], slot->record);
        slot->block->tag |= BLOCK_IN_USE;
        assert_non_null(bins_check(&m->bins));
        slot->block->tag = (size_t)slot->record << BLOCK_NUMBER_SHIFT; /* no checksum */
        assert_non_null(bins_check(&m->bins));
        mark(slot->block, sizes[s], slot->record);
        *block_word_before(block_at(slot->block, sizes[s])) = 0;
        assert_non_null(bins_check(&m->bins));
        mark(slot->block, sizes[s], slot->record);
        m->bins.summary ^= 1;
        assert_non_null(bins_check(&m->bins));
        m->bins.summary ^= 1;
        assert_null(bins_check(&m->bins));
        drop(m, slot);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_bins_give_nothing),
        cmocka_unit_test(every_take_is_the_smallest_that_fits),
        cmocka_unit_test(neighbouring_sizes_are_kept_apart),
        cmocka_unit_test(blocks_of_one_size_leave_in_any_order),
        cmocka_unit_test(free_neighbours_become_one),
        cmocka_unit_test(a_number_is_no_footer),
        cmocka_unit_test(the_check_names_what_is_wrong),
    };
    return cmocka_run_group_tests_name("bins", tests, reserve, release);
}
