#include "worker/library.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "worker/message.h"

/* The worker is position independent, so the address of a function is the one that the
 * dynamic linker resolved, not a stub in the worker. */
static const void *object_of(const void *function, const char **path)
{
    Dl_info info;
    if (dladdr(function, &info) == 0 || info.dli_fname == NULL) {
        return NULL;
    }
    if (path != NULL) {
        *path = info.dli_fname;
    }
    return info.dli_fbase;
}

bool library_has_usable_size(const struct job *job)
{
    if (job->record->is_lab) {
        return false;
    }
    const void *home = object_of((void *)malloc, NULL);
    return home != NULL && object_of((void *)malloc_usable_size, NULL) == home;
}

/* Looked up by name, as other libraries have no such function; there, dlsym would
 * allocate its error message. */
static uint64_t call_lab(const char *name)
{
    size_t (*function)(void) = (size_t(*)(void))dlsym(RTLD_DEFAULT, name);
    return function == NULL ? 0 : function();
}

uint64_t library_lab_alignment_bytes(void)
{
    return call_lab("snugbench_lab_alignment_bytes");
}

uint64_t library_lab_heap_bytes(void)
{
    return call_lab("snugbench_lab_heap_bytes");
}

static void (*floor_part)(uint32_t part);
static void (*floor_keep)(void *memory, size_t bytes);

/* Of the floor alone: other libraries have no such functions. */
bool library_open_floor(void)
{
    floor_part = (void (*)(uint32_t))dlsym(RTLD_DEFAULT, "snugbench_floor_part");
    floor_keep = (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "snugbench_floor_keep");
    return floor_part != NULL && floor_keep != NULL;
}

void library_floor_part(uint32_t part)
{
    if (floor_part != NULL) {
        floor_part(part);
    }
}

void library_floor_keep(void *memory, size_t bytes)
{
    if (floor_keep != NULL) {
        floor_keep(memory, bytes);
    }
}

static bool is_libc(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash == NULL ? path : slash + 1;
    return strncmp(base, "libc.so", 7) == 0 || strncmp(base, "libc-", 5) == 0;
}

static bool is_expected(const char *path, const char *expected)
{
    if (expected[0] == '\0') {
        return is_libc(path);
    }
    struct stat found;
    struct stat wanted;
    return stat(path, &found) == 0 && stat(expected, &wanted) == 0 &&
           found.st_dev == wanted.st_dev && found.st_ino == wanted.st_ino;
}

/* Half an allocator is worse than none: its blocks would go to another's free. */
static const char *call_from_elsewhere(const struct trace_header *header)
{
    const struct {
        const char *name;
        const void *function;
        bool needed;
    } calls[] = {
        {"free", (void *)free, true},
        {"calloc", (void *)calloc, true},
        {"realloc", (void *)realloc, true},
        {"memalign", (void *)memalign, header->kind_counts[TRACE_MEMALIGN] > 0},
    };
    const void *home = object_of((void *)malloc, NULL);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (calls[i].needed && object_of(calls[i].function, NULL) != home) {
            return calls[i].name;
        }
    }
    return NULL;
}

bool library_check(struct job *job)
{
    struct worker_record *record = job->record;
    const char *path = "(unknown)";
    object_of((void *)malloc, &path);
    strncpy(record->malloc_library, path, sizeof record->malloc_library - 1);
    if (!is_expected(path, record->expected_library)) {
        const char *expected = record->expected_library;
        message_add(record, "malloc comes from %s, not from %s", path,
                    expected[0] == '\0' ? "the libc" : expected);
        return job_fail(job, WORKER_WRONG_LIBRARY, 0);
    }
    const char *stranger = call_from_elsewhere(job->header);
    if (stranger != NULL) {
        message_add(record, "%s defines malloc but not %s", path, stranger);
        return job_fail(job, WORKER_WRONG_LIBRARY, 0);
    }
    return true;
}
