#include "debug/symbol.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "debug/arena.h"
#include "debug/link.h"

#pragma weak dlopen
#pragma weak dlsym
#pragma weak dladdr

/* The part of elfutils' libdwfl that is used; its types are opaque here. */
struct dwfl_callbacks {
    void *find_elf;
    int (*find_debuginfo)(void *module, void **data, const char *name, uintptr_t base,
                          const char *object, const char *link, uint32_t checksum,
                          char **found);
    void *section_address;
    char **debuginfo_path;
};

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

static struct {
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
} libdw;

static struct dwfl_callbacks callbacks;

/* What libdw said of an address, by the address's lower bits. libdw goes through all
 * symbols of an object each time, 2 ms where there are 30,000, and the stacks of a
 * report have most frames in common. Its strings stay. */
#define ANSWERS 4096
/* Of the name of a function so much is shown. */
#define NAME_LIMIT 240

static struct answer {
    uintptr_t address;
    bool is_named;              /* by libdw, not by the dynamic linker */
    struct debug_symbol *first; /* the innermost function */
    struct debug_symbol last;   /* the one that has the code */
} answers[ANSWERS];

/* Debug information in a file of its own. Not libdw's standard search: that may ask a
 * server in the network. */
static int find_debuginfo(void *module, void **data, const char *name, uintptr_t base,
                          const char *object, const char *link, uint32_t checksum,
                          char **found)
{
    const int file =
        libdw.find_by_build_id(module, data, name, base, object, link, checksum, found);
    return file < 0 && object != NULL && link != NULL
               ? debug_link_open(object, link, checksum)
               : file;
}

static bool load_libdw(void)
{
    const struct {
        const char *name;
        void *to;
    } names[] = {
        {"dwfl_begin", &libdw.begin},
        {"dwfl_linux_proc_report", &libdw.report},
        {"dwfl_report_end", &libdw.report_end},
        {"dwfl_addrmodule", &libdw.module},
        {"dwfl_module_addrname", &libdw.name},
        {"dwfl_module_getsrc", &libdw.line},
        {"dwfl_lineinfo", &libdw.line_info},
        {"dwfl_module_nextcu", &libdw.next_unit},
        {"dwarf_haspc", &libdw.has},
        {"dwarf_getsrc_die", &libdw.unit_line},
        {"dwarf_linesrc", &libdw.line_file},
        {"dwarf_lineno", &libdw.line_number},
        {"dwfl_module_addrdie", &libdw.unit_of},
        {"dwarf_cu_info", &libdw.unit_info},
        {"dwarf_getsrcfiles", &libdw.unit_files},
        {"dwarf_filesrc", &libdw.file_name},
        {"dwarf_child", &libdw.child},
        {"dwarf_siblingof", &libdw.sibling},
        {"dwarf_tag", &libdw.tag},
        {"dwarf_diename", &libdw.die_name},
        {"dwarf_attr_integrate", &libdw.attribute},
        {"dwarf_formstring", &libdw.string},
        {"dwarf_formudata", &libdw.number},
        {"dwfl_linux_proc_find_elf", &callbacks.find_elf},
        {"dwfl_build_id_find_debuginfo", &libdw.find_by_build_id},
    };
    callbacks.find_debuginfo = find_debuginfo;
    void *const library = dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        return false;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *const symbol = dlsym(library, names[i].name);
        if (symbol == NULL) {
            return false;
        }
        memcpy(names[i].to, &symbol, sizeof symbol);
    }
    return true;
}

static void *find_module(uintptr_t address)
{
    if (!libdw.tried) {
        libdw.tried = true;
        if (dlopen != NULL && dlsym != NULL && load_libdw()) {
            libdw.dwfl = libdw.begin(&callbacks);
            if (libdw.dwfl != NULL) {
                /* Not the process: its first thread may have ended. */
                libdw.report(libdw.dwfl, gettid());
                libdw.report_end(libdw.dwfl, NULL, NULL);
            }
        }
    }
    return libdw.dwfl != NULL ? libdw.module(libdw.dwfl, address) : NULL;
}

