#include "debug_stack.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/single_threaded.h>

#include "debug_altstack.h"
#include "debug_arena.h"
#include "debug_options.h"
#include "heap.h"
#include "os.h"

/* Frames of our own that may stand before the caller's. */
#define OWN_FRAMES ((size_t)10)

/* A program that is linked statically may do without these. */
#pragma weak dlopen
#pragma weak dlsym

/* libunwind's unw_backtrace keeps what it has learnt about each return address: 16
 * frames cost 0.12 us where libgcc's _Unwind_Backtrace takes 2.2 us. */
static int (*unwind)(void **frames, int most);

/* The allocator's code: in a program that holds us, sections of their own; of
 * libsnug.so, all that can be executed. */
static struct {
    uintptr_t begin, end;
} own_code[2];

/* The C++ runtime's way, where libunwind is not installed. */
static int (*gcc_backtrace)(int (*visit)(void *context, void *argument),
                            void *argument);
static uintptr_t (*gcc_address)(void *context);

struct gcc_walk {
    void **frames;
    int count, most;
};

static int gcc_visit(void *context, void *argument)
{
    struct gcc_walk *const walk = argument;
    void *const address = (void *)gcc_address(context);
    if (walk->count == walk->most || address == NULL) {
        return 5; /* _URC_END_OF_STACK */
    }
    walk->frames[walk->count++] = address;
    return 0;
}

static int gcc_unwind(void **frames, int most)
{
    struct gcc_walk walk = {frames, 0, most};
    gcc_backtrace(gcc_visit, &walk);
    return walk.count;
}

/* Made by objcopy for libsnug.a; the linker knows where they begin and end. */
#define LINKERS __attribute__((weak, visibility("hidden")))
extern const char __start_snug_text[] LINKERS, __stop_snug_text[] LINKERS;
extern const char __start_snug_cold_text[] LINKERS, __stop_snug_cold_text[] LINKERS;

static void find_own_library(void)
{
    extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));
    const uintptr_t base = (uintptr_t)&__ehdr_start;
    const ElfW(Phdr) *const headers = (const ElfW(Phdr) *)(base + __ehdr_start.e_phoff);
    uintptr_t begin = 0, end = 0;
    for (size_t i = 0; i < __ehdr_start.e_phnum; i++) {
        if (headers[i].p_type == PT_INTERP) {
            return; /* a program that was linked without the sections */
        }
        if (headers[i].p_type == PT_LOAD && (headers[i].p_flags & PF_X) != 0) {
            begin = base + headers[i].p_vaddr;
            end = begin + headers[i].p_memsz;
        }
    }
    if (__ehdr_start.e_type == ET_DYN) {
        own_code[0].begin = begin;
        own_code[0].end = end;
    }
}

static void find_own_code(void)
{
    own_code[0].begin = (uintptr_t)__start_snug_text;
    own_code[0].end = (uintptr_t)__stop_snug_text;
    own_code[1].begin = (uintptr_t)__start_snug_cold_text;
    own_code[1].end = (uintptr_t)__stop_snug_cold_text;
    if (own_code[0].begin == 0) {
        find_own_library();
    }
}

static bool is_own_code(const void *return_address)
{
    const uintptr_t address = (uintptr_t)return_address - 1; /* of the call */
    return address - own_code[0].begin < own_code[0].end - own_code[0].begin ||
           address - own_code[1].begin < own_code[1].end - own_code[1].begin;
}

static void *find(const char *library, const char *name)
{
    void *const handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    return handle != NULL ? dlsym(handle, name) : NULL;
}

static void find_unwinder(void *unused)
{
    (void)unused;
    *(void **)&unwind = find("libunwind.so.8", "unw_backtrace");
    if (unwind == NULL) {
        *(void **)&gcc_address = find("libgcc_s.so.1", "_Unwind_GetIP");
        *(void **)&gcc_backtrace = find("libgcc_s.so.1", "_Unwind_Backtrace");
        if (gcc_address != NULL && gcc_backtrace != NULL) {
            unwind = gcc_unwind;
        }
    }
}

void debug_stack_begin(void)
{
    static bool begun;
    if (begun || dlopen == NULL || dlsym == NULL) {
        return;
    }
    begun = true;
    find_own_code();
    debug_inside++;
    debug_altstack_run_if_small(find_unwinder, NULL);
    debug_inside--;
}

void debug_find_function(const char *name, void *function)
{
    debug_inside++;
    void *const found = dlsym != NULL ? dlsym(RTLD_DEFAULT, name) : NULL;
    debug_inside--;
    memcpy(function, &found, sizeof found);
}

static atomic_int unwinding; /* threads inside the unwinder */
static atomic_int forks;     /* under way: nobody may enter */
static __thread bool is_unwinding;

/* true: it was counted, and must leave. */
static bool unwinder_enter(void)
{
    if (__libc_single_threaded) {
        return false;
    }
    atomic_fetch_add(&unwinding, 1);
    while (UNLIKELY(atomic_load(&forks) != 0)) {
        atomic_fetch_sub(&unwinding, 1);
        while (atomic_load(&forks) != 0) {
            sched_yield();
        }
        atomic_fetch_add(&unwinding, 1);
    }
    is_unwinding = true;
    return true;
}

