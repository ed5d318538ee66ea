/* Stacks as libgcc's unwinder sees them, frame by frame, in shapes that compilers and
 * programs make; and no crash where call frame information is wrong. */
#include "child.h"

#include <alloca.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "debug/unwind.h"

enum {
    MOST = 400
};

#ifdef __clang__
#define KEEPS_FRAME_POINTER NO_INLINE
#define OMITS_FRAME_POINTER NO_INLINE
#else
#define KEEPS_FRAME_POINTER NO_INLINE __attribute__((optimize("no-omit-frame-pointer")))
#define OMITS_FRAME_POINTER NO_INLINE __attribute__((optimize("omit-frame-pointer")))
#endif

static __thread unsigned comparisons;
static __thread size_t last_count;

/* A value that the compiler does not know. */
static volatile size_t unknown = 7;

/* What may not be left undone after a call, so that no call is a jump. */
static void after_call(void)
{
    __asm__ volatile("" ::: "memory");
}

NO_INLINE static void compare(bool rules_suffice)
{
    static __thread void *ours[MOST], *theirs[MOST], *given[MOST];
    const struct unwind_start start = unwind_start_here();
    bool whole;
    const size_t our_count = unwind_by_rules(&start, ours, MOST, &whole);
    const size_t their_count = unwind_by_libgcc(&start, theirs, MOST);
    const size_t count = debug_unwind(&start, given, MOST);
    CHECK_NUMBERS(their_count, >, 0);
    CHECK_NUMBERS(whole, ==, rules_suffice);
    for (size_t i = 0; i < their_count && i < our_count; i++) {
        CHECK_NUMBERS(ours[i], ==, theirs[i]);
    }
    CHECK_NUMBERS(our_count, <=, their_count);
    if (rules_suffice) {
        CHECK_NUMBERS(our_count, ==, their_count);
    }
    CHECK_NUMBERS(count, ==, their_count);
    CHECK(memcmp(given, theirs, count * sizeof *given) == 0);
    for (size_t most = 0; most < 4; most++) {
        CHECK_NUMBERS(debug_unwind(&start, given, most), ==,
                      most < count ? most : count);
    }
    comparisons++;
    last_count = count;
}

/* Twice: rules are made, then found. */
NO_INLINE static void compare_here(void)
{
    compare(true);
    compare(true);
    after_call();
}

NO_INLINE static void recurse(unsigned depth) // NOLINT(misc-no-recursion)
{
    if (depth == 0) {
        compare_here();
    } else {
        recurse(depth - 1);
    }
    after_call();
}

static void deep_recursion(void)
{
    recurse(200);
    CHECK_NUMBERS(last_count, >, 200);
    recurse(2 * MOST);
    CHECK_NUMBERS(last_count, ==, MOST);
}

NO_INLINE static void fill(char *bytes, size_t count)
{
    memset(bytes, 1, count);
    after_call();
}

NO_INLINE static void with_alloca(unsigned depth) // NOLINT(misc-no-recursion)
{
    const size_t bytes = 16 + unknown * depth * 100;
    char *const some = alloca(bytes);
    fill(some, bytes);
    if (depth == 0) {
        compare_here();
    } else {
        with_alloca(depth - 1);
    }
    fill(some, bytes);
}

static void frames_of_no_fixed_size(void)
{
    with_alloca(20);
    CHECK_NUMBERS(last_count, >, 20);
}

NO_INLINE static void with_large_frame(void)
{
    char some[800000];
    fill(some, sizeof some);
    compare_here();
    fill(some, sizeof some);
}

static void large_frames(void)
{
    with_large_frame();
    CHECK_NUMBERS(comparisons, ==, 2);
}

/* The seventh and later arguments are on the stack, reached by a pointer to where it
 * was before it was realigned. */
