#include "pressure.h"

#include "knobs.h"

struct pressure pressure = {.emptied_at = EMPTIED_HEAP_BYTES / 2};

static size_t resident_bytes(void)
{
    return heap_resident_bytes() + large_counts().bytes;
}

/* In the heap, as far as its pages could go back. */
static size_t spare_bytes(void)
{
    return heap_unused_bytes() - pages_vacant_bytes;
}

static bool gives_back(void)
{
    return !pressure.never && !heap.locked && knobs_get()->purge != KNOBS_PURGE_NEVER;
}

/* The largest holes, falling by what is resident of them. */
enum {
    CANDIDATES = 16
};

struct candidates {
    size_t least_bytes; /* resident */
    size_t bytes;       /* in all holes of at least that */
    size_t count;
    struct candidate {
        struct page_range pages;
        size_t resident_bytes;
    } list[CANDIDATES];
};

static void add_candidate(const struct block *block, size_t bytes, void *context)
{
    struct candidates *const candidates = context;
    if (bytes < candidates->least_bytes) {
        return;
    }
    const struct page_range pages = heap_hole_pages(block, bytes);
    const size_t resident =
        pages.end - pages.start - pages_vacant_within(pages.start, pages.end);
    if (resident < candidates->least_bytes) {
        return;
    }
    candidates->bytes += resident;
    size_t i = candidates->count < CANDIDATES ? candidates->count++ : CANDIDATES;
    for (; i > 0 && candidates->list[i - 1].resident_bytes < resident; i--) {
        if (i < CANDIDATES) {
            candidates->list[i] = candidates->list[i - 1];
        }
    }
    if (i < CANDIDATES) {
        candidates->list[i] = (struct candidate){pages, resident};
    }
}

static void find_candidates(struct candidates *candidates, size_t least_bytes)
{
    candidates->least_bytes = least_bytes;
    candidates->bytes = candidates->count = 0;
    bins_visit(&heap_bins, add_candidate, candidates);
}

/* Pages of the top and of holes of at least least_bytes go back, the largest first,
 * until wanted_bytes went; nothing, if they are less than worth_bytes. Returns what
 * went. */
static size_t give_back(size_t wanted_bytes, size_t least_bytes, size_t worth_bytes)
{
    struct candidates candidates;
    find_candidates(&candidates, least_bytes);
    const size_t at_top = (size_t)(heap.touched - heap.top);
    const size_t of_top = at_top >= least_bytes ? at_top : 0;
    if (candidates.bytes + of_top < worth_bytes) {
        return 0;
    }
    size_t given = of_top != 0 ? heap_trim_top(heap.top_pad_bytes) : 0;
    while (given < wanted_bytes && candidates.count > 0) {
        const size_t before = given;
        for (size_t i = 0; i < candidates.count && given < wanted_bytes; i++) {
            given += heap_vacate(candidates.list[i].pages);
        }
        if (given == before) { /* the system refuses */
            break;
        }
        find_candidates(&candidates, least_bytes);
    }
    return given;
}

/* What it cost to stay below the ceiling. */
static void pay(size_t live_bytes, size_t bytes)
{
    if (live_bytes > pressure.live_peak_bytes) {
        pressure.live_peak_bytes = live_bytes;
    } else {
        pressure.ceiling_bytes += bytes / CEILING_LIFT_SHARE;
    }
}

static void press(size_t resident)
{
    const size_t spare = spare_bytes();
    const size_t share = resident / GIVE_SHARE;
    const size_t worth = share > HOLE_LEAST_BYTES ? share : HOLE_LEAST_BYTES;
    size_t given = 0;
    if (spare >= worth && resident >= pressure.look_at_bytes && gives_back()) {
        const size_t excess = resident - pressure.ceiling_bytes;
        const size_t part = resident / GIVE_HOLE_SHARE;
        given = give_back(excess > worth ? excess : worth,
                          part > HOLE_LEAST_BYTES ? part : HOLE_LEAST_BYTES, worth);
        if (given < worth) {
            pressure.look_at_bytes = resident + share;
        }
    }
    pay(resident - spare, given);
}

void pressure_settle(void)
{
    if (resident_bytes() > pressure.ceiling_bytes) {
        press(resident_bytes());
    }
    const size_t resident = resident_bytes();
    if (resident > pressure.ceiling_bytes) {
        pressure.credit_bytes += resident - pressure.ceiling_bytes;
        pressure.ceiling_bytes = resident;
    }
    heap.limit_bytes =
        heap_resident_bytes() + pressure.ceiling_bytes - resident + RECLAIM_STEP_BYTES;
}

