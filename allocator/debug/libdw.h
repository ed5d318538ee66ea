/* The part of elfutils' libdwfl and libdw that is used, loaded when a report first asks
 * for it; their types are opaque here. It takes its memory from the arena. */
#ifndef SNUG_DEBUG_LIBDW_H
#define SNUG_DEBUG_LIBDW_H

#include <sys/types.h>

#include "base/assertions.h"

struct dwfl_callbacks;

/* Both as in elfutils/libdw.h. */
struct dwarf_die {
    void *address;
    void *unit;
    void *abbreviation;
    long padding;
};

struct dwarf_attribute {
    void *opaque[3];
};

enum { /* of DW_TAG_... and DW_AT_... in the DWARF standard, those that matter here */
    TAG_LEXICAL_BLOCK = 0x0b,
    TAG_INLINED = 0x1d,
    TAG_MODULE = 0x1e,
    TAG_CATCH_BLOCK = 0x25,
    TAG_FUNCTION = 0x2e,
    TAG_TRY_BLOCK = 0x32,
    TAG_NAMESPACE = 0x39,
    ATTRIBUTE_CALL_FILE = 0x58,
    ATTRIBUTE_CALL_LINE = 0x59,
    ATTRIBUTE_LINKAGE_NAME = 0x6e,
};

struct libdw {
    bool tried;
    void *dwfl; /* NULL: libdw cannot be had */
    void *(*begin)(const struct dwfl_callbacks *callbacks);
    int (*report)(void *dwfl, pid_t pid);
    int (*report_end)(void *dwfl, void *removed, void *argument);
    void *(*module)(void *dwfl, uintptr_t address);
    const char *(*name)(void *module, uintptr_t address);
    void *(*line)(void *module, uintptr_t address);
    const char *(*line_info)(void *line, uintptr_t *address, int *number, int *column,
                             uintptr_t *modified, uintptr_t *length);
    struct dwarf_die *(*next_unit)(void *module, struct dwarf_die *unit,
                                   uintptr_t *bias);
    int (*has)(struct dwarf_die *die, uintptr_t address);
    void *(*unit_line)(struct dwarf_die *unit, uintptr_t address);
    const char *(*line_file)(void *line, uintptr_t *modified, uintptr_t *length);
    int (*line_number)(void *line, int *number);
    struct dwarf_die *(*unit_of)(void *module, uintptr_t address, uintptr_t *bias);
    int (*unit_info)(void *unit, uint16_t *version, uint8_t *type,
                     struct dwarf_die *die, struct dwarf_die *split, uint64_t *id,
                     uint8_t *address_bytes, uint8_t *offset_bytes);
    int (*unit_files)(struct dwarf_die *unit, void **files, size_t *count);
    const char *(*file_name)(void *files, size_t number, uint64_t *modified,
                             uint64_t *length);
    ptrdiff_t (*ranges)(struct dwarf_die *die, ptrdiff_t offset, uintptr_t *base,
                        uintptr_t *begin, uintptr_t *end);
    int (*child)(struct dwarf_die *die, struct dwarf_die *first);
    int (*sibling)(struct dwarf_die *die, struct dwarf_die *next);
    int (*tag)(struct dwarf_die *die);
    const char *(*die_name)(struct dwarf_die *die);
    void *(*attribute)(struct dwarf_die *die, unsigned name,
                       struct dwarf_attribute *attribute);
    const char *(*string)(struct dwarf_attribute *attribute);
    int (*number)(struct dwarf_attribute *attribute, uint64_t *number);
    int (*find_by_build_id)(void *module, void **data, const char *name, uintptr_t base,
                            const char *object, const char *link, uint32_t checksum,
                            char **found);
};
extern OUR_OWN struct libdw libdw;

/* Whether an object lies there that was loaded with libdw, later than the stack was
 * stored: the code was that of a library that the program had unloaded before. In a
 * later stack it is the object's own, since the program may use it, too. */
bool libdw_brought(uintptr_t address, uint32_t stack_number);
/* libdwfl's module of an address; NULL: it knows none, or cannot be had. */
void *libdw_find_module(uintptr_t address);

#endif
