/* Frees, reallocations and questions about what is no live block. */
#include "misuse.h"

#include <pthread.h>

/* -- double free -- */

static void double_free(size_t bytes)
{
    void *const block = block_between(bytes);
    snug_free(block);
    snug_free(hidden(block));
}

static void double_free_of_the_last(size_t bytes)
{
    void *const block = tell(snug_malloc(bytes));
    told->bytes = bytes;
    snug_free(block);
    snug_free(hidden(block));
}

static void double_free_of_many(size_t bytes)
{
    void *const block = block_of_many(bytes);
    snug_free(block);
    snug_free(hidden(block));
}

static void double_free_with_others_between(size_t bytes)
{
    void *const block = block_of_many(bytes);
    void *const other = snug_malloc(bytes);
    snug_free(block);
    snug_free(other);
    snug_free(hidden(block));
}

/* After others were allocated and freed: not only the last call is remembered. */
static void double_free_later(size_t bytes)
{
    void *const block = block_between(bytes);
    snug_free(block);
    for (size_t i = 0; i < 100; i++) {
        snug_free(snug_malloc(40 + i));
    }
    void *const larger = snug_malloc(2 * bytes);
    snug_free(hidden(block));
    snug_free(larger);
}

static void *free_it(void *block)
{
    snug_free(block);
    return NULL;
}

static void double_free_by_a_thread(size_t bytes)
{
    void *const block = block_between(bytes);
    pthread_t thread;
    snug_free(block);
    CHECK(pthread_create(&thread, NULL, free_it, hidden(block)) == 0);
    pthread_join(thread, NULL);
}

static void double_free_after_a_thread(size_t bytes)
{
    void *const block = block_between(bytes);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, free_it, block) == 0);
    pthread_join(thread, NULL);
    snug_free(hidden(block));
}

static void double_free_in_a_forked_child(size_t bytes)
{
    void *const block = block_between(bytes);
    snug_free(block);
    const pid_t child = fork();
    int status = 0;
    if (child == 0) {
        snug_free(hidden(block));
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status)) {
        signal(SIGABRT, SIG_DFL);
        raise(WTERMSIG(status));
    }
}

static void double_free_of_aligned(size_t bytes)
{
    snug_free(snug_malloc(bytes));
    void *const block = tell(snug_aligned_alloc(1024, bytes));
    CHECK(snug_malloc(bytes) != NULL);
    told->bytes = bytes;
    snug_free(block);
    snug_free(hidden(block));
}

static void free_of_what_realloc_moved(size_t bytes)
{
    void *const block = block_between(bytes);
    CHECK(snug_realloc(hidden(block), 10 * bytes) != block);
    snug_free(hidden(block));
}

/* -- free of what is no block -- */

static void free_of_the_stack(size_t bytes)
{
    _Alignas(16) char on_stack[64] = {0};
    (void)bytes;
    snug_free(tell(on_stack));
}

static void free_of_static_memory(size_t bytes)
{
    static _Alignas(16) char fixed[64];
    (void)bytes;
    snug_free(tell(fixed));
}

static void free_of_thread_local_memory(size_t bytes)
{
    static __thread char local[64];
    (void)bytes;
    snug_free(tell(local));
}

static void free_of_code(size_t bytes)
{
    (void)bytes;
    snug_free(tell((void *)(uintptr_t)free_of_code));
}

static void free_of_libc_memory(size_t bytes)
{
    snug_free(snug_malloc(1));
    snug_free(tell(malloc(bytes)));
}

static void free_of_unmapped_memory(size_t bytes)
{
    char *const pages =
        mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED && munmap(pages, bytes) == 0);
    snug_free(tell(pages + 64));
}

static void free_of_a_number(size_t bytes)
{
    void *number = NULL;
    memcpy(&number, &bytes, sizeof number);
    snug_free(tell(number));
}

static void free_of_the_interior(size_t bytes)
{
    char *const block = block_between(bytes);
    snug_free(tell(block + (bytes / 2 & ~(size_t)15)));
}

static void free_of_the_interior_of_many(size_t bytes)
{
    char *const block = block_of_many(bytes);
    snug_free(tell(block + 16));
}

static void free_of_misaligned(size_t bytes)
{
    char *const block = block_between(bytes);
    snug_free(tell(block + 1));
}

static void free_of_misaligned_among_many(size_t bytes)
{
    char *const block = block_of_many(bytes);
    snug_free(tell(block + 1));
}

static void free_before_the_start(size_t bytes)
{
    char *const block = block_between(bytes);
    snug_free(tell(block - 16));
}

static void free_of_never_allocated(size_t bytes)
{
    /* Above every block, in the reservation: zero pages, nobody's. */
    char *const last = snug_malloc(bytes);
    snug_free(tell(last + 16 * bytes));
}

static void free_sized_of_the_stack(size_t bytes)
{
    _Alignas(16) char on_stack[64] = {0};
    snug_free_sized(tell(on_stack), bytes);
}

static void free_sized_with_a_wrong_size(size_t bytes)
{
    snug_free_sized(block_between(bytes), bytes / 2);
}

