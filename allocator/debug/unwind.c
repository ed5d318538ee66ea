#include "debug/unwind.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/os.h"
#include "debug/arena.h"
#include "debug/cfi.h"

/* A program that is linked statically may do without these. */
#pragma weak dlopen
#pragma weak dlsym

/* No frame is larger than this: what seems to be is a register with another use, in a
 * function whose call frame information is wrong. */
#define FRAME_LIMIT_BYTES (16 * MIB)

/* The table of rules: sets of two entries in one cache line, the newer one first. Any
 * thread reads and writes it at any time; an entry whose two words are not of one
 * writing matches no key. 4096 sets hold what perl's or git's whole test runs need. */
#define SETS_SHIFT 12

struct entry {
    _Atomic uint64_t check; /* key ^ rule * MIXER */
    _Atomic uint64_t rule;
};

struct set {
    struct entry entries[2];
};

static struct set *sets; /* NULL: not begun, or no memory */

#define MIXER ((uint64_t)0x9e3779b97f4a7c15)

/* A program or library in memory. */
struct object {
    uintptr_t begin;
    size_t bytes;
    const void *header; /* its .eh_frame_hdr */
    uint64_t stamp;     /* 0: what is known of its addresses may not be kept */
};

static struct object own; /* what this code is in */

static uintptr_t program_entry; /* in the code of the program */

/* By what others than this build of a library are told apart: its build ID. */
static uint64_t hash_of_build_id(const char *note, const char *end)
{
    const ElfW(Nhdr) * header;
    for (; note + sizeof *header + 4 <= end; note += sizeof *header +
                                                     align_up(header->n_namesz, 4) +
                                                     align_up(header->n_descsz, 4)) {
        header = (const ElfW(Nhdr) *)note;
        if (header->n_type != NT_GNU_BUILD_ID || header->n_namesz != 4 ||
            header->n_descsz < 2 * sizeof(uint64_t) ||
            note + sizeof *header + 4 + header->n_descsz > end) {
            continue;
        }
        uint64_t id[2];
        memcpy(id, note + sizeof *header + 4, sizeof id);
        return ((id[0] * MIXER) ^ id[1]) | 1;
    }
    return 0;
}

/* A library may be unloaded, and another one be loaded at its place: the stamp of what
 * is there now is part of the key of each rule. The program, and what this code is in,
 * stay where they are. */
static uint64_t stamp_of(uintptr_t begin, size_t bytes)
{
    if (program_entry - begin < bytes || (uintptr_t)&debug_unwind - begin < bytes) {
        return 1;
    }
    const ElfW(Ehdr) *const file = (const ElfW(Ehdr) *)begin;
    if (memcmp(file->e_ident, ELFMAG, SELFMAG) != 0 ||
        file->e_phoff + file->e_phnum * sizeof(ElfW(Phdr)) > PAGE_BYTES) {
        return 0;
    }
    const ElfW(Phdr) *const headers = (const ElfW(Phdr) *)(begin + file->e_phoff);
    for (size_t i = 0; i < file->e_phnum; i++) {
        if (headers[i].p_type == PT_NOTE &&
            headers[i].p_offset + headers[i].p_filesz <= PAGE_BYTES) {
            const char *const notes = (const char *)begin + headers[i].p_offset;
            const uint64_t hash = hash_of_build_id(notes, notes + headers[i].p_filesz);
            if (hash != 0) {
                return hash;
            }
        }
    }
    return 0;
}

/* false: the address is in none, but in code made at run time. */
static bool object_find(uintptr_t address, struct object *object)
{
    struct dl_find_object found;
    if (_dl_find_object((void *)address, &found) != 0) {
        return false;
    }
    object->begin = (uintptr_t)found.dlfo_map_start;
    object->bytes = (uintptr_t)found.dlfo_map_end - object->begin;
    object->header = found.dlfo_eh_frame;
    object->stamp = stamp_of(object->begin, object->bytes);
    return true;
}

