#include "runner/allocators.h"

#include <ctype.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <glob.h>
#include <gnu/libc-version.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process/memory.h"
#include "process/tool.h"
#include "report/utf8.h"
#include "runner/lab.h"

enum origin {
    ORIGIN_LIBC,   /* nothing to preload */
    ORIGIN_OURS,   /* built here: where tool_find looks */
    ORIGIN_SYSTEM, /* in a library directory */
    ORIGIN_CLANG,  /* in the compiler's own directory */
};

static const struct known {
    const char *name;
    enum origin origin;
    const char *file; /* pattern for glob(3) unless it is ours */
    const char *package;
    const char *remedy;
} known_allocators[] = {
    {"snug", ORIGIN_OURS, "libsnug.so", NULL, "make"},
    {"glibc", ORIGIN_LIBC, NULL, NULL, NULL},
    {"jemalloc", ORIGIN_SYSTEM, "libjemalloc.so.[0-9]*", "libjemalloc2",
     "apt install libjemalloc2"},
    {"mimalloc", ORIGIN_SYSTEM, "libmimalloc.so.[0-9]*", "libmimalloc2.0",
     "apt install libmimalloc2.0"},
    {"tcmalloc", ORIGIN_SYSTEM, "libtcmalloc_minimal.so.[0-9]*", "libtcmalloc-minimal4",
     "apt install libtcmalloc-minimal4"},
    {"tbbmalloc", ORIGIN_SYSTEM, "libtbbmalloc_proxy.so.[0-9]*", "libtbbmalloc2",
     "apt install libtbbmalloc2"},
    /* [!i]: not the i386 one that stands beside it */
    {"scudo", ORIGIN_CLANG, "libclang_rt.scudo_standalone-[!i]*.so",
     "libclang-rt-14-dev", "apt install libclang-rt-14-dev"},
    {"floor", ORIGIN_OURS, "libsnugbench-floor.so", NULL, "make"},
};

enum {
    KNOWN_COUNT = sizeof known_allocators / sizeof *known_allocators
};

/* The last match in the order of glob: the highest version of several. */
static char *glob_last(const char *directory, const char *file)
{
    char pattern[PATH_MAX];
    snprintf(pattern, sizeof pattern, "%s/%s", directory, file);
    glob_t matches;
    if (glob(pattern, 0, NULL, &matches) != 0) {
        return NULL;
    }
    char *path = realpath(matches.gl_pathv[matches.gl_pathc - 1], NULL);
    globfree(&matches);
    return path;
}

/* Where this process has its libc from: the directory of the right architecture. */
static void libc_directory(char directory[PATH_MAX])
{
    Dl_info info;
    snprintf(directory, PATH_MAX, "/usr/lib");
    const void *function = dlsym(RTLD_DEFAULT, "gnu_get_libc_version");
    if (function != NULL && dladdr(function, &info) != 0 && info.dli_fname != NULL) {
        snprintf(directory, PATH_MAX, "%s", info.dli_fname);
        char *slash = strrchr(directory, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
    }
}

static char *find_in_system(const char *file)
{
    char libc[PATH_MAX];
    libc_directory(libc);
    const char *const places[] = {"/usr/local/lib", libc, "/usr/lib64", "/usr/lib"};
    char *path = NULL;
    for (size_t i = 0; i < sizeof places / sizeof *places && path == NULL; i++) {
        path = glob_last(places[i], file);
    }
    return path;
}

/* The library of a known allocator; NULL: not installed. */
static char *known_library(const struct known *known)
{
    char path[PATH_MAX];
    switch (known->origin) {
    case ORIGIN_OURS:
        return tool_find(known->file, path, sizeof path) ? realpath(path, NULL) : NULL;
    case ORIGIN_SYSTEM:
        return find_in_system(known->file);
    case ORIGIN_CLANG:
        return glob_last("/usr/lib/clang/*/lib/linux", known->file);
    case ORIGIN_LIBC:
        break;
    }
    return NULL;
}

static const struct known *find_known(const char *name)
{
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        if (strcmp(known_allocators[i].name, name) == 0) {
            return &known_allocators[i];
        }
    }
    return NULL;
}

/* Takes over `library`. */
static void list_add(struct allocator_list *list, const char *name, char *library)
{
    list->items = memory_grow(list->items, list->count + 1, sizeof *list->items);
    list->items[list->count++] = (struct allocator){
        .name = memory_copy(name),
        .library = library,
    };
}

