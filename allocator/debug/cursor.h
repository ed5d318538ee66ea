/* Reading call frame information (debug/cfi.h) from the front of a piece of it. */
#ifndef SNUG_DEBUG_CURSOR_H
#define SNUG_DEBUG_CURSOR_H

#include "base/size.h"

/* Encodings of pointers, DW_EH_PE_: how it is stored, and what it is relative to. */
enum {
    STORED_BITS = 0x0f,
    STORED_NATIVE = 0x00,
    STORED_U4 = 0x03,
    STORED_U8 = 0x04,
    STORED_S4 = 0x0b,
    STORED_S8 = 0x0c,
    RELATIVE_TO_PLACE = 0x10,
    RELATIVE_TO_HEADER = 0x30
};

/* A piece of CFI that is read from its front. */
struct cursor {
    const uint8_t *at, *end;
    bool bad; /* read beyond the end, or what is not known here */
};

/* A number of so many bytes, at most eight. */
uint64_t cursor_fixed(struct cursor *cursor, size_t bytes);
/* LEB128: seven bits a byte, the lowest first. */
uint64_t cursor_unsigned(struct cursor *cursor);
int64_t cursor_signed(struct cursor *cursor);
/* false: there are not so many. */
bool cursor_skip(struct cursor *cursor, uint64_t bytes);
/* A pointer as it is stored, and what it points at. */
uintptr_t cursor_stored(struct cursor *cursor, uint8_t encoding);
uintptr_t cursor_pointer(struct cursor *cursor, uint8_t encoding);

#endif
