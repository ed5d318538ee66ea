/* When the system refuses: each system call of a fixed piece of work in turn, then a
 * limit on memory. Blocks keep their contents, the heap stays in order, and as soon as
 * there is memory again work goes on. */
#include "snug.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>

#include "base/os.h"
#include "child.h"
#include "pattern.h"
#include "random.h"

static const size_t kib = 1024;
static const size_t mib = (size_t)1024 * 1024;

enum {
    SLOTS = 400,
    WORK_SLOTS = 80,
    THREAD_SLOTS = 20 /* behind those: a thread's, then a forked child's */
};

struct slot {
    char *block;
    size_t size;
};

static struct slot slots[SLOTS];
static size_t refusals;

static void check_slot(const struct slot *slot, size_t prefix)
{
    CHECK(pattern_holds(slot->block, prefix, slot->size, (size_t)(slot - slots)));
}

static void check_everything(void)
{
    CHECK_HEAP();
    for (size_t i = 0; i < SLOTS; i++) {
        if (slots[i].block != NULL) {
            check_slot(&slots[i], slots[i].size);
        }
    }
}

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

static void give_back(struct slot *slot)
{
    check_slot(slot, slot->size);
    snug_free(slot->block);
    slot->block = NULL;
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
    uint64_t calls = 0;
    for (int call = 0; call < OS_CALL_COUNT; call++) {
        calls += os_calls((enum os_call)call);
    }
    return calls;
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

/* Allocate until there is no more, under whatever limit has been set. */
static size_t fill_up(struct random *random, unsigned bits)
{
    size_t taken = 0;
    while (taken < SLOTS && slots[taken].block != NULL) {
        taken++;
    }
    for (; taken < SLOTS; taken++) {
        const size_t size = random_size(random, bits);
        errno = 0;
        char *const block =
            taken % 2 == 0 ? snug_malloc(size) : snug_aligned_alloc(4096, size);
        if (block == NULL) {
            CHECK_NUMBERS(errno, ==, ENOMEM);
            break;
        }
        slots[taken] = (struct slot){block, size};
        pattern_fill(block, size, taken);
    }
    return taken;
}

static void check_exhaustion(unsigned bits)
{
    struct random random = {8};
    for (int round = 0; round < 20; round++) {
        const size_t taken = fill_up(&random, bits);
        CHECK_NUMBERS(taken, >, 0);
        CHECK_NUMBERS(taken, <, SLOTS); /* it did run out */
        check_everything();
        for (size_t i = 0; i < taken; i++) { /* a block that cannot grow stays */
            errno = 0;
            CHECK(snug_realloc(slots[i].block, 600 * mib) == NULL);
            CHECK_NUMBERS(errno, ==, ENOMEM);
        }
        errno = 0;
        CHECK(snug_calloc(600, mib) == NULL);
        CHECK_NUMBERS(errno, ==, ENOMEM);
        check_everything();
        for (size_t i = 0; i < taken; i++) {
            if (i % 4 != (size_t)round % 4) {
                give_back(&slots[i]);
            }
        }
        size_t kept = 0; /* close ranks, each pattern by its new number */
        for (size_t i = 0; i < taken; i++) {
            if (slots[i].block != NULL) {
                const struct slot slot = slots[i];
                slots[i].block = NULL;
                slots[kept] = slot;
                pattern_fill(slot.block, slot.size, kept++);
            }
        }
        check_everything();
    }
}

/* The limit as it is now plus `bytes`, from a line of /proc/self/status in kB. */
static void limit_to(int resource, const char *line, size_t bytes)
{
    if (SANITIZED) {
        _exit(CHILD_SKIPPED);
    }
    FILE *const status = fopen("/proc/self/status", "r");
    CHECK(status != NULL);
    char text[256];
    unsigned long now_kib = 0;
    while (fgets(text, sizeof text, status) != NULL) {
        if (strncmp(text, line, strlen(line)) == 0) {
            now_kib = strtoul(text + strlen(line), NULL, 10);
        }
    }
    fclose(status);
    CHECK(now_kib != 0);
    struct rlimit limit;
    CHECK(getrlimit((__rlimit_resource_t)resource, &limit) == 0);
    limit.rlim_cur = now_kib * kib + bytes;
    CHECK(setrlimit((__rlimit_resource_t)resource, &limit) == 0);
}

static void lift_the_limit(int resource)
{
    struct rlimit limit;
    CHECK(getrlimit((__rlimit_resource_t)resource, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    CHECK(setrlimit((__rlimit_resource_t)resource, &limit) == 0);
    char *const block = snug_malloc(100 * mib);
    CHECK(block != NULL);
    pattern_fill(block, 100 * mib, 1);
    check_everything();
}

static void address_space_may_run_out(void)
{
    if (is_emulated()) {
        _exit(CHILD_SKIPPED);
    }
    limit_to(RLIMIT_AS, "VmSize:", 24 * mib);
    check_exhaustion(22);
    lift_the_limit(RLIMIT_AS);
}

static void data_may_run_out(void)
{
    if (is_emulated()) {
        _exit(CHILD_SKIPPED);
    }
    limit_to(RLIMIT_DATA, "VmData:", 12 * mib);
    check_exhaustion(22);
    lift_the_limit(RLIMIT_DATA);
}

/* Less than the allocator would reserve by itself: it asks for less. */
static void a_small_limit_leaves_small_blocks(void)
{
    if (is_emulated()) {
        _exit(CHILD_SKIPPED);
    }
    limit_to(RLIMIT_AS, "VmSize:", 512 * kib);
    check_exhaustion(16);
    lift_the_limit(RLIMIT_AS);
}

/* An object and a block would move, as little of them is left. */
static void what_shrinks_needs_no_memory(void)
{
    if (is_emulated()) {
        _exit(CHILD_SKIPPED);
    }
    enum {
        OBJECT = 200,
        BLOCK = 8000,
        LEFT = 40
    };
    limit_to(RLIMIT_AS, "VmSize:", mib);
    for (int i = 0; i < 100; i++) { /* enough for a run */
        CHECK(snug_malloc(OBJECT) != NULL);
    }
    char *const object = snug_malloc(OBJECT);
    char *const block = snug_malloc(BLOCK);
    CHECK(object != NULL && block != NULL);
    pattern_fill(object, OBJECT, 1);
    pattern_fill(block, BLOCK, 2);
    for (size_t size = 64 * kib; size > 0; size /= 2) {
        while (snug_malloc(size) != NULL) {
        }
    }
    CHECK(snug_realloc(object, LEFT) == object);
    CHECK(pattern_holds(object, LEFT, OBJECT, 1));
    CHECK(snug_realloc(block, LEFT) == block);
    CHECK(pattern_holds(block, LEFT, BLOCK, 2));
    CHECK(snug_malloc(BLOCK / 2) != NULL); /* it has given back what it could */
    lift_the_limit(RLIMIT_AS);
}

/* From the first call on there is nothing at all. */
static void nothing_at_all_is_refused_cleanly(void)
{
    if (is_emulated()) {
        _exit(CHILD_SKIPPED);
    }
    limit_to(RLIMIT_AS, "VmSize:", 0);
    for (size_t size = 0; size < 100 * mib; size = 2 * size + 1) {
        errno = 0;
        CHECK(snug_malloc(size) == NULL);
        CHECK_NUMBERS(errno, ==, ENOMEM);
        CHECK(snug_calloc(1, size) == NULL);
        CHECK(snug_realloc(NULL, size) == NULL);
        CHECK(snug_aligned_alloc(64, size) == NULL);
        CHECK(snug_aligned_alloc(mib, size) == NULL);
    }
    snug_free(NULL);
    CHECK_NUMBERS(snug_malloc_trim(0), ==, 0);
    CHECK_HEAP();
    lift_the_limit(RLIMIT_AS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_system_call_may_fail),
        cmocka_unit_test(any_may_fail_at_level_check),
        cmocka_unit_test(any_may_fail_at_level_guard),
        CHILD_TEST(address_space_may_run_out),
        CHILD_TEST(data_may_run_out),
        CHILD_TEST(a_small_limit_leaves_small_blocks),
        CHILD_TEST(what_shrinks_needs_no_memory),
        CHILD_TEST(nothing_at_all_is_refused_cleanly),
    };
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
