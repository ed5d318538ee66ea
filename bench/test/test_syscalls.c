/* Our counts against strace's, of the same worker on the same trace.
 *
 * Address space randomisation is off here, for ours and for strace alike: allocators
 * that align their mappings by trimming make more or fewer calls by where they happen
 * to lie.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/memory.h"
#include "process/preload.h"
#include "process/signals.h"
#include "process/tool.h"
#include "runner/allocators.h"
#include "runner/job.h"
#include "runner/tracer.h"
#include "sealed.h"

enum {
    KIB = 1024,
    MIB = 1024 * 1024,
    CALLS_LIMIT = 64,
    SMALL_BLOCKS = 4000,
};

static char directory[] = "/tmp/snugbench-syscalls-XXXXXX";

/* What strace -f -c says: calls by name. */
struct counts {
    char names[CALLS_LIMIT][32];
    uint64_t calls[CALLS_LIMIT];
    size_t count;
};

static int set_up(void **state)
{
    (void)state;
    signals_hold();
    personality(ADDR_NO_RANDOMIZE);
    return mkdtemp(directory) == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    signals_release();
    return rmdir(directory);
}

static void append(struct trace_builder *builder, enum trace_op_kind kind,
                   uint32_t slot, uint64_t size_bytes)
{
    struct trace_op op = {.kind = (uint8_t)kind,
                          .slot = slot,
                          .size_bytes = size_bytes & (TRACE_SIZE_LIMIT_BYTES - 1),
                          .count = 1};
    assert_true(trace_builder_append(builder, op));
}

/* Enough of everything that brk, mmap, mremap, munmap and trimming are all met. */
static struct trace *make_busy_trace(void)
{
    struct trace_builder *builder = trace_builder_create("busy", "busy");
    assert_non_null(builder);
    uint32_t slots[SMALL_BLOCKS];
    for (uint32_t i = 0; i < SMALL_BLOCKS; i++) {
        slots[i] = trace_builder_take_slot(builder);
        append(builder, TRACE_MALLOC, slots[i], 16 + i * 37 % 3000);
    }
    for (uint64_t i = 0; i < 10; i++) {
        uint32_t slot = trace_builder_take_slot(builder);
        append(builder, TRACE_MALLOC, slot, 200 * KIB + i * 300 * KIB);
        append(builder, TRACE_REALLOC, slot, 900 * KIB + i * MIB);
        append(builder, TRACE_FREE, slot, 0);
        trace_builder_release_slot(builder, slot);
    }
    for (uint32_t i = 0; i < SMALL_BLOCKS; i++) {
        append(builder, TRACE_FREE, slots[i], 0);
        trace_builder_release_slot(builder, slots[i]);
    }
    return seal(builder);
}

static struct trace *make_one_block_trace(uint64_t size_bytes)
{
    struct trace_builder *builder = trace_builder_create("block", "block");
    assert_non_null(builder);
    uint32_t slot = trace_builder_take_slot(builder);
    append(builder, TRACE_MALLOC, slot, size_bytes);
    append(builder, TRACE_FREE, slot, 0);
    trace_builder_release_slot(builder, slot);
    return seal(builder);
}

/* Skips the test where tracing is refused. */
static struct syscall_counts count_ours(const struct allocator *allocator,
                                        const struct trace *trace)
{
    const char *refused;
    struct sock_fprog *filter = tracer_filter_create(&refused);
    if (filter == NULL) {
        print_message("%s is refused here\n", refused);
        skip();
    }
    struct job job = {
        .allocator = allocator,
        .trace = trace,
        .mode = WORKER_SYSCALLS,
        .touch = TOUCH_FIRST,
        .filter = filter,
        .timeout_ns = 60000000000u,
    };
    struct syscall_counts counts = {.measured = false};
    job_run_all(&job, 1, 1);
    if (job.status != RESULT_OK) {
        fail_msg("%s: %s", allocator->name, job.status_text);
    }
    tracer_take_counts(job.tracer, &counts);
    job_close(&job);
    tracer_filter_destroy(filter);
    assert_true(counts.measured);
    return counts;
}

static uint64_t ours_in_phase(const struct syscall_counts *counts, const char *name,
                              enum worker_phase phase)
{
    for (size_t i = 0; i < counts->count; i++) {
        if (strcmp(counts->items[i].name, name) == 0) {
            return counts->items[i].calls[phase];
        }
    }
    return 0;
}

static uint64_t ours(const struct syscall_counts *counts, const char *name)
{
    return ours_in_phase(counts, name, PHASE_START_UP) +
           ours_in_phase(counts, name, PHASE_REPLAY) +
           ours_in_phase(counts, name, PHASE_TEARDOWN);
}