static ALWAYS_INLINE struct set *set_of(uint64_t key)
{
    return &sets[key * MIXER >> (64 - SETS_SHIFT)];
}

static ALWAYS_INLINE uint64_t entry_read(struct entry *entry, uint64_t key)
{
    const uint64_t rule = atomic_load_explicit(&entry->rule, memory_order_relaxed);
    const uint64_t check = atomic_load_explicit(&entry->check, memory_order_relaxed);
    return check == (key ^ rule * MIXER) ? rule : CFI_NONE;
}

static void entry_write(struct entry *entry, uint64_t check, uint64_t rule)
{
    atomic_store_explicit(&entry->check, check, memory_order_relaxed);
    atomic_store_explicit(&entry->rule, rule, memory_order_relaxed);
}

static COLD_CODE uint64_t rule_make(const struct object *object, uintptr_t address)
{
    const uint64_t rule = cfi_find_rule(object->header, address);
    if (object->stamp != 0) {
        const uint64_t key = address ^ object->stamp;
        struct entry *const entries = set_of(key)->entries;
        entry_write(&entries[1],
                    atomic_load_explicit(&entries[0].check, memory_order_relaxed),
                    atomic_load_explicit(&entries[0].rule, memory_order_relaxed));
        entry_write(&entries[0], key ^ rule * MIXER, rule);
    }
    return rule;
}

static ALWAYS_INLINE uint64_t rule_at(const struct object *object, uintptr_t address)
{
    const uint64_t key = address ^ object->stamp;
    struct set *const set = set_of(key);
    uint64_t rule = entry_read(&set->entries[0], key);
    if (UNLIKELY(rule == CFI_NONE)) {
        rule = entry_read(&set->entries[1], key);
        if (rule == CFI_NONE) {
            rule = rule_make(object, address);
        }
    }
    return rule;
}

static ALWAYS_INLINE uintptr_t word_at(uintptr_t address)
{
    return *(const uintptr_t *)address;
}

/* A return address without what pointer authentication adds to it. */
static ALWAYS_INLINE uintptr_t without_signature(uintptr_t address)
{
#if defined(__aarch64__)
    register uintptr_t link __asm__("x30") = address;
    __asm__("hint #7" : "+r"(link)); /* xpaclri; nothing where there is none */
    return link;
#else
    return address;
#endif
}

/* From a frame to its caller's. false: the rule leads nowhere. */
static ALWAYS_INLINE bool step(uint64_t rule, struct unwind_start *at)
{
    uintptr_t cfa = cfi_base(rule) == CFI_FROM_SP ? at->sp : at->fp;
    cfa += cfi_base_offset(rule);
    if (cfi_base(rule) == CFI_IN_FRAME) {
        if (cfa - at->sp > FRAME_LIMIT_BYTES || cfa % sizeof cfa != 0) {
            return false;
        }
        cfa = word_at(cfa);
    }
    if (cfa - at->sp - 1 >= FRAME_LIMIT_BYTES || cfa % sizeof cfa != 0) {
        return false;
    }
    if (cfi_saved_fp(rule) != CFI_UNCHANGED) {
        const uintptr_t base = cfi_saved_fp(rule) == CFI_AT_CFA ? cfa : at->fp;
        at->fp = word_at(base + cfi_fp_offset(rule));
    }
    /* The call lies before the return address, which may be another function's. */
    at->address = without_signature(word_at(cfa + cfi_ra_offset(rule))) - 1;
    at->sp = cfa;
    return true;
}

/* The ends of the allocator's code: of sections that objcopy has made for libsnug.a the
 * linker knows them, libsnug.ld has those of libsnug.so. Without them none is ours. */
#define LINKERS __attribute__((weak, visibility("hidden")))
extern const char __start_snug_text[] LINKERS, __stop_snug_text[] LINKERS;
extern const char __start_snug_cold_text[] LINKERS, __stop_snug_cold_text[] LINKERS;

static bool is_between(uintptr_t address, const char *begin, const char *end)
{
    return address - (uintptr_t)begin < (uintptr_t)end - (uintptr_t)begin;
}