static void unwinder_leave(bool counted)
{
    if (counted) {
        is_unwinding = false;
        atomic_fetch_sub(&unwinding, 1);
    }
}

void debug_stack_before_fork(void)
{
    atomic_fetch_add(&forks, 1);
    /* It may be a signal's handler that forks, amid this thread's own unwinding. */
    while (atomic_load(&unwinding) > (is_unwinding ? 1 : 0)) {
        sched_yield();
    }
}

void debug_stack_after_fork(void)
{
    atomic_fetch_sub(&forks, 1);
}

void debug_stack_after_fork_in_child(void)
{
    atomic_store(&forks, 0);
    atomic_store(&unwinding, is_unwinding ? 1 : 0);
}

struct walk {
    void **frames;
    int most;
    int count;
};

static void walk_stack(void *argument)
{
    struct walk *const walk = argument;
    walk->count = unwind(walk->frames, walk->most);
}

void debug_stack_capture(struct debug_stack *stack)
{
    stack->count = 0;
    if (unwind == NULL || debug_inside > 0) {
        return;
    }
    void *frames[DEBUG_STACK_FRAMES + OWN_FRAMES];
    struct walk walk = {frames, (int)(debug_options.depth + OWN_FRAMES), 0};
    const int saved = errno;
    debug_inside++;
    const bool counted = unwinder_enter();
    debug_altstack_run_if_small(walk_stack, &walk);
    unwinder_leave(counted);
    debug_inside--;
    errno = saved;
    const size_t count = walk.count > 0 ? (size_t)walk.count : 0;
    size_t first = 0;
    while (first < count && is_own_code(frames[first])) {
        first++;
    }
    for (; first < count && stack->count < debug_options.depth; first++) {
        stack->frames[stack->count++] = frames[first];
    }
}

/* The store: records in chunks, a number is the place of one in units of 8 bytes. */
struct record {
    uint32_t next; /* in its bucket; 0: none */
    uint32_t count;
    uint64_t hash;
    void *frames[];
};

#define CHUNK_SHIFT 17
#define CHUNK_UNITS ((size_t)1 << CHUNK_SHIFT)
#define CHUNK_LIMIT ((size_t)4096)
#define BUCKETS ((size_t)1 << 16)

static struct {
    uint64_t *chunks[CHUNK_LIMIT];
    size_t chunk_count;
    size_t used; /* units of the last chunk */
    uint32_t *buckets;
} store;

static struct record *record_at(uint32_t number)
{
    uint64_t *const chunk = store.chunks[number >> CHUNK_SHIFT];
    return (struct record *)(chunk + (number & (CHUNK_UNITS - 1)));
}

static uint64_t hash_of(const struct debug_stack *stack)
{
    uint64_t hash = stack->count;
    for (size_t i = 0; i < stack->count; i++) {
        hash = (hash ^ (uintptr_t)stack->frames[i]) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return hash;
}

static uint32_t record_new(size_t units)
{
    if (store.chunk_count == 0 || store.used + units > CHUNK_UNITS) {
        uint64_t *const chunk = store.chunk_count < CHUNK_LIMIT
                                    ? heap_map(CHUNK_UNITS * sizeof(uint64_t))
                                    : NULL;
        if (chunk == NULL) {
            return 0;
        }
        store.chunks[store.chunk_count++] = chunk;
        store.used = 1; /* no record has the number 0 */
    }
    const size_t number = (store.chunk_count - 1) << CHUNK_SHIFT | store.used;
    store.used += units;
    return (uint32_t)number;
}

uint32_t debug_stack_store(const struct debug_stack *stack)
{
    if (store.buckets == NULL) {
        store.buckets = heap_map(BUCKETS * sizeof *store.buckets);
    }
    if (stack->count == 0 || store.buckets == NULL) {
        return 0;
    }
    const uint64_t hash = hash_of(stack);
    const size_t bytes = stack->count * sizeof *stack->frames;
    uint32_t *const bucket = &store.buckets[hash & (BUCKETS - 1)];
    for (uint32_t number = *bucket; number != 0; number = record_at(number)->next) {
        const struct record *const record = record_at(number);
        if (record->hash == hash) { /* of 64 bits: no two stacks share one */
            return number;
        }
    }
    const uint32_t number =
        record_new((sizeof(struct record) + bytes) / sizeof(uint64_t));
    if (number != 0) {
        struct record *const record = record_at(number);
        *record = (struct record){*bucket, (uint32_t)stack->count, hash};
        memcpy(record->frames, stack->frames, bytes);
        *bucket = number;
    }
    return number;
}

struct debug_stack debug_stack_load(uint32_t number)
{
    struct debug_stack stack = {0};
    if (number != 0) {
        const struct record *const record = record_at(number);
        stack.count = record->count;
        memcpy(stack.frames, record->frames, stack.count * sizeof *stack.frames);
    }
    return stack;
}
