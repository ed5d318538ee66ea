/* Another library's functions stand where libc's are, and allocate: Open MPI and UCX
 * watch memory that way. snug asks the kernel directly, so that none of them is called
 * while the heap is half changed. And it asks for nothing that glibc's malloc would not
 * ask for: filters of system calls that let that through let snug through. */
#include "child.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <seccomp.h>
#include <stdarg.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "snug.h"

static const size_t kib = 1024;
static const size_t mib = 1024 * 1024;
static const size_t page_bytes = 4096;

static bool watching;
static unsigned interposed_calls;

static void note_call(void)
{
    if (watching) {
        interposed_calls++;
        void *const block = snug_malloc(3000);
        snug_free(block);
    }
}

void *mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset)
{
    note_call();
    return (void *)syscall(SYS_mmap, at, bytes, protection, flags, file, offset);
}

int munmap(void *at, size_t bytes)
{
    note_call();
    return (int)syscall(SYS_munmap, at, bytes);
}

int madvise(void *at, size_t bytes, int advice)
{
    note_call();
    return (int)syscall(SYS_madvise, at, bytes, advice);
}

int mprotect(void *at, size_t bytes, int protection)
{
    note_call();
    return (int)syscall(SYS_mprotect, at, bytes, protection);
}

void *mremap(void *at, size_t old_bytes, size_t bytes, int flags, ...)
{
    note_call();
    return (void *)syscall(SYS_mremap, at, old_bytes, bytes, flags, NULL);
}

extern void *__sbrk(intptr_t bytes);
void *sbrk(intptr_t bytes)
{
    note_call();
    return __sbrk(bytes);
}

int open(const char *path, int flags, ...)
{
    note_call();
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0600);
}

ssize_t read(int file, void *to, size_t bytes)
{
    note_call();
    return syscall(SYS_read, file, to, bytes);
}

ssize_t pread(int file, void *to, size_t bytes, off_t at)
{
    note_call();
    return syscall(SYS_pread64, file, to, bytes, at);
}

off_t lseek(int file, off_t at, int from)
{
    note_call();
    return syscall(SYS_lseek, file, at, from);
}

int close(int file)
{
    note_call();
    return (int)syscall(SYS_close, file);
}

char *secure_getenv(const char *name)
{
    note_call();
    return getenv(name);
}

static size_t kernel_page_bytes; /* 0: as it is */

unsigned long getauxval(unsigned long type)
{
    if (type == AT_PAGESZ && kernel_page_bytes != 0) {
        return kernel_page_bytes;
    }
    static unsigned long (*next)(unsigned long);
    if (next == NULL) {
        *(void **)&next = dlsym(RTLD_NEXT, "getauxval");
    }
    return next(type);
}

/* Blocks of all sizes come, grow, shrink and go; free pages go back now and then. */
static void churn(unsigned operations)
{
    enum {
        SLOTS = 300
    };
    static char *slots[SLOTS];
    unsigned seed = 5;
    for (unsigned i = 0; i < operations; i++) {
        const size_t slot = (size_t)rand_r(&seed) % SLOTS;
        const size_t most = i % 500 == 0 ? 4 * mib : i % 50 == 0 ? 300 * kib : 2000;
        const size_t bytes = 1 + (size_t)rand_r(&seed) % most;
        if (i % 4 == 0) {
            char *const resized = snug_realloc(slots[slot], bytes);
            CHECK(resized != NULL);
            slots[slot] = resized;
        } else {
            snug_free(slots[slot]);
            slots[slot] = snug_malloc(bytes);
        }
        CHECK(slots[slot] != NULL);
        for (size_t at = 0; at < bytes; at += page_bytes) {
            slots[slot][at] = 1;
        }
        if (i % 1000 == 0) {
            snug_malloc_trim(0);
        }
    }
    for (size_t slot = 0; slot < SLOTS; slot++) {
        snug_free(slots[slot]);
        slots[slot] = NULL;
    }
    snug_malloc_trim(0);
}

