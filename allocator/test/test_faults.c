/* When the system refuses each system call of a fixed piece of work in turn. Blocks
 * keep their contents, the heap stays in order, and as soon as there is memory again
 * work goes on. Limits on memory: test_exhaustion. */
#include "snug.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>

#include "base/os.h"
#include "slots.h"

enum {
    WORK_SLOTS = 80,
    THREAD_SLOTS = 20 /* behind those: a thread's, then a forked child's */
};

static size_t refusals;

/* A refusal must say ENOMEM, leave all as it was, and not last. */
static void *or_again(void *block, void *(*call)(struct slot *, size_t),
                      struct slot *slot, size_t size)
{
    if (block == NULL) {
        CHECK_NUMBERS(errno, ==, ENOMEM);
        refusals++;
        check_everything();
        os_fail_nth(0);
        block = call(slot, size);
        CHECK(block != NULL);
    }
    return block;
}

static void *by_malloc(struct slot *slot, size_t size)
{
    (void)slot;
    return snug_malloc(size);
}

static void *by_calloc(struct slot *slot, size_t size)
{
    (void)slot;
    return snug_calloc(size, 1);
}

static void *by_realloc(struct slot *slot, size_t size)
{
    return snug_realloc(slot->block, size);
}

static void *by_aligned_alloc(struct slot *slot, size_t size)
{
    (void)slot;
    return snug_aligned_alloc(256 * kib, size);
}

static void *by_posix_memalign(struct slot *slot, size_t size)
{
    void *block = slot;
    errno = 0;
    const int error = snug_posix_memalign(&block, 8 * kib, size);
    CHECK_NUMBERS(errno, ==, 0);
    CHECK(error == 0 || (error == ENOMEM && block == slot));
    errno = error;
    return error == 0 ? block : NULL;
}

static void allocate(struct slot *slot, void *(*call)(struct slot *, size_t),
                     size_t size)
{
    errno = 0;
    char *const block = or_again(call(slot, size), call, slot, size);
    if (call == by_calloc) {
        CHECK(pattern_is_zero(block, size));
    } else if (call == by_realloc) {
        const size_t kept = size < slot->size ? size : slot->size;
        CHECK(pattern_holds(block, kept, slot->size, (size_t)(slot - slots)));
    }
    *slot = (struct slot){block, size};
    pattern_fill(block, size, (size_t)(slot - slots));
}

/* Each kind of block, allocated, resized and freed by whoever is new here. */
static void *newcomer(void *first)
{
    for (size_t i = 0; i < THREAD_SLOTS; i++) {
        struct slot *const slot = (struct slot *)first + i;
        allocate(slot, i % 2 == 0 ? by_malloc : by_calloc, (size_t)40 << i % 14);
        if (i % 3 == 0) {
            allocate(slot, by_realloc, (size_t)40 << (i + 3) % 14);
        }
    }
    for (size_t i = 0; i < THREAD_SLOTS; i++) {
        give_back((struct slot *)first + i);
    }
    return NULL;
}

static void work_elsewhere(void)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, newcomer, &slots[WORK_SLOTS]) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    check_everything();
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        check_everything();
        newcomer(&slots[WORK_SLOTS + THREAD_SLOTS]);
        check_everything();
        _exit(0);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_NUMBERS(status, ==, 0);
}

/* Work that makes every kind of system call at many places: growing the heap twice,
 * mappings made, resized, trimmed to an alignment, given back; the table of mappings
 * outgrown; trims; a thread and a forked child. */
