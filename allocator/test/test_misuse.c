/* Misuse of the allocator: each row a program, the signal it dies of, and its last
 * words to the byte. */
#include "snug.h"

#include <sys/mman.h>

#include "child.h"

/* The pointer that the message is about, told by the child before it dies. */
static void **told;

static void *tell(void *pointer)
{
    *told = pointer;
    return pointer;
}

static const size_t small_bytes = 40;
static const size_t medium_bytes = 20000;
static const size_t large_bytes = (size_t)64 * 1024 * 1024;

/* Between two blocks in use, so that it stays a block of its own when it is freed. */
static void *block_between(size_t bytes)
{
    void *const before = snug_malloc(bytes);
    void *const block = snug_malloc(bytes);
    void *const behind = snug_malloc(bytes);
    CHECK(before != NULL && block != NULL && behind != NULL);
    memset(before, 0, bytes < 4096 ? bytes : 4096);
    memset(block, 0, bytes < 4096 ? bytes : 4096);
    return tell(block);
}

static void double_free_small(void)
{
    void *const block = block_between(small_bytes);
    snug_free(block);
    snug_free(block);
}

static void double_free_medium(void)
{
    void *const block = block_between(medium_bytes);
    snug_free(block);
    snug_free(block);
}

static void double_free_large(void)
{
    void *const block = block_between(large_bytes);
    snug_free(block);
    snug_free(block);
}

/* After others were allocated and freed: not only the last call is remembered. */
static void double_free_later(void)
{
    void *const block = block_between(medium_bytes);
    snug_free(block);
    for (size_t i = 0; i < 100; i++) {
        snug_free(snug_malloc(small_bytes + i));
    }
    void *const larger = snug_malloc(2 * medium_bytes);
    snug_free(block);
    snug_free(larger);
}

static void free_of_the_stack(void)
{
    _Alignas(16) char on_stack[64] = {0};
    snug_free(tell(on_stack));
}

static void free_of_static_memory(void)
{
    static _Alignas(16) char fixed[64];
    snug_free(tell(fixed));
}

static void free_of_libc_memory(void)
{
    snug_free(snug_malloc(1));
    snug_free(tell(malloc(100)));
}

static void free_of_the_interior(void)
{
    char *const block = block_between(medium_bytes);
    snug_free(tell(block + 1600));
}

static void free_of_the_interior_of_large(void)
{
    char *const block = block_between(large_bytes);
    snug_free(tell(block + 4096));
}

static void free_of_misaligned(void)
{
    char *const block = block_between(medium_bytes);
    snug_free(tell(block + 1));
}

static void free_of_never_allocated(void)
{
    /* Above every block, in the reservation: zero pages, nobody's. */
    char *const last = snug_malloc(medium_bytes);
    snug_free(tell(last + 16 * medium_bytes));
}

static void free_of_a_small_number(void)
{
    void *number = NULL;
    memcpy(&number, &(uintptr_t){16}, sizeof number);
    snug_free(tell(number));
}

static void free_of_the_end_of_memory(void)
{
    void *number = NULL;
    memcpy(&number, &(uintptr_t){UINTPTR_MAX - 15}, sizeof number);
    snug_free(tell(number));
}

static void free_sized_of_the_stack(void)
{
    _Alignas(16) char on_stack[64] = {0};
    snug_free_sized(tell(on_stack), sizeof on_stack);
}

static void realloc_of_freed_small(void)
{
    void *const block = block_between(small_bytes);
    snug_free(block);
    CHECK(snug_realloc(block, 2 * small_bytes) == NULL);
}

static void realloc_of_freed_medium(void)
{
    void *const block = block_between(medium_bytes);
    snug_free(block);
    CHECK(snug_realloc(block, 2 * medium_bytes) == NULL);
}

static void realloc_of_freed_large(void)
{
    void *const block = block_between(large_bytes);
    snug_free(block);
    CHECK(snug_realloc(block, 2 * large_bytes) == NULL);
}

static void realloc_of_freed_to_nothing(void)
{
    void *const block = block_between(medium_bytes);
    snug_free(block);
    CHECK(snug_realloc(block, 0) == NULL);
}

static void realloc_of_the_stack(void)
{
    _Alignas(16) char on_stack[64] = {0};
    CHECK(snug_realloc(tell(on_stack), 100) == NULL);
}

static void usable_size_of_foreign(void)
{
    CHECK(snug_malloc_usable_size(tell(malloc(100))) == 0);
}

static void usable_size_of_freed(void)
{
    void *const block = block_between(medium_bytes);
    snug_free(block);
    CHECK(snug_malloc_usable_size(block) == 0);
}

static void usable_size_of_the_interior(void)
{
    char *const block = block_between(medium_bytes);
    CHECK(snug_malloc_usable_size(tell(block + 1600)) == 0);
}

struct row {
    const char *name;
    void (*program)(void);
    const char *message; /* between "snug: " and the address */
};

#define NO_BLOCK "free of a pointer that is no block:"
#define NO_BLOCK_REALLOC "realloc of a pointer that is no block:"
#define NO_BLOCK_USABLE "usable size of a pointer that is no block:"
#define ROW(program, message)                                                          \
    {                                                                                  \
#program, program, message                                                     \
    }

static struct row rows[] = {
    ROW(double_free_small, "double free of"),
    ROW(double_free_medium, "double free of"),
    ROW(double_free_large, NO_BLOCK), /* its mapping is gone: nothing is known of it */
    ROW(double_free_later, "double free of"),
    ROW(free_of_the_stack, NO_BLOCK),
    ROW(free_of_static_memory, NO_BLOCK),
    ROW(free_of_libc_memory, NO_BLOCK),
    ROW(free_of_the_interior, NO_BLOCK),
    ROW(free_of_the_interior_of_large, NO_BLOCK),
    ROW(free_of_misaligned, NO_BLOCK),
    ROW(free_of_never_allocated, NO_BLOCK),
    ROW(free_of_a_small_number, NO_BLOCK),
    ROW(free_of_the_end_of_memory, NO_BLOCK),
    ROW(free_sized_of_the_stack, NO_BLOCK),
    ROW(realloc_of_freed_small, "realloc of the freed block"),
    ROW(realloc_of_freed_medium, "realloc of the freed block"),
    ROW(realloc_of_freed_large, NO_BLOCK_REALLOC),
    ROW(realloc_of_freed_to_nothing, "double free of"),
    ROW(realloc_of_the_stack, NO_BLOCK_REALLOC),
    ROW(usable_size_of_foreign, NO_BLOCK_USABLE),
    ROW(usable_size_of_freed, "usable size of the freed block"),
    ROW(usable_size_of_the_interior, NO_BLOCK_USABLE),
};

static void run_row(void **state)
{
    const struct row *const row = *state;
    *told = NULL;
    const struct child_result result = child_run(row->program);
    char expected[200];
    snprintf(expected, sizeof expected, "snug: %s 0x%lx\n", row->message,
             (unsigned long)(uintptr_t)*told);
    assert_string_equal(result.errors, expected);
    assert_true(WIFSIGNALED(result.status));
    assert_int_equal(WTERMSIG(result.status), SIGABRT);
}

int main(void)
{
    enum {
        ROWS = sizeof rows / sizeof *rows
    };
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                -1, 0);
    if ((void *)told == MAP_FAILED) {
        return 1;
    }
    struct CMUnitTest tests[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        tests[i] = (struct CMUnitTest){rows[i].name, run_row, NULL, NULL, &rows[i]};
    }
    return cmocka_run_group_tests_name("misuse", tests, NULL, NULL);
}
