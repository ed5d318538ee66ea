#include "debug/cursor.h"

#include <string.h>

bool cursor_skip(struct cursor *cursor, uint64_t bytes)
{
    const bool enough = (uint64_t)(cursor->end - cursor->at) >= bytes;
    cursor->bad |= !enough;
    cursor->at = enough ? cursor->at + bytes : cursor->end;
    return enough;
}

uint64_t cursor_fixed(struct cursor *cursor, size_t bytes)
{
    uint64_t value = 0; /* both machines are little-endian */
    const uint8_t *const at = cursor->at;
    if (cursor_skip(cursor, bytes)) {
        memcpy(&value, at, bytes);
    }
    return value;
}

static uint64_t read_leb(struct cursor *cursor, bool is_signed)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint64_t byte;
    do {
        byte = cursor_fixed(cursor, 1);
        if (shift < 64) {
            value |= (byte & 0x7f) << shift;
        }
        shift += 7;
    } while ((byte & 0x80) != 0);
    if (is_signed && shift < 64 && (byte & 0x40) != 0) {
        value |= UINT64_MAX << shift;
    }
    return value;
}

uint64_t cursor_unsigned(struct cursor *cursor)
{
    return read_leb(cursor, false);
}

int64_t cursor_signed(struct cursor *cursor)
{
    return (int64_t)read_leb(cursor, true);
}

uintptr_t cursor_stored(struct cursor *cursor, uint8_t encoding)
{
    switch (encoding & STORED_BITS) {
    case STORED_NATIVE:
    case STORED_U8:
    case STORED_S8:
        return cursor_fixed(cursor, 8);
    case STORED_U4:
        return cursor_fixed(cursor, 4);
    case STORED_S4:
        return (uintptr_t)(intptr_t)(int32_t)cursor_fixed(cursor, 4);
    default:
        cursor->bad = true;
        return 0;
    }
}

uintptr_t cursor_pointer(struct cursor *cursor, uint8_t encoding)
{
    const uintptr_t place = (uintptr_t)cursor->at;
    const uintptr_t stored = cursor_stored(cursor, encoding);
    switch (encoding & ~STORED_BITS) {
    case 0:
        return stored;
    case RELATIVE_TO_PLACE:
        return place + stored;
    default:
        cursor->bad = true;
        return 0;
    }
}
