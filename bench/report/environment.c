/* environment.json: what a reader needs to judge and to repeat a run. What the machine
 * does not tell is left out. */
#include "report/environment.h"

#include <errno.h>
#include <gnu/libc-version.h>
#include <jansson.h>
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "analysis/latency.h"
#include "report/files.h"
#include "report/json.h"

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text != NULL && *text != '\0') {
        json_object_set_new(object, key, json_text(text));
    }
}

static char *first_line(FILE *in, char *line, size_t size)
{
    if (fgets(line, (int)size, in) == NULL) {
        return NULL;
    }
    line[strcspn(line, "\n")] = '\0';
    return line;
}

/* The first line of a file under /proc or /sys. */
static void set_from_file(json_t *object, const char *key, const char *path)
{
    char line[256];
    FILE *in = fopen(path, "re");
    if (in != NULL) {
        set_text(object, key, first_line(in, line, sizeof line));
        fclose(in);
    }
}

/* "model name" stands in cpuinfo on x86; other machines have it in the device tree. */
static void set_cpu_model(json_t *object)
{
    char line[512];
    FILE *in = fopen("/proc/cpuinfo", "re");
    while (in != NULL && first_line(in, line, sizeof line) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon != NULL) {
            set_text(object, "cpu_model", colon + 1 + strspn(colon + 1, " \t"));
            fclose(in);
            return;
        }
    }
    if (in != NULL) {
        fclose(in);
    }
    set_from_file(object, "cpu_model", "/proc/device-tree/model");
}

static json_t *machine(void)
{
    json_t *object = json_object();
    struct utsname kernel;
    set_cpu_model(object);
    json_object_set_new(object, "cores_online",
                        json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
    json_object_set_new(
        object, "memory_bytes",
        json_integer((json_int_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE)));
    json_object_set_new(object, "page_bytes", json_integer(sysconf(_SC_PAGESIZE)));
    if (uname(&kernel) == 0) {
        set_text(object, "architecture", kernel.machine);
        set_text(object, "kernel", kernel.release);
    }
    set_from_file(object, "governor",
                  "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    set_from_file(object, "transparent_hugepage",
                  "/sys/kernel/mm/transparent_hugepage/enabled");
    set_from_file(object, "randomize_va_space", "/proc/sys/kernel/randomize_va_space");
    set_from_file(object, "overcommit_memory", "/proc/sys/vm/overcommit_memory");
    set_from_file(object, "load_average", "/proc/loadavg");
    return object;
}

/* The commit of the checkout that this program was built in, wherever the user is. */
static void set_git_commit(json_t *object)
{
    char path[PATH_MAX];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length < 0) {
        return;
    }
    path[length] = '\0';
    /* By the environment, not in the command: a path may hold any character. */
    if (setenv("SNUGBENCH_FOLDER", dirname(path), 1) != 0) {
        return;
    }
    FILE *git = popen("git -C \"$SNUGBENCH_FOLDER\" describe --always --dirty "
                      "--abbrev=12 2>/dev/null",
                      "re");
    unsetenv("SNUGBENCH_FOLDER");
    if (git != NULL) {
        char line[128];
        set_text(object, "git_commit", first_line(git, line, sizeof line));
        pclose(git);
    }
}

static json_t *software(void)
{
    json_t *object = json_object();
    char libc[64];
    snprintf(libc, sizeof libc, "glibc %s", gnu_get_libc_version());
    set_text(object, "libc", libc);
    set_text(object, "compiler", "gcc " __VERSION__);
    set_git_commit(object);
    FILE *release = fopen("/etc/os-release", "re");
    char line[256];
    while (release != NULL && first_line(release, line, sizeof line) != NULL) {
        if (strncmp(line, "PRETTY_NAME=\"", 13) == 0) {
            line[strcspn(line + 13, "\"") + 13] = '\0';
            set_text(object, "system", line + 13);
        }
    }
    if (release != NULL) {
        fclose(release);
    }
    return object;
}

