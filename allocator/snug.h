/* snug - a best-fit memory allocator for Linux. This header is its manual.
 *
 * Use it in one of two ways:
 *   - unchanged programs:   LD_PRELOAD=/path/to/libsnug.so program
 *                           (malloc and its kin under every name that libc has for
 *                           them, C++'s operators new and delete, mlockall and
 *                           munlockall, and dlopen, which leaves RTLD_DEEPBIND out)
 *   - linked, by name:      #include "snug.h", link libsnug.a; the calls below do not
 *                           disturb libc's malloc, both may be used side by side. All
 *                           its names begin with snug_, unless it is built for
 *                           link-time optimization.
 *
 * All functions may be called from any thread at any time, before main and after exit
 * began included. None of them is async-signal-safe, as POSIX says of malloc. Memory
 * from one call (snug_malloc) must not be given to libc's free, nor the other way
 * round.
 *
 * Lines on stderr go to what descriptor 2 was when the process began. If the program
 * has another file there since, which is neither a pipe nor /dev/null, they go to the
 * terminal if stderr was one, else nowhere (the debug levels keep a copy of stderr).
 *
 * Sizes are in bytes. A request above 2^47 - 64 KiB fails at once. Where a call fails
 * it returns NULL with errno set to ENOMEM unless it says otherwise, and no block is
 * changed. Successful calls leave errno as it was. */
#ifndef SNUG_H
#define SNUG_H

#include <malloc.h> /* struct mallinfo2 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h> /* FILE */

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SNUG_API __attribute__((visibility("default")))
#else
#define SNUG_API
#endif

/* A block of at least `size` bytes, its content undefined. size 0 gives a block of its
 * own, to be freed like any other.
 * Alignment: 16 bytes. Cost: a few steps for the best fit among free blocks (from
 * 32 KiB on at most size / 512); a system call only when the heap takes more memory, or
 * gives back some that is free, or the block is large enough for its own mapping.
 * Source: C17 7.22.3.4. */
SNUG_API void *snug_malloc(size_t size);

/* A zeroed block for `count` elements of `size` bytes. Fails also if the product
 * overflows. Beyond 512 bytes, pages fresh from the kernel are not written. Source:
 * C17 7.22.3.2. */
SNUG_API void *snug_calloc(size_t count, size_t size);

/* Resize a block, moving it if need be; content is kept up to the smaller size. ptr
 * NULL is snug_malloc(size). size 0 with a block frees it and returns NULL, as glibc
 * does. On failure the old block is as it was; to become smaller never fails, but at a
 * debug level. Grows in place where the next block is free or the block is the last; by
 * mremap for large blocks. Source: C17 7.22.3.5. */
SNUG_API void *snug_realloc(void *ptr, size_t size);

/* snug_realloc for count * size bytes; ENOMEM if the product overflows. Source: POSIX
 * 2024. */
SNUG_API void *snug_reallocarray(void *ptr, size_t count, size_t size);

/* Give a block back; NULL does nothing. errno is kept. A pointer that is no live block
 * of snug's ends the process with a line on stderr. Cost: as malloc. Source:
 * C17 7.22.3.3. */
SNUG_API void snug_free(void *ptr);

/* The size and alignment given must be those of the request. A size that the block
 * cannot have been asked for with, such as twice its room, ends the process with a line
 * on stderr; smaller errors, blocks with mappings of their own and wrong alignments are
 * looked at by the debug levels only. Source: C23 7.24.3.4, 7.24.3.5. */
SNUG_API void snug_free_sized(void *ptr, size_t size);
SNUG_API void snug_free_aligned_sized(void *ptr, size_t alignment, size_t size);

/* A block at a multiple of `alignment`, a power of two; EINVAL otherwise. Costs no
 * memory beyond the alignment's own gap, which is free for others. An alignment from
 * the threshold of M_MMAP_THRESHOLD on gives a mapping. Source: C17 7.22.3.1. */
SNUG_API void *snug_aligned_alloc(size_t alignment, size_t size);

/* The same into *out; returns 0, EINVAL (alignment no power of two or not a multiple of
 * sizeof(void *)) or ENOMEM; errno and, on failure, *out are kept. Source: POSIX. */
SNUG_API int snug_posix_memalign(void **out, size_t alignment, size_t size);

/* Old names. memalign: as aligned_alloc, but a bad alignment is rounded up to a power
 * of two, as glibc does; EINVAL if there is none, above 2^63. valloc: page aligned.
 * pvalloc: also rounded up to whole pages. */
