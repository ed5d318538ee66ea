#include "process/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum {
    SCRIPT_DEPTH_LIMIT = 4, /* as the kernel's */
};

/* An ELF file, mapped to read. */
struct image {
    const unsigned char *bytes;
    size_t size;
};

static bool is_runnable(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return false;
    }
    if (!S_ISREG(status.st_mode)) {
        errno = EACCES;
        return false;
    }
    return access(path, X_OK) == 0;
}

bool program_locate(const char *name, char path[PATH_MAX])
{
    if (strchr(name, '/') != NULL) {
        snprintf(path, PATH_MAX, "%s", name);
        return is_runnable(path);
    }
    const char *folders = getenv("PATH");
    int reason = ENOENT;
    for (const char *at = folders != NULL ? folders : "/bin:/usr/bin"; at != NULL;) {
        const size_t length = strcspn(at, ":");
        snprintf(path, PATH_MAX, "%.*s%s%s", (int)length, at, length > 0 ? "/" : "./",
                 name);
        if (is_runnable(path)) {
            return true;
        }
        reason = errno == EACCES ? EACCES : reason;
        at = at[length] == ':' ? at + length + 1 : NULL;
    }
    errno = reason;
    return false;
}

/* The interpreter in a first line "#!/usr/bin/env -S ruby -w"; false: no script. */
static bool read_interpreter(const char *path, char interpreter[PATH_MAX])
{
    char line[512] = "";
    FILE *in = fopen(path, "re");
    const bool is_script = in != NULL && fgets(line, sizeof line, in) != NULL &&
                           strncmp(line, "#!", 2) == 0;
    if (in != NULL) {
        fclose(in);
    }
    if (!is_script) {
        return false;
    }
    char *rest = NULL;
    const char *word = strtok_r(line + 2, " \t\n", &rest);
    if (word == NULL) {
        return false;
    }
    const char *slash = strrchr(word, '/');
    const char *through_env = NULL;
    if (strcmp(slash != NULL ? slash + 1 : word, "env") == 0) {
        do {
            through_env = strtok_r(NULL, " \t\n", &rest);
        } while (through_env != NULL &&
                 (through_env[0] == '-' || strchr(through_env, '=') != NULL));
    }
    return program_locate(through_env != NULL ? through_env : word, interpreter);
}

void program_resolve(const char *path, char real[PATH_MAX])
{
    char next[PATH_MAX];
    snprintf(real, PATH_MAX, "%s", path);
    for (int depth = 0; depth < SCRIPT_DEPTH_LIMIT && read_interpreter(real, next);
         depth++) {
        snprintf(real, PATH_MAX, "%s", next);
    }
}

static bool image_open(struct image *image, const char *path)
{
    struct stat status;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    *image = (struct image){.size = 0};
    if (file < 0) {
        return false;
    }
    if (fstat(file, &status) == 0 && (size_t)status.st_size >= sizeof(ElfW(Ehdr))) {
        void *bytes =
            mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (bytes != MAP_FAILED) {
            image->bytes = bytes;
            image->size = (size_t)status.st_size;
        }
    }
    close(file);
    return image->bytes != NULL;
}

/* `count` things of `size` bytes at `offset`; NULL: the file ends before. */
static const void *image_at(const struct image *image, uint64_t offset, uint64_t count,
                            uint64_t size)
{
    if (offset > image->size || (count > 0 && size > (image->size - offset) / count)) {
        return NULL;
    }
    return image->bytes + offset;
}

static const char *symbol_name(const struct image *image, const ElfW(Shdr) * strings,
                               const ElfW(Sym) * symbol)
{
    static const char wanted[] = "malloc";
    if (symbol->st_name > strings->sh_size ||
        strings->sh_size - symbol->st_name < sizeof wanted) {
        return "";
    }
    const char *name =
        image_at(image, strings->sh_offset + symbol->st_name, sizeof wanted, 1);
    return name != NULL && memcmp(name, wanted, sizeof wanted) == 0 ? wanted : "";
}

