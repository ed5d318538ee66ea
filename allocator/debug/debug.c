#include "debug/debug.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/knobs.h"
#include "base/lock.h"
#include "base/output.h"
#include "debug/arena.h"
#include "debug/block.h"
#include "debug/guard.h"
#include "debug/leak.h"
#include "debug/log.h"
#include "debug/options.h"
#include "debug/quarantine.h"
#include "debug/report.h"
#include "debug/stack.h"
#include "debug/symbol.h"
#include "debug/unwind.h"
#include "heap/heap.h"
#include "snug.h"

READ_MOSTLY uint8_t debug_mode;

static void settle(const char *text)
{
    const enum debug_mode mode = text != NULL ? debug_options_parse(text) : DEBUG_OFF;
    if (mode != DEBUG_OFF) {
        debug_guard_begin();
        output_keep_stderr();
    }
    __atomic_store_n(&debug_mode, (uint8_t)mode, __ATOMIC_RELEASE);
}

bool debug_begin(void)
{
    const uint8_t mode = __atomic_load_n(&debug_mode, __ATOMIC_ACQUIRE);
    if (LIKELY(mode != DEBUG_UNREAD)) {
        return mode != DEBUG_OFF;
    }
    const bool locked = lock_acquire(&heap_lock);
    if (debug_mode == DEBUG_UNREAD) {
        settle(knobs_value("SNUG_DEBUG"));
    }
    lock_release(&heap_lock, locked);
    return debug_mode != DEBUG_OFF;
}

/* at_quick_exit is for objects that have libc's start files. */
int __cxa_at_quick_exit(void (*function)(void *), void *object);
static void end_quickly(void *unused);

static void begin_in_full(void)
{
    debug_unwind_begin();
    debug_symbol_begin();
    __cxa_at_quick_exit(end_quickly, NULL);
}

bool snug_debug(const char *options)
{
    if (debug_mode != DEBUG_UNREAD || knobs_value("SNUG_DEBUG") != NULL) {
        return false;
    }
    settle(options);
    if (debug_mode != DEBUG_OFF) {
        begin_in_full();
    }
    return debug_mode != DEBUG_OFF;
}

/* Where libraries may be loaded, as they may not from a first allocation anywhere. */
static __attribute__((constructor)) void begin_with_the_program(void)
{
    if (knobs_value("SNUG_DEBUG") != NULL && debug_begin()) {
        begin_in_full();
    }
}

static struct debug_error error_about(const char *what, const struct debug_block *block)
{
    return (struct debug_error){
        .what = what, .pointer = block->payload, .block = *block};
}

static _Noreturn void report(struct debug_error *error, bool locked)
{
    lock_release(&heap_lock, locked);
    debug_report(error);
}

struct place {
    uintptr_t address;
    bool is_free;
};

static void look_if_free(const struct block *block, size_t bytes, void *context)
{
    struct place *const place = context;
    if (place->address - (uintptr_t)block < bytes) {
        place->is_free = !block_is_in_use(block);
    }
}

/* Whether the heap has had the address in a block, as far as can be told, and has it in
 * none now. O(blocks). */
static bool was_freed(const void *ptr)
{
    struct place place = {.address = (uintptr_t)ptr};
    heap_visit(look_if_free, &place);
    const size_t above_top = (uintptr_t)ptr - (uintptr_t)heap.top;
    return place.is_free || above_top < (size_t)(heap.touched - heap.top);
}

/* A pointer that is no block's: say at least which one is nearby. */
static _Noreturn void report_foreign(const char *what, const void *ptr, bool locked)
{
    struct debug_error error = {.what = what, .pointer = ptr};
    const struct debug_block *const around = debug_table_around(ptr);
    if (around != NULL) {
        error.block = *around;
    } else {
        error.left_quarantine = was_freed(ptr);
    }
    report(&error, locked);
}

/* The block in the heap whose memory ends at this one's tag; NULL: there is none. */
static const struct debug_block *block_before(const struct debug_block *block)
{
    return block->home == DEBUG_IN_HEAP
               ? debug_table_around(block->memory - BLOCK_HEADER_BYTES - 1)
               : NULL;
}

