/* snugbench-micro RECORD_FD: one micro-benchmark in one fresh process. Started by
 * 'snugbench micro' with the allocator to measure preloaded; micro/record.h is the
 * contract. Linked with nothing but libc, calls malloc as programs do. */
#include <assert.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "micro/cases.h"

static const struct {
    struct micro_case row;
    uint64_t amount;
    void (*run)(struct bench *bench);
} table[] = {
    /* benchmark, parameter, operation, threads, bytes needed; its amount */
    {{"medium", "257 B-1 MiB", "free+malloc", 1, 0}, 1 << 20, medium_run},
    {{"medium", "257 B-32 KiB", "free+malloc", 1, 0}, 32 << 10, medium_run},
    {{"growth", "10000 live", "free+malloc", 1, 0}, 10000, growth_run},
    {{"growth", "100000 live", "free+malloc", 1, 0}, 100000, growth_run},
    {{"growth", "1000000 live", "free+malloc", 1, 0}, 1000000, growth_run},
    {{"growth", "10000000 live", "free+malloc", 1, 3ul << 30}, 10000000, growth_run},
    {{"realloc", "bytewise to 256 KiB", "realloc", 1, 0}, 0, realloc_bytewise_run},
    {{"realloc", "doubling to 64 MiB", "realloc", 1, 0}, 0, realloc_doubling_run},
    {{"local", "16-512 B", "free+malloc", 1, 0}, 512, local_run},
    {{"local", "16-512 B", "free+malloc", 2, 0}, 512, local_run},
    {{"local", "16-512 B", "free+malloc", 4, 0}, 512, local_run},
    {{"local", "16-512 B", "free+malloc", 8, 0}, 512, local_run},
    {{"mixed", "16 B-8 KiB", "free+malloc", 1, 0}, 8192, local_run},
    {{"mixed", "16 B-8 KiB", "free+malloc", 2, 0}, 8192, local_run},
    {{"aligned", "16 B-1 KiB to 64", "free+malloc", 1, 0}, 1 << 10, aligned_run},
    {{"aligned", "16 B-1 KiB to 64", "free+malloc", 2, 0}, 1 << 10, aligned_run},
    {{"walk", "list of 100000", "step", 1, 0}, 100000, walk_run},
    {{"walk", "list of 1000000", "step", 1, 0}, 1000000, walk_run},
    {{"producer-consumer", "16-256 B", "hand-over", 2, 0}, 256, producer_consumer_run},
    {{"producer-consumer", "16 B-8 KiB", "hand-over", 2, 0},
     8192,
     producer_consumer_run},
    {{"cross", "16-512 B", "malloc+free", 2, 0}, 0, cross_run},
    {{"cross", "16-512 B", "malloc+free", 8, 0}, 0, cross_run},
    {{"blow-up", "8 turns of 32 MiB", "malloc+free", 1, 0}, 0, blowup_run},
    {{"blow-up", "8 turns of 32 MiB", "malloc+free", 8, 1ul << 30}, 0, blowup_run},
    {{"short-threads", "1000 in turn", "thread", 1, 0}, 1000, short_threads_run},
    {{"short-threads", "10000 in turn", "thread", 1, 0}, 10000, short_threads_run},
    {{"lifetimes", "16 B-1 KiB", "free or malloc", 1, 0}, 1 << 10, lifetimes_run},
    {{"lifetimes", "16 B-1 KiB", "free or malloc", 2, 0}, 1 << 10, lifetimes_run},
    {{"lifetimes", "16 B-8 KiB", "free or malloc", 2, 0}, 8 << 10, lifetimes_run},
    {{"lifetimes", "512 B-128 KiB", "free or malloc", 1, 0}, 128 << 10, lifetimes_run},
    {{"larson", "8-1000 B", "free+malloc", 2, 0}, 0, larson_run},
    {{"cache-thrash", "8 B", "object", 2, 0}, 0, cache_lines_run},
    {{"cache-scratch", "8 B", "object", 2, 0}, 1, cache_lines_run},
    {{"server", "filled", "entry", 1, 0}, 0, server_run},
    {{"server", "thinned", "entry", 1, 0}, 1, server_run},
    {{"server", "refilled", "entry", 1, 0}, 2, server_run},
    {{"server", "flushed", "entry", 1, 0}, 3, server_run},
    {{"give-back", "256 MiB", "malloc+free", 1, 1ul << 30}, 0, give_back_run},
    {{"start", "empty program", "process", 1, 0}, 0, start_run},
};

enum {
    TABLE_COUNT = sizeof table / sizeof *table
};

static_assert(sizeof table / sizeof *table <= MICRO_CASES + 0u,
              "the record has no room for all cases");

static const char *library_of(const void *function)
{
    Dl_info info;
    return dladdr(function, &info) != 0 && info.dli_fname != NULL ? info.dli_fname
                                                                  : "(unknown)";
}

static bool is_file(const char *path, const char *expected)
{
    struct stat found;
    struct stat wanted;
    return stat(path, &found) == 0 && stat(expected, &wanted) == 0 &&
           found.st_dev == wanted.st_dev && found.st_ino == wanted.st_ino;
}

/* A preload that failed must not be measured as if it had worked. */
static void check_library(struct bench *bench)
{
    const char *expected = bench->record->expected_library;
    const char *home = library_of((void *)malloc);
    const char *libc = library_of((void *)strtoull);
    char message[sizeof bench->record->message];
    if (!is_file(home, expected[0] == '\0' ? libc : expected)) {
        snprintf(message, sizeof message, "malloc comes from %s", home);
        bench_end(bench, MICRO_WRONG_LIBRARY, message);
    }
    if (!is_file(home, library_of((void *)free)) ||
        !is_file(home, library_of((void *)realloc))) {
        snprintf(message, sizeof message, "%s defines malloc but not all its calls",
                 home);
        bench_end(bench, MICRO_WRONG_LIBRARY, message);
    }
}

static void list(struct micro_record *record)
{
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        record->cases[i] = table[i].row;
    }
    record->case_count = TABLE_COUNT;
}

static void run(struct micro_record *record)
{
    struct bench bench = {.record = record, .random.state = record->seed};
    check_library(&bench);
    bench_now_ns(); /* faults in the clock's own page */
    bench_sampler_open(&bench);
    bench_resident_bytes(&bench); /* faults in what readings need */
    record->start_resident_bytes = bench_resident_bytes(&bench);
    if (record->case_index >= 0 && record->case_index < TABLE_COUNT) {
        bench.row = &table[record->case_index].row;
        bench.amount = table[record->case_index].amount;
        table[record->case_index].run(&bench);
    }
}

int main(int argc, char **argv)
{
    static const char usage[] = "snugbench: snugbench-micro is started by 'snugbench "
                                "micro'; see its --help\n";
    if (argc == 2 && strcmp(argv[1], "empty") == 0) {
        return 0;
    }
    void *start = MAP_FAILED;
    if (argc == 2) {
        start = mmap(NULL, sizeof(struct micro_record), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_POPULATE, (int)strtol(argv[1], NULL, 10), 0);
    }
    if (start == MAP_FAILED) {
        (void)!write(STDERR_FILENO, usage, sizeof usage - 1);
        return 2;
    }
    struct micro_record *record = start;
    if (record->case_index == MICRO_LIST) {
        list(record);
    } else {
        run(record);
    }
    record->status = MICRO_DONE;
    _exit(0); /* what exit costs an allocator is part of `start` alone */
}