SNUG_API void *snug_memalign(size_t alignment, size_t size);
SNUG_API void *snug_valloc(size_t size);
SNUG_API void *snug_pvalloc(size_t size);

/* Bytes that may be used at ptr: at least what was asked for. 0 for NULL. No lock, but
 * for blocks with mappings of their own. */
SNUG_API size_t snug_malloc_usable_size(void *ptr);

/* Give free memory back to the system: pages above the last block but for `pad` bytes,
 * and whole pages inside free blocks. 1 if any was given back, else 0. A system call
 * for each free block that has whole pages, with the lock held. */
SNUG_API int snug_malloc_trim(size_t pad);

/* Set a parameter of malloc.h. 1 done, 0 unknown, or a value that glibc refuses, too.
 *   M_MMAP_THRESHOLD  bytes from which a block gets its own mapping; negative: no block
 *                     does
 *   M_MMAP_MAX        0 and less: no block gets a mapping; else they may again, 4096 at
 *                     a time
 *   M_TRIM_THRESHOLD  negative: nothing is ever given back but by malloc_trim; other
 *                     values: as if it had not been set
 *   M_TOP_PAD         bytes kept above the last block but by malloc_trim; negative: all
 *
 * M_MXFAST (0 to 160), M_PERTURB, M_CHECK_ACTION, M_ARENA_TEST, M_ARENA_MAX, M_NLBLKS,
 * M_GRAIN and M_KEEP are accepted and change nothing: there are no arenas or fast bins,
 * and the debug levels fill and check. */
SNUG_API int snug_mallopt(int parameter, int value);

/* The environment may set, for any program that has snug (sizes in bytes, or with K, M
 * or G for 2^10, 2^20, 2^30; what is not understood gets a line on stderr and the
 * default; programs with more rights than their user ignore all):
 *   SNUG_PREALLOCATE=SIZE     the heap grows by at least this (64M)
 *   SNUG_MMAP_THRESHOLD=SIZE  as M_MMAP_THRESHOLD (64M)
 *   SNUG_HUGE_PAGES=1         ask for huge pages for the heap (0)
 *   SNUG_PURGE=never|always   never: nothing goes back but by malloc_trim; always:
 *                             nearly all goes back each time that nearly all is free
 *                             (by default only after the heap has grown) */

/* Totals, in bytes. arena: address space of the heap; hblks, hblkhd: large blocks and
 * their bytes; uordblks, fordblks: heap in use (headers included) and free; ordblks:
 * free blocks; keepcost: the top; fsmblks: free small objects. Free are: free blocks,
 * the unused top, small objects free in runs, and what caches keep for reuse (this
 * thread's and those between threads; what other threads keep for themselves counts as
 * in use). O(free blocks). */
SNUG_API struct mallinfo2 snug_mallinfo2(void);

/* Totals for people, on stderr: snug_dump(0). O(blocks). */
SNUG_API void snug_malloc_stats(void);

/* The same and more as XML, in the elements of glibc's malloc_info: there is one heap;
 * <size> is a range of free sizes, type "fast" counts the small objects, "rest" free
 * blocks, the top and the bytes that caches keep of larger blocks, "mmap" large blocks.
 * Written to `stream` in one piece, no lock of ours held. 0; EINVAL if options is not
 * 0; -1 if the stream fails or there is no memory. O(free blocks). */
SNUG_API int snug_malloc_info(int options, FILE *stream);

/* What snug asked of the kernel since the process began, to have memory and to give it
 * back. */
struct snug_system_calls {
    uint64_t brk, mmap, munmap, mremap, madvise;
};
SNUG_API struct snug_system_calls snug_system_calls(void);

/* Check every invariant of the heap. NULL if all hold, else a sentence that names the
 * first that does not. O(blocks), with the lock held. */
SNUG_API const char *snug_check_heap(void);

/* For the person at the terminal: what memory looks like now. All of these can be
 * called from gdb (call snug_dump(1); allocator/snug.gdb has commands), allocate
 * nothing and write to stderr. They take the lock of the heap, and give up with a line
 * on stderr after a fifth of a second without it: the thread that has it may be the one
 * that gdb has stopped. Stopped in the middle of a change in a program of one thread,
 * which needs no lock, they may show it half done. What they tell of the caches of
 * other threads that are running is a moment old. */

enum snug_state {
    SNUG_IN_USE, /* the program's */
    SNUG_KEPT,   /* in a cache of a thread; at a debug level freed, in quarantine */
    SNUG_FREE    /* for whoever comes next */
};