/* A name of C++'s as its programmers write it, if the program has a C++ library. */
static const char *demangle(const char *name)
{
    static char *(*demangler)(const char *name, char *to, size_t *bytes, int *status);
    static bool tried;
    if (name == NULL || strncmp(name, "_Z", 2) != 0 || dlopen == NULL ||
        dlsym == NULL) {
        return name;
    }
    if (!tried) {
        tried = true;
        void *const library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_NOLOAD);
        void *const symbol =
            dlsym(library != NULL ? library : RTLD_DEFAULT, "__cxa_demangle");
        memcpy(&demangler, &symbol, sizeof symbol);
    }
    int status;
    const char *const plain =
        demangler != NULL ? demangler(name, NULL, NULL, &status) : NULL;
    return plain != NULL ? plain : name;
}

static struct {
    const char *argument; /* what the dynamic linker calls the program */
    char name[PATH_MAX];
} program;

void debug_symbol_begin(void)
{
    program.argument = program_invocation_name;
    if (program.argument != NULL) {
        memcpy(program.name, program.argument,
               strnlen(program.argument, sizeof program.name - 1));
    }
}

/* The compilation unit of an address, by a look at each: clang writes no table of which
 * has it (.debug_aranges), and libdw before 0.191 finds none without. NULL: none. */
static struct dwarf_die *search_unit(void *module, uintptr_t address, uintptr_t *bias)
{
    struct dwarf_die *unit = libdw.unit_of(module, address, bias);
    if (unit != NULL) {
        return unit;
    }
    do {
        unit = libdw.next_unit(module, unit, bias);
    } while (unit != NULL && libdw.has(unit, address - *bias) <= 0);
    return unit;
}

static size_t number_in(struct dwarf_die *die, unsigned name)
{
    struct dwarf_attribute attribute;
    uint64_t number;
    return libdw.attribute(die, name, &attribute) != NULL &&
                   libdw.number(&attribute, &number) == 0
               ? number
               : 0;
}

static void name_function(struct debug_symbol *symbol, struct dwarf_die *die)
{
    struct dwarf_attribute attribute;
    symbol->linkage = libdw.attribute(die, ATTRIBUTE_LINKAGE_NAME, &attribute) != NULL
                          ? libdw.string(&attribute)
                          : NULL;
    symbol->function = demangle(symbol->linkage);
    if (symbol->function == symbol->linkage) {
        symbol->function = libdw.die_name(die);
    }
}

/* A function was inlined into the innermost one so far, whose place is that of the
 * call. */
static void add_inlined(struct answer *answer, struct dwarf_die *die, void *files)
{
    struct debug_symbol *const inner =
        debug_arena_allocate(sizeof *inner, ALIGNMENT_BYTES);
    if (inner == NULL) {
        return;
    }
    *inner = (struct debug_symbol){.caller = answer->first};
    name_function(inner, die);
    const size_t file = number_in(die, ATTRIBUTE_CALL_FILE);
    answer->first->file =
        files != NULL ? libdw.file_name(files, file, NULL, NULL) : NULL;
    answer->first->line = (int)number_in(die, ATTRIBUTE_CALL_LINE);
    answer->first = inner;
}

static bool may_have_functions(int tag)
{
    return tag == TAG_NAMESPACE || tag == TAG_MODULE;
}

static bool has_code_at(struct dwarf_die *die, int tag, uintptr_t address)
{
    return (tag == TAG_FUNCTION || tag == TAG_INLINED || tag == TAG_LEXICAL_BLOCK ||
            tag == TAG_TRY_BLOCK || tag == TAG_CATCH_BLOCK) &&
           libdw.has(die, address) > 0;
}

/* Namespaces deeper than this are not looked into. */
#define DEPTH_LIMIT 32

/* Go down from a unit through all that has the address. (dwarf_getscopes looks into no
 * namespace, and goes up from an inlined function to where that was written.) */