static void free_sized_with_a_wrong_size_of_many(size_t bytes)
{
    snug_free_sized(block_of_many(bytes), 4 * bytes);
}

static void free_with_a_wrong_alignment(size_t bytes)
{
    snug_free_aligned_sized(block_between(bytes), 4096, bytes);
}

/* -- realloc and usable size -- */

static void realloc_of_freed(size_t bytes)
{
    void *const block = block_between(bytes);
    snug_free(block);
    CHECK(snug_realloc(hidden(block), 2 * bytes) != NULL);
}

static void realloc_of_freed_among_many(size_t bytes)
{
    void *const block = block_of_many(bytes);
    snug_free(block);
    CHECK(snug_realloc(hidden(block), 2 * bytes) != NULL);
}

static void realloc_of_freed_to_zero_size(size_t bytes)
{
    void *const block = block_between(bytes);
    snug_free(block);
    CHECK(snug_realloc(hidden(block), 0) == NULL);
}

static void realloc_of_the_stack(size_t bytes)
{
    _Alignas(16) char on_stack[64] = {0};
    CHECK(snug_realloc(tell(on_stack), bytes) == NULL);
}

static void realloc_of_libc_memory(size_t bytes)
{
    snug_free(snug_malloc(1));
    CHECK(snug_realloc(tell(malloc(bytes)), 2 * bytes) == NULL);
}

static void realloc_of_the_interior(size_t bytes)
{
    char *const block = block_between(bytes);
    CHECK(snug_realloc(tell(block + (bytes / 2 & ~(size_t)15)), bytes) == NULL);
}

static void usable_size_of_libc_memory(size_t bytes)
{
    CHECK(snug_malloc_usable_size(tell(malloc(bytes))) == 0);
}

static void usable_size_of_the_stack(size_t bytes)
{
    _Alignas(16) char on_stack[64] = {0};
    (void)bytes;
    CHECK(snug_malloc_usable_size(tell(on_stack)) == 0);
}

static void usable_size_of_freed(size_t bytes)
{
    void *const block = block_between(bytes);
    snug_free(block);
    CHECK(snug_malloc_usable_size(hidden(block)) == 0);
}

static void usable_size_of_freed_among_many(size_t bytes)
{
    void *const block = block_of_many(bytes);
    snug_free(block);
    CHECK(snug_malloc_usable_size(hidden(block)) != 0);
}

static void usable_size_of_the_interior(size_t bytes)
{
    char *const block = block_between(bytes);
    CHECK(snug_malloc_usable_size(tell(block + (bytes / 2 & ~(size_t)15))) == 0);
}

static void usable_size_of_the_interior_among_many(size_t bytes)
{
    char *const block = block_of_many(bytes);
    CHECK(snug_malloc_usable_size(tell(block + 16)) == 0);
}

#define MIB ((size_t)1024 * 1024)
#define DOUBLE "double free of P"
#define DOUBLE_N DOUBLE ", N bytes"
#define FOREIGN "free of a pointer that is no block: P"
#define DOUBTFUL "free of a pointer that is no block, or whose tag was overwritten: P"
#define SIZED_WRONG "free with a wrong size of P"
#define WRONG_SIZE "free with a wrong size of P, N bytes"
#define WRONG_ALIGNMENT "free with a wrong alignment of P, N bytes"
#define RESIZE_FREED "realloc of the freed block P"
#define RESIZE_FREED_N RESIZE_FREED ", N bytes"
#define RESIZE_FOREIGN "realloc of a pointer that is no block: P"
#define RESIZE_DOUBTFUL                                                                \
    "realloc of a pointer that is no block, or whose tag was overwritten: P"
#define SIZE_FREED "usable size of the freed block P"
#define SIZE_FREED_N SIZE_FREED ", N bytes"
#define SIZE_FOREIGN "usable size of a pointer that is no block: P"
#define SIZE_DOUBTFUL                                                                  \
    "usable size of a pointer that is no block, or whose tag was overwritten: P"

