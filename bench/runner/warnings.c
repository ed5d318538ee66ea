#include "runner/warnings.h"

#include <stdio.h>
#include <string.h>

static const struct warning warnings[WARNING_COUNT] = {
    [WARNING_PROCESSORS] = {"processors",
                            "%s: what is measured shares it with everything else",
                            "give the machine or container a second one"},
    [WARNING_LOAD] = {"load",
                      "%s: other programs take time and caches from what is "
                      "measured",
                      "end them, or wait until they are done"},
    [WARNING_STEAL] = {"steal time",
                       "%s: the host takes the processor away in the middle of runs",
                       "measure at a quieter time, with more rounds (-r 20), or on "
                       "hardware of your own"},
    [WARNING_GOVERNOR] = {"governor",
                          "%s: clocks follow the load, so short runs are "
                          "slow ones",
                          "sudo cpupower frequency-set -g performance"},
    [WARNING_TURBO] =
        {"turbo", "%s: clocks depend on heat and on the other processors",
         "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo, "
         "or echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost"},
    [WARNING_SMT] = {"hyper-threads",
                     "%s: a busy sibling takes up to half of a core, and threads scale "
                     "less than processors",
                     "echo off | sudo tee /sys/devices/system/cpu/smt/control"},
    [WARNING_VIRTUAL] =
        {"virtual machine",
         "%s: neighbours disturb unseen, and page faults can cost twenty "
         "times as much",
         "look at the intervals first; repeat what matters on hardware"},
    [WARNING_CLOCK] = {"clock", "%s: reading it is slow, which short passes feel",
                       "boot with clocksource=tsc, if the machine's tsc is stable"},
    [WARNING_HUGE_PAGES] = {"huge pages",
                            "%s: the kernel decides by luck who gets huge pages, so "
                            "memory and cold times vary",
                            "echo madvise | sudo tee "
                            "/sys/kernel/mm/transparent_hugepage/enabled"},
    [WARNING_LAYOUT] = {"address layout",
                        "%s: every process has the same lucky or unlucky layout, which "
                        "alone makes 3 to 10 % of difference",
                        "sudo sysctl kernel.randomize_va_space=2, and no setarch -R"},
    [WARNING_MEMORY] = {"memory",
                        "%s: large traces are skipped, and the kernel may "
                        "reclaim pages in the middle of runs",
                        "end what needs it, or raise the container's limit"},
    [WARNING_SWAP] = {"swap", "%s: pages that come back from disk are in cold times",
                      "end what needs memory, then sudo swapoff -a && sudo swapon -a"},
    [WARNING_MAPPINGS] = {"mappings",
                          "%s: allocators that map many regions run out of them",
                          "sudo sysctl vm.max_map_count=65530"},
    [WARNING_CORE] = {"core dumps",
                      "%s: each crash of an allocator starts this program, which takes "
                      "seconds",
                      "sudo sysctl kernel.core_pattern=core"},
    [WARNING_COUNTERS] = {"counters",
                          "this processor has no counter, as the kernel sees it, for "
                          "%s: their columns are empty",
                          "most virtual machines pass none on, real hardware has them; "
                          "--callgrind counts instructions without any"},
    [WARNING_COUNTERS_REFUSED] =
        {"counters",
         "perf_event_open is refused, no counting of %s: their columns are empty",
         "sudo sysctl kernel.perf_event_paranoid=2; in a container also "
         "--cap-add=PERFMON"},
    [WARNING_COUNTERS_KERNEL] = {"counters",
                                 "this kernel has no perf_event_open, no counting of "
                                 "%s: their columns are empty",
                                 "run one built with CONFIG_PERF_EVENTS"},
    [WARNING_TRACING] =
        {"tracing",
         "system calls are not counted and peaks of memory not measured, "
         "as %s is refused here",
         "in a container, start it with --cap-add=SYS_PTRACE "
         "--security-opt seccomp=unconfined (all other figures stand)"},
    [WARNING_CGROUP] = {"cgroup",
                        "%s: peaks of whole process trees come from the "
                        "kernel's high-water marks, not from memory.peak",
                        "run under: systemd-run --user --scope -p Delegate=yes; "
                        "memory.peak needs Linux 5.19 and cgroup v2"},
    [WARNING_WORKER] = {"worker", "%s: nothing can be measured", "make"},
    [WARNING_FLOOR] = {"floor", "no floor, %s: growth of memory over it is not known",
                       "make"},
    [WARNING_ALLOCATOR] = {"allocator", "%s: it is not compared", NULL},
    [WARNING_GNUPLOT] = {"gnuplot", "%s: no charts",
                         "sudo apt-get install gnuplot-nox"},
    [WARNING_HYPERFINE] = {"hyperfine", "%s: whole programs are not timed",
                           "sudo apt-get install hyperfine"},
    [WARNING_VALGRIND] = {"valgrind", "%s: --callgrind cannot count instructions",
                          "sudo apt-get install valgrind"},
    [WARNING_UNFREED] =
        {"unfreed blocks",
         "traces with blocks never freed: %s; these are freed after the "
         "last operation, outside the figures",
         NULL},
    [WARNING_THREADED] =
        {"threads",
         "traces with several threads: %s; flattened (--threads flat): "
         "replayed in one thread, in the order recorded",
         NULL},
};

const struct warning *warning_find(enum warning_id id)
{
    return &warnings[id];
}

void warning_format(enum warning_id id, const char *found, char *text, size_t size)
{
    const char *rest = warnings[id].text;
    const char *gap = strstr(rest, "%s");
    const size_t before = gap != NULL ? (size_t)(gap - rest) : strlen(rest);
    snprintf(text, size, "%.*s%s%s", (int)before, rest, gap != NULL ? found : "",
             gap != NULL ? gap + 2 : "");
}

void warning_print(enum warning_id id, const char *found)
{
    char text[512];
    const char *remedy = warnings[id].remedy;
    warning_format(id, found, text, sizeof text);
    fprintf(stderr, "snugbench: %s%s%s\n", text, remedy != NULL ? "; " : "",
            remedy != NULL ? remedy : "");
}
