#include "runner/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "process/memory.h"
#include "process/tool.h"
#include "runner/allocators.h"
#include "runner/capacity.h"
#include "runner/tracer.h"

enum {
    LINE_BYTES = 4096,
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

__attribute__((format(printf, 3, 4))) static struct finding
make_finding(enum finding_level level, enum warning_id id, const char *format, ...)
{
    struct finding finding = {.level = level, .id = id};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding.found, sizeof finding.found, format, arguments);
    va_end(arguments);
    return finding;
}

/* The first line of a file under /proc or /sys that begins with `prefix`; without it.
 */
static bool read_after(const char *path, const char *prefix, char line[LINE_BYTES])
{
    FILE *in = fopen(path, "re");
    if (in == NULL) {
        return false;
    }
    const size_t length = strlen(prefix);
    bool found = false;
    while (!found && fgets(line, LINE_BYTES, in) != NULL) {
        found = strncmp(line, prefix, length) == 0;
    }
    fclose(in);
    if (found) {
        line[strcspn(line, "\n")] = '\0';
        memmove(line, line + length, strlen(line + length) + 1);
    }
    return found;
}

static bool read_line(const char *path, char line[LINE_BYTES])
{
    return read_after(path, "", line);
}

static bool read_mib(const char *field, uint64_t *mib)
{
    char line[LINE_BYTES];
    if (!read_after("/proc/meminfo", field, line)) {
        return false;
    }
    *mib = strtoull(line, NULL, 10) / 1024;
    return true;
}

static struct finding look_at_processors(void)
{
    const size_t count = capacity_processors();
    return count > 1 ? make_finding(FINDING_OK, WARNING_PROCESSORS, "%zu", count)
                     : make_finding(FINDING_WARN, WARNING_PROCESSORS, "one");
}

static struct finding look_at_governor(void)
{
    char line[LINE_BYTES];
    if (!read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", line)) {
        return make_finding(FINDING_OK, WARNING_GOVERNOR, "none shown by this kernel");
    }
    return make_finding(strcmp(line, "performance") == 0 ? FINDING_OK : FINDING_WARN,
                        WARNING_GOVERNOR, "%.40s", line);
}

static struct finding look_at_turbo(void)
{
    char line[LINE_BYTES];
    bool is_on;
    if (read_line("/sys/devices/system/cpu/intel_pstate/no_turbo", line)) {
        is_on = line[0] == '0';
    } else if (read_line("/sys/devices/system/cpu/cpufreq/boost", line)) {
        is_on = line[0] == '1';
    } else {
        return make_finding(FINDING_OK, WARNING_TURBO, "none shown by this kernel");
    }
    return make_finding(is_on ? FINDING_NOTE : FINDING_OK, WARNING_TURBO,
                        is_on ? "on" : "off");
}

static struct finding look_at_smt(void)
{
    char line[LINE_BYTES];
    if (!read_line("/sys/devices/system/cpu/smt/active", line)) {
        return make_finding(FINDING_OK, WARNING_SMT, "none shown by this kernel");
    }
    return line[0] == '1' ? make_finding(FINDING_NOTE, WARNING_SMT, "on")
                          : make_finding(FINDING_OK, WARNING_SMT, "off");
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
    char line[LINE_BYTES];
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
    char line[LINE_BYTES] = "unknown";
    read_line("/proc/loadavg", line);
    line[strcspn(line, " ")] = '\0';
    if (!others.is_known) {
        return make_finding(FINDING_OK, WARNING_LOAD, "load average %.20s", line);
    }
    return make_finding(others.busy > busy_noted ? FINDING_WARN : FINDING_OK,
                        WARNING_LOAD,
                        "load average %.20s, processors %.0f %% busy for a second",
                        line, 100 * others.busy);
}

static struct finding look_at_steal(struct others others)
{
    if (!others.is_known) {
        return make_finding(FINDING_OK, WARNING_STEAL, "not shown by this kernel");
    }
    return make_finding(others.steal > steal_noted ? FINDING_WARN : FINDING_OK,
                        WARNING_STEAL, "%.1f %% over a second", 100 * others.steal);
}

static bool has_hypervisor_flag(void)
{
    char line[LINE_BYTES];
    return read_after("/proc/cpuinfo", "flags", line) &&
           strstr(line, " hypervisor") != NULL;
}

