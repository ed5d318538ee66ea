#include "small/run.h"

READ_MOSTLY uint32_t run_inverse[SMALL_CLASS_COUNT];

/* A request of the largest class has a block of 16 bytes more, with a rest 32 more. */
#define BLOCK_COUNTS (SMALL_CLASS_COUNT + 2)

static struct {
    struct run *runs[SMALL_CLASS_COUNT]; /* with free or never used objects; or NULL */
    bool served[SMALL_CLASS_COUNT];
    uint8_t heap_blocks[BLOCK_COUNTS];    /* live ones by size / 16, up to the worth */
    uint16_t requests[SMALL_CLASS_COUNT]; /* that the heap served */
    uint32_t runs_of[SMALL_CLASS_COUNT];
} classes;

size_t run_free_sum;
size_t run_count;

static size_t run_capacity(size_t object_bytes, size_t granules)
{
    return (granules * GRANULE_BYTES - RUN_TAIL_BYTES) / object_bytes;
}

/* The length in granules that wastes the smallest share at its end, up to a limit. */
static size_t run_best_granules(size_t object_bytes, size_t longest)
{
    size_t best = 1;
    size_t best_waste = SIZE_MAX;
    for (size_t n = longest > 1 ? longest / 2 : 1; n <= longest; n++) {
        const size_t used = run_capacity(object_bytes, n) * object_bytes;
        const size_t waste = (n * GRANULE_BYTES - used) * 840 / n; /* 840: divisible */
        if (waste <= best_waste) {
            best = n;
            best_waste = waste;
        }
    }
    return best;
}

static size_t run_least_granules(size_t size_class)
{
    const size_t bytes = RUN_LEAST_OBJECTS * class_bytes(size_class) + RUN_TAIL_BYTES;
    return align_up(bytes, GRANULE_BYTES) / GRANULE_BYTES;
}

/* The next run of a class holds not many more objects than are worth it, and about as
 * many as its runs hold already: a class of few objects should not waste a long run. */
static size_t run_longest_granules(size_t size_class)
{
    const size_t runs = classes.runs_of[size_class];
    const size_t longest = smaller(class_bytes(size_class) / 8, RUN_LIMIT_GRANULES);
    return runs < 3 ? smaller(run_least_granules(size_class) << runs, longest)
                    : longest;
}

/* The last granule of a run, from the first that the map covers on, where no run is; 0
 * for NULL. Half as long as a pointer, it leaves the bookkeeping room in a cache line.
 */
static uint32_t granule_of(const struct run *run)
{
    return run != NULL ? (uint32_t)(((uintptr_t)run - granule_map.before_first) >>
                                    GRANULE_SHIFT)
                       : 0;
}

static struct run *run_at(uint32_t granule)
{
    const uintptr_t end = ((uintptr_t)granule + 1) << GRANULE_SHIFT;
    return granule != 0
               ? (struct run *)(granule_map.before_first + 1 + end - RUN_TAIL_BYTES)
               : NULL;
}

static void list_insert(struct run *run)
{
    struct run *const first = classes.runs[run->size_class];
    run->previous = 0;
    run->next = granule_of(first);
    if (first != NULL) {
        first->previous = granule_of(run);
    }
    classes.runs[run->size_class] = run;
}

static void list_remove(struct run *run)
{
    struct run *const next = run_at(run->next);
    if (next != NULL) {
        next->previous = run->previous;
    }
    if (run->previous != 0) {
        run_at(run->previous)->next = run->next;
    } else {
        classes.runs[run->size_class] = next;
    }
}

/* It says of itself what the map says. */
static ALWAYS_INLINE void require_sound(const struct run *run, size_t size_class)
{
    REQUIRE(run->size_class == size_class, "overflow of the object that ends before",
            run);
}

static ALWAYS_INLINE bool has_free(const struct run *run)
{
    return (run->free[0] | run->free[1]) != 0;
}

/* Whether a run is in its class's list. */
static ALWAYS_INLINE bool has_something(const struct run *run)
{
    return has_free(run) || run->carved_end != run->end;
}

