#include "small/run.h"

#include "base/object.h"

READ_MOSTLY uint32_t run_inverse[SMALL_CLASS_COUNT];

/* A request of the largest class has a block of 16 bytes more, with a rest 32 more. */
#define BLOCK_COUNTS (SMALL_CLASS_COUNT + 2)

static struct {
    struct run *runs[SMALL_CLASS_COUNT]; /* with free or never used objects */
    bool served[SMALL_CLASS_COUNT];
    uint8_t heap_blocks[BLOCK_COUNTS];    /* live ones by size / 16, up to the worth */
    uint16_t requests[SMALL_CLASS_COUNT]; /* that the heap served */
    size_t run_count;
    uint32_t runs_of[SMALL_CLASS_COUNT];
} classes;

size_t run_free_sum;

static size_t run_capacity(size_t object_bytes, size_t granules)
{
    return (granules * GRANULE_BYTES - BLOCK_HEADER_BYTES - sizeof(struct run)) /
           object_bytes;
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
    const size_t bytes = RUN_LEAST_OBJECTS * class_bytes(size_class) +
                         RUN_HEADER_BYTES + BLOCK_HEADER_BYTES;
    return align_up(bytes, GRANULE_BYTES) / GRANULE_BYTES;
}

/* The next run of a class holds not many more objects than are worth it, and about as
 * many as its runs hold already: a class of few objects should not waste a long run. */
static size_t run_longest_granules(size_t size_class)
{
    const size_t runs = classes.runs_of[size_class];
    size_t longest = class_bytes(size_class) / 8;
    if (longest > RUN_LIMIT_GRANULES) {
        longest = RUN_LIMIT_GRANULES;
    }
    if (runs < 3) {
        const size_t few = run_least_granules(size_class) << runs;
        longest = few < longest ? few : longest;
    }
    return longest;
}

static void list_insert(struct run *run)
{
    struct run *const first = classes.runs[run->size_class];
    run->previous = NULL;
    run->next = first;
    if (first != NULL) {
        first->previous = run;
    }
    classes.runs[run->size_class] = run;
}

static void list_remove(struct run *run)
{
    if (run->next != NULL) {
        run->next->previous = run->previous;
    }
    if (run->previous != NULL) {
        run->previous->next = run->next;
    } else {
        classes.runs[run->size_class] = run->next;
    }
}

/* Whether a run is in its class's list. */
static ALWAYS_INLINE bool has_something(const struct run *run)
{
    return link_object(run->free_list) != NULL || run->carved_end != run->end;
}

static struct run *run_create(size_t size_class, size_t granules)
{
    const size_t object_bytes = class_bytes(size_class);
    struct block *const block =
        heap_allocate_aligned(granules * GRANULE_BYTES, GRANULE_BYTES, NULL);
    if (block == NULL) {
        return NULL;
    }
    struct run *const run = block_payload(block);
    if (!map_covers((char *)run + granules * GRANULE_BYTES - 1)) {
        heap_free(block);
        return NULL;
    }
    for (size_t i = 0; i < granules; i++) {
        *map_entry((char *)run + i * GRANULE_BYTES) =
            (struct map_entry){.size_class = (uint8_t)size_class, .back = (uint8_t)i};
    }
    *run = (struct run){
        .free_list = link_empty(run_list_limit(size_class)),
        .size_class = (uint8_t)size_class,
        .granules = (uint8_t)granules,
        .carved_end = sizeof *run,
        .end = (uint16_t)(sizeof *run +
                          run_capacity(object_bytes, granules) * object_bytes),
    };
    const uint64_t inverse = (((uint64_t)1 << 32) + object_bytes - 1) / object_bytes;
    __atomic_store_n(&run_inverse[size_class], (uint32_t)inverse, __ATOMIC_RELAXED);
    list_insert(run);
    classes.run_count++;
    classes.runs_of[size_class]++;
    run_free_sum += run->end - sizeof *run;
    return run;
}

