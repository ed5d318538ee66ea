#include "runner/doctor.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "process/cgroup.h"
#include "process/program.h"
#include "process/tool.h"
#include "runner/allocators.h"
#include "runner/counters.h"
#include "runner/machine.h"
#include "runner/tracer.h"

static struct finding look_at_counters(void)
{
    const struct counters_look look = counters_look(counters_hardware);
    return look.lacks_any ? finding_make(FINDING_NOTE, look.warning, "%s", look.lacking)
                          : finding_make(FINDING_OK, WARNING_COUNTERS, "there");
}

static struct finding look_at_tracing(void)
{
    const char *refused;
    struct sock_fprog *filter = tracer_filter_create(&refused);
    if (filter == NULL) {
        return finding_make(FINDING_WARN, WARNING_TRACING, "%s", refused);
    }
    tracer_filter_destroy(filter);
    return finding_make(FINDING_OK, WARNING_TRACING, "ptrace and seccomp are allowed");
}

static struct finding look_at_cgroup(void)
{
    struct cgroup group;
    if (!cgroup_create(&group)) {
        return finding_make(FINDING_NOTE, WARNING_CGROUP,
                            "none with a memory.peak can be made");
    }
    cgroup_remove(&group);
    return finding_make(FINDING_OK, WARNING_CGROUP, "memory.peak is there");
}

static struct finding look_at_worker(void)
{
    char path[PATH_MAX];
    const int fd = memfd_create("snugbench-doctor", MFD_CLOEXEC);
    if (fd < 0) {
        return finding_make(FINDING_STOP, WARNING_WORKER, "no memory file can be made");
    }
    close(fd);
    if (!tool_find("snugbench-worker", path, sizeof path)) {
        return finding_make(FINDING_STOP, WARNING_WORKER, "%.200s is missing", path);
    }
    return access(path, X_OK) == 0
               ? finding_make(FINDING_OK, WARNING_WORKER, "%.200s", path)
               : finding_make(FINDING_STOP, WARNING_WORKER, "%.200s is not executable",
                              path);
}

static struct finding look_at_floor(void)
{
    char path[PATH_MAX];
    return tool_find("libsnugbench-floor.so", path, sizeof path)
               ? finding_make(FINDING_OK, WARNING_FLOOR, "%.200s", path)
               : finding_make(FINDING_WARN, WARNING_FLOOR, "%.200s is missing", path);
}

static struct finding look_for_program(enum warning_id id)
{
    char path[PATH_MAX];
    return program_locate(warning_find(id)->name, path)
               ? finding_make(FINDING_OK, id, "%.200s", path)
               : finding_make(FINDING_NOTE, id, "missing");
}

static void add_allocators(struct findings *findings)
{
    for (size_t i = 0; i < allocators_known_count(); i++) {
        const struct known_state state = allocators_known(i);
        struct finding finding =
            state.is_available
                ? finding_make(FINDING_OK, WARNING_ALLOCATOR, "%s%s%s", state.name,
                               state.version[0] != '\0' ? " " : "", state.version)
                : finding_make(FINDING_NOTE, WARNING_ALLOCATOR, "%s is missing",
                               state.name);
        finding.remedy = state.remedy;
        free(state.library);
        if (strcmp(state.name, "floor") != 0) { /* it has a row of its own */
            findings_add(findings, finding);
        }
    }
}

struct findings doctor_examine(void)
{
    static struct finding (*const looks[])(void) = {
        look_at_counters, look_at_tracing, look_at_cgroup,
        look_at_worker,   look_at_floor,
    };
    struct findings findings = {.count = 0};
    machine_examine(&findings);
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        findings_add(&findings, looks[i]());
    }
    add_allocators(&findings);
    findings_add(&findings, look_for_program(WARNING_GNUPLOT));
    findings_add(&findings, look_for_program(WARNING_HYPERFINE));
    findings_add(&findings, look_for_program(WARNING_VALGRIND));
    return findings;
}
