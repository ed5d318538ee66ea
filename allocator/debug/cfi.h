/* Call frame information (DWARF 5, section 6.4, as .eh_frame holds it; Linux Standard
 * Base, Exception Frames): how the frame of a function is left for its caller's.
 *
 * A rule says, in 64 bits, what nearly every frame needs: the canonical frame address
 * (CFA, the caller's stack pointer) is the stack or frame pointer and an offset, and
 * return address and saved frame pointer lie at offsets from it. */
#ifndef SNUG_DEBUG_CFI_H
#define SNUG_DEBUG_CFI_H

#include "base/size.h"

/* Numbers of registers in CFI. */
#if defined(__x86_64__)
enum {
    CFI_FP = 6,
    CFI_SP = 7,
    CFI_RA = 16
};
#elif defined(__aarch64__)
enum {
    CFI_FP = 29,
    CFI_SP = 31,
    CFI_RA = 30
};
#endif

/* Where the CFA comes from, bits 0 and 1 of a rule. */
enum cfi_base {
    CFI_NO_BASE, /* the whole rule is one of those below */
    CFI_FROM_SP,
    CFI_FROM_FP,
    CFI_IN_FRAME /* it was stored at an offset from the frame pointer: a function that
                    realigns its stack */
};

/* Where the caller's frame pointer is, bits 2 and 3. */
enum cfi_saved {
    CFI_UNCHANGED,
    CFI_AT_CFA, /* stored at an offset from the CFA, */
    CFI_AT_FP   /* or from the frame pointer */
};

/* The three rules that are no step. */
#define CFI_NONE ((uint64_t)0)      /* nothing is known */
#define CFI_END ((uint64_t)1 << 2)  /* there is no caller, or no way to it */
#define CFI_HARD ((uint64_t)2 << 2) /* more than a rule can say */

static inline enum cfi_base cfi_base(uint64_t rule)
{
    return (enum cfi_base)(rule & 3);
}

static inline enum cfi_saved cfi_saved_fp(uint64_t rule)
{
    return (enum cfi_saved)(rule >> 2 & 3);
}

/* The offsets, multiples of 8: of the CFA from its base in bits 40 to 63, of the return
 * address from the CFA in bits 22 to 39, of the saved frame pointer in bits 4 to 21. */
static inline uintptr_t cfi_base_offset(uint64_t rule)
{
    return (uintptr_t)((int64_t)rule >> 40) * 8;
}

static inline uintptr_t cfi_ra_offset(uint64_t rule)
{
    return (uintptr_t)((int64_t)(rule << 24) >> 46) * 8;
}

static inline uintptr_t cfi_fp_offset(uint64_t rule)
{
    return (uintptr_t)((int64_t)(rule << 42) >> 46) * 8;
}

/* The rule at an address of code. header: the .eh_frame_hdr of the object that holds
 * it, NULL if there is none. */
COLD_CODE uint64_t cfi_find_rule(const void *header, uintptr_t address);

#endif