static json_t *allocator_list(const struct run *run)
{
    json_t *list = json_array();
    for (size_t i = 0; i < run->allocator_count; i++) {
        const struct allocator *allocator = &run->allocators[i];
        json_t *object = json_object();
        struct stat status;
        set_text(object, "name", allocator->name);
        set_text(object, "library", allocator->library);
        json_t *variables = json_array();
        for (char **variable = allocator->variables;
             variable != NULL && *variable != NULL; variable++) {
            json_array_append_new(variables, json_text(*variable));
        }
        json_object_set_new(object, "variables", variables);
        if (allocator->library != NULL && stat(allocator->library, &status) == 0) {
            json_object_set_new(object, "library_bytes", json_integer(status.st_size));
        }
        json_object_set_new(object, "is_floor", json_boolean(allocator->is_floor));
        json_object_set_new(object, "is_reference",
                            json_boolean(i == run->reference_index));
        json_array_append_new(list, object);
    }
    return list;
}

/* NULL: no latency was measured. */
static json_t *latency_clock(const struct run *run)
{
    struct latency latency = {.ticks = 0};
    const struct latency_profile *any = NULL;
    for (size_t i = 0; i < run->trace_count * run->allocator_count; i++) {
        if (latency_is_measured(&run->results[i])) {
            any = &run->results[i].latency;
            latency_add(&latency, any, LATENCY_MALLOC, LATENCY_CLASS_COUNT);
        }
    }
    if (any == NULL) {
        return NULL;
    }
    json_t *object = json_object();
    set_text(object, "source",
             any->clock == LATENCY_CLOCK_TSC ? "rdtscp" : "clock_gettime");
    const struct figure clock = latency_clock_ns(&latency);
    if (clock.present) {
        json_object_set_new(object, "clock_ns", json_real(clock.value));
    }
    json_object_set_new(object, "tick_ns",
                        json_real((double)latency.ns / (double)latency.ticks));
    return object;
}

static json_t *how_it_ran(const struct run *run)
{
    static const char *const touches[] = {[TOUCH_NONE] = "none",
                                          [TOUCH_FIRST] = "first",
                                          [TOUCH_PAGE] = "page",
                                          [TOUCH_ALL] = "all"};
    json_t *object = json_object();
    json_t *words = json_array();
    json_array_append_new(words, json_text(program_invocation_name));
    for (int i = 0; i < run->argc; i++) {
        json_array_append_new(words, json_text(run->argv[i]));
    }
    json_object_set_new(object, "command_line", words);
    json_object_set_new(object, "seed", json_integer((json_int_t)run->seed));
    json_object_set_new(object, "rounds", json_integer(run->rounds));
    set_text(object, "cold_touch", touches[run->cold_touch]);
    set_text(object, "warm_touch", touches[run->warm_touch]);
    json_object_set_new(object, "interrupted", json_boolean(run->interrupted));
    return object;
}

json_t *environment_create(void)
{
    const time_t now = time(NULL);
    struct tm utc;
    char date[32] = "";
    if (gmtime_r(&now, &utc) != NULL) {
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    }
    json_t *object = json_object();
    json_object_set_new(object, "schema_version", json_integer(FILES_SCHEMA_VERSION));
    set_text(object, "date_utc", date);
    json_object_set_new(object, "machine", machine());
    json_object_set_new(object, "software", software());
    return object;
}

bool environment_write(FILE *out, const struct run *run, const struct summary *summary)
{
    json_t *object = environment_create();
    json_object_set_new(object, "run", how_it_ran(run));
    json_t *clock = latency_clock(run);
    if (clock != NULL) {
        json_object_set_new(object, "latency", clock);
    }
    json_object_set_new(object, "traces_count",
                        json_integer((json_int_t)summary->trace_count));
    json_object_set_new(object, "allocators", allocator_list(run));
    const bool written = object != NULL &&
                         json_dumpf(object, out, JSON_INDENT(2)) == 0 &&
                         fputc('\n', out) != EOF;
    json_decref(object);
    return written;
}