static struct finding look_at_virtual(void)
{
    char vendor[LINE_BYTES] = "";
    if (!has_hypervisor_flag()) {
        return make_finding(FINDING_OK, WARNING_VIRTUAL, "no sign of one");
    }
    read_line("/sys/class/dmi/id/sys_vendor", vendor);
    return make_finding(FINDING_NOTE, WARNING_VIRTUAL, "%.60s",
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
    char source[LINE_BYTES];
    double read_ns = clock_read_ns();
    for (int i = 0; i < 4; i++) { /* the least: another may have had the processor */
        const double again_ns = clock_read_ns();
        read_ns = again_ns < read_ns ? again_ns : read_ns;
    }
    if (!read_line("/sys/devices/system/clocksource/clocksource0/current_clocksource",
                   source)) {
        snprintf(source, sizeof source, "unknown source");
    }
    return make_finding(read_ns > CLOCK_SLOW_NS ? FINDING_WARN : FINDING_OK,
                        WARNING_CLOCK, "%.40s, %.0f ns a read", source, read_ns);
}

static struct finding look_at_huge_pages(void)
{
    char line[LINE_BYTES];
    if (!read_line("/sys/kernel/mm/transparent_hugepage/enabled", line)) {
        return make_finding(FINDING_OK, WARNING_HUGE_PAGES, "none in this kernel");
    }
    const char *chosen = strchr(line, '[');
    const char *name = chosen != NULL ? chosen + 1 : line;
    return make_finding(strncmp(name, "always", 6) == 0 ? FINDING_NOTE : FINDING_OK,
                        WARNING_HUGE_PAGES, "%.*s", (int)strcspn(name, "]"), name);
}

static struct finding look_at_layout(void)
{
    char line[LINE_BYTES];
    const int persona = personality(0xffffffff); /* asks */
    if (persona >= 0 && (persona & ADDR_NO_RANDOMIZE) != 0) {
        return make_finding(FINDING_WARN, WARNING_LAYOUT,
                            "not random in this process (setarch -R)");
    }
    if (!read_line("/proc/sys/kernel/randomize_va_space", line)) {
        return make_finding(FINDING_OK, WARNING_LAYOUT, "not shown by this kernel");
    }
    return strcmp(line, "2") == 0 ? make_finding(FINDING_OK, WARNING_LAYOUT, "random")
                                  : make_finding(FINDING_WARN, WARNING_LAYOUT,
                                                 "randomize_va_space is %.8s", line);
}

static struct finding look_at_memory(void)
{
    const uint64_t bytes = capacity_memory_bytes();
    if (bytes == UINT64_MAX) {
        return make_finding(FINDING_OK, WARNING_MEMORY, "not shown by this kernel");
    }
    const uint64_t mib = bytes / BYTES_PER_MIB;
    return make_finding(mib < LEAST_MEMORY_MIB ? FINDING_WARN : FINDING_OK,
                        WARNING_MEMORY, "%" PRIu64 " MiB available", mib);
}

static struct finding look_at_swap(void)
{
    uint64_t total_mib;
    uint64_t free_mib;
    if (!read_mib("SwapTotal:", &total_mib) || !read_mib("SwapFree:", &free_mib)) {
        return make_finding(FINDING_OK, WARNING_SWAP, "not shown by this kernel");
    }
    const uint64_t used_mib = total_mib - free_mib;
    return make_finding(used_mib > SWAP_NOTED_MIB ? FINDING_WARN : FINDING_OK,
                        WARNING_SWAP, "%" PRIu64 " MiB in use", used_mib);
}

static struct finding look_at_mappings(void)
{
    char line[LINE_BYTES];
    if (!read_line("/proc/sys/vm/max_map_count", line)) {
        return make_finding(FINDING_OK, WARNING_MAPPINGS, "not shown by this kernel");
    }
    const bool is_low = strtoull(line, NULL, 10) < LEAST_MAPPINGS;
    return make_finding(is_low ? FINDING_WARN : FINDING_OK, WARNING_MAPPINGS,
                        "at most %.20s", line);
}

static struct finding look_at_core(void)
{
    char line[LINE_BYTES];
    if (!read_line("/proc/sys/kernel/core_pattern", line)) {
        return make_finding(FINDING_OK, WARNING_CORE, "not shown by this kernel");
    }
    return line[0] == '|'
               ? make_finding(FINDING_NOTE, WARNING_CORE, "%.100s", line)
               : make_finding(FINDING_OK, WARNING_CORE, "to no program (%.60s)", line);
}

static struct finding look_at_counters(void)
{
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_HARDWARE,
        .size = sizeof attributes,
        .config = PERF_COUNT_HW_INSTRUCTIONS,
        .exclude_kernel = 1,
        .exclude_hv = 1,
    };
    const long fd =
        syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    if (fd >= 0) {
        close((int)fd);
        return make_finding(FINDING_OK, WARNING_COUNTERS, "there");
    }
    if (errno != EACCES && errno != EPERM) {
        return make_finding(FINDING_NOTE, WARNING_COUNTERS, "none");
    }
    char paranoid[LINE_BYTES] = "unknown";
    read_line("/proc/sys/kernel/perf_event_paranoid", paranoid);
    struct finding finding =
        make_finding(FINDING_NOTE, WARNING_COUNTERS,
                     "refused (perf_event_paranoid is %.8s)", paranoid);
    finding.remedy = "sudo sysctl kernel.perf_event_paranoid=2; in a container also "
                     "--cap-add=PERFMON";
    return finding;
}