static void look_for_inlined(struct dwarf_die *unit, uintptr_t address,
                             struct answer *answer)
{
    struct dwarf_die path[DEPTH_LIMIT] = {*unit};
    size_t depth = 0;
    bool deeper = true;
    void *files = NULL;
    if (libdw.unit_files(unit, &files, NULL) != 0) {
        files = NULL;
    }
    for (;;) {
        if (deeper && depth + 1 < DEPTH_LIMIT &&
            libdw.child(&path[depth], &path[depth + 1]) == 0) {
            depth++;
        } else {
            while (depth > 0 && libdw.sibling(&path[depth], &path[depth]) != 0) {
                depth--;
            }
            if (depth == 0) {
                return;
            }
        }
        const int tag = libdw.tag(&path[depth]);
        deeper = may_have_functions(tag);
        if (has_code_at(&path[depth], tag, address)) {
            if (tag == TAG_INLINED) {
                add_inlined(answer, &path[depth], files);
            }
            path[0] = path[depth]; /* nothing beside it has the address */
            depth = 0;
            deeper = true;
        }
    }
}

/* Where the code at an address comes from: file and line, and the functions that were
 * inlined there, which the table of symbols does not have. */
static void look_into_unit(void *module, uintptr_t address, struct answer *answer)
{
    const char *file = NULL;
    int number = 0;
    uintptr_t bias;
    void *line = libdw.line(module, address);
    if (line != NULL) {
        uintptr_t ignored;
        file = libdw.line_info(line, &ignored, &number, NULL, NULL, NULL);
    }
    struct dwarf_die *const unit = search_unit(module, address, &bias);
    if (unit != NULL) {
        line = file == NULL ? libdw.unit_line(unit, address - bias) : NULL;
        if (line != NULL) {
            file = libdw.line_file(line, NULL, NULL);
            libdw.line_number(line, &number);
        }
        struct dwarf_die split; /* the unit's other part, in a file of its own */
        const bool is_split = libdw.unit_info(unit->unit, NULL, NULL, NULL, &split,
                                              NULL, NULL, NULL) == 0 &&
                              split.address != NULL;
        look_for_inlined(is_split ? &split : unit, address - bias, answer);
    }
    answer->first->file = file;
    answer->first->line = number;
}

/* NULL: libdw does not know the object, or cannot be had. */
static struct answer *ask_libdw(uintptr_t address)
{
    struct answer *const answer = &answers[address % ANSWERS];
    if (answer->address == address) {
        return answer;
    }
    void *const module = find_module(address);
    if (module == NULL) {
        return NULL;
    }
    const char *const name = libdw.name(module, address);
    *answer = (struct answer){address, name != NULL, &answer->last, {0}};
    answer->last.linkage = name;
    answer->last.function = demangle(name);
    look_into_unit(module, address, answer);
    return answer;
}

const struct debug_symbol *debug_symbol_find(const void *return_address)
{
    static struct answer unknown;
    const uintptr_t address = (uintptr_t)return_address - 1;
    Dl_info info = {0};
    debug_inside++;
    struct answer *answer = ask_libdw(address);
    if (answer == NULL) {
        unknown.first = &unknown.last;
        answer = &unknown;
    }
    /* What the dynamic linker says is gone when a library is: it is asked each time. */
    if (dladdr == NULL || dladdr((const void *)address, &info) == 0) {
        info = (Dl_info){0};
    }
    if (!answer->is_named) {
        answer->last.linkage = info.dli_sname;
        answer->last.function = demangle(info.dli_sname);
    }
    for (struct debug_symbol *symbol = answer->first; symbol != NULL;
         symbol = symbol->caller) {
        symbol->object =
            info.dli_fname == program.argument ? program.name : info.dli_fname;
        symbol->offset = address - (uintptr_t)info.dli_fbase;
    }
    debug_inside--;
    return answer->first;
}

static const char *last_part(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

void debug_symbol_describe(struct text *text, const struct debug_symbol *symbol)
{
    const char *const function = symbol->function != NULL ? symbol->function : "";
    /* What stands behind the name must not be lost. */
    text_format(text, "%.*s%s", NAME_LIMIT, function,
                strlen(function) > NAME_LIMIT ? "..." : "");
    if (symbol->file != NULL) {
        text_format(text, "%s%s:%d", *function != '\0' ? " at " : "",
                    last_part(symbol->file), symbol->line);
        return;
    }
    const bool known = symbol->object != NULL;
    text_format(text, "%s(%s%s0x%zx)", *function != '\0' ? " " : "",
                known ? last_part(symbol->object) : "", known ? "+" : "",
                symbol->offset);
}