/* Whether the dynamic symbols hold a malloc that is defined here. */
static bool defines_malloc(const struct image *image, const ElfW(Ehdr) * header)
{
    const ElfW(Shdr) *sections =
        image_at(image, header->e_shoff, header->e_shnum, sizeof *sections);
    for (size_t i = 0; sections != NULL && i < header->e_shnum; i++) {
        const ElfW(Shdr) *section = &sections[i];
        if (section->sh_type != SHT_DYNSYM || section->sh_link >= header->e_shnum) {
            continue;
        }
        const size_t count = section->sh_size / sizeof(ElfW(Sym));
        const ElfW(Sym) *symbols =
            image_at(image, section->sh_offset, count, sizeof *symbols);
        for (size_t k = 0; symbols != NULL && k < count; k++) {
            if (symbols[k].st_shndx != SHN_UNDEF && symbols[k].st_value != 0 &&
                (ELF64_ST_TYPE(symbols[k].st_info) == STT_FUNC ||
                 ELF64_ST_TYPE(symbols[k].st_info) == STT_GNU_IFUNC) &&
                symbol_name(image, &sections[section->sh_link], &symbols[k])[0] !=
                    '\0') {
                return true;
            }
        }
    }
    return false;
}

static bool has_loader(const struct image *image, const ElfW(Ehdr) * header)
{
    const ElfW(Phdr) *segments =
        image_at(image, header->e_phoff, header->e_phnum, sizeof *segments);
    for (size_t i = 0; segments != NULL && i < header->e_phnum; i++) {
        if (segments[i].p_type == PT_INTERP) {
            return true;
        }
    }
    return false;
}

static bool is_privileged(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return false;
    }
    return ((status.st_mode & S_ISUID) != 0 && status.st_uid != getuid()) ||
           ((status.st_mode & S_ISGID) != 0 && status.st_gid != getgid()) ||
           (getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0);
}

bool program_defines_malloc(const char *path)
{
    struct image image;
    if (!image_open(&image, path)) {
        return false;
    }
    const ElfW(Ehdr) *header = image_at(&image, 0, 1, sizeof *header);
    /* Without sections, or of another word size, it is not read: the loader judges. */
    const bool is_readable = header != NULL && header->e_shnum > 0 &&
                             header->e_ident[EI_CLASS] == ELFCLASS64;
    const bool defines = !is_readable || defines_malloc(&image, header);
    munmap((void *)(uintptr_t)image.bytes, image.size);
    return defines;
}

enum program_kind program_judge(const char *path)
{
    struct image image;
    if (is_privileged(path)) {
        return PROGRAM_PRIVILEGED;
    }
    if (!image_open(&image, path)) {
        return PROGRAM_UNKNOWN;
    }
    const ElfW(Ehdr) *header = image_at(&image, 0, 1, sizeof *header);
    enum program_kind kind = PROGRAM_DYNAMIC;
    struct image own;
    const ElfW(Ehdr) *ours = NULL;
    if (image_open(&own, "/proc/self/exe")) {
        ours = image_at(&own, 0, 1, sizeof *ours);
    }
    if (header == NULL || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) {
        kind = PROGRAM_UNKNOWN;
    } else if (ours != NULL && (header->e_ident[EI_CLASS] != ours->e_ident[EI_CLASS] ||
                                header->e_machine != ours->e_machine)) {
        kind = PROGRAM_OTHER_ABI;
    } else if (!has_loader(&image, header)) {
        kind = PROGRAM_STATIC;
    } else if (defines_malloc(&image, header)) {
        kind = PROGRAM_OWN_MALLOC;
    }
    munmap((void *)(uintptr_t)image.bytes, image.size);
    if (own.bytes != NULL) {
        munmap((void *)(uintptr_t)own.bytes, own.size);
    }
    return kind;
}

const char *program_kind_text(enum program_kind kind)
{
    switch (kind) {
    case PROGRAM_STATIC:
        return "is linked statically, and nothing can be preloaded into it";
    case PROGRAM_PRIVILEGED:
        return "is set-user-ID or has capabilities, and the loader then ignores "
               "LD_PRELOAD";
    case PROGRAM_OTHER_ABI:
        return "is of another word size or machine than the allocators' libraries";
    case PROGRAM_OWN_MALLOC:
        return "defines malloc itself, which comes before any library that is "
               "preloaded";
    case PROGRAM_DYNAMIC:
    case PROGRAM_UNKNOWN:
        break;
    }
    return "is no program that this machine's loader starts";
}
