#include "cache/pressure.h"

#include "base/knobs.h"

struct pressure pressure = {.look_free_bytes = EMPTIED_HEAP_BYTES / 4 * 3};

static size_t resident_bytes(void)
{
    return heap_resident_bytes() + large_sums.bytes;
}

static bool gives_back(void)
{
    return !pressure.never && !heap.locked && knobs_get()->purge != KNOBS_PURGE_NEVER;
}

/* What is to go back, in bytes, and what went. */
struct giving {
    size_t wanted; /* in all */
    size_t worth;  /* if there is less, nothing goes */
    size_t least;  /* resident of a free block, so that it counts: each is a call; none
                      is too small from GIVE_CALL_BYTES on */
    size_t there;  /* in all that count */
    size_t given;
    bool refused; /* by the system */
};

/* 0: too little of it. */
static size_t resident_within(struct page_range pages, size_t least)
{
    const size_t resident =
        pages.end - pages.start - pages_vacant_within(pages.start, pages.end);
    return resident >= least ? resident : 0;
}

static void count_block(const struct block *block, size_t bytes, void *context)
{
    struct giving *const giving = context;
    giving->there +=
        resident_within(heap_free_block_pages(block, bytes), giving->least);
}

static void give_block(const struct block *block, size_t bytes, void *context)
{
    struct giving *const giving = context;
    const struct page_range pages = heap_free_block_pages(block, bytes);
    if (giving->given < giving->wanted && !giving->refused &&
        resident_within(pages, giving->least) != 0) {
        const size_t given = heap_vacate(pages);
        giving->given += given;
        giving->refused = given == 0;
    }
}

/* Pages of the top and of free blocks go back, the largest first. Returns what went. */
static size_t give_back(struct giving giving)
{
    giving.least = smaller(giving.least, GIVE_CALL_BYTES);
    bins_visit(&heap_bins, giving.least, count_block, &giving);
    const size_t at_top = (size_t)(heap.touched - heap.top);
    const size_t of_top = at_top >= giving.least ? at_top : 0;
    if (giving.there + of_top < giving.worth) {
        return 0;
    }
    giving.given = of_top != 0 ? heap_trim_top(heap.top_pad_bytes) : 0;
    bins_visit(&heap_bins, giving.least, give_block, &giving);
    return giving.given;
}

/* Three quarters of the heap; half of it with other threads, as their lists hide much
 * of what they have freed. */
static size_t free_bytes_worth_a_look(void)
{
    return larger(heap_resident_bytes(), EMPTIED_HEAP_BYTES) / 4 *
           (__libc_single_threaded ? 3 : 2);
}

static bool gives_always(void)
{
    return knobs_get()->purge == KNOBS_PURGE_ALWAYS;
}

/* Whether the program may still pay by faults for having less resident. */
static bool may_pay(void)
{
    return pressure.given_bytes < PAID_LIMIT * pressure.ceiling_bytes || gives_always();
}

static void press(size_t resident)
{
    const size_t share = resident / GIVE_SHARE;
    const size_t worth = larger(share, GIVE_LEAST_BYTES);
    if (heap_spare_bytes() < worth || resident < pressure.look_at_bytes ||
        !gives_back() || !may_pay()) {
        return;
    }
    struct giving giving = {
        .wanted = larger(resident - pressure.ceiling_bytes, worth),
        .worth = worth,
        .least = worth,
    };
    size_t given = give_back(giving);
    pressure.given_bytes += given;
    if (given < worth && resident >= LARGE_HEAP_BYTES) {
        giving.least = GIVE_LEAST_BYTES / 2;
        given = give_back(giving);
        pressure.given_bytes += PAID_LIMIT * given; /* by more calls */
    }
    if (given < worth) {
        pressure.look_at_bytes = resident + share;
    }
}

void pressure_settle(void)
{
    if (resident_bytes() > pressure.ceiling_bytes) {
        press(resident_bytes());
    }
    const size_t resident = resident_bytes();
    if (resident > pressure.ceiling_bytes) {
        const size_t growth = resident - pressure.ceiling_bytes;
        pressure.credit_bytes += growth + growth / 4;
        pressure.ceiling_bytes = resident;
        if (!pressure.emptied) {
            pressure.look_free_bytes = free_bytes_worth_a_look();
        }
    }
    const size_t limit = heap_resident_bytes() + pressure.ceiling_bytes - resident;
    heap.limit_bytes = limit + PAGE_BYTES;
}

/* With other threads medium blocks are cut anew under the lock, so a program that
 * repeats itself pays for that a few times only. */
static void reclaim(size_t least_bytes)
{
    const bool medium = __libc_single_threaded ||
                        pressure.reclaimed_bytes < PAID_LIMIT * pressure.ceiling_bytes;
    const size_t bytes = cache_reclaim(least_bytes, medium);
    pressure.reclaimed_bytes += __libc_single_threaded ? 0 : bytes;
    heap.cached_bytes = 0;
}

bool pressure_relieve(void)
{
    const size_t wanted = heap.wanted_bytes;
    heap.wanted_bytes = HEAP_WANTS_NOTHING;
    if (wanted == HEAP_WANTS_COALESCED) {
        heap.cached_bytes = 0;
        return cache_coalesce() != 0;
    }
    if (wanted == HEAP_WANTS_NOTHING) {
        return false;
    }
    const bool reaches = wanted <= (size_t)(heap.end - heap.top);
    const size_t resident = heap_resident_bytes();
    const bool all = !reaches || wanted > resident / RECLAIM_ALL_SHARE;
    reclaim(all ? 1 : resident / RECLAIM_SHARE + PAGE_BYTES);
    if (!reaches && bins_best(&heap_bins, wanted) == 0 && !heap_grow(wanted)) {
        return false;
    }
    const size_t at_top = (size_t)(heap.touched - heap.top);
    size_t rise = wanted > at_top ? wanted - at_top : 0;
    if (pages_vacant_bytes != 0) { /* those at both ends may be, too */
        rise = wanted + 2 * PAGE_BYTES;
    }
    heap.limit_bytes = heap_resident_bytes() + rise + PAGE_BYTES;
    return true;
}

