#include "runner/machine.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <time.h>

#include "runner/capacity.h"

enum {
    BYTES_PER_MIB = 1 << 20,
    LEAST_MEMORY_MIB = 1024,
    LEAST_MAPPINGS = 65530, /* the kernel's default */
    SWAP_NOTED_MIB = 64,
    CLOCK_READS = 1000,
    CLOCK_SLOW_NS = 100, /* a read without a system call takes 20 to 50 */
};

/* Shares of processor time; less is not felt among other noise. */
static const double busy_noted = 0.05;
static const double steal_noted = 0.005;

/* The first line of a file under /proc or /sys that begins with `prefix`; without it.
 */
static bool read_after(const char *path, const char *prefix,
                       char line[MACHINE_LINE_BYTES])
{
    FILE *in = fopen(path, "re");
    if (in == NULL) {
        return false;
    }
    const size_t length = strlen(prefix);
    bool found = false;
    while (!found && fgets(line, MACHINE_LINE_BYTES, in) != NULL) {
        found = strncmp(line, prefix, length) == 0;
    }
    fclose(in);
    if (found) {
        line[strcspn(line, "\n")] = '\0';
        memmove(line, line + length, strlen(line + length) + 1);
    }
    return found;
}

bool machine_read_line(const char *path, char line[MACHINE_LINE_BYTES])
{
    return read_after(path, "", line);
}

static bool read_mib(const char *field, uint64_t *mib)
{
    char line[MACHINE_LINE_BYTES];
    if (!read_after("/proc/meminfo", field, line)) {
        return false;
    }
    *mib = strtoull(line, NULL, 10) / 1024;
    return true;
}

static struct finding look_at_processors(void)
{
    const size_t count = capacity_processors();
    return count > 1 ? finding_make(FINDING_OK, WARNING_PROCESSORS, "%zu", count)
                     : finding_make(FINDING_WARN, WARNING_PROCESSORS, "one");
}

static struct finding look_at_governor(void)
{
    char line[MACHINE_LINE_BYTES];
    if (!machine_read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
                           line)) {
        return finding_make(FINDING_OK, WARNING_GOVERNOR, "none shown by this kernel");
    }
    return finding_make(strcmp(line, "performance") == 0 ? FINDING_OK : FINDING_WARN,
                        WARNING_GOVERNOR, "%.40s", line);
}

static struct finding look_at_turbo(void)
{
    char line[MACHINE_LINE_BYTES];
    bool is_on;
    if (machine_read_line("/sys/devices/system/cpu/intel_pstate/no_turbo", line)) {
        is_on = line[0] == '0';
    } else if (machine_read_line("/sys/devices/system/cpu/cpufreq/boost", line)) {
        is_on = line[0] == '1';
    } else {
        return finding_make(FINDING_OK, WARNING_TURBO, "none shown by this kernel");
    }
    return finding_make(is_on ? FINDING_NOTE : FINDING_OK, WARNING_TURBO,
                        is_on ? "on" : "off");
}

static struct finding look_at_smt(void)
{
    char line[MACHINE_LINE_BYTES];
    if (!machine_read_line("/sys/devices/system/cpu/smt/active", line)) {
        return finding_make(FINDING_OK, WARNING_SMT, "none shown by this kernel");
    }
    return line[0] == '1' ? finding_make(FINDING_NOTE, WARNING_SMT, "on")
                          : finding_make(FINDING_OK, WARNING_SMT, "off");
}

/* In the order of /proc/stat. */
enum time_kind {
    TIME_USER,
    TIME_NICE,
    TIME_SYSTEM,
    TIME_IDLE,
    TIME_IOWAIT,
    TIME_IRQ,
    TIME_SOFTIRQ,
    TIME_STEAL,
    TIME_KINDS
};

static bool read_times(uint64_t times[TIME_KINDS])
{
    char line[MACHINE_LINE_BYTES];
    if (!read_after("/proc/stat", "cpu ", line)) {
        return false;
    }
    char *at = line;
    for (size_t i = 0; i < TIME_KINDS; i++) {
        times[i] = strtoull(at, &at, 10);
    }
    return true;
}