bool pressure_relieve(void)
{
    const size_t wanted = heap.wanted_bytes;
    heap.wanted_bytes = HEAP_WANTS_NOTHING;
    if (wanted == HEAP_WANTS_COALESCED) {
        return medium_return_all();
    }
    if (wanted == HEAP_WANTS_NOTHING) {
        return false;
    }
    const bool reaches = wanted <= (size_t)(heap.end - heap.top);
    const size_t resident = heap_resident_bytes();
    if (heap.regions != NULL) {
        const bool all = !reaches || wanted > resident / RECLAIM_ALL_SHARE;
        cache_reclaim(all ? 1 : resident / RECLAIM_SHARE + RECLAIM_STEP_BYTES);
    }
    if (!reaches && bins_best(&heap_bins, wanted) == 0 && !heap_grow(wanted)) {
        return false;
    }
    /* The pages at both ends may be vacant, too. */
    heap.limit_bytes = heap_resident_bytes() + wanted + 2 * PAGE_BYTES;
    return true;
}

struct block *pressure_allocate(size_t bytes)
{
    struct block *block = heap_allocate(bytes);
    if (LIKELY(block != NULL)) {
        return block;
    }
    while (block == NULL && pressure_relieve()) {
        block = heap_allocate(bytes);
    }
    pressure_settle();
    return block;
}

struct block *pressure_allocate_aligned(size_t bytes, size_t alignment)
{
    struct block *block = heap_allocate_aligned(bytes, alignment);
    if (LIKELY(block != NULL)) {
        return block;
    }
    while (block == NULL && pressure_relieve()) {
        block = heap_allocate_aligned(bytes, alignment);
    }
    pressure_settle();
    return block;
}

struct block *pressure_allocate_congruent(size_t bytes, const void *payload)
{
    struct block *block = heap_allocate_congruent(bytes, payload);
    while (block == NULL && pressure_relieve()) {
        block = heap_allocate_congruent(bytes, payload);
    }
    return block;
}

void *pressure_map(size_t bytes, size_t alignment)
{
    if (resident_bytes() + bytes > pressure.ceiling_bytes) {
        cache_reclaim(1);
    }
    void *const payload = large_allocate(bytes, alignment);
    pressure_settle();
    return payload;
}

bool pressure_wants_move(size_t bytes)
{
    const size_t resident = resident_bytes();
    if (resident <= pressure.ceiling_bytes || heap.locked) {
        return false;
    }
    pay(resident - bytes - spare_bytes(), bytes);
    return true;
}

bool pressure_trim(size_t pad_bytes)
{
    cache_reclaim(1);
    const size_t given_back = heap_vacate_holes() + heap_trim_top(pad_bytes);
    pressure_settle();
    return given_back != 0;
}

/* Look again when a further part is free. */
static void look_later(void)
{
    const size_t resident = heap_resident_bytes();
    const size_t step = pressure_free_bytes() + resident / (4 * EMPTIED_SHARE);
    const size_t half =
        resident / 2 > EMPTIED_HEAP_BYTES / 2 ? resident / 2 : EMPTIED_HEAP_BYTES / 2;
    pressure.emptied_at = step > half ? step : half;
}

static void set_emptied(bool emptied)
{
    if (pressure.emptied != emptied) {
        pressure.emptied = emptied;
        cache_set_lean(emptied);
    }
}

/* Nearly all of the heap is free: it goes back. */
static void give_all_back(void)
{
    const size_t spare = spare_bytes();
    const size_t resident = heap_resident_bytes();
    const bool paid = knobs_get()->purge == KNOBS_PURGE_ALWAYS ||
                      pressure.credit_bytes >= spare - spare / 8;
    const bool alone = __libc_single_threaded;
    const size_t in_use = resident / (alone ? EMPTIED_SHARE : EMPTIED_THREADS_SHARE);
    const size_t hole = alone ? spare / EMPTIED_HOLE_SHARE : 0;
    if (spare < resident - in_use || !paid) {
        return;
    }
    const size_t given =
        give_back(spare, hole > HOLE_LEAST_BYTES ? hole : HOLE_LEAST_BYTES,
                  spare - spare / EMPTIED_WORTH_SHARE);
    pressure.credit_bytes -=
        given < pressure.credit_bytes ? given : pressure.credit_bytes;
}

void pressure_consider(void)
{
    const size_t resident = heap_resident_bytes();
    const size_t free_bytes = pressure_free_bytes();
    if (resident < EMPTIED_HEAP_BYTES || free_bytes < resident / 4 || !gives_back()) {
        set_emptied(false);
        look_later();
        return;
    }
    if (free_bytes > pressure.emptied_at) {
        set_emptied(true);
        cache_reclaim(1);
        give_all_back();
        look_later();
    }
}