static struct row rows[] = {
    /* program, bytes: at level 0, 1, 2 */
    ROW(double_free, 8, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(double_free, 40, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(double_free, 520, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(double_free, 20000, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(double_free, 300000, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(double_free, 64 * MIB, FOREIGN, DOUBLE_N, DOUBLE_N),
    ROW(double_free, 0, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(double_free_of_the_last, 300000, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(double_free_of_many, 8, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(double_free_of_many, 40, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(double_free_of_many, 500, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(double_free_of_many, 2000, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(double_free_with_others_between, 40, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(double_free_with_others_between, 2000, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(double_free_later, 20000, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(double_free_by_a_thread, 40, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(double_free_by_a_thread, 20000, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(double_free_after_a_thread, 40, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(double_free_after_a_thread, 20000, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(double_free_in_a_forked_child, 40, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(double_free_in_a_forked_child, 20000, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(double_free_of_aligned, 3000, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(free_of_what_realloc_moved, 40, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(free_of_what_realloc_moved, 20000, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(free_of_the_stack, 64, FOREIGN, FOREIGN, FOREIGN),
    ROW(free_of_static_memory, 64, FOREIGN, FOREIGN, FOREIGN),
    ROW(free_of_thread_local_memory, 64, FOREIGN, FOREIGN, FOREIGN),
    ROW(free_of_code, 1, FOREIGN, FOREIGN, FOREIGN),
    ROW(free_of_libc_memory, 100, FOREIGN, FOREIGN, FOREIGN),
    ROW(free_of_unmapped_memory, 4096, FOREIGN, FOREIGN, FOREIGN),
    ROW(free_of_a_number, 1, FOREIGN, FOREIGN, FOREIGN),
    ROW(free_of_a_number, 16, FOREIGN, FOREIGN, FOREIGN),
    ROW(free_of_a_number, UINTPTR_MAX - 15, FOREIGN, FOREIGN, FOREIGN),
    ROW(free_of_the_interior, 40, DOUBTFUL, FOREIGN, FOREIGN),
    ROW(free_of_the_interior, 20000, DOUBTFUL, FOREIGN, FOREIGN),
    ROW(free_of_the_interior, 64 * MIB, FOREIGN, FOREIGN, FOREIGN),
    ROW(free_of_misaligned, 40, FOREIGN, FOREIGN, FOREIGN),
    ROW(free_of_misaligned, 20000, FOREIGN, FOREIGN, FOREIGN),
    ROW(free_of_misaligned, 64 * MIB, FOREIGN, FOREIGN, FOREIGN),
    ROW(free_before_the_start, 40, DOUBTFUL, FOREIGN, FOREIGN),
    ROW(free_before_the_start, 20000, DOUBTFUL, FOREIGN, FOREIGN),
    ROW(free_of_never_allocated, 20000, DOUBTFUL, FOREIGN, FOREIGN),
    ROW(free_sized_of_the_stack, 64, FOREIGN, FOREIGN, FOREIGN),
    ROW(free_of_the_interior_of_many, 40, FOREIGN, FOREIGN, FOREIGN),
    ROW(free_of_misaligned_among_many, 40, FOREIGN, FOREIGN, FOREIGN),
    ROW(free_sized_with_a_wrong_size, 40, UNNOTICED, WRONG_SIZE, WRONG_SIZE),
    ROW(free_sized_with_a_wrong_size, 20000, SIZED_WRONG, WRONG_SIZE, WRONG_SIZE),
    ROW(free_sized_with_a_wrong_size_of_many, 40, SIZED_WRONG, WRONG_SIZE, WRONG_SIZE),
    ROW(free_with_a_wrong_alignment, 20000, UNNOTICED, WRONG_ALIGNMENT,
        WRONG_ALIGNMENT),
    ROW(realloc_of_freed, 40, RESIZE_FREED, RESIZE_FREED_N, RESIZE_FREED_N),
    ROW(realloc_of_freed, 20000, RESIZE_FREED, RESIZE_FREED_N, RESIZE_FREED_N),
    ROW(realloc_of_freed, 64 * MIB, RESIZE_FOREIGN, RESIZE_FREED_N, RESIZE_FREED_N),
    ROW(realloc_of_freed_among_many, 40, RESIZE_FREED, RESIZE_FREED_N, RESIZE_FREED_N),
    ROW(realloc_of_freed_to_zero_size, 20000, DOUBLE, DOUBLE_N, DOUBLE_N),
    ROW(realloc_of_the_stack, 100, RESIZE_FOREIGN, RESIZE_FOREIGN, RESIZE_FOREIGN),
    ROW(realloc_of_libc_memory, 100, RESIZE_FOREIGN, RESIZE_FOREIGN, RESIZE_FOREIGN),
    ROW(realloc_of_the_interior, 20000, RESIZE_DOUBTFUL, RESIZE_FOREIGN,
        RESIZE_FOREIGN),
    ROW(usable_size_of_libc_memory, 100, SIZE_FOREIGN, SIZE_FOREIGN, SIZE_FOREIGN),
    ROW(usable_size_of_the_stack, 64, SIZE_FOREIGN, SIZE_FOREIGN, SIZE_FOREIGN),
    ROW(usable_size_of_freed, 40, SIZE_FREED, SIZE_FREED_N, SIZE_FREED_N),
    ROW(usable_size_of_freed, 20000, SIZE_FREED, SIZE_FREED_N, SIZE_FREED_N),
    ROW(usable_size_of_freed, 64 * MIB, SIZE_FOREIGN, SIZE_FREED_N, SIZE_FREED_N),
    ROW(usable_size_of_freed_among_many, 40, SIZE_FREED, SIZE_FREED_N, SIZE_FREED_N),
    ROW(usable_size_of_the_interior, 20000, SIZE_DOUBTFUL, SIZE_FOREIGN, SIZE_FOREIGN),
    ROW(usable_size_of_the_interior_among_many, 40, SIZE_FOREIGN, SIZE_FOREIGN,
        SIZE_FOREIGN),
};

int main(void)
{
    return run_rows("misuse", rows, sizeof rows / sizeof *rows);
}