static struct finding look_at_tracing(void)
{
    const char *refused;
    struct sock_fprog *filter = tracer_filter_create(&refused);
    if (filter == NULL) {
        return make_finding(FINDING_WARN, WARNING_TRACING, "%s", refused);
    }
    tracer_filter_destroy(filter);
    return make_finding(FINDING_OK, WARNING_TRACING, "ptrace and seccomp are allowed");
}

/* Whether a cgroup below ours can be made and has memory.peak: tried. */
static struct finding look_at_cgroup(void)
{
    char own[LINE_BYTES];
    struct stat status;
    if (stat("/sys/fs/cgroup/cgroup.controllers", &status) != 0 ||
        !read_after("/proc/self/cgroup", "0::", own)) {
        return make_finding(FINDING_NOTE, WARNING_CGROUP, "no cgroup v2");
    }
    char folder[LINE_BYTES + 64];
    char peak[LINE_BYTES + 96];
    snprintf(folder, sizeof folder, "/sys/fs/cgroup%s/snugbench-doctor-%d", own,
             (int)getpid());
    if (mkdir(folder, 0700) != 0) {
        return make_finding(FINDING_NOTE, WARNING_CGROUP, "none can be made (%s)",
                            strerror(errno));
    }
    snprintf(peak, sizeof peak, "%s/memory.peak", folder);
    const bool has_peak = access(peak, R_OK) == 0;
    rmdir(folder);
    return has_peak ? make_finding(FINDING_OK, WARNING_CGROUP, "memory.peak is there")
                    : make_finding(FINDING_NOTE, WARNING_CGROUP,
                                   "one can be made, but it has no memory.peak");
}

static struct finding look_at_worker(void)
{
    char path[LINE_BYTES];
    const int fd = memfd_create("snugbench-doctor", MFD_CLOEXEC);
    if (fd < 0) {
        return make_finding(FINDING_STOP, WARNING_WORKER, "no memory file can be made");
    }
    close(fd);
    if (!tool_find("snugbench-worker", path, sizeof path)) {
        return make_finding(FINDING_STOP, WARNING_WORKER, "%.200s is missing", path);
    }
    return access(path, X_OK) == 0
               ? make_finding(FINDING_OK, WARNING_WORKER, "%.200s", path)
               : make_finding(FINDING_STOP, WARNING_WORKER, "%.200s is not executable",
                              path);
}

static struct finding look_at_floor(void)
{
    char path[LINE_BYTES];
    return tool_find("libsnugbench-floor.so", path, sizeof path)
               ? make_finding(FINDING_OK, WARNING_FLOOR, "%.200s", path)
               : make_finding(FINDING_WARN, WARNING_FLOOR, "%.200s is missing", path);
}

/* A program in the folders of PATH. */
static struct finding look_for_program(enum warning_id id)
{
    const char *name = warning_find(id)->name;
    const char *rest = getenv("PATH");
    while (rest != NULL && *rest != '\0') {
        const size_t length = strcspn(rest, ":");
        char path[LINE_BYTES];
        snprintf(path, sizeof path, "%.*s/%s", (int)length, rest, name);
        if (access(path, X_OK) == 0) {
            return make_finding(FINDING_OK, id, "%.200s", path);
        }
        rest += length + (rest[length] == ':');
    }
    return make_finding(FINDING_NOTE, id, "missing");
}

static void add(struct findings *findings, struct finding finding)
{
    findings->items =
        memory_grow(findings->items, findings->count + 1, sizeof *findings->items);
    findings->items[findings->count++] = finding;
}

static void add_allocators(struct findings *findings)
{
    for (size_t i = 0; i < allocators_known_count(); i++) {
        const struct known_state state = allocators_known(i);
        struct finding finding =
            state.is_available
                ? make_finding(FINDING_OK, WARNING_ALLOCATOR, "%s%s%s", state.name,
                               state.version[0] != '\0' ? " " : "", state.version)
                : make_finding(FINDING_NOTE, WARNING_ALLOCATOR, "%s is missing",
                               state.name);
        finding.remedy = state.remedy;
        free(state.library);
        if (strcmp(state.name, "floor") != 0) { /* it has a row of its own */
            add(findings, finding);
        }
    }
}

struct findings doctor_examine(void)
{
    static struct finding (*const looks[])(void) = {
        look_at_governor, look_at_turbo,      look_at_smt,    look_at_virtual,
        look_at_clock,    look_at_huge_pages, look_at_layout, look_at_memory,
        look_at_swap,     look_at_mappings,   look_at_core,   look_at_counters,
        look_at_tracing,  look_at_cgroup,     look_at_worker, look_at_floor,
    };
    struct findings findings = {.count = 0};
    const struct others others = watch_others();
    add(&findings, look_at_processors());
    add(&findings, look_at_load(others));
    add(&findings, look_at_steal(others));
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        add(&findings, looks[i]());
    }
    add_allocators(&findings);
    add(&findings, look_for_program(WARNING_GNUPLOT));
    add(&findings, look_for_program(WARNING_HYPERFINE));
    return findings;
}

void findings_free(struct findings *findings)
{
    free(findings->items);
    *findings = (struct findings){.count = 0};
}