static bool check_name(const struct allocator_list *list, const char *name,
                       struct allocator_error *error)
{
    if (name[0] == '\0' || name[strcspn(name, "\n\r\t\"/,")] != '\0' ||
        !utf8_is_valid(name)) {
        snprintf(error->text, sizeof error->text,
                 "'%s' is no name for an allocator; write -a NAME=LIBRARY.so or -a "
                 "NAME,VARIABLE=VALUE",
                 name);
        return false;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].name, name) == 0) {
            snprintf(error->text, sizeof error->text,
                     "allocator '%s' is given twice; give the second another name "
                     "(-a NAME=LIBRARY.so)",
                     name);
            return false;
        }
    }
    return true;
}

/* An ELF file, as the loader takes no other. */
static bool is_elf(const char *path)
{
    char start[SELFMAG] = "";
    FILE *file = fopen(path, "re");
    const bool good = file != NULL && fread(start, sizeof start, 1, file) == 1 &&
                      memcmp(start, ELFMAG, SELFMAG) == 0;
    if (file != NULL) {
        fclose(file);
    }
    return good;
}

/* The real path of a library that the user named; NULL: `error` says why not. */
static char *check_library(const char *path, struct allocator_error *error)
{
    char *library = realpath(path, NULL);
    if (library == NULL || access(library, R_OK) != 0) {
        snprintf(error->text, sizeof error->text, "cannot read the library '%s': %s",
                 path, strerror(errno));
        free(library);
        return NULL;
    }
    struct stat status;
    const char *reason = NULL;
    if (stat(library, &status) != 0 || !S_ISREG(status.st_mode)) {
        reason = "is no file; name a shared library";
    } else if (!is_elf(library)) {
        reason = "is no shared library; source of a malloc lab has to end in .c";
    } else if (strlen(library) >= sizeof((struct worker_record *)0)->expected_library) {
        reason = "has too long a path; copy it elsewhere";
    }
    if (reason != NULL) {
        snprintf(error->text, sizeof error->text, "'%s' %s", library, reason);
        free(library);
        return NULL;
    }
    return library;
}

/* The same of a course's allocator, compiled. */
static char *compile_lab(const char *path, struct allocator_error *error)
{
    char *made = lab_compile(path, error->text, sizeof error->text);
    char *library = made == NULL ? NULL : check_library(made, error);
    free(made);
    return library;
}

static void write_unknown(const char *name, struct allocator_error *error)
{
    int length =
        snprintf(error->text, sizeof error->text,
                 "no allocator '%s'; write -a %s=LIBRARY.so or one of:", name, name);
    for (size_t i = 0; i < KNOWN_COUNT && length > 0; i++) {
        size_t used = (size_t)length;
        if (used >= sizeof error->text) {
            return;
        }
        int more = snprintf(error->text + used, sizeof error->text - used, " %s",
                            known_allocators[i].name);
        length = more < 0 ? more : length + more;
    }
}

/* Takes a known one in under `name`. */
static bool add_known(struct allocator_list *list, const char *name,
                      const char *known_name, struct allocator_error *error)
{
    const struct known *known = find_known(known_name);
    if (known == NULL) {
        write_unknown(known_name, error);
        return false;
    }
    char *library = known_library(known);
    if (library == NULL && known->origin != ORIGIN_LIBC) {
        snprintf(error->text, sizeof error->text,
                 "%s is not on this machine; get it with '%s'", known_name,
                 known->remedy);
        return false;
    }
    list_add(list, name, library);
    list->items[list->count - 1].is_floor = strcmp(known_name, "floor") == 0;
    return true;
}

/* The part of a file's name that is the allocator's: jemalloc of libjemalloc.so.2. */
static const char *name_in(const char *path, size_t *length)
{
    const char *name = strrchr(path, '/') + 1;
    name += strncmp(name, "lib", 3) == 0 ? 3 : 0;
    const char *end = lab_is_source(name) ? strrchr(name, '.') : strstr(name, ".so");
    *length = end != NULL ? (size_t)(end - name) : strlen(name);
    return name;
}

/* NAME, NAME=LIBRARY, NAME=KNOWN, or a path with a slash, which has the name in it. */
static bool add_named(struct allocator_list *list, const char *spec,
                      struct allocator_error *error)
{
    size_t length = strcspn(spec, "=/");
    const char *start = spec;
    const char *path = spec;
    if (spec[length] == '\0') {
        return check_name(list, spec, error) && add_known(list, spec, spec, error);
    }
    if (spec[length] == '=') {
        path = spec + length + 1;
    } else {
        start = name_in(path, &length);
    }
    char name[64];
    if (length >= sizeof name) {
        snprintf(error->text, sizeof error->text,
                 "the name in '%s' is too long; at most %zu characters", spec,
                 sizeof name - 1);
        return false;
    }
    memcpy(name, start, length);
    name[length] = '\0';
    if (!check_name(list, name, error)) {
        return false;
    }
    if (find_known(path) != NULL) {
        return add_known(list, name, path, error);
    }
    const bool is_lab = lab_is_source(path);
    char *library = is_lab ? compile_lab(path, error) : check_library(path, error);
    if (library == NULL) {
        return false;
    }
    list_add(list, name, library);
    list->items[list->count - 1].is_lab = is_lab;
    return true;
}

