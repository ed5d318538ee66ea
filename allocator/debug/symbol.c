#include "debug/symbol.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "debug/arena.h"
#include "debug/libdw.h"

#pragma weak dlopen
#pragma weak dlsym
#pragma weak dladdr

/* What libdw said of an address, by the address's lower bits. libdw goes through all
 * symbols of an object each time, 2 ms where there are 30,000, and the stacks of a
 * report have most frames in common. Its strings stay. */
#define ANSWERS 4096
/* How much of the name of a function is shown. */
#define NAME_LIMIT 240

static struct answer {
    uintptr_t address;
    bool is_named;              /* by libdw, not by the dynamic linker */
    struct debug_symbol *first; /* the innermost function */
    struct debug_symbol last;   /* the one that has the code */
} answers[ANSWERS];

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

/* The functions of a unit that have code, one for each range of it, found once: a
 * unit may have thousands of types and declarations besides. */
struct function {
    struct function *next;
    uintptr_t begin, end;
    struct dwarf_die die;
};

static struct unit {
    struct unit *next;
    const void *address; /* of its entry, as libdw has it */
    struct function *functions;
    void *files; /* NULL: not known */
} * units;

static void add_function(struct unit *unit, struct dwarf_die *die)
{
    uintptr_t base, begin, end;
    ptrdiff_t offset = 0;
    while ((offset = libdw.ranges(die, offset, &base, &begin, &end)) > 0) {
        if (begin == 0) { /* left out by the linker */
            continue;
        }
        struct function *const function =
            debug_arena_allocate(sizeof *function, ALIGNMENT_BYTES);
        if (function == NULL) {
            return;
        }
        *function = (struct function){unit->functions, begin, end, *die};
        unit->functions = function;
    }
}

/* Namespaces deeper than this are not looked into. */
#define DEPTH_LIMIT 32

/* clang puts functions into the namespace that has them. */
static void add_functions(struct unit *unit, const struct dwarf_die *die)
{
    struct dwarf_die path[DEPTH_LIMIT] = {*die};
    size_t depth = 0;
    int tag = TAG_NAMESPACE;
    for (;;) {
        if ((tag == TAG_NAMESPACE || tag == TAG_MODULE) && depth + 1 < DEPTH_LIMIT &&
            libdw.child(&path[depth], &path[depth + 1]) == 0) {
            depth++;
        } else {
            while (depth > 0 && libdw.sibling(&path[depth], &path[depth]) != 0) {
                depth--;
            }
        }
        if (depth == 0) {
            return;
        }
        tag = libdw.tag(&path[depth]);
        if (tag == TAG_FUNCTION) {
            add_function(unit, &path[depth]);
        }
    }
}

static const struct unit *look_at_unit(struct dwarf_die *die)
{
    struct unit *unit = units;
    while (unit != NULL && unit->address != die->address) {
        unit = unit->next;
    }
    if (unit == NULL) {
        unit = debug_arena_allocate(sizeof *unit, ALIGNMENT_BYTES);
        if (unit == NULL) {
            return NULL;
        }
        *unit = (struct unit){.next = units, .address = die->address};
        units = unit;
        if (libdw.unit_files(die, &unit->files, NULL) != 0) {
            unit->files = NULL;
        }
        add_functions(unit, die);
    }
    return unit;
}

static bool has_code_at(struct dwarf_die *die, int tag, uintptr_t address)
{
    return (tag == TAG_INLINED || tag == TAG_LEXICAL_BLOCK || tag == TAG_TRY_BLOCK ||
            tag == TAG_CATCH_BLOCK) &&
           libdw.has(die, address) > 0;
}

/* Go down through all that has the address. (dwarf_getscopes looks into no namespace,
 * and goes up from an inlined function to where that was written.) */
static void look_for_inlined(struct dwarf_die *die, uintptr_t address,
                             struct answer *answer)
{
    const struct unit *const unit = look_at_unit(die);
    const struct function *function = unit != NULL ? unit->functions : NULL;
    while (function != NULL &&
           (address < function->begin || address >= function->end)) {
        function = function->next;
    }
    if (function == NULL) {
        return;
    }
    struct dwarf_die around = function->die, inside;
    bool more = libdw.child(&around, &inside) == 0;
    while (more) {
        const int tag = libdw.tag(&inside);
        if (has_code_at(&inside, tag, address)) {
            if (tag == TAG_INLINED) {
                add_inlined(answer, &inside, unit->files);
            }
            around = inside;
            more = libdw.child(&around, &inside) == 0;
        } else {
            more = libdw.sibling(&inside, &inside) == 0;
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

/* An empty one where libdw does not know the object, or cannot be had. */
static struct answer *ask_libdw(uintptr_t address)
{
    struct answer *const answer = &answers[address % ANSWERS];
    if (answer->address == address) {
        return answer;
    }
    *answer = (struct answer){.address = address, .first = &answer->last};
    void *const module = libdw_find_module(address);
    if (module != NULL) {
        answer->last.linkage = libdw.name(module, address);
        answer->last.function = demangle(answer->last.linkage);
        answer->is_named = answer->last.linkage != NULL;
        look_into_unit(module, address, answer);
    }
    return answer;
}

const struct debug_symbol *debug_symbol_find(const struct debug_stack *stack,
                                             size_t frame)
{
    static struct debug_symbol unknown;
    const uintptr_t address = (uintptr_t)stack->frames[frame] - 1;
    Dl_info info = {0};
    debug_inside++;
    struct answer *const answer = ask_libdw(address);
    if (libdw_brought(address, stack->number)) {
        unknown.offset = address;
        debug_inside--;
        return &unknown;
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
