#include "runner/capacity.h"

#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The number at the start of a line of `path` that begins with `prefix`. */
static bool read_number(const char *path, const char *prefix, uint64_t *value)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    char line[256];
    bool found = false;
    size_t length = strlen(prefix);
    while (!found && fgets(line, sizeof line, file) != NULL) {
        char *end;
        *value =
            strncmp(line, prefix, length) == 0 ? strtoull(line + length, &end, 10) : 0;
        found = *value != 0;
    }
    fclose(file);
    return found;
}

uint64_t capacity_memory_bytes(void)
{
    uint64_t available = UINT64_MAX;
    uint64_t value;
    if (read_number("/proc/meminfo", "MemAvailable:", &value)) {
        available = value * 1024;
    }
    uint64_t limit;
    if (read_number("/sys/fs/cgroup/memory.max", "", &limit) &&
        read_number("/sys/fs/cgroup/memory.current", "", &value)) {
        uint64_t left = limit > value ? limit - value : 0;
        available = left < available ? left : available;
    }
    return available;
}

size_t capacity_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) {
        return 1;
    }
    return (size_t)CPU_COUNT(&set);
}