// NOLINTNEXTLINE(misc-no-recursion)
NO_INLINE static size_t realigned(size_t a, size_t b, size_t c, size_t d, size_t e,
                                  size_t f, size_t depth, size_t h)
{
    _Alignas(64) char some[200];
    const size_t bytes = unknown * 10;
    char *const more = alloca(bytes);
    CHECK((uintptr_t)some % 64 == 0);
    fill(some, sizeof some);
    fill(more, bytes);
    if (depth == 0) {
        compare_here();
    } else {
        realigned(a, b, c, d, e, f, depth - 1, h);
    }
    return a + b + c + d + e + f + depth + h + (size_t)some[unknown] + (size_t)more[0];
}

NO_INLINE static void realigned_alone(void)
{
    _Alignas(128) char some[200];
    fill(some, sizeof some);
    compare_here();
    fill(some, sizeof some);
}

static void realigned_frames(void)
{
    realigned_alone();
    CHECK(realigned(1, 2, 3, 4, 5, 6, 5, 8) != 0);
    CHECK_NUMBERS(last_count, >, 5);
}

static int compare_items(const void *left, const void *right)
{
    compare_here();
    return *(const int *)left - *(const int *)right;
}

static void callbacks_through_libc(void)
{
    int items[] = {5, 2, 9, 1};
    const int wanted = 5;
    qsort(items, 4, sizeof *items, compare_items);
    CHECK(bsearch(&wanted, items, 4, sizeof *items, compare_items) == &items[2]);
    CHECK_NUMBERS(comparisons, >, 10);
}

OMITS_FRAME_POINTER static size_t busy(size_t depth);

KEEPS_FRAME_POINTER static size_t framed(size_t depth) // NOLINT(misc-no-recursion)
{
    const size_t result = depth == 0 ? 1 : busy(depth - 1);
    compare_here();
    return result + 1;
}

/* Values enough that every register is taken, the frame pointer's, too. */
OMITS_FRAME_POINTER static size_t busy(size_t depth) // NOLINT(misc-no-recursion)
{
    const size_t a = unknown, b = unknown, c = unknown, d = unknown, e = unknown,
                 f = unknown, g = unknown, h = unknown;
    const size_t result = framed(depth);
    compare_here();
    return result + (a ^ b) + (b ^ c) * (c ^ d) + (d ^ e) * (e ^ f) + (f ^ g) * (g ^ h);
}

static void frame_pointers_kept_and_not(void)
{
    CHECK(busy(10) != 0);
    CHECK_NUMBERS(comparisons, >, 40);
}

static jmp_buf back;

NO_INLINE static _Noreturn void never_returns(void)
{
    compare_here();
    longjmp(back, 1);
}

/* The address to return to is behind its end. */
NO_INLINE static void ends_with_a_call(void)
{
    fill(alloca(unknown), unknown);
    never_returns();
}

static void calls_that_do_not_return(void)
{
    if (setjmp(back) == 0) {
        ends_with_a_call();
    }
    CHECK_NUMBERS(comparisons, ==, 2);
}

static void on_signal(int number)
{
    (void)number;
    compare(false);
    compare(false);
    after_call();
}

static void raise_in(int flags)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    raise(SIGUSR1);
    CHECK_NUMBERS(last_count, >, 3);
}

static void handlers_of_signals(void)
{
    static char memory[256 * 1024];
    const stack_t other = {.ss_sp = memory, .ss_size = sizeof memory};
    if (is_emulated()) { /* what such a handler returns to is the emulator's */
        _exit(CHILD_SKIPPED);
    }
    raise_in(0);
    CHECK(sigaltstack(&other, NULL) == 0);
    raise_in(SA_ONSTACK);
    CHECK_NUMBERS(comparisons, ==, 4);
}

static void *in_a_thread(void *unused)
{
    recurse(30);
    CHECK_NUMBERS(last_count, >, 30);
    return unused;
}

static void threads(void)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, in_a_thread, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

static void in_a_context(void)
{
    recurse(30);
}