static void check_damage(const struct debug_block *block, bool locked)
{
    const char *where;
    const char *damage = debug_block_damage(block, &where);
    if (LIKELY(damage == NULL)) {
        return;
    }
    /* An overflow may have gone through the block behind its own, and further. */
    const struct debug_block *before = block;
    while (where < block->payload && (before = block_before(block)) != NULL) {
        const char *there;
        const char *const earlier = debug_block_damage(before, &there);
        if (earlier == NULL) {
            break;
        }
        block = before;
        damage = earlier;
        where = there;
    }
    struct debug_error error = error_about(damage, block);
    error.where = where;
    report(&error, locked);
}

static void check_blocks(bool locked)
{
    const struct debug_block *block = NULL;
    while ((block = debug_table_next(block)) != NULL) {
        check_damage(block, locked);
    }
}

/* Every block, and the heap itself; dies of what is not in order. */
static void check_everything(void)
{
    const bool locked = lock_acquire(&heap_lock);
    check_blocks(locked);
    lock_release(&heap_lock, locked);
    const char *const broken = snug_check_heap();
    if (broken != NULL) {
        fatal(broken);
    }
}

static __attribute__((destructor)) void end_with_the_program(void)
{
    if (debug_mode > DEBUG_OFF && debug_inside == 0) {
        check_everything();
        debug_log_flush();
        debug_leak_report_at_exit();
    }
}

/* quick_exit runs no destructors. */
static void end_quickly(void *unused)
{
    (void)unused;
    end_with_the_program();
}

/* Every call passes here. */
static void count_operation(void)
{
    static _Atomic size_t operations;
    const size_t every = debug_options.check_every;
    if (every != 0 &&
        (atomic_fetch_add_explicit(&operations, 1, memory_order_relaxed) + 1) % every ==
            0) {
        check_everything();
    }
}

/* The system has refused `bytes`: blocks in quarantine go before their turn. false:
 * that does not help. */
static bool relieve(size_t bytes, bool locked)
{
    struct debug_block *damaged;
    const bool relieved = debug_quarantine_relieve(bytes, &damaged);
    if (damaged != NULL) {
        check_damage(damaged, locked);
    }
    return relieved;
}

static bool place(struct debug_block *block, size_t alignment, bool locked)
{
    while (!debug_block_place(block, alignment)) {
        if (!relieve(block->size, locked)) {
            return debug_block_place_in_heap(block, alignment);
        }
    }
    return true;
}

/* Under the lock. NULL: no memory. */
static const struct debug_block *allocate(struct debug_block *block, size_t alignment,
                                          const struct debug_stack *stack, bool locked)
{
    block->allocated_at = debug_stack_store(stack);
    block->alignment_shift = (uint8_t)floor_log2(alignment);
    if (UNLIKELY(!heap_top_is_sound())) { /* the block that ran over tells more */
        check_blocks(locked);
    }
    if (!place(block, alignment, locked)) {
        return NULL;
    }
    while (!debug_table_insert(block)) {
        if (!relieve(1, locked)) {
            debug_block_retire(block);
            debug_block_release(block);
            return NULL;
        }
    }
    debug_totals.live_blocks++;
    debug_totals.live_bytes += block->size;
    return block;
}

void *debug_allocate(size_t size, size_t alignment, enum debug_kind kind,
                     size_t *nonzero_prefix)
{
    if (debug_inside > 0) {
        return debug_arena_allocate(size, alignment);
    }
    static uint64_t next_serial;
    struct debug_block block = {.size = size, .kind = (uint8_t)kind};
    struct debug_stack stack;
    debug_stack_capture(&stack);
    count_operation();
    const bool locked = lock_acquire(&heap_lock);
    block.serial = next_serial++;
    const bool done = size <= REQUEST_LIMIT_BYTES - alignment &&
                      allocate(&block, alignment, &stack, locked) != NULL;
    if (done) {
        debug_log_allocate(&block, alignment);
    }
    lock_release(&heap_lock, locked);
    if (done && nonzero_prefix != NULL) {
        *nonzero_prefix = debug_block_nonzero_prefix(&block);
    }
    return done ? block.payload : NULL;
}