struct block *pressure_allocate_again(size_t bytes, size_t alignment, const void *like)
{
    struct block *block = NULL;
    while (block == NULL && pressure_relieve()) {
        block = alignment > ALIGNMENT_BYTES
                    ? heap_allocate_aligned(bytes, alignment, like)
                    : heap_allocate(bytes);
    }
    if (like == NULL) {
        pressure_settle();
    }
    return block;
}

struct block *pressure_allocate_rounded(size_t bytes, size_t needed)
{
    pressure_note_cached_bytes();
    struct block *block = heap_allocate(bytes);
    const size_t wanted = heap.wanted_bytes;
    if (block == NULL && needed < bytes) {
        block = heap_allocate(needed);
        heap.wanted_bytes = block != NULL ? HEAP_WANTS_NOTHING : wanted;
    }
    return block != NULL ? block
                         : pressure_allocate_again(bytes, ALIGNMENT_BYTES, NULL);
}

struct block *pressure_allocate_aligned(size_t bytes, size_t alignment,
                                        const void *like)
{
    pressure_note_cached_bytes();
    struct block *const block = heap_allocate_aligned(bytes, alignment, like);
    return block != NULL ? block : pressure_allocate_again(bytes, alignment, like);
}

void *pressure_map(size_t request, size_t alignment, bool *locked)
{
    const size_t bytes = align_up(request, PAGE_BYTES);
    if (resident_bytes() + bytes > pressure.ceiling_bytes) {
        cache_reclaim(1, true);
    }
    lock_release(&heap_lock, *locked);
    void *payload = large_map(bytes, alignment);
    *locked = lock_acquire(&heap_lock);
    if (payload == NULL && heap_return_reserve()) {
        payload = large_map(bytes, alignment);
    }
    if (payload != NULL && !large_enter(payload, bytes)) {
        os_unmap(payload, bytes);
        payload = NULL;
    }
    pressure_settle();
    return payload;
}

bool pressure_wants_move(void)
{
    return resident_bytes() > pressure.ceiling_bytes && !heap.locked;
}

bool pressure_trim(size_t pad_bytes)
{
    cache_reclaim(1, true);
    const size_t given_back = heap_vacate_free_blocks() + heap_trim_top(pad_bytes);
    pressure_settle();
    return given_back != 0;
}

static size_t in_use_bytes(void)
{
    return heap_resident_bytes() - pressure_free_bytes();
}

/* What keeps free blocks apart: blocks in use and in lists, and runs, however much in
 * them is free. */
static size_t unspared_bytes(void)
{
    return heap_resident_bytes() - heap_spare_bytes();
}

/* What a look at an emptied heap waits for to become less. What is in use is known
 * where one thread has all lists; those of others keep runs. */
static size_t awaited_bytes(void)
{
    return __libc_single_threaded ? in_use_bytes() : unspared_bytes();
}

/* Most of the heap is free: what is in use is looked at again when it is a quarter
 * less, and is much again when it is twice as much, or when half of what was free is in
 * use. */
static void set_emptied(bool emptied)
{
    pressure.emptied = emptied;
    const size_t in_use = in_use_bytes();
    const size_t half_of_free = pressure_free_bytes() / 2;
    pressure.filled_at_bytes =
        in_use + smaller(in_use, half_of_free) + EMPTIED_HEAP_BYTES / 8;
    pressure.look_used_bytes = awaited_bytes() / 4 * 3;
    pressure.look_free_bytes = free_bytes_worth_a_look();
}

/* Whether what is in use should be looked at. */
static bool is_worth_a_look(void)
{
    return pressure.emptied ? awaited_bytes() < pressure.look_used_bytes
                            : pressure_free_bytes() > pressure.look_free_bytes;
}

/* Whether it is paid for that all of the heap goes back, nearly. */
static bool has_credit(void)
{
    return pressure.credit_bytes >= heap_resident_bytes() / 4 * 3 || gives_always();
}

static void spend(size_t bytes)
{
    pressure.credit_bytes -= smaller(bytes, pressure.credit_bytes);
}

/* When nearly nothing is in use all goes back, if most of it can be had by calls that
 * give as much each as is in use. With other threads, whose lists keep a little here
 * and there, by any. */
static void give_all_back(void)
{
    const size_t resident = heap_resident_bytes();
    const size_t in_use = __libc_single_threaded ? unspared_bytes() : 0;
    if (in_use <= resident / EMPTIED_SHARE) {
        spend(give_back((struct giving){
            .wanted = heap_spare_bytes(),
            .worth = resident - resident / EMPTIED_LEFT_SHARE,
            .least = larger(in_use, GIVE_LEAST_BYTES),
        }));
    }
}

void pressure_consider(void)
{
    if (!gives_back() || !has_credit()) {
        set_emptied(false);
        pressure.look_free_bytes = SIZE_MAX; /* until the heap has grown */
    } else if (heap_resident_bytes() < EMPTIED_HEAP_BYTES ||
               (pressure.emptied && in_use_bytes() > pressure.filled_at_bytes)) {
        set_emptied(false);
    } else if (is_worth_a_look()) {
        set_emptied(true);
        cache_begin_lean();
        cache_reclaim(1, true);
        spend(heap_resident_bytes() / GIVE_SHARE / 2); /* in vain, as a rule */
        give_all_back();
        set_emptied(true);
    }
}