static struct run *run_create(size_t size_class, size_t granules)
{
    const size_t object_bytes = class_bytes(size_class);
    struct block *const block =
        heap_allocate_aligned(granules * GRANULE_BYTES, GRANULE_BYTES, NULL);
    if (block == NULL) {
        return NULL;
    }
    char *const objects = block_payload(block);
    struct run *const run =
        (struct run *)(uintptr_t)(objects + granules * GRANULE_BYTES - RUN_TAIL_BYTES);
    /* Nor does it have a number if it is beyond the first 4 TiB. */
    if (!map_covers(run) || run_at(granule_of(run)) != run) {
        heap_free(block);
        return NULL;
    }
    for (size_t i = 0; i < granules; i++) {
        *map_entry(objects + i * GRANULE_BYTES) = (struct map_entry){
            .size_class = (uint8_t)size_class,
            .back = i & 15,
            .forward = (granules - 1 - i) & 15,
        };
    }
    *run = (struct run){
        .size_class = (uint8_t)size_class,
        .granules = (uint8_t)granules,
        .end = (uint16_t)(run_capacity(object_bytes, granules) * object_bytes),
    };
    const uint64_t inverse = (((uint64_t)1 << 32) + object_bytes - 1) / object_bytes;
    __atomic_store_n(&run_inverse[size_class], (uint32_t)inverse, __ATOMIC_RELAXED);
    list_insert(run);
    run_count++;
    classes.runs_of[size_class]++;
    run_free_sum += run->end;
    return run;
}

static void run_destroy(struct run *run)
{
    char *const objects = run_objects(run);
    list_remove(run);
    for (size_t i = 0; i < run->granules; i++) {
        *map_entry(objects + i * GRANULE_BYTES) = (struct map_entry){.size_class = 0};
    }
    run_count--;
    classes.runs_of[run->size_class]--;
    run_free_sum -= run->end;
    heap_free(block_from_payload(objects));
}

bool run_serves(size_t size_class)
{
    return classes.served[size_class];
}

void run_note_allocated(size_t size_class, size_t block_bytes)
{
    const size_t index = block_bytes / ALIGNMENT_BYTES;
    if (++classes.requests[size_class] >= RUN_WORTH_REQUESTS) {
        classes.served[size_class] = true;
    }
    if (index < BLOCK_COUNTS && ++classes.heap_blocks[index] >= RUN_WORTH_BLOCKS) {
        classes.served[size_class] = true;
        classes.heap_blocks[index] = RUN_WORTH_BLOCKS - 1;
    }
}

void run_note_freed(size_t block_bytes)
{
    const size_t index = block_bytes / ALIGNMENT_BYTES;
    if (index < BLOCK_COUNTS && classes.heap_blocks[index] > 0) {
        classes.heap_blocks[index]--;
    }
}

/* A run with something to give. Before a new one would make the heap touch new pages
 * it is as short as what the heap has free. */
static struct run *find_run(size_t size_class)
{
    if (classes.runs[size_class] != NULL) {
        return classes.runs[size_class];
    }
    const size_t object_bytes = class_bytes(size_class);
    const size_t longest = run_longest_granules(size_class);
    for (size_t n = longest; n >= run_least_granules(size_class); n /= 2) {
        const size_t granules = run_best_granules(object_bytes, n);
        if (heap_has_room(granules * GRANULE_BYTES)) {
            return run_create(size_class, granules);
        }
    }
    return run_create(size_class, run_best_granules(object_bytes, longest));
}

/* Objects that were never used, to the end of the page that the first one ends in,
 * which is touched in any case; at least one. The lowest is given out first, so that
 * the run is walked upwards. */
static void carve(struct run *run, size_t most, struct list *list)
{
    const size_t object_bytes = class_bytes(run->size_class);
    char *const objects = run_objects(run);
    const uintptr_t first_end = (uintptr_t)objects + run->carved_end + object_bytes;
    const size_t page_end = align_up(first_end, PAGE_BYTES) - (uintptr_t)objects;
    const size_t end = smaller(page_end, run->end);
    const size_t count = smaller((end - run->carved_end) / object_bytes, most);
    for (size_t i = count; i-- > 0;) {
        list_prepend(list, objects + run->carved_end + i * object_bytes);
    }
    run->carved_end = (uint16_t)(run->carved_end + count * object_bytes);
}

static_assert(RUN_WORDS == 2 && GRANULE_BYTES / 8 <= RUN_WORDS * 64,
              "a run has no more granules than an 8th of an object's bytes");

/* What the run has free, `most` objects at most. In whatever order they were freed, the
 * lowest is given out first: what a program asks for in a row lies in a row, and is
 * fetched ahead when it is walked. */
static void take_free(struct run *run, size_t most, struct list *list)
{
    const size_t object_bytes = class_bytes(run->size_class);
    struct list taken = *list;
    for (size_t word = RUN_WORDS; word-- > 0;) {
        char *const first = run_objects(run) + word * 64 * object_bytes;
        uint64_t free = run->free[word];
        while (free != 0 && taken.count != most) {
            const size_t bit = floor_log2(free);
            void *const object = first + bit * object_bytes;
            object_require_free(object);
            list_prepend(&taken, object);
            free ^= (uint64_t)1 << bit;
        }
        run->free[word] = free;
    }
    *list = taken;
}