static void check_nothing_interposed_is_called(void)
{
    CHECK(snug_mallopt(M_MMAP_THRESHOLD, 256 * 1024) == 1); /* mappings, too */
    watching = true;
    churn(10000);
    watching = false;
    CHECK_NUMBERS(interposed_calls, ==, 0);
    CHECK(snug_system_calls().brk + snug_system_calls().mmap > 2);
    CHECK(snug_system_calls().munmap > 0);
    CHECK_HEAP();
}

static void no_function_of_others_is_called(void)
{
    check_nothing_interposed_is_called();
    watching = true;
    CHECK(snug_realloc(snug_malloc(100 * mib), 200 * mib) != NULL);
    CHECK_NUMBERS(interposed_calls, ==, 0);
    CHECK(snug_system_calls().mremap > 0);
}

/* A kernel with pages of 16 KiB would round up what is not made of them. */
static void larger_pages_go_back_whole(void)
{
    enum {
        BLOCKS = 100
    };
    char *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = snug_malloc(150 * kib + i * page_bytes);
        CHECK(blocks[i] != NULL);
        memset(blocks[i], 1, 150 * kib);
    }
    for (size_t i = 0; i < BLOCKS; i += 2) {
        snug_free(blocks[i]);
    }
    kernel_page_bytes = 16 * kib;
    const uint64_t before = snug_system_calls().mmap;
    snug_malloc_trim(0);
    CHECK_NUMBERS(snug_system_calls().mmap - before, <, BLOCKS / 4);
    kernel_page_bytes = 0;
    CHECK_HEAP();
}

/* Nor would it move what is not made of them: it is copied. */
static void larger_pages_move_whole(void)
{
    char *const block = snug_malloc(1024 * kib); /* 255 whole pages of ours */
    CHECK(block != NULL && snug_malloc(100 * kib) != NULL);
    memset(block, 1, 1024 * kib);
    kernel_page_bytes = 16 * kib;
    char *const moved = snug_realloc(block, 2048 * kib);
    CHECK(moved != NULL && moved != block);
    CHECK_NUMBERS(snug_system_calls().mremap, ==, 0);
    kernel_page_bytes = 0;
    CHECK_HEAP();
}

/* libc's own sbrk goes on from where we left the break. */
static void libc_sees_the_break_move(void)
{
    for (size_t i = 0; i < 50; i++) {
        char *const block = snug_malloc(3 * mib); /* at first beyond brk, then in it */
        CHECK(block != NULL);
        memset(block, 1, 3 * mib);
        snug_free(block);
        char *const ours = snug_malloc(100 * kib);
        char *const theirs = __sbrk(5000);
        CHECK(theirs != (void *)-1);
        memset(theirs, 2, 5000);
        CHECK(ours != NULL);
        memset(ours, 3, 100 * kib);
        CHECK(theirs[0] == 2 && theirs[4999] == 2);
    }
    CHECK_HEAP();
}

static void nor_at_level_check(void)
{
    CHECK(snug_debug("check,quarantine=0"));
    check_nothing_interposed_is_called();
}

static void nor_at_level_guard(void)
{
    CHECK(snug_debug("guard"));
    check_nothing_interposed_is_called();
}

/* Before anything else, when even the level is not known yet. */
static void nor_for_the_environment(void)
{
    setenv("SNUG_PURGE", "always", 1);
    watching = true;
    snug_free(snug_malloc(100));
    CHECK_NUMBERS(interposed_calls, ==, 0);
}

static void nor_for_files(void)
{
    skip_if_emulated(); /* it has no process_vm_readv */
    char path[] = "/tmp/snug_interposed_XXXXXX";
    char options[100];
    CHECK(close(mkstemp(path)) == 0);
    snprintf(options, sizeof options, "check,log=%s", path);
    watching = true;
    CHECK(snug_debug(options));
    static void *block; /* no leak: to name its stack others' functions are called */
    block = snug_malloc(100);
    CHECK_NUMBERS(snug_leaks(), ==, 0);
    watching = false;
    CHECK_NUMBERS(interposed_calls, ==, 0);
    CHECK(block != NULL && unlink(path) == 0);
}