/* Shares of all processor time in one second of our own sleep. */
struct others {
    double busy, steal;
    bool is_known;
};

static struct others watch_others(void)
{
    uint64_t before[TIME_KINDS];
    uint64_t after[TIME_KINDS];
    const bool can_read = read_times(before);
    nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    if (!can_read || !read_times(after)) {
        return (struct others){.is_known = false};
    }
    uint64_t all = 0;
    for (size_t i = 0; i < TIME_KINDS; i++) {
        after[i] = after[i] > before[i] ? after[i] - before[i] : 0;
        all += after[i];
    }
    if (all == 0) {
        return (struct others){.is_known = false};
    }
    const uint64_t idle = after[TIME_IDLE] + after[TIME_IOWAIT] + after[TIME_STEAL];
    return (struct others){.busy = (double)(all - idle) / (double)all,
                           .steal = (double)after[TIME_STEAL] / (double)all,
                           .is_known = true};
}

static struct finding look_at_load(struct others others)
{
    char line[MACHINE_LINE_BYTES] = "unknown";
    machine_read_line("/proc/loadavg", line);
    line[strcspn(line, " ")] = '\0';
    if (!others.is_known) {
        return finding_make(FINDING_OK, WARNING_LOAD, "load average %.20s", line);
    }
    return finding_make(others.busy > busy_noted ? FINDING_WARN : FINDING_OK,
                        WARNING_LOAD,
                        "load average %.20s, processors %.0f %% busy for a second",
                        line, 100 * others.busy);
}

static struct finding look_at_steal(struct others others)
{
    if (!others.is_known) {
        return finding_make(FINDING_OK, WARNING_STEAL, "not shown by this kernel");
    }
    return finding_make(others.steal > steal_noted ? FINDING_WARN : FINDING_OK,
                        WARNING_STEAL, "%.1f %% over a second", 100 * others.steal);
}

static bool has_hypervisor_flag(void)
{
    char line[MACHINE_LINE_BYTES];
    return read_after("/proc/cpuinfo", "flags", line) &&
           strstr(line, " hypervisor") != NULL;
}

static struct finding look_at_virtual(void)
{
    char vendor[MACHINE_LINE_BYTES] = "";
    if (!has_hypervisor_flag()) {
        return finding_make(FINDING_OK, WARNING_VIRTUAL, "no sign of one");
    }
    machine_read_line("/sys/class/dmi/id/sys_vendor", vendor);
    return finding_make(FINDING_NOTE, WARNING_VIRTUAL, "%.60s",
                        vendor[0] != '\0' ? vendor : "yes");
}

static double clock_read_ns(void)
{
    struct timespec first;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &first);
    for (int i = 0; i < CLOCK_READS; i++) {
        clock_gettime(CLOCK_MONOTONIC, &now);
    }
    return ((double)(now.tv_sec - first.tv_sec) * 1e9 +
            (double)(now.tv_nsec - first.tv_nsec)) /
           CLOCK_READS;
}

static struct finding look_at_clock(void)
{
    char source[MACHINE_LINE_BYTES];
    double read_ns = clock_read_ns();
    for (int i = 0; i < 4; i++) { /* the least: another may have had the processor */
        const double again_ns = clock_read_ns();
        read_ns = again_ns < read_ns ? again_ns : read_ns;
    }
    if (!machine_read_line(
            "/sys/devices/system/clocksource/clocksource0/current_clocksource",
            source)) {
        snprintf(source, sizeof source, "unknown source");
    }
    return finding_make(read_ns > CLOCK_SLOW_NS ? FINDING_WARN : FINDING_OK,
                        WARNING_CLOCK, "%.40s, %.0f ns a read", source, read_ns);
}