static void stacks_of_their_own(void)
{
    static char memory[256 * 1024];
    ucontext_t here, there;
    CHECK(getcontext(&there) == 0);
    there.uc_stack = (stack_t){.ss_sp = memory, .ss_size = sizeof memory};
    there.uc_link = &here;
    makecontext(&there, in_a_context, 0);
    CHECK(swapcontext(&here, &there) == 0);
    CHECK_NUMBERS(last_count, >, 30);
}

static atomic_bool stop;

static void *walk_all_the_time(void *unused)
{
    while (!atomic_load(&stop)) {
        for (unsigned depth = 0; depth < 5; depth++) {
            recurse(depth);
        }
        realigned_frames();
        CHECK(busy(3) != 0);
    }
    return unused;
}

/* All write to the one table of rules. */
static void threads_at_once(void)
{
    pthread_t walkers[4];
    for (size_t i = 0; i < 4; i++) {
        CHECK(pthread_create(&walkers[i], NULL, walk_all_the_time, NULL) == 0);
    }
    usleep(200000);
    atomic_store(&stop, true);
    for (size_t i = 0; i < 4; i++) {
        CHECK(pthread_join(walkers[i], NULL) == 0);
    }
}

#ifdef __x86_64__

/* Code made at run time, of which nobody knows the frames, ends a stack. */
static void code_made_at_run_time(void)
{
    static const unsigned char code[] = {
        0x48, 0x83, 0xec, 0x08, /* sub $8, %rsp */
        0xff, 0xd7,             /* call *%rdi */
        0x48, 0x83, 0xc4, 0x08, /* add $8, %rsp */
        0xc3                    /* ret */
    };
    void *const page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        _exit(CHILD_SKIPPED);
    }
    memcpy(page, code, sizeof code);
    void (*call)(void (*)(void));
    memcpy(&call, &page, sizeof call);
    call(compare_here);
    CHECK_NUMBERS(last_count, ==, 2);
}

/* Functions that claim to have a frame pointer and have something else. */
#define LYING(name, value)                                                             \
    __asm__(".text\n" #name ":\n"                                                      \
            ".cfi_startproc\n"                                                         \
            "push %rbp\n"                                                              \
            ".cfi_def_cfa_offset 16\n"                                                 \
            ".cfi_offset 6, -16\n"                                                     \
            "movabs $" #value ", %rbp\n"                                               \
            ".cfi_def_cfa_register 6\n"                                                \
            "call *%rdi\n"                                                             \
            "pop %rbp\n"                                                               \
            "ret\n"                                                                    \
            ".cfi_endproc\n");                                                         \
    extern void name(void (*function)(void)) __asm__(#name)

LYING(lying_low, 5);
LYING(lying_aligned, 8);
LYING(lying_high, 0x7ffffffffff0);
LYING(lying_negative, 0xfffffffffffffff0);

NO_INLINE static void walk_ours(void)
{
    void *frames[MOST];
    const struct unwind_start start = unwind_start_here();
    bool whole;
    last_count = unwind_by_rules(&start, frames, MOST, &whole);
    CHECK(whole);
    after_call();
}

static void wrong_information(void)
{
    void (*const functions[])(void (*)(void)) = {lying_low, lying_aligned, lying_high,
                                                 lying_negative};
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        functions[i](walk_ours);
        CHECK_NUMBERS(last_count, ==, 1);
    }
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(deep_recursion),
        CHILD_TEST(frames_of_no_fixed_size),
        CHILD_TEST(large_frames),
        CHILD_TEST(realigned_frames),
        CHILD_TEST(callbacks_through_libc),
        CHILD_TEST(frame_pointers_kept_and_not),
        CHILD_TEST(calls_that_do_not_return),
        CHILD_TEST(handlers_of_signals),
        CHILD_TEST(threads),
        CHILD_TEST(stacks_of_their_own),
        CHILD_TEST(threads_at_once),
#ifdef __x86_64__
        CHILD_TEST(code_made_at_run_time),
        CHILD_TEST(wrong_information),
#endif
    };
    debug_unwind_begin();
    return cmocka_run_group_tests_name("unwind", tests, NULL, NULL);
}