struct list run_take_list(size_t size_class, size_t most)
{
    struct list list = {.first = NULL};
    struct run *run = find_run(size_class);
    if (run == NULL) {
        return list;
    }
    require_sound(run, size_class);
    if (has_free(run)) {
        take_free(run, most, &list);
    } else {
        carve(run, most, &list);
    }
    run->live = (uint16_t)(run->live + list.count);
    run_free_sum -= list.count * class_bytes(size_class);
    if (!has_something(run)) {
        list_remove(run);
    }
    return list;
}

/* The number of the object at an offset in its run; inverse: run_inverse of its class.
 */
static ALWAYS_INLINE size_t index_at(size_t offset, size_t inverse)
{
    return offset * inverse >> 32;
}

/* An object, and those behind it in its list that are of the same run, come back to it:
 * it is listed, or goes when it is empty. Returns the rest of the list; *count grows by
 * as many. */
static ALWAYS_INLINE void *return_to_run(void *object, size_t *count)
{
    const struct map_entry entry = *map_entry(object);
    struct run *const run = run_of(entry, object);
    require_sound(run, entry.size_class);
    if (!has_something(run)) {
        list_insert(run);
    }
    const size_t inverse = run_inverse[entry.size_class];
    const uintptr_t objects = (uintptr_t)run_start(entry, object);
    const size_t end = run->end;
    size_t live = run->live;
    *count += live;
    do {
        object_require_free(object);
        const size_t index = index_at((uintptr_t)object - objects, inverse);
        run->free[index / 64] |= (uint64_t)1 << (index % 64);
        live--;
        object = object_next(object);
    } while ((uintptr_t)object - objects < end);
    *count -= live;
    run->live = (uint16_t)live;
    if (live == 0) {
        run_destroy(run);
    }
    return object;
}

size_t run_return_list(size_t size_class, void *first)
{
    size_t count = 0;
    for (void *object = first; object != NULL;) {
        object = return_to_run(object, &count);
    }
    run_free_sum += count * class_bytes(size_class);
    return count;
}

bool run_has_free(const struct run *run, const void *object)
{
    const size_t offset = (size_t)((const char *)object - run_objects(run));
    const size_t index = index_at(offset, run_inverse[run->size_class]);
    return (run->free[index / 64 % RUN_WORDS] >> (index % 64) & 1) != 0;
}

size_t run_free_bytes(size_t size_class)
{
    size_t bytes = 0;
    for (const struct run *r = classes.runs[size_class]; r != NULL;
         r = run_at(r->next)) {
        bytes += r->end - r->live * class_bytes(size_class);
    }
    return bytes;
}

static const char *check_run(const struct run *run, size_t size_class)
{
    for (size_t i = 0; i < run->granules; i++) {
        const char *const granule = run_objects(run) + i * GRANULE_BYTES;
        const struct map_entry entry = *map_entry(granule);
        if (entry.size_class != size_class || entry.back != i ||
            run_of(entry, granule) != run) {
            return "the map does not name a run for its granules";
        }
    }
    const size_t object_bytes = class_bytes(size_class);
    size_t count = run->live;
    for (size_t offset = 0; offset < run->end; offset += object_bytes) {
        const void *const object = run_objects(run) + offset;
        if (run_has_free(run, object)) {
            if (offset >= run->carved_end || !object_is_free(object)) {
                return "a run's free object has no canary";
            }
            count++;
        }
    }
    if (count != run->carved_end / object_bytes) {
        return "a run's objects do not add up";
    }
    if (!has_something(run)) {
        return "a run is listed with nothing to give";
    }
    return run->live > 0 ? NULL : "an empty run was kept";
}

const char *run_check(void)
{
    size_t free_bytes = 0;
    for (size_t size_class = 1; size_class < SMALL_CLASS_COUNT; size_class++) {
        const struct run *previous = NULL;
        for (const struct run *r = classes.runs[size_class]; r != NULL;
             r = run_at(r->next)) {
            const char *const broken = check_run(r, size_class);
            if (broken != NULL) {
                return broken;
            }
            if (r->previous != granule_of(previous)) {
                return "a list of runs disagrees with itself";
            }
            previous = r;
        }
        free_bytes += run_free_bytes(size_class);
    }
    return free_bytes == run_free_sum ? NULL : "the sum of free objects is wrong";
}