static int make_record(const struct allocator *allocator)
{
    int fd = memfd_create("record", 0);
    struct worker_record *record = memory_allocate(1, sizeof *record);
    record->mode = WORKER_SYSCALLS;
    record->touch = TOUCH_FIRST;
    if (allocator->library != NULL) {
        snprintf(record->expected_library, sizeof record->expected_library, "%s",
                 allocator->library);
    }
    assert_int_equal(write(fd, record, sizeof *record), sizeof *record);
    free(record);
    return fd;
}

/* In a child: the worker as worker_start would start it, under strace. */
static void exec_strace(const struct allocator *allocator, const struct trace *trace,
                        int record_fd, const char *output)
{
    char worker[PATH_MAX];
    tool_find("snugbench-worker", worker, sizeof worker);
    char preload[PATH_MAX + 16];
    char error[512];
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s",
             allocator->library != NULL
                 ? preload_path(allocator->library, error, sizeof error)
                 : "");
    const char *arguments[16] = {"strace", "-f", "-c", "-o", output};
    size_t used = 5;
    if (allocator->library != NULL) {
        arguments[used++] = "-E";
        arguments[used++] = preload;
    }
    arguments[used++] = worker;
    arguments[used++] = "3";
    arguments[used++] = "4";
    int trace_fd = fcntl(trace->memfd, F_DUPFD, 10);
    int high_record_fd = fcntl(record_fd, F_DUPFD, 10);
    dup2(trace_fd, 3);
    dup2(high_record_fd, 4);
    close_range(5, ~0u, 0);
    clearenv();
    setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
    signals_restore_mask();
    execvp("strace", (char *const *)(uintptr_t)arguments);
    _exit(127);
}

/* Lines of "% time, seconds, usecs/call, calls, [errors,] syscall". */
static void parse_strace(const char *path, struct counts *counts)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char line[256];
    *counts = (struct counts){0};
    while (fgets(line, sizeof line, file) != NULL) {
        char *words[8];
        size_t word_count = 0;
        for (char *word = strtok(line, " \n"); word != NULL && word_count < 8;
             word = strtok(NULL, " \n")) {
            words[word_count++] = word;
        }
        bool is_row = word_count >= 5 && words[0][0] >= '0' && words[0][0] <= '9' &&
                      strcmp(words[word_count - 1], "total") != 0;
        if (is_row && counts->count < CALLS_LIMIT) {
            snprintf(counts->names[counts->count], sizeof counts->names[0], "%s",
                     words[word_count - 1]);
            counts->calls[counts->count++] = strtoull(words[3], NULL, 10);
        }
    }
    fclose(file);
}

/* false: there is no strace here, or it may not trace. */
static bool count_by_strace(const struct allocator *allocator,
                            const struct trace *trace, struct counts *counts)
{
    char output[PATH_MAX];
    snprintf(output, sizeof output, "%s/strace.txt", directory);
    int record_fd = make_record(allocator);
    pid_t pid = fork();
    if (pid == 0) {
        exec_strace(allocator, trace, record_fd, output);
    }
    close(record_fd);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    bool traced = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (traced) {
        parse_strace(output, counts);
    }
    unlink(output);
    return traced;
}

static uint64_t theirs(const struct counts *counts, const char *name)
{
    for (size_t i = 0; i < counts->count; i++) {
        if (strcmp(counts->names[i], name) == 0) {
            return counts->calls[i];
        }
    }
    return 0;
}

/* strace -c leaves out calls that do not return, and cannot know our two markers. */
static void assert_same_counts(const char *allocator, const struct syscall_counts *our,
                               const struct counts *their)
{
    assert_true(their->count > 5);
    for (size_t i = 0; i < their->count; i++) {
        const char *name = their->names[i];
        uint64_t markers = strcmp(name, "prctl") == 0 ? 2 : 0;
        if (ours(our, name) + markers != their->calls[i]) {
            fail_msg("%s: %s: %" PRIu64 " by us, %" PRIu64 " by strace", allocator,
                     name, ours(our, name) + markers, their->calls[i]);
        }
    }
    for (size_t i = 0; i < our->count; i++) {
        const char *name = our->items[i].name;
        bool returns = strcmp(name, "exit_group") != 0 && strcmp(name, "exit") != 0;
        if (returns && theirs(their, name) == 0) {
            fail_msg("%s: %s: strace has not seen it", allocator, name);
        }
    }
}

static void compare_with_strace(const struct allocator *allocator,
                                const struct trace *trace)
{
    struct syscall_counts our = count_ours(allocator, trace);
    struct counts their;
    if (!count_by_strace(allocator, trace, &their)) {
        free(our.items);
        print_message("no strace here\n");
        skip();
    }
    assert_same_counts(allocator->name, &our, &their);
    free(our.items);
}

/* The others (jemalloc, mimalloc, scudo) give memory back by the clock: two runs differ
 * under strace alone. */
