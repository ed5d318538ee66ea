#include "debug/libdw.h"

#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

#include "debug/link.h"

#pragma weak dlopen
#pragma weak dlsym

struct libdw libdw;

struct dwfl_callbacks {
    void *find_elf;
    int (*find_debuginfo)(void *module, void **data, const char *name, uintptr_t base,
                          const char *object, const char *link, uint32_t checksum,
                          char **found);
    void *section_address;
    char **debuginfo_path;
};

static struct dwfl_callbacks callbacks;

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
        {"dwarf_ranges", &libdw.ranges},
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

void *libdw_find_module(uintptr_t address)
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