static void run_destroy(struct run *run)
{
    list_remove(run);
    for (size_t i = 0; i < run->granules; i++) {
        *map_entry((char *)run + i * GRANULE_BYTES) = (struct map_entry){0, 0};
    }
    classes.run_count--;
    classes.runs_of[run->size_class]--;
    run_free_sum -= run->end - sizeof *run;
    heap_free(block_from_payload(run));
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
static void carve(struct run *run, uintptr_t *list)
{
    const size_t object_bytes = class_bytes(run->size_class);
    const uintptr_t start = (uintptr_t)run + run->carved_end;
    size_t end = align_up(start + object_bytes, PAGE_BYTES) - (uintptr_t)run;
    if (end > run->end) {
        end = run->end;
    }
    size_t count = (end - run->carved_end) / object_bytes;
    if (count > link_room(*list)) {
        count = link_room(*list);
    }
    for (size_t i = count; i-- > 0;) {
        link_push(list, (char *)run + run->carved_end + i * object_bytes);
    }
    run->carved_end = (uint16_t)(run->carved_end + count * object_bytes);
}

/* As many as the list has room for. */
static void move(uintptr_t *to, uintptr_t *from)
{
    while (link_object(*from) != NULL && link_room(*to) != 0) {
        void *const object = link_object(*from);
        object_require_free(object);
        *from = object_link(object);
        link_push(to, object);
    }
}

static_assert(RUN_LIMIT_GRANULES * GRANULE_BYTES <= LIST_LIMIT_BYTES &&
                  LIST_LIMIT_BYTES / ALIGNMENT_BYTES < 65536,
              "all that a run has is no more than a list may hold");

size_t run_list_limit(size_t size_class)
{
    return LIST_LIMIT_BYTES / class_bytes(size_class);
}

uintptr_t run_take_list(size_t size_class, size_t limit)
{
    uintptr_t list = link_empty(limit);
    struct run *run = find_run(size_class);
    if (run == NULL) {
        return list;
    }
    if (link_object(run->free_list) == NULL) {
        carve(run, &list);
    } else if (limit == run_list_limit(size_class)) {
        list = run->free_list;
        run->free_list = link_empty(limit);
    } else {
        move(&list, &run->free_list);
    }
    const size_t count = limit - link_room(list);
    run->live = (uint16_t)(run->live + count);
    run_free_sum -= count * class_bytes(size_class);
    if (!has_something(run)) {
        list_remove(run);
    }
    return list;
}

/* The first of a list's objects, and those behind it that are of the same run, come
 * back to it: it is listed, or goes when it is empty. Returns the rest of the list. */
static ALWAYS_INLINE uintptr_t return_to_run(uintptr_t list)
{
    void *object = link_object(list);
    struct run *const run = run_of(*map_entry(object), object);
    if (!has_something(run)) {
        list_insert(run);
    }
    uintptr_t free_list = run->free_list;
    size_t live = run->live;
    do {
        object_require_free(object);
        list = object_link(object);
        link_push(&free_list, object);
        live--;
        object = link_object(list);
    } while ((uintptr_t)object - (uintptr_t)run < run->end);
    run->free_list = free_list;
    run->live = (uint16_t)live;
    if (live == 0) {
        run_destroy(run);
    }
    return list;
}

size_t run_return_list(size_t size_class, uintptr_t *list)
{
    const size_t room = link_room(*list);
    uintptr_t link = *list;
    while (link_object(link) != NULL) {
        link = return_to_run(link);
    }
    *list = link;
    const size_t objects = link_room(link) - room;
    run_free_sum += objects * class_bytes(size_class);
    return objects;
}

void run_return_object(size_t size_class, void *object)
{
    uintptr_t list = link_empty(1);
    link_push(&list, object);
    run_return_list(size_class, &list);
}

/* Memory may be damaged where a person looks at it: a link out of the run ends the
 * list, and so do more objects than a run can have. */
bool run_has_free(const struct run *run, const void *object)
{
    const void *next = link_object(run->free_list);
    for (size_t left = run->end / ALIGNMENT_BYTES;
         left > 0 && next != object && (uintptr_t)next - (uintptr_t)run < run->end;
         left--) {
        next = link_object(object_link(next));
    }
    return next == object;
}

static size_t free_count(const struct run *run)
{
    return run_list_limit(run->size_class) - link_room(run->free_list);
}

size_t run_free_bytes(size_t size_class)
{
    size_t bytes = 0;
    for (const struct run *r = classes.runs[size_class]; r != NULL; r = r->next) {
        bytes += free_count(r) * class_bytes(size_class) + r->end - r->carved_end;
    }
    return bytes;
}

size_t run_count(void)
{
    return classes.run_count;
}

static const char *check_run(const struct run *run, size_t size_class)
{
    for (size_t i = 0; i < run->granules; i++) {
        const struct map_entry *const entry =
            map_entry((const char *)run + i * GRANULE_BYTES);
        if (entry->size_class != size_class || entry->back != i) {
            return "the map does not name a run for its granules";
        }
    }
    const size_t object_bytes = class_bytes(size_class);
    size_t count = 0;
    for (uintptr_t link = run->free_list; link_object(link) != NULL; count++) {
        const size_t offset = (uintptr_t)link_object(link) - (uintptr_t)run;
        if (offset >= run->carved_end || count > free_count(run)) {
            return "a run's free list leads out of it";
        }
        link = object_link(link_object(link));
    }
    const size_t unused = (size_t)(run->end - run->carved_end) / object_bytes;
    const size_t capacity = (size_t)(run->end - sizeof *run) / object_bytes;
    if (count != free_count(run) || run->live + count + unused != capacity) {
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
        for (const struct run *r = classes.runs[size_class]; r != NULL; r = r->next) {
            const char *const broken = check_run(r, size_class);
            if (broken != NULL) {
                return broken;
            }
            if (r->previous != previous) {
                return "a list of runs disagrees with itself";
            }
            previous = r;
        }
        free_bytes += run_free_bytes(size_class);
    }
    return free_bytes == run_free_sum ? NULL : "the sum of free objects is wrong";
}