static bool ignores_clock(const char *name)
{
    static const char *const names[] = {"snug", "glibc", "tcmalloc", "floor"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void test_counts_equal_strace(void **state)
{
    (void)state;
    struct allocator_list list;
    struct allocator_error error;
    assert_true(allocators_parse(&list, NULL, 0, &error));
    struct trace *trace = make_busy_trace();
    for (size_t i = 0; i < list.count; i++) {
        if (ignores_clock(list.items[i].name)) {
            compare_with_strace(&list.items[i], trace);
        }
    }
    trace_destroy(trace);
    allocators_free(&list);
}

/* An allocator whose constructor starts threads and a process, all making calls. */
static const char threaded_source[] =
    "#include <pthread.h>\n#include <stddef.h>\n#include <string.h>\n"
    "#include <sys/syscall.h>\n#include <sys/wait.h>\n#include <unistd.h>\n"
    "static _Alignas(16) char pool[256 << 20]; static size_t used;\n"
    "void *malloc(size_t n) { size_t at = __atomic_fetch_add(&used,\n"
    "    (n + 31) & ~(size_t)15, __ATOMIC_SEQ_CST); return pool + at; }\n"
    "void free(void *p) { (void)p; }\n"
    "void *calloc(size_t a, size_t b) { return malloc(a * b); }\n"
    "void *realloc(void *p, size_t n) { (void)p; return malloc(n); }\n"
    "static void *work(void *n) { for (size_t i = 0; i < (size_t)n; i++)\n"
    "    syscall(SYS_getppid); return NULL; }\n"
    "__attribute__((constructor)) static void start(void) {\n"
    "    pthread_t t[3];\n"
    "    for (size_t i = 0; i < 3; i++)\n"
    "        pthread_create(&t[i], NULL, work, (void *)(100 + i));\n"
    "    for (size_t i = 0; i < 3; i++) pthread_join(t[i], NULL);\n"
    "    pid_t pid = fork();\n"
    "    if (pid == 0) { work((void *)50); _exit(0); }\n"
    "    waitpid(pid, NULL, 0); }\n";

static void build_threaded(char library[PATH_MAX])
{
    char source[PATH_MAX];
    snprintf(source, sizeof source, "%s/threaded.c", directory);
    snprintf(library, PATH_MAX, "%s/libthreaded.so", directory);
    FILE *file = fopen(source, "w");
    assert_non_null(file);
    fputs(threaded_source, file);
    fclose(file);
    char command[3 * PATH_MAX];
    snprintf(command, sizeof command,
             "${CC:-cc} -shared -fPIC -fno-builtin -o %s %s -lpthread", library,
             source);
    /* A fixed command on our own temporary files. */
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
    unlink(source);
}

static void test_threads_and_processes_count(void **state)
{
    (void)state;
    char library[PATH_MAX];
    build_threaded(library);
    char name[] = "threaded";
    struct allocator threaded = {.name = name, .library = library};
    struct trace *trace = make_one_block_trace(100);
    struct syscall_counts our = count_ours(&threaded, trace);
    assert_int_equal(ours(&our, "getppid"), 100 + 101 + 102 + 50);
    struct counts their;
    if (count_by_strace(&threaded, trace, &their)) {
        assert_int_equal(theirs(&their, "getppid"), 100 + 101 + 102 + 50);
        assert_int_equal(ours(&our, "clone3"), theirs(&their, "clone3"));
        assert_int_equal(ours(&our, "clone"), theirs(&their, "clone"));
        assert_int_equal(ours(&our, "wait4"), theirs(&their, "wait4"));
    }
    free(our.items);
    trace_destroy(trace);
    unlink(library);
}

/* glibc maps a block of this size on its own and unmaps it at free. */
static void test_phases(void **state)
{
    (void)state;
    char name[] = "glibc";
    struct allocator glibc = {.name = name};
    struct trace *trace = make_one_block_trace(64 * MIB);
    struct syscall_counts counts = count_ours(&glibc, trace);
    assert_int_equal(ours_in_phase(&counts, "execve", PHASE_START_UP), 1);
    assert_int_equal(ours_in_phase(&counts, "mmap", PHASE_REPLAY), 1);
    assert_int_equal(ours_in_phase(&counts, "munmap", PHASE_REPLAY), 1);
    assert_int_equal(ours_in_phase(&counts, "mmap", PHASE_TEARDOWN), 0);
    assert_int_equal(ours_in_phase(&counts, "exit_group", PHASE_TEARDOWN), 1);
    assert_int_equal(ours(&counts, "prctl"), 0);
    free(counts.items);
    trace_destroy(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_equal_strace),
        cmocka_unit_test(test_threads_and_processes_count),
        cmocka_unit_test(test_phases),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
