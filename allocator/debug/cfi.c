#include "debug/cfi.h"

#include <string.h>

#include "debug/cursor.h"

/* The record of .eh_frame at a place, less its length; empty at the table's end. */
static struct cursor open_record(const uint8_t *at)
{
    uint32_t length;
    memcpy(&length, at, sizeof length);
    const bool is_64_bit = length == UINT32_MAX; /* no linker makes these */
    const uint8_t *const begin = at + sizeof length;
    return (struct cursor){begin, begin + (is_64_bit ? 0 : length), is_64_bit};
}

/* What a common information entry (CIE) says, which many functions share. */
struct common {
    uint64_t code_unit;
    int64_t data_unit;
    uint8_t pointers; /* how those of its functions are encoded */
    bool has_augmentation;
    struct cursor program; /* that comes before a function's own */
};

static void read_augmentation(struct cursor *cursor, const char *letters,
                              struct common *common)
{
    if (*letters == '\0') {
        return;
    }
    if (*letters++ != 'z') {
        cursor->bad = true;
        return;
    }
    common->has_augmentation = true;
    const uint64_t bytes = cursor_unsigned(cursor);
    struct cursor data = *cursor;
    cursor_skip(cursor, bytes);
    data.end = cursor->at;
    for (; *letters != '\0'; letters++) {
        switch (*letters) {
        case 'L': /* how the language's own data is encoded */
            cursor_skip(&data, 1);
            break;
        case 'P': /* the language's function */
            cursor_stored(&data, (uint8_t)cursor_fixed(&data, 1));
            break;
        case 'R':
            common->pointers = (uint8_t)cursor_fixed(&data, 1);
            break;
        case 'B': /* which key signs return addresses */
            break;
        default: /* 'S', a signal's frame, among others */
            data.bad = true;
            break;
        }
    }
    cursor->bad |= data.bad;
}

static struct common read_common(const uint8_t *at, bool *bad)
{
    struct common common = {.pointers = STORED_NATIVE};
    struct cursor cursor = open_record(at);
    const uint64_t id = cursor_fixed(&cursor, 4);
    const uint64_t version = cursor_fixed(&cursor, 1);
    const char *const letters = (const char *)cursor.at;
    while (cursor_fixed(&cursor, 1) != '\0') {
    }
    common.code_unit = cursor_unsigned(&cursor);
    common.data_unit = cursor_signed(&cursor);
    const uint64_t ra =
        version == 1 ? cursor_fixed(&cursor, 1) : cursor_unsigned(&cursor);
    if (id != 0 || (version != 1 && version != 3) || ra != CFI_RA) {
        cursor.bad = true;
    } else {
        read_augmentation(&cursor, letters, &common);
    }
    common.program = cursor;
    *bad = cursor.bad;
    return common;
}

/* A row of the table that a program describes, as far as it is of interest. */
struct place {
    enum {
        SAME, /* unchanged */
        UNDEFINED,
        AT_CFA,
        AT_FP,
        OTHERWISE
    } kind;
    int64_t offset;
};

struct row {
    uint64_t base_register;
    int64_t base_offset;
    enum {
        BY_REGISTER,
        IN_FRAME,
        BY_EXPRESSION
    } base_kind;
    struct place fp, ra;
};

#define ROWS_LIMIT 4 /* that are remembered at a time; compilers need one */

struct machine {
    const struct common *common;
    uintptr_t address;
    struct row row, initial;
    struct place other; /* of no interest */
    struct row remembered[ROWS_LIMIT];
    size_t remembered_count;
};

static struct place *place_in(struct machine *machine, struct row *row, uint64_t number)
{
    return number == CFI_FP ? &row->fp : number == CFI_RA ? &row->ra : &machine->other;
}

/* Whether an expression is the frame pointer and an offset, then that what is stored
 * there if asked for; it is read to its end. */
static bool read_frame_expression(struct cursor *cursor, bool stored, int64_t *offset)
{
    enum {
        DW_OP_DEREF = 0x06,
        DW_OP_BREG0 = 0x70
    };
    const uint64_t bytes = cursor_unsigned(cursor);
    struct cursor expression = *cursor;
    cursor_skip(cursor, bytes);
    expression.end = cursor->at;
    if (cursor_fixed(&expression, 1) != DW_OP_BREG0 + CFI_FP) {
        return false;
    }
    *offset = cursor_signed(&expression);
    if (stored && cursor_fixed(&expression, 1) != DW_OP_DEREF) {
        return false;
    }
    return expression.at == expression.end && !expression.bad;
}