static bool is_own_code(const void *return_address)
{
    const uintptr_t address = (uintptr_t)return_address - 1; /* of the call */
    return is_between(address, __start_snug_text, __stop_snug_text) ||
           is_between(address, __start_snug_cold_text, __stop_snug_cold_text);
}

/* One more frame, after so many; returns how many there are then. The innermost ones
 * are left out as long as they are the allocator's. */
static ALWAYS_INLINE size_t add_frame(void **frames, size_t count, void *return_address)
{
    if (count == 0 && is_own_code(return_address)) {
        return 0;
    }
    frames[count] = return_address;
    return count + 1;
}

size_t unwind_by_rules(const struct unwind_start *start, void **frames, size_t most,
                       bool *whole)
{
    struct unwind_start at = *start;
    struct object object = own;
    size_t count = 0;
    *whole = true;
    while (count < most) {
        if (UNLIKELY(at.address - object.begin >= object.bytes) &&
            !object_find(at.address, &object)) {
            break;
        }
        const uint64_t rule = rule_at(&object, at.address);
        if (cfi_base(rule) == CFI_NO_BASE) {
            *whole = rule != CFI_HARD;
            break;
        }
        if (!step(rule, &at) || at.address == UINTPTR_MAX) {
            break;
        }
        count = add_frame(frames, count, (void *)(at.address + 1));
    }
    return count;
}

/* libgcc's, of <unwind.h>. It takes no lock either, finding objects by _dl_find_object,
 * unless code made at run time has been registered with it. */
static int (*gcc_backtrace)(int (*visit)(void *context, void *argument),
                            void *argument);
static uintptr_t (*gcc_address)(void *context);
static uintptr_t (*gcc_sp)(void *context);

struct gcc_walk {
    const struct unwind_start *start;
    bool started;
    void **frames;
    size_t count, most;
};

static int gcc_visit(void *context, void *argument)
{
    enum {
        URC_NO_REASON = 0,
        URC_END_OF_STACK = 5
    };
    struct gcc_walk *const walk = argument;
    const uintptr_t address = gcc_address(context);
    if (walk->count == walk->most || address == 0) {
        return URC_END_OF_STACK;
    }
    walk->started |= gcc_sp(context) > walk->start->sp;
    if (walk->started) {
        walk->count = add_frame(walk->frames, walk->count, (void *)address);
    }
    return URC_NO_REASON;
}

size_t unwind_by_libgcc(const struct unwind_start *start, void **frames, size_t most)
{
    struct gcc_walk walk = {.start = start, .frames = frames, .most = most};
    if (gcc_backtrace != NULL) {
        debug_inside++;
        gcc_backtrace(gcc_visit, &walk);
        debug_inside--;
    }
    return walk.count;
}

static void find_libgcc(void)
{
    if (dlopen == NULL || dlsym == NULL) {
        return;
    }
    debug_inside++;
    void *const library = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library != NULL) {
        void *const backtrace = dlsym(library, "_Unwind_Backtrace");
        *(void **)&gcc_address = dlsym(library, "_Unwind_GetIP");
        *(void **)&gcc_sp = dlsym(library, "_Unwind_GetCFA");
        if (gcc_address != NULL && gcc_sp != NULL) {
            *(void **)&gcc_backtrace = backtrace;
        }
    }
    debug_inside--;
}

void debug_unwind_begin(void)
{
    program_entry = (uintptr_t)getauxval(AT_ENTRY);
    object_find((uintptr_t)&debug_unwind, &own);
    find_libgcc();
    sets = os_map(sizeof(struct set) << SETS_SHIFT);
}

size_t debug_unwind(const struct unwind_start *start, void **frames, size_t most)
{
    if (UNLIKELY(sets == NULL)) {
        return 0;
    }
    bool whole;
    const size_t count = unwind_by_rules(start, frames, most, &whole);
    return LIKELY(whole) || gcc_backtrace == NULL
               ? count
               : unwind_by_libgcc(start, frames, most);
}
