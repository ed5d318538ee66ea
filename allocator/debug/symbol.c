#include "debug/symbol.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "debug/arena.h"

#pragma weak dlopen
#pragma weak dlsym
#pragma weak dladdr

/* The part of elfutils' libdwfl that is used; its types are opaque here. */
struct dwfl_callbacks {
    void *find_elf;
    void *find_debuginfo;
    void *section_address;
    char **debuginfo_path;
};

struct dwarf_die { /* libdw's has this size (elfutils/libdw.h) */
    void *opaque[4];
};

#define TAG_INLINED 0x1d /* DW_TAG_inlined_subroutine */

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
    void *(*next_unit)(void *module, void *unit, uintptr_t *bias);
    int (*unit_has)(void *unit, uintptr_t address);
    void *(*unit_line)(void *unit, uintptr_t address);
    const char *(*line_file)(void *line, uintptr_t *modified, uintptr_t *length);
    int (*line_number)(void *line, int *number);
    void *(*unit_of)(void *module, uintptr_t address, uintptr_t *bias);
    int (*scopes)(void *unit, uintptr_t address, struct dwarf_die **scopes);
    int (*tag)(struct dwarf_die *die);
    const char *(*die_name)(struct dwarf_die *die);
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
    const char *linkage;
    const char *function;
    const char *inlined;
    const char *file;
    int line;
} answers[ANSWERS];

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
        {"dwarf_haspc", &libdw.unit_has},
        {"dwarf_getsrc_die", &libdw.unit_line},
        {"dwarf_linesrc", &libdw.line_file},
        {"dwarf_lineno", &libdw.line_number},
        {"dwfl_module_addrdie", &libdw.unit_of},
        {"dwarf_getscopes", &libdw.scopes},
        {"dwarf_tag", &libdw.tag},
        {"dwarf_diename", &libdw.die_name},
        {"dwfl_linux_proc_find_elf", &callbacks.find_elf},
        /* Not the standard one: that may ask a server in the network. */
        {"dwfl_build_id_find_debuginfo", &callbacks.find_debuginfo},
    };
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
static void *search_unit(void *module, uintptr_t address, uintptr_t *bias)
{
    void *unit = libdw.unit_of(module, address, bias);
    if (unit != NULL) {
        return unit;
    }
    do {
        unit = libdw.next_unit(module, unit, bias);
    } while (unit != NULL && libdw.unit_has(unit, address - *bias) <= 0);
    return unit;
}

/* Where the code at an address comes from: file and line, and the function that was
 * inlined there, which the table of symbols does not have. */
static void look_into_unit(void *module, uintptr_t address, struct answer *answer)
{
    uintptr_t bias;
    void *const unit = search_unit(module, address, &bias);
    if (unit == NULL) {
        return;
    }
    void *const line =
        answer->file == NULL ? libdw.unit_line(unit, address - bias) : NULL;
    if (line != NULL) {
        answer->file = libdw.line_file(line, NULL, NULL);
        libdw.line_number(line, &answer->line);
    }
    struct dwarf_die *scopes = NULL;
    const int count = libdw.scopes(unit, address - bias, &scopes);
    for (int i = 0; i < count && answer->inlined == NULL; i++) {
        if (libdw.tag(&scopes[i]) == TAG_INLINED) {
            answer->inlined = libdw.die_name(&scopes[i]);
        }
    }
}

/* NULL: libdw does not know the object, or cannot be had. */
static const struct answer *ask_libdw(uintptr_t address)
{
    struct answer *const answer = &answers[address % ANSWERS];
    if (answer->address == address) {
        return answer;
    }
    void *const module = find_module(address);
    if (module == NULL) {
        return NULL;
    }
    const char *const linkage = libdw.name(module, address);
    *answer = (struct answer){address, linkage, demangle(linkage), NULL, NULL, 0};
    void *const line = libdw.line(module, address);
    if (line != NULL) {
        uintptr_t ignored;
        answer->file = libdw.line_info(line, &ignored, &answer->line, NULL, NULL, NULL);
    }
    look_into_unit(module, address, answer);
    return answer;
}

struct debug_symbol debug_symbol_find(const void *return_address)
{
    const uintptr_t address = (uintptr_t)return_address - 1;
    struct debug_symbol symbol = {.offset = address};
    Dl_info info;
    debug_inside++;
    if (dladdr != NULL && dladdr((const void *)address, &info) != 0) {
        symbol.function = symbol.linkage = info.dli_sname;
        symbol.object =
            info.dli_fname == program.argument ? program.name : info.dli_fname;
        symbol.offset = address - (uintptr_t)info.dli_fbase;
    }
    const struct answer *const answer = ask_libdw(address);
    if (answer != NULL && answer->function != NULL) {
        symbol.function = answer->function;
        symbol.linkage = answer->linkage;
    } else {
        symbol.function = demangle(symbol.linkage);
    }
    if (answer != NULL) {
        symbol.inlined = answer->inlined;
        symbol.file = answer->file;
        symbol.line = answer->line;
    }
    debug_inside--;
    return symbol;
}

static const char *last_part(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

void debug_symbol_describe(struct text *text, const struct debug_symbol *symbol)
{
    const char *const function = symbol->function != NULL ? symbol->function : "";
    if (symbol->inlined != NULL) {
        text_format(text, "%.*s inlined into ", NAME_LIMIT / 4, symbol->inlined);
    }
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
