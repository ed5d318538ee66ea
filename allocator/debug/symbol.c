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
} libdw;

static struct dwfl_callbacks callbacks;

/* What libdw said of an address, by the address's lower bits. libdw goes through all
 * symbols of an object each time, 2 ms where there are 30,000, and the stacks of a
 * report have most frames in common. Its strings stay. */
#define ANSWERS 4096

static struct answer {
    uintptr_t address;
    const char *function;
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
    *answer = (struct answer){address, libdw.name(module, address), NULL, 0};
    void *const line = libdw.line(module, address);
    if (line != NULL) {
        uintptr_t ignored;
        answer->file = libdw.line_info(line, &ignored, &answer->line, NULL, NULL, NULL);
    }
    return answer;
}

struct debug_symbol debug_symbol_find(const void *return_address)
{
    const uintptr_t address = (uintptr_t)return_address - 1;
    struct debug_symbol symbol = {.offset = address};
    Dl_info info;
    debug_inside++;
    if (dladdr != NULL && dladdr((const void *)address, &info) != 0) {
        symbol.function = info.dli_sname;
        symbol.object =
            info.dli_fname == program.argument ? program.name : info.dli_fname;
        symbol.offset = address - (uintptr_t)info.dli_fbase;
    }
    const struct answer *const answer = ask_libdw(address);
    if (answer != NULL) {
        symbol.function = answer->function != NULL ? answer->function : symbol.function;
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
    if (symbol->file != NULL) {
        text_format(text, "%s%s%s:%d", function, *function != '\0' ? " at " : "",
                    last_part(symbol->file), symbol->line);
        return;
    }
    const bool known = symbol->object != NULL;
    text_format(text, "%s%s(%s%s0x%zx)", function, *function != '\0' ? " " : "",
                known ? last_part(symbol->object) : "", known ? "+" : "",
                symbol->offset);
}