static struct finding look_at_huge_pages(void)
{
    char line[MACHINE_LINE_BYTES];
    if (!machine_read_line("/sys/kernel/mm/transparent_hugepage/enabled", line)) {
        return finding_make(FINDING_OK, WARNING_HUGE_PAGES, "none in this kernel");
    }
    const char *chosen = strchr(line, '[');
    const char *name = chosen != NULL ? chosen + 1 : line;
    return finding_make(strncmp(name, "always", 6) == 0 ? FINDING_NOTE : FINDING_OK,
                        WARNING_HUGE_PAGES, "%.*s", (int)strcspn(name, "]"), name);
}

static struct finding look_at_layout(void)
{
    char line[MACHINE_LINE_BYTES];
    const int persona = personality(0xffffffff); /* asks */
    if (persona >= 0 && (persona & ADDR_NO_RANDOMIZE) != 0) {
        return finding_make(FINDING_WARN, WARNING_LAYOUT,
                            "not random in this process (setarch -R)");
    }
    if (!machine_read_line("/proc/sys/kernel/randomize_va_space", line)) {
        return finding_make(FINDING_OK, WARNING_LAYOUT, "not shown by this kernel");
    }
    return strcmp(line, "2") == 0 ? finding_make(FINDING_OK, WARNING_LAYOUT, "random")
                                  : finding_make(FINDING_WARN, WARNING_LAYOUT,
                                                 "randomize_va_space is %.8s", line);
}

static struct finding look_at_memory(void)
{
    const uint64_t bytes = capacity_memory_bytes();
    if (bytes == UINT64_MAX) {
        return finding_make(FINDING_OK, WARNING_MEMORY, "not shown by this kernel");
    }
    const uint64_t mib = bytes / BYTES_PER_MIB;
    return finding_make(mib < LEAST_MEMORY_MIB ? FINDING_WARN : FINDING_OK,
                        WARNING_MEMORY, "%" PRIu64 " MiB available", mib);
}

static struct finding look_at_swap(void)
{
    uint64_t total_mib;
    uint64_t free_mib;
    if (!read_mib("SwapTotal:", &total_mib) || !read_mib("SwapFree:", &free_mib)) {
        return finding_make(FINDING_OK, WARNING_SWAP, "not shown by this kernel");
    }
    const uint64_t used_mib = total_mib - free_mib;
    return finding_make(used_mib > SWAP_NOTED_MIB ? FINDING_WARN : FINDING_OK,
                        WARNING_SWAP, "%" PRIu64 " MiB in use", used_mib);
}

static struct finding look_at_mappings(void)
{
    char line[MACHINE_LINE_BYTES];
    if (!machine_read_line("/proc/sys/vm/max_map_count", line)) {
        return finding_make(FINDING_OK, WARNING_MAPPINGS, "not shown by this kernel");
    }
    const bool is_low = strtoull(line, NULL, 10) < LEAST_MAPPINGS;
    return finding_make(is_low ? FINDING_WARN : FINDING_OK, WARNING_MAPPINGS,
                        "at most %.20s", line);
}

static struct finding look_at_core(void)
{
    char line[MACHINE_LINE_BYTES];
    if (!machine_read_line("/proc/sys/kernel/core_pattern", line)) {
        return finding_make(FINDING_OK, WARNING_CORE, "not shown by this kernel");
    }
    return line[0] == '|'
               ? finding_make(FINDING_NOTE, WARNING_CORE, "%.100s", line)
               : finding_make(FINDING_OK, WARNING_CORE, "to no program (%.60s)", line);
}

void machine_examine(struct findings *findings)
{
    static struct finding (*const looks[])(void) = {
        look_at_governor, look_at_turbo,      look_at_smt,    look_at_virtual,
        look_at_clock,    look_at_huge_pages, look_at_layout, look_at_memory,
        look_at_swap,     look_at_mappings,   look_at_core,
    };
    const struct others others = watch_others();
    findings_add(findings, look_at_processors());
    findings_add(findings, look_at_load(others));
    findings_add(findings, look_at_steal(others));
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        findings_add(findings, looks[i]());
    }
}