enum snug_kind {
    SNUG_OBJECT,   /* of a run, among others of its size */
    SNUG_BLOCK,    /* of the heap, with a tag in the 8 bytes before it */
    SNUG_LARGE,    /* has a mapping of its own */
    SNUG_ZERO_SIZE /* of malloc(0): an address that cannot be accessed */
};

struct snug_block {
    const void *address;
    size_t bytes;    /* usable; at a debug level: as asked for */
    const void *run; /* where the run of an object begins, else NULL */
    enum snug_kind kind;
    enum snug_state state;
};

/* Call back for every block and object: heap blocks and objects in address order of
 * each part of the heap, then large ones; at a debug level in no order, and only what
 * was allocated there. The callback may not call the allocator. false: the lock could
 * not be had, or the heap is damaged and was not seen to its end. O(blocks). */
SNUG_API bool snug_walk(void (*callback)(const struct snug_block *block, void *context),
                        void *context);

/* A map of memory. level 0: totals; 1: a line each run and each block, too; 2: and each
 * object of a run. */
SNUG_API void snug_dump(int level);

/* At a debug level: the leaks so far, by call stack, most bytes first; returns the
 * blocks lost. At level 0 nobody knows who allocated what: prints all blocks in use by
 * size, most bytes first, and returns their number. */
SNUG_API size_t snug_leaks(void);

/* What a pointer points at or into: size, run, in use or not; at a debug level where it
 * was allocated and freed. */
SNUG_API void snug_describe(const void *pointer);

struct snug_stats {
    size_t live_blocks;
    size_t live_bytes;  /* usable; at a debug level: as asked for */
    size_t kept_blocks; /* in caches, or in quarantine */
    size_t kept_bytes;
    size_t free_blocks; /* of the heap, and objects of runs */
    size_t free_bytes;
    size_t top_bytes; /* free behind the last block */
    size_t runs;
    size_t regions;       /* parts of the heap */
    size_t region_bytes;  /* address space, resident or not */
    size_t touched_bytes; /* written to at some time and not given back */
    size_t large_blocks;  /* with mappings of their own; among the live ones, too */
    size_t large_bytes;   /* whole pages */
    struct snug_system_calls system_calls; /* since the process began */
};

/* false as snug_walk. O(blocks). */
SNUG_API bool snug_stats(struct snug_stats *stats);

/* SNUG_DEBUG=LEVEL[,OPTION...] in the environment turns a debug level on, for any
 * program that has snug.
 *
 *   check[=N]   Blocks get red zones, freed ones wait in a quarantine, both are filled
 *               and looked at on free, realloc and at exit, and every N calls if N is
 *               given. Blocks above 64 KiB stand between guard pages. At exit,
 *               blocks that nothing points to are reported as leaks.
 *   guard       Each block has pages of its own, its end against one that cannot be
 *               accessed, and a freed one cannot be accessed either: an access there
 *               dies of SIGSEGV at the instruction. Where mappings run short
 *               (vm.max_map_count) blocks are as at check, and a line says so. No leak
 *               report unless leaks=1.
 *
 * Options follow, each after a comma:
 *   redzone=BYTES     around each block of the heap at least (16; up to 65536); blocks
 *                     beyond 256 bytes have a sixteenth of their size, up to 1024
 *   quarantine=BYTES  freed blocks kept, and an eighth of what is live (1048576)
 *   depth=FRAMES      kept of a call stack (12; 1 to 32)
 *   align=BYTES       of blocks before a guard page (16; 1 notices every byte, but
 *                     programs may rely on more)
 *   leaks=0           no report at exit
 *   mismatch=0        what malloc, new or new[] gave may be freed by the others' calls,
 *                     as where a library has operators of its own, or as of another
 *                     size or alignment
 *   exitcode=N        end with N if blocks leaked
 *   suppress=FILE     leaks not to report: a line each with a part of the name of a
 *                     function or object anywhere in the call stack; or # and a comment
 *   log=FILE          every call, in the trace format of snugbench
 *
 * Misuse ends the process by SIGABRT after one line and the call stacks on stderr:
 *   snug: double free of 0x55d0c8a3f2a0, 48 bytes
 * Programs with more rights than their user ignore SNUG_DEBUG. No signal handler is
 * installed. */

/* The same from inside: `options` is what SNUG_DEBUG would hold. Before the program's
 * first allocation. true: the level is on. false: too late, SNUG_DEBUG is set, or no
 * level is named. What is not understood gets a line on stderr. */
SNUG_API bool snug_debug(const char *options);

#ifdef __cplusplus
}
#endif

#endif