/* The instructions, DW_CFA_; the first three have an operand in their lower 6 bits. */
enum {
    ADVANCE = 0x40,
    OFFSET = 0x80,
    RESTORE = 0xc0,
    NOP = 0x00,
    SET_LOC = 0x01,
    ADVANCE_1 = 0x02,
    ADVANCE_2 = 0x03,
    ADVANCE_4 = 0x04,
    OFFSET_EXTENDED = 0x05,
    RESTORE_EXTENDED = 0x06,
    SET_UNDEFINED = 0x07,
    SAME_VALUE = 0x08,
    IN_REGISTER = 0x09,
    REMEMBER = 0x0a,
    RECALL = 0x0b,
    BASE = 0x0c,
    BASE_REGISTER = 0x0d,
    BASE_OFFSET = 0x0e,
    BASE_EXPRESSION = 0x0f,
    EXPRESSION = 0x10,
    OFFSET_EXTENDED_SIGNED = 0x11,
    BASE_SIGNED = 0x12,
    BASE_OFFSET_SIGNED = 0x13,
    VALUE_OFFSET = 0x14,
    VALUE_OFFSET_SIGNED = 0x15,
    VALUE_EXPRESSION = 0x16,
    SIGNED_RETURN_ADDRESS = 0x2d,
    ARGUMENTS_SIZE = 0x2e
};

/* Where a register of the caller is, by what stands behind its number. */
static struct place read_place(struct machine *machine, struct cursor *cursor,
                               uint8_t code, uint64_t number)
{
    const int64_t unit = machine->common->data_unit;
    struct place place = {OTHERWISE, 0};
    switch (code) {
    case RESTORE:
    case RESTORE_EXTENDED:
        return *place_in(machine, &machine->initial, number);
    case OFFSET:
    case OFFSET_EXTENDED:
        return (struct place){AT_CFA, (int64_t)cursor_unsigned(cursor) * unit};
    case OFFSET_EXTENDED_SIGNED:
        return (struct place){AT_CFA, cursor_signed(cursor) * unit};
    case SET_UNDEFINED:
        return (struct place){UNDEFINED, 0};
    case SAME_VALUE:
        return (struct place){SAME, 0};
    case EXPRESSION:
        if (read_frame_expression(cursor, false, &place.offset)) {
            place.kind = AT_FP;
        }
        return place;
    case VALUE_EXPRESSION:
        cursor_skip(cursor, cursor_unsigned(cursor));
        return place;
    default: /* a number */
        cursor_unsigned(cursor);
        return place;
    }
}

/* One instruction; false: it is not known, or there are too many rows. */
static bool step(struct machine *machine, struct cursor *cursor)
{
    struct row *const row = &machine->row;
    const uint8_t byte = (uint8_t)cursor_fixed(cursor, 1);
    const uint8_t code = byte >> 6 != 0 ? byte & 0xc0 : byte;
    uint64_t operand = byte & 0x3f;
    switch (code) {
    case NOP:
    case SIGNED_RETURN_ADDRESS: /* on or off: the signature is taken away anyhow */
        return true;
    case ARGUMENTS_SIZE:
        cursor_unsigned(cursor);
        return true;
    case SET_LOC:
        machine->address = cursor_pointer(cursor, machine->common->pointers);
        return true;
    case ADVANCE_1:
    case ADVANCE_2:
    case ADVANCE_4:
        operand = cursor_fixed(cursor, (size_t)1 << (code - ADVANCE_1));
        __attribute__((fallthrough));
    case ADVANCE:
        machine->address += operand * machine->common->code_unit;
        return true;
    case OFFSET_EXTENDED:
    case RESTORE_EXTENDED:
    case SET_UNDEFINED:
    case SAME_VALUE:
    case IN_REGISTER:
    case EXPRESSION:
    case OFFSET_EXTENDED_SIGNED:
    case VALUE_OFFSET:
    case VALUE_OFFSET_SIGNED:
    case VALUE_EXPRESSION:
        operand = cursor_unsigned(cursor);
        __attribute__((fallthrough));
    case OFFSET:
    case RESTORE:
        *place_in(machine, row, operand) = read_place(machine, cursor, code, operand);
        return true;
    case BASE:
    case BASE_SIGNED:
    case BASE_REGISTER:
        row->base_kind = BY_REGISTER;
        row->base_register = cursor_unsigned(cursor);
        if (code == BASE_REGISTER) {
            return true;
        }
        __attribute__((fallthrough));
    case BASE_OFFSET:
    case BASE_OFFSET_SIGNED:
        row->base_offset = code == BASE || code == BASE_OFFSET
                               ? (int64_t)cursor_unsigned(cursor)
                               : cursor_signed(cursor) * machine->common->data_unit;
        return true;
    case BASE_EXPRESSION:
        row->base_kind = read_frame_expression(cursor, true, &row->base_offset)
                             ? IN_FRAME
                             : BY_EXPRESSION;
        return true;
    case REMEMBER:
        if (machine->remembered_count == ROWS_LIMIT) {
            return false;
        }
        machine->remembered[machine->remembered_count++] = *row;
        return true;
    case RECALL:
        if (machine->remembered_count == 0) {
            return false;
        }
        *row = machine->remembered[--machine->remembered_count];
        return true;
    default:
        return false;
    }
}

