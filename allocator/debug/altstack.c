#include "debug/altstack.h"

#include <stdatomic.h>

#include "debug/guard.h"

#define STACK_BYTES (512 * KIB)
/* More are not in use at a time, or have been left by a longjmp. */
#define STACK_LIMIT 64

static struct {
    atomic_bool taken;
    _Atomic(char *) memory; /* between guard pages; NULL: not yet */
} stacks[STACK_LIMIT];

/* Call body(argument) with the stack pointer at top. A frame with a frame pointer: by
 * its description unwinders step from one stack to the other. */
void debug_altstack_call(void *argument, void (*body)(void *), void *top) OUR_OWN;
__asm__(".text\n"
        ".globl debug_altstack_call\n"
        ".hidden debug_altstack_call\n"
        ".type debug_altstack_call, %function\n"
        "debug_altstack_call:\n"
        ".cfi_startproc\n"
#if defined(__x86_64__)
        "endbr64\n"
        "push %rbp\n"
        ".cfi_def_cfa_offset 16\n"
        ".cfi_offset %rbp, -16\n"
        "mov %rsp, %rbp\n"
        ".cfi_def_cfa_register %rbp\n"
        "mov %rdx, %rsp\n"
        "call *%rsi\n"
        "mov %rbp, %rsp\n"
        ".cfi_def_cfa_register %rsp\n"
        "pop %rbp\n"
        ".cfi_def_cfa_offset 8\n"
#elif defined(__aarch64__)
        "hint #34\n" /* bti c */
        "stp x29, x30, [sp, #-16]!\n"
        ".cfi_def_cfa_offset 16\n"
        ".cfi_offset x29, -16\n"
        ".cfi_offset x30, -8\n"
        "mov x29, sp\n"
        ".cfi_def_cfa_register x29\n"
        "mov sp, x2\n"
        "blr x1\n"
        "mov sp, x29\n"
        ".cfi_def_cfa_register sp\n"
        "ldp x29, x30, [sp], #16\n"
        ".cfi_restore x29\n"
        ".cfi_restore x30\n"
        ".cfi_def_cfa_offset 0\n"
#endif
        "ret\n"
        ".cfi_endproc\n"
        ".size debug_altstack_call, . - debug_altstack_call\n");

void debug_altstack_run(void (*body)(void *argument), void *argument)
{
    size_t i = 0;
    while (i < STACK_LIMIT && atomic_exchange(&stacks[i].taken, true)) {
        i++;
    }
    if (i == STACK_LIMIT) {
        body(argument);
        return;
    }
    if (stacks[i].memory == NULL) {
        stacks[i].memory = debug_guard_map(STACK_BYTES, PAGE_BYTES);
    }
    if (stacks[i].memory != NULL) {
        debug_altstack_call(argument, body, stacks[i].memory + STACK_BYTES);
    } else {
        body(argument);
    }
    atomic_store(&stacks[i].taken, false);
}

bool debug_altstack_holds(uintptr_t page)
{
    for (size_t i = 0; i < STACK_LIMIT; i++) {
        const char *const memory = stacks[i].memory;
        if (memory != NULL && page - (uintptr_t)memory < STACK_BYTES) {
            return true;
        }
    }
    return false;
}
