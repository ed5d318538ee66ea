#include "debug/libdw.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/text.h"
#include "debug/stack.h"

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

/* As zlib's and gdb's: the polynomial with its bits reversed. */
static void make_table(uint32_t table[256])
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t sum = i;
        for (int bit = 0; bit < 8; bit++) {
            sum = sum >> 1 ^ ((sum & 1) != 0 ? 0xedb88320 : 0);
        }
        table[i] = sum;
    }
}

static bool has_checksum(int file, uint32_t checksum)
{
    uint32_t table[256];
    unsigned char bytes[16 * 1024];
    uint32_t sum = UINT32_MAX;
    off_t at = 0;
    ssize_t length;
    make_table(table);
    while ((length = descriptor_read_at(file, bytes, sizeof bytes, at)) > 0) {
        for (ssize_t i = 0; i < length; i++) {
            sum = sum >> 8 ^ table[(sum ^ bytes[i]) & 0xff];
        }
        at += length;
    }
    return length == 0 && ~sum == checksum;
}

/* The file of that name and CRC-32 in the object's directory, in .debug there, or under
 * /usr/lib/debug, opened; less than 0: there is none. */
static int open_link(const char *object, const char *name, uint32_t checksum)
{
    static const char *const places[][2] = {
        {"", ""}, {"", ".debug/"}, {"/usr/lib/debug", ""}};
    const char *const slash = strrchr(object, '/');
    const int folder = slash != NULL ? (int)(slash + 1 - object) : 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char path[PATH_MAX];
        struct text text = {path, sizeof path, 0};
        text_format(&text, "%s%.*s%s%s", places[i][0], folder, object, places[i][1],
                    name);
        const int file = descriptor_open(path, O_RDONLY);
        if (file >= 0 && has_checksum(file, checksum)) {
            return file;
        }
        descriptor_close_number(file);
    }
    return -1;
}

/* Debug information in a file of its own, by the build ID or as objcopy
 * --add-gnu-debuglink names it. Not libdw's standard search: that may ask a
 * server in the network. */
static int find_debuginfo(void *module, void **data, const char *name, uintptr_t base,
                          const char *object, const char *link, uint32_t checksum,
                          char **found)
{
    const int file =
        libdw.find_by_build_id(module, data, name, base, object, link, checksum, found);
    return file < 0 && object != NULL && link != NULL
               ? open_link(object, link, checksum)
               : file;
}

/* libdw and what it needs, as far as that was not loaded before; and what other threads
 * loaded meanwhile. */
static struct {
    size_t objects;      /* that were loaded before */
    uint32_t stacks_end; /* of those stored before */
    struct {
        uintptr_t begin, end;
    } ranges[16];
    size_t count;
} brought;

static int count_object(struct dl_phdr_info *info, size_t bytes, void *unused)
{
    (void)info;
    (void)bytes;
    (void)unused;
    brought.objects++;
    return 0;
}

/* The newest objects come last. */
static int note_object(struct dl_phdr_info *info, size_t bytes, void *seen)
{
    (void)bytes;
    if ((*(size_t *)seen)++ < brought.objects ||
        brought.count == sizeof brought.ranges / sizeof *brought.ranges) {
        return 0;
    }
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *const segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD) { /* these are in the order of addresses */
            brought.ranges[brought.count].end =
                info->dlpi_addr + segment->p_vaddr + segment->p_memsz;
        }
    }
    brought.ranges[brought.count++].begin = info->dlpi_addr;
    return 0;
}

bool libdw_brought(uintptr_t address, uint32_t stack_number)
{
    if (stack_number == 0 || stack_number >= brought.stacks_end) {
        return false;
    }
    size_t i = 0;
    while (i < brought.count &&
           (address < brought.ranges[i].begin || address >= brought.ranges[i].end)) {
        i++;
    }
    return i < brought.count;
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
    size_t seen = 0;
    brought.stacks_end = debug_stack_numbers_end();
    dl_iterate_phdr(count_object, NULL);
    void *const library = dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);
    dl_iterate_phdr(note_object, &seen);
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