/* The next comma that is followed by "NAME=": only that separates, for values have
 * commas of their own (MALLOC_CONF=a:1,b:2). NULL: none. */
static char *next_variable(char *text)
{
    for (char *comma = strchr(text, ','); comma != NULL;
         comma = strchr(comma + 1, ',')) {
        const char *name = comma + 1;
        size_t length = 0;
        while (isalnum((unsigned char)name[length]) || name[length] == '_') {
            length++;
        }
        if (length > 0 && !isdigit((unsigned char)name[0]) && name[length] == '=') {
            return comma;
        }
    }
    return NULL;
}

/* `text` is taken apart. */
static void add_variables(struct allocator *allocator, char *text)
{
    size_t count = 0;
    while (text != NULL) {
        char *end = next_variable(text);
        if (end != NULL) {
            *end = '\0';
        }
        allocator->variables =
            memory_grow(allocator->variables, count + 2, sizeof *allocator->variables);
        allocator->variables[count++] = memory_copy(text);
        allocator->variables[count] = NULL;
        text = end != NULL ? end + 1 : NULL;
    }
}

static bool add_specified(struct allocator_list *list, const char *spec,
                          struct allocator_error *error)
{
    char *head = memory_copy(spec);
    char *comma = next_variable(head);
    if (comma != NULL) {
        *comma = '\0';
    }
    const bool done = add_named(list, head, error);
    if (done && comma != NULL) {
        add_variables(&list->items[list->count - 1], comma + 1);
    }
    free(head);
    return done;
}

/* Those of the compiler's are for debugging: they run when they are asked for. */
static void add_installed(struct allocator_list *list)
{
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        const struct known *known = &known_allocators[i];
        char *library = known_library(known);
        if (known->origin == ORIGIN_LIBC ||
            (library != NULL && known->origin != ORIGIN_CLANG)) {
            list_add(list, known->name, library);
            list->items[list->count - 1].is_floor = strcmp(known->name, "floor") == 0;
        } else {
            free(library);
        }
    }
}

bool allocators_parse(struct allocator_list *list, const char *const *specs,
                      size_t spec_count, struct allocator_error *error)
{
    *list = (struct allocator_list){0};
    if (spec_count == 0) {
        add_installed(list);
    }
    for (size_t i = 0; i < spec_count; i++) {
        if (!add_specified(list, specs[i], error)) {
            allocators_free(list);
            return false;
        }
    }
    return true;
}

bool allocators_add_floor(struct allocator_list *list, struct allocator_error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].is_floor) {
            return true;
        }
    }
    return add_known(list, "floor", "floor", error);
}

void allocator_free(struct allocator *allocator)
{
    for (char **variable = allocator->variables; variable != NULL && *variable != NULL;
         variable++) {
        free(*variable);
    }
    free(allocator->variables);
    free(allocator->name);
    free(allocator->library);
}

void allocators_free(struct allocator_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        allocator_free(&list->items[i]);
    }
    free(list->items);
    *list = (struct allocator_list){0};
}

/* The version that dpkg has installed; "" if there is no dpkg or no such package. */
static void package_version(const char *package, char *version, size_t size)
{
    version[0] = '\0';
    FILE *status = fopen("/var/lib/dpkg/status", "r");
    if (status == NULL) {
        return;
    }
    static const char package_field[] = "Package: ";
    static const char version_field[] = "Version: ";
    char *line = NULL;
    size_t capacity = 0;
    bool inside = false;
    while (version[0] == '\0' && getline(&line, &capacity, status) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, package_field, sizeof package_field - 1) == 0) {
            inside = strcmp(line + sizeof package_field - 1, package) == 0;
        } else if (inside &&
                   strncmp(line, version_field, sizeof version_field - 1) == 0) {
            snprintf(version, size, "%s", line + sizeof version_field - 1);
        }
    }
    free(line);
    fclose(status);
}

size_t allocators_known_count(void)
{
    return KNOWN_COUNT;
}

struct known_state allocators_known(size_t index)
{
    const struct known *known = &known_allocators[index];
    struct known_state state = {
        .name = known->name,
        .library = known_library(known),
        .remedy = known->remedy,
    };
    state.is_available = state.library != NULL || known->origin == ORIGIN_LIBC;
    if (known->origin == ORIGIN_LIBC) {
        snprintf(state.version, sizeof state.version, "%s", gnu_get_libc_version());
    } else if (state.library != NULL && known->package != NULL &&
               strncmp(state.library, "/usr/local/", 11) != 0) {
        package_version(known->package, state.version, sizeof state.version);
    }
    return state;
}
