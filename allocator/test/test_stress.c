/* Everything at once, against a shadow model: what each live block holds is known, and
 * looked at whenever it is resized or freed, by whichever thread.
 *
 *   SNUG_STRESS_OPERATIONS  operations of the single thread; the others in proportion
 *   SNUG_STRESS_SEED        another sequence of operations
 *   SNUG_STRESS_ROUNDS      the whole so many times, each with the next seed */
#include "snug.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "child.h"
#include "shadow.h"

enum {
    SLOTS_BITS = 12, /* live blocks of a thread, at most; some have few */
    SLOTS_MIN_BITS = 5,
    QUEUE_SLOTS = 256,
    MAX_THREADS = 8
};

/* Blocks on their way from one thread to another. */
static struct {
    pthread_mutex_t lock;
    struct slot slots[QUEUE_SLOTS];
    size_t count;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct worker {
    struct slot slots[1 << SLOTS_BITS];
    size_t slot_count;
    struct random random;
    size_t operations;
    bool hands_over;   /* there are others */
    size_t fork_every; /* so many operations; 0: never */
};

static atomic_size_t forked;
static _Atomic uint64_t *operations_done; /* shared with all children */
static uint64_t seed;
static const char *level = "0";

static void hand_over(struct slot *slot)
{
    pthread_mutex_lock(&queue.lock);
    if (queue.count < QUEUE_SLOTS) {
        queue.slots[queue.count++] = *slot;
        slot->block = NULL;
    }
    pthread_mutex_unlock(&queue.lock);
}

static void take_over(struct random *random, struct slot *slot)
{
    pthread_mutex_lock(&queue.lock);
    if (queue.count > 0) {
        struct slot *const chosen = &queue.slots[random_below(random, queue.count)];
        *slot = *chosen;
        *chosen = queue.slots[--queue.count];
    }
    pthread_mutex_unlock(&queue.lock);
}

static void operate(struct worker *worker)
{
    struct random *const random = &worker->random;
    struct slot *const slot = &worker->slots[random_below(random, worker->slot_count)];
    if (slot->block == NULL) {
        if (worker->hands_over && random_below(random, 3) == 0) {
            take_over(random, slot);
            return;
        }
        size_t size = some_size(random);
        size_t alignment;
        char *const block = allocate_somehow(random, &size, &alignment);
        describe(random, slot, block, size, alignment);
        return;
    }
    switch (random_below(random, 8)) {
    case 0:
    case 1:
        resize(random, slot);
        break;
    case 2:
    case 3:
        if (worker->hands_over) {
            hand_over(slot);
            break;
        }
        release(random, slot);
        break;
    default:
        release(random, slot);
        break;
    }
}

static void release_all(struct worker *worker)
{
    for (size_t i = 0; i < worker->slot_count; i++) {
        if (worker->slots[i].block != NULL) {
            release(&worker->random, &worker->slots[i]);
        }
    }
}

/* The child has this thread alone, and a copy of everything: others may have been in
 * the middle of any call. It leaves the queue alone, whose lock they may hold. */
static void fork_and_go_on(struct worker *worker)
{
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        child_of_its_parent();
        worker->hands_over = false;
        CHECK_HEAP();
        for (size_t i = 0; i < 1500; i++) {
            operate(worker);
        }
        release_all(worker);
        CHECK_HEAP();
        *operations_done += 1500;
        _exit(0);
    }
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_NUMBERS(status, ==, 0);
    forked++;
}

/* Calls that change no block. */
static void disturb(struct random *random)
{
    switch (random_below(random, 4)) {
    case 0:
        snug_mallopt(M_MMAP_THRESHOLD, (int)(4096 + random_size(random, LARGEST_BITS)));
        break;
    case 1:
        snug_mallopt(M_TRIM_THRESHOLD, (int)random_size(random, LARGEST_BITS));
        break;
    case 2: {
        const struct mallinfo2 info = snug_mallinfo2();
        CHECK_NUMBERS(info.uordblks + info.fordblks, ==, info.arena);
        break;
    }
    default:
        snug_malloc_trim(random_size(random, LARGEST_BITS));
        break;
    }
}

static void work(struct worker *worker)
{
    for (size_t i = 1; i <= worker->operations; i++) {
        operate(worker);
        if (i % 4096 == 0) {
            CHECK_HEAP();
        }
        if (i % 5000 == 0) {
            disturb(&worker->random);
        }
        if (worker->fork_every != 0 && i % worker->fork_every == 0) {
            fork_and_go_on(worker);
        }
    }
    *operations_done += worker->operations;
}

/* A thread's life: what it does not free itself, others inherit. */
static void *live(void *argument)
{
    struct worker *const worker = argument;
    work(worker);
    for (size_t i = 0; i < worker->slot_count; i += 2) {
        if (worker->slots[i].block != NULL) {
            hand_over(&worker->slots[i]);
        }
    }
    release_all(worker);
    return NULL;
}

static size_t operations_asked(void)
{
    return number_from("SNUG_STRESS_OPERATIONS", 100000);
}

/* Level guard asks the system at every call: fewer, so that it does not take most of
 * the time. */