/* Up to the row that holds at an address. */
static bool run(struct machine *machine, struct cursor program, uintptr_t address)
{
    while (program.at < program.end && machine->address <= address && !program.bad) {
        if (!step(machine, &program)) {
            return false;
        }
    }
    return !program.bad;
}

/* An offset as it stands in a rule; false: it does not fit. */
static bool pack(int64_t offset, unsigned bits, unsigned shift, uint64_t *rule)
{
    const int64_t units = offset / 8;
    const int64_t limit = (int64_t)1 << (bits - 1);
    *rule |= ((uint64_t)units & (((uint64_t)1 << bits) - 1)) << shift;
    return offset % 8 == 0 && units >= -limit && units < limit;
}

static uint64_t rule_of(const struct row *row)
{
    if (row->ra.kind == UNDEFINED) {
        return CFI_END;
    }
    enum cfi_base base = CFI_NO_BASE;
    if (row->base_kind == IN_FRAME) {
        base = CFI_IN_FRAME;
    } else if (row->base_kind == BY_REGISTER && row->base_register == CFI_SP) {
        base = CFI_FROM_SP;
    } else if (row->base_kind == BY_REGISTER && row->base_register == CFI_FP) {
        base = CFI_FROM_FP;
    }
    static const uint8_t saved[] = {
        [SAME] = CFI_UNCHANGED, [AT_CFA] = CFI_AT_CFA, [AT_FP] = CFI_AT_FP};
    if (base == CFI_NO_BASE || row->ra.kind != AT_CFA || row->fp.kind == UNDEFINED ||
        row->fp.kind == OTHERWISE) {
        return CFI_HARD;
    }
    uint64_t rule = (uint64_t)base | (uint64_t)saved[row->fp.kind] << 2;
    const bool fits = pack(row->base_offset, 24, 40, &rule) &&
                      pack(row->ra.offset, 18, 22, &rule) &&
                      pack(row->fp.offset, 18, 4, &rule);
    return fits ? rule : CFI_HARD;
}

/* By the description of a function (frame description entry, FDE). */
static uint64_t rule_by(const uint8_t *description, uintptr_t address)
{
    struct cursor cursor = open_record(description);
    const uint8_t *const place = cursor.at;
    const uint64_t distance = cursor_fixed(&cursor, 4);
    bool bad;
    const struct common common = read_common(place - distance, &bad);
    if (bad || distance == 0) {
        return CFI_HARD;
    }
    const uintptr_t begin = cursor_pointer(&cursor, common.pointers);
    const uintptr_t bytes = cursor_stored(&cursor, common.pointers);
    if (address - begin >= bytes && !cursor.bad) {
        return CFI_END; /* between two functions */
    }
    if (common.has_augmentation) {
        cursor_skip(&cursor, cursor_unsigned(&cursor));
    }
    struct machine machine = {.common = &common, .address = begin};
    if (!run(&machine, common.program, address)) {
        return CFI_HARD;
    }
    machine.initial = machine.row;
    if (cursor.bad || !run(&machine, cursor, address)) {
        return CFI_HARD;
    }
    return rule_of(&machine.row);
}

/* .eh_frame_hdr: four bytes, a pointer to .eh_frame, the number of entries, and a table
 * of functions and their descriptions, both relative to the header. */
struct header {
    uint8_t version;
    uint8_t pointer_encoding;
    uint8_t count_encoding;
    uint8_t table_encoding;
    int32_t pointer;
    uint32_t count;
    struct entry {
        int32_t function;
        int32_t description;
    } table[];
};

uint64_t cfi_find_rule(const void *at, uintptr_t address)
{
    const struct header *const header = at;
    if (header == NULL || header->version != 1) {
        return CFI_END;
    }
    if (header->pointer_encoding != (RELATIVE_TO_PLACE | STORED_S4) ||
        header->count_encoding != STORED_U4 ||
        header->table_encoding != (RELATIVE_TO_HEADER | STORED_S4)) {
        return CFI_HARD;
    }
    const intptr_t wanted = (intptr_t)(address - (uintptr_t)header);
    size_t first = 0, end = header->count; /* of those that begin behind it */
    while (first < end) {
        const size_t middle = first + (end - first) / 2;
        if (header->table[middle].function <= wanted) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    if (first == 0) {
        return CFI_END;
    }
    const intptr_t description = header->table[first - 1].description;
    return rule_by((const uint8_t *)header + description, address);
}
