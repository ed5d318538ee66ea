/* One command timed by hyperfine, read from what 'hyperfine --export-csv' writes. */
#ifndef SNUGBENCH_LIVE_HYPERFINE_H
#define SNUGBENCH_LIVE_HYPERFINE_H

#include <stdbool.h>
#include <stddef.h>

struct hyperfine_times {
    double median_s, user_s, system_s;
};

/* false: `error` says file, line and what was expected. */
bool hyperfine_read(const char *path, struct hyperfine_times *times, char *error,
                    size_t error_size);

#endif
