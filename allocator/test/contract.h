/* What snug.h promises of every call. */
#ifndef SNUG_TEST_CONTRACT_H
#define SNUG_TEST_CONTRACT_H

#include "child.h"

enum {
    ERRNO_BEFORE = 77 /* set before a call that must leave it; no error of ours */
};

/* 8 bytes of alignment do for a block of up to 8, 16 beyond. */
static inline void check_block(const void *block, size_t size)
{
    CHECK(block != NULL);
    CHECK_NUMBERS((uintptr_t)block % (size <= 8 ? 8 : 16), ==, 0);
}

#endif
