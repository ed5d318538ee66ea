/* Walking up a call stack, without locks, system calls or allocation, from any thread
 * and any signal's handler.
 *
 * A frame is left by the rule of its return address (debug/cfi.h), and the rules found
 * are kept in a table. A stack with a frame that needs more than a rule can say, a
 * signal's above all, is left to libgcc's unwinder, which takes far longer (what each
 * takes: allocator/DEBUGGING.md). */
#ifndef SNUG_DEBUG_UNWIND_H
#define SNUG_DEBUG_UNWIND_H

#include "base/size.h"

/* Registers amid a function that has not returned yet. */
struct unwind_start {
    uintptr_t address; /* of code */
    uintptr_t sp;
    uintptr_t fp;
};

/* Where the caller is. What is walked to from here begins with the caller of the
 * function that this is inlined into. */
static ALWAYS_INLINE struct unwind_start unwind_start_here(void)
{
#if defined(__x86_64__)
    register uintptr_t address __asm__("rax");
    register uintptr_t sp __asm__("rcx");
    register uintptr_t fp __asm__("rdx");
    __asm__ volatile("lea 0f(%%rip), %0\n0:\tmov %%rsp, %1\n\tmov %%rbp, %2"
                     : "=&r"(address), "=&r"(sp), "=&r"(fp));
#elif defined(__aarch64__)
    register uintptr_t address __asm__("x9");
    register uintptr_t sp __asm__("x10");
    register uintptr_t fp __asm__("x11");
    __asm__ volatile("adr %0, 0f\n0:\tmov %1, sp\n\tmov %2, x29"
                     : "=&r"(address), "=&r"(sp), "=&r"(fp));
#endif
    return (struct unwind_start){address, sp, fp};
}

/* Have the table of rules and libgcc's unwinder; until then stacks are empty. Not from
 * inside an allocation that the dynamic linker makes: it is asked to load a library. */
void debug_unwind_begin(void);

/* The return addresses of the calls that led to start, innermost first, from the first
 * that is not the allocator's, at most so many. Returns how many. */
size_t debug_unwind(const struct unwind_start *start, void **frames, size_t most);

/* The two ways it has. By rules: *whole tells whether they sufficed. */
size_t unwind_by_rules(const struct unwind_start *start, void **frames, size_t most,
                       bool *whole);
COLD_CODE size_t unwind_by_libgcc(const struct unwind_start *start, void **frames,
                                  size_t most);

#endif