/* Under the lock: the block of a pointer that the program gave, live and whole. */
static struct debug_block *live_block(const void *ptr, const struct misuse *misuse,
                                      bool locked)
{
    struct debug_block *const block = debug_table_find(ptr);
    if (UNLIKELY(block == NULL)) {
        report_foreign(misuse->foreign, ptr, locked);
    }
    if (UNLIKELY(block->freed)) {
        struct debug_error error = error_about(misuse->freed, block);
        report(&error, locked);
    }
    check_damage(block, locked);
    return block;
}

/* C++ wants the very alignment of the aligned operator new; free, none at all. */
static bool is_alignment_right(const struct debug_block *block,
                               struct debug_release release)
{
    const size_t alignment = (size_t)1 << block->alignment_shift;
    if (release.kind == DEBUG_MALLOC) {
        return release.alignment <= alignment || release.alignment <= ALIGNMENT_BYTES;
    }
    return alignment == (release.alignment != 0 ? release.alignment : 1);
}

/* What a freeing call claims must be so. */
static void check_release(const struct debug_block *block, struct debug_release release,
                          bool locked)
{
    const char *misuse = NULL;
    if (debug_options.mismatch == 0) {
        return;
    }
    if (release.kind != (enum debug_kind)block->kind) {
        misuse = release.resizes ? "mismatched realloc of" : "mismatched free of";
    } else if (release.sized && release.size != block->size) {
        misuse = "free with a wrong size of";
    } else if (!is_alignment_right(block, release)) {
        misuse = "free with a wrong alignment of";
    }
    if (UNLIKELY(misuse != NULL)) {
        struct debug_error error = error_about(misuse, block);
        error.release = release;
        report(&error, locked);
    }
}

/* Under the lock: from live to quarantine. */
static void retire(struct debug_block *block, const struct debug_stack *stack,
                   bool locked)
{
    block->freed = true;
    block->freed_at = debug_stack_store(stack);
    debug_totals.live_blocks--;
    debug_totals.live_bytes -= block->size;
    debug_block_retire(block);
    const struct debug_block *const damaged = debug_quarantine_add(block);
    if (UNLIKELY(damaged != NULL)) {
        check_damage(damaged, locked);
    }
}

void debug_free(void *ptr, struct debug_release release)
{
    if (debug_arena_bytes(ptr) != 0) {
        return;
    }
    const int saved = errno;
    struct debug_stack stack;
    debug_table_prefetch(ptr);
    debug_stack_capture(&stack);
    count_operation();
    const bool locked = lock_acquire(&heap_lock);
    struct debug_block *const block = live_block(ptr, &misuse_of_free, locked);
    check_release(block, release, locked);
    debug_log_free(block, release);
    retire(block, &stack, locked);
    lock_release(&heap_lock, locked);
    errno = saved;
}

void *debug_resize(void *ptr, size_t size)
{
    const size_t arena_bytes = debug_arena_bytes(ptr);
    if (arena_bytes != 0) {
        void *const moved = debug_arena_allocate(size, ALIGNMENT_BYTES);
        return moved != NULL ? memcpy(moved, ptr, smaller(arena_bytes, size)) : NULL;
    }
    struct debug_stack stack;
    debug_stack_capture(&stack);
    count_operation();
    const bool locked = lock_acquire(&heap_lock);
    struct debug_block *const old = live_block(ptr, &misuse_of_realloc, locked);
    check_release(old, (struct debug_release){.kind = DEBUG_MALLOC, .resizes = true},
                  locked);
    struct debug_block block = {.size = size, .serial = old->serial};
    const size_t kept = old->size < size ? old->size : size;
    const bool done =
        size <= REQUEST_LIMIT_BYTES && allocate(&block, 1, &stack, locked) != NULL;
    if (done) {
        memcpy(block.payload, ptr, kept);
        debug_log_resize(&block);
        retire(debug_table_find(ptr), &stack, locked);
    }
    lock_release(&heap_lock, locked);
    return done ? block.payload : NULL;
}

size_t debug_usable_bytes(const void *ptr)
{
    const size_t arena_bytes = debug_arena_bytes(ptr);
    if (arena_bytes != 0) {
        return arena_bytes;
    }
    const bool locked = lock_acquire(&heap_lock);
    const size_t bytes = live_block(ptr, &misuse_of_usable_size, locked)->size;
    lock_release(&heap_lock, locked);
    return bytes;
}