static size_t operations(void)
{
    return strcmp(level, "guard") == 0 ? operations_asked() / 4 : operations_asked();
}

/* How to do the same again stands first, should it end badly. With threads the order
 * between them is the system's; each one's operations are the same. */
static void begin(void)
{
    char text[160];
    const int n = snprintf(text, sizeof text,
                           "# level %s: SNUG_STRESS_SEED=%llu "
                           "SNUG_STRESS_OPERATIONS=%zu test_stress\n",
                           level, (unsigned long long)seed, operations_asked());
    CHECK(n > 0 && write(STDERR_FILENO, text, (size_t)n) == n);
    CHECK(*level == '0' || snug_debug(level));
    alarm(CHILD_TIMEOUT_S * (unsigned)(1 + operations() / 20000));
}

/* The tags of the heap's first and last blocks, and what cmocka holds of ours. */
#define IN_USE_OF_NOBODY ((size_t)1024)

/* Nothing is left when all has been freed. */
static void check_empty(void)
{
    struct random random = {0};
    struct slot slot;
    for (slot.block = NULL; queue.count > 0; slot.block = NULL) {
        take_over(&random, &slot);
        check_contents(&slot);
        snug_free(slot.block);
    }
    CHECK_HEAP();
    if (*level != '0') { /* freed blocks wait in the quarantine */
        return;
    }
    CHECK_NUMBERS(snug_mallinfo2().hblks, ==, 0);
    /* What a list or a run had lost would still count as in use. */
    snug_malloc_trim(0);
    CHECK_NUMBERS(snug_mallinfo2().uordblks, <=, IN_USE_OF_NOBODY);
}

static struct worker begin_worker(uint64_t worker_seed)
{
    const size_t kinds = SLOTS_BITS - SLOTS_MIN_BITS + 1;
    return (struct worker){
        .random = {worker_seed},
        .slot_count = (size_t)1 << (SLOTS_MIN_BITS + worker_seed % kinds),
    };
}

static void one_thread(void)
{
    static struct worker worker;
    begin();
    worker = begin_worker(seed);
    worker.operations = operations();
    work(&worker);
    CHECK_HEAP();
    release_all(&worker);
    check_empty();
}

/* `count` threads at any time; each generation ends and the next begins one by one. */
static void run_threads(size_t count, size_t generations, size_t per_thread,
                        size_t fork_every)
{
    static struct worker workers[MAX_THREADS];
    pthread_t threads[MAX_THREADS];
    begin();
    for (size_t i = 0; i < count * (generations + 1); i++) {
        const size_t place = i % count;
        if (i >= count) {
            CHECK(pthread_join(threads[place], NULL) == 0);
        }
        if (i >= count * generations) {
            continue;
        }
        workers[place] = begin_worker(seed + (i + 1) * 1000003);
        workers[place].operations = per_thread;
        workers[place].hands_over = true;
        workers[place].fork_every = place == 0 ? fork_every : 0;
        CHECK(pthread_create(&threads[place], NULL, live, &workers[place]) == 0);
    }
    check_empty();
}

static void two_threads(void)
{
    run_threads(2, 3, operations() / 6, 0);
}

static void four_threads(void)
{
    run_threads(4, 3, operations() / 12, 0);
}

static void eight_threads(void)
{
    run_threads(8, 3, operations() / 24, 0);
}

/* Hundreds of threads that hardly live. */
static void short_lives(void)
{
    run_threads(8, 60, operations() / 2000, 0);
}

static void forks_amid_threads(void)
{
    const size_t each = operations() / 8;
    const size_t fork_every = each / 2 < 2500 ? each / 2 : 2500;
    run_threads(4, 2, each, fork_every);
    CHECK_NUMBERS(forked, >=, each / fork_every * 2);
}

static void one_thread_checked(void)
{
    level = "check=1000";
    one_thread();
}

static void threads_checked(void)
{
    level = "check";
    forks_amid_threads();
}

static void one_thread_guarded(void)
{
    level = "guard";
    one_thread();
}

static void threads_guarded(void)
{
    level = "guard";
    forks_amid_threads();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(one_thread),         CHILD_TEST(two_threads),
        CHILD_TEST(four_threads),       CHILD_TEST(eight_threads),
        CHILD_TEST(short_lives),        CHILD_TEST(forks_amid_threads),
        CHILD_TEST(one_thread_checked), CHILD_TEST(threads_checked),
        CHILD_TEST(one_thread_guarded), CHILD_TEST(threads_guarded),
    };
    void *const shared = mmap(NULL, sizeof *operations_done, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    operations_done = shared;
    const uint64_t first = number_from("SNUG_STRESS_SEED", 1);
    const uint64_t rounds = number_from("SNUG_STRESS_ROUNDS", 1);
    int failed = 0;
    for (uint64_t round = 0; round < rounds && failed == 0; round++) {
        seed = first + round;
        failed = cmocka_run_group_tests_name("stress", tests, NULL, NULL);
        fprintf(stderr, "# %llu operations so far, seeds %llu to %llu\n",
                (unsigned long long)*operations_done, (unsigned long long)first,
                (unsigned long long)seed);
    }
    return failed;
}