/* Answers any other call than those that glibc's malloc may make with `otherwise`. */
static void allow_what_glibc_needs(uint32_t otherwise)
{
    static const int calls[] = {
        SCMP_SYS(read),  SCMP_SYS(write), SCMP_SYS(exit),       SCMP_SYS(exit_group),
        SCMP_SYS(brk),   SCMP_SYS(mmap),  SCMP_SYS(munmap),     SCMP_SYS(mremap),
        SCMP_SYS(futex), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(rt_sigreturn)};
    const scmp_filter_ctx filter = seccomp_init(otherwise);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        CHECK(seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0) == 0);
    }
    if (seccomp_load(filter) != 0) {
        _exit(CHILD_SKIPPED);
    }
}

static void churn_in_filter(uint32_t otherwise)
{
    if (SANITIZED || is_emulated()) {
        _exit(CHILD_SKIPPED);
    }
    snug_free(snug_malloc(100));
    allow_what_glibc_needs(otherwise);
    churn(20000);
}

static void a_filter_that_suits_glibc_suits_us(void)
{
    churn_in_filter(SCMP_ACT_KILL_PROCESS);
}

static void and_level_check(void)
{
    CHECK(snug_debug("check"));
    churn_in_filter(SCMP_ACT_KILL_PROCESS);
}

static void and_level_guard(void)
{
    CHECK(snug_debug("guard"));
    churn_in_filter(SCMP_ACT_KILL_PROCESS);
}

static void a_filter_that_refuses_is_borne(void)
{
    churn_in_filter(SCMP_ACT_ERRNO(EPERM));
}

static void and_by_level_check(void)
{
    CHECK(snug_debug("check"));
    churn_in_filter(SCMP_ACT_ERRNO(EPERM));
}

static void and_by_level_guard(void)
{
    CHECK(snug_debug("guard"));
    churn_in_filter(SCMP_ACT_ERRNO(EPERM));
}

/* Below those that the debug levels keep: 1000 on, where the limit is 1024. */
static size_t count_descriptors(void)
{
    size_t count = 0;
    for (int descriptor = 0; descriptor < 500; descriptor++) {
        count += fcntl(descriptor, F_GETFD) != -1;
    }
    return count;
}

static void *churn_a_little(void *unused)
{
    for (size_t bytes = 1; bytes < 2000; bytes++) {
        snug_free(snug_malloc(bytes));
    }
    return unused;
}

/* A program that closes all of them and opens its own would find ours among them. */
static void check_no_descriptor_is_kept(const char *level)
{
    const size_t before = count_descriptors();
    pthread_t thread;
    CHECK(level == NULL || snug_debug(level));
    churn(2000);
    CHECK(pthread_create(&thread, NULL, churn_a_little, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_NUMBERS(count_descriptors(), ==, before);
}

static void no_descriptor_is_kept(void)
{
    check_no_descriptor_is_kept(NULL);
}

static void nor_one_at_level_check(void)
{
    check_no_descriptor_is_kept("check");
}

static void nor_one_at_level_guard(void)
{
    check_no_descriptor_is_kept("guard");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD_TEST(no_function_of_others_is_called),
        CHILD_TEST(nor_at_level_check),
        CHILD_TEST(nor_at_level_guard),
        CHILD_TEST(nor_for_the_environment),
        CHILD_TEST(nor_for_files),
        CHILD_TEST(larger_pages_go_back_whole),
        CHILD_TEST(larger_pages_move_whole),
        CHILD_TEST(libc_sees_the_break_move),
        CHILD_TEST(a_filter_that_suits_glibc_suits_us),
        CHILD_TEST(and_level_check),
        CHILD_TEST(and_level_guard),
        CHILD_TEST(a_filter_that_refuses_is_borne),
        CHILD_TEST(and_by_level_check),
        CHILD_TEST(and_by_level_guard),
        CHILD_TEST(no_descriptor_is_kept),
        CHILD_TEST(nor_one_at_level_check),
        CHILD_TEST(nor_one_at_level_guard),
    };
    return cmocka_run_group_tests_name("interposed", tests, NULL, NULL);
}
