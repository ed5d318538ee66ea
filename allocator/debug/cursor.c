#include "debug/cursor.h"

#include <string.h>

static void read_bytes(struct cursor *cursor, void *to, size_t bytes)
{
    if ((size_t)(cursor->end - cursor->at) < bytes) {
        cursor->bad = true;
        cursor->at = cursor->end;
        memset(to, 0, bytes);
        return;
    }
    memcpy(to, cursor->at, bytes);
    cursor->at += bytes;
}

uint8_t cursor_u8(struct cursor *cursor)
{
    uint8_t value;
    read_bytes(cursor, &value, sizeof value);
    return value;
}

uint16_t cursor_u16(struct cursor *cursor)
{
    uint16_t value;
    read_bytes(cursor, &value, sizeof value);
    return value;
}

uint32_t cursor_u32(struct cursor *cursor)
{
    uint32_t value;
    read_bytes(cursor, &value, sizeof value);
    return value;
}

static uint64_t cursor_u64(struct cursor *cursor)
{
    uint64_t value;
    read_bytes(cursor, &value, sizeof value);
    return value;
}

static uint64_t read_leb(struct cursor *cursor, bool is_signed)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        byte = cursor_u8(cursor);
        if (shift < 64) {
            value |= (uint64_t)(byte & 0x7f) << shift;
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

void cursor_skip(struct cursor *cursor, uint64_t bytes)
{
    if ((uint64_t)(cursor->end - cursor->at) < bytes) {
        cursor->bad = true;
        cursor->at = cursor->end;
    } else {
        cursor->at += bytes;
    }
}

uintptr_t cursor_stored(struct cursor *cursor, uint8_t encoding)
{
    switch (encoding & STORED_BITS) {
    case STORED_NATIVE:
    case STORED_U8:
    case STORED_S8:
        return (uintptr_t)cursor_u64(cursor);
    case STORED_U4:
        return cursor_u32(cursor);
    case STORED_S4:
        return (uintptr_t)(intptr_t)(int32_t)cursor_u32(cursor);
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