static void work(void)
{
    snug_mallopt(M_MMAP_THRESHOLD, 64 * 1024);
    snug_mallopt(M_TRIM_THRESHOLD, 64 * 1024);
    for (size_t i = 0; i < WORK_SLOTS; i++) {
        static const size_t sizes[] = {100, 3000, 100 * 1024, 300 * 1024, 40000};
        void *(*const calls[])(struct slot *, size_t) = {
            by_malloc, by_calloc, by_aligned_alloc, by_posix_memalign};
        allocate(&slots[i], calls[i % 4], sizes[i % 5]);
    }
    for (size_t i = 0; i < WORK_SLOTS; i += 3) {
        const size_t sizes[] = {2 * slots[i].size + 5, mib, slots[i].size / 2 + 1};
        allocate(&slots[i], by_realloc, sizes[i % 9 / 3]);
    }
    for (size_t i = 0; i < WORK_SLOTS; i += 2) {
        give_back(&slots[i]);
        if (i % 20 == 0) {
            snug_malloc_trim(0);
        }
    }
    for (size_t i = 0; i < WORK_SLOTS; i += 2) {
        allocate(&slots[i], i % 4 == 0 ? by_calloc : by_malloc, 70 * kib);
    }
    work_elsewhere();
    snug_mallopt(M_MMAP_THRESHOLD, 1 << 30);
    struct slot *const beyond_the_reservation = &slots[SLOTS - 1];
    allocate(beyond_the_reservation, by_malloc, 80 * mib);
    check_everything();
    for (size_t i = 0; i < WORK_SLOTS; i++) {
        give_back(&slots[i]);
    }
    give_back(beyond_the_reservation);
    snug_malloc_trim(0);
    CHECK_HEAP();
}

static uint64_t calls_so_far(void)
{
    const struct snug_system_calls calls = snug_system_calls();
    return calls.brk + calls.mmap + calls.munmap + calls.mremap + calls.madvise;
}

/* What the next child shall do. */
static struct {
    const char *level; /* NULL: none */
    void (*refuse)(uint64_t n);
    uint64_t n;
} plan;

/* What the last child saw. */
static struct {
    uint64_t calls, refusals;
} * seen;

static void work_with_failures(void)
{
    CHECK(plan.level == NULL || snug_debug(plan.level));
    plan.refuse(plan.n);
    work();
    seen->calls = calls_so_far();
    seen->refusals = refusals;
}

/* Refuse each call of the work, then each and all after it. At the debug levels, which
 * take longer to begin, only every so many-th unless SNUG_FAULTS_STEP is 1. */
static void fail_each_call(const char *level, uint64_t calls_expected)
{
    void (*const ways[])(uint64_t) = {os_fail_nth, os_fail_from};
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                -1, 0);
    assert_true((void *)seen != MAP_FAILED);
    const size_t step = number_from("SNUG_FAULTS_STEP", level == NULL ? 1 : 5);
    uint64_t runs = 0;
    uint64_t refused = 0;
    for (size_t way = 0; way < 2; way++) {
        plan.level = level;
        plan.refuse = ways[way];
        uint64_t calls = 0;
        for (plan.n = 0; plan.n <= calls; plan.n += step) {
            const struct child_result result = child_run(work_with_failures);
            if (result.status != 0) {
                fail_msg("with call %llu %srefused (status %#x): %s",
                         (unsigned long long)plan.n, way == 1 ? "and all later " : "",
                         (unsigned)result.status, result.errors);
            }
            if (plan.n == 0) {
                calls = seen->calls;
                assert_in_range(calls, calls_expected, 10 * calls_expected);
            }
            refused += seen->refusals;
        }
        runs += calls / step;
    }
    fprintf(stderr, "# level %s: %llu injections, %llu operations returned NULL\n",
            level != NULL ? level : "0", (unsigned long long)runs,
            (unsigned long long)refused);
    munmap(seen, sizeof *seen);
    assert_in_range(refused, runs / 8, runs);
}

static void any_system_call_may_fail(void **state)
{
    (void)state;
    fail_each_call(NULL, 120);
}

static void any_may_fail_at_level_check(void **state)
{
    (void)state;
    fail_each_call("check", 200);
}

static void any_may_fail_at_level_guard(void **state)
{
    (void)state;
    fail_each_call("guard", 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_system_call_may_fail),
        cmocka_unit_test(any_may_fail_at_level_check),
        cmocka_unit_test(any_may_fail_at_level_guard),
    };
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
