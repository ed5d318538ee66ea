#include "report/results.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "report/page_parts.h"
#include "report/program_names.h"

enum {
    MOST_FILES = 12
};

/* Each kind of run with its table, by whose head it is known, and the files it has
 * written, of this version or an earlier one. */
static const struct kind {
    const char *table, *head;
    const char *files[MOST_FILES];
} kinds[] = {
    {"compare.csv",
     "\"allocator\",\"library\",",
     {"compare.csv", "samples.csv", "memory.csv", "compare.json", "answer.txt",
      "environment.json"}},
    {"totals.csv",
     "\"allocator\",\"role\",",
     {"totals.csv", "summary.csv", "samples.csv", "timeline.csv", "syscalls.csv",
      "latency.csv", "latency_curve.csv", "verdicts.txt", "environment.json",
      "answer.txt", "compare.json"}},
    {"programs.csv",
     "\"program\",\"allocator\",",
     {"programs.csv", "programs_totals.csv", "answer.txt", "environment.json"}},
    {"micro.csv", "\"benchmark\",\"parameter\",", {"micro.csv", "environment.json"}},
};

enum {
    KIND_COMPARE,
    KIND_TRACES,
    KIND_PROGRAMS,
    KIND_COUNT = sizeof kinds / sizeof *kinds
};

static bool is_there(const char *directory, const struct kind *kind)
{
    char start[64] = "";
    FILE *in = page_open(directory, kind->table);
    if (in != NULL) {
        start[fread(start, 1, sizeof start - 1, in)] = '\0';
        fclose(in);
    }
    return strncmp(start, kind->head, strlen(kind->head)) == 0;
}

static void forget_file(const char *directory, const char *name)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", directory, name) < (int)sizeof path) {
        unlink(path); /* most are not there */
    }
}

static bool is_among(const char *name, const struct output_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(files[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void forget_kind(const char *directory, const struct kind *kind,
                        const struct output_file *files, size_t count)
{
    for (size_t i = 0; i < MOST_FILES && kind->files[i] != NULL; i++) {
        if (!is_among(kind->files[i], files, count)) {
            forget_file(directory, kind->files[i]);
        }
    }
}

static void forget_drawings(const char *directory)
{
    static const char *const endings[] = {"svg", "png", "pdf"};
    for (size_t i = 0; i < charts_count; i++) {
        /* A trace's shape is no run: stat draws it beside one. */
        for (size_t k = 0; charts[i].section != SECTION_SHAPE && k < 3; k++) {
            char name[64];
            snprintf(name, sizeof name, "%s.%s", charts[i].name, endings[k]);
            forget_file(directory, name);
        }
    }
    forget_file(directory, "report.html");
}

static void forget_replay(const char *directory)
{
    char inside[PATH_MAX];
    if (snprintf(inside, sizeof inside, "%s/replay", directory) < (int)sizeof inside &&
        is_there(inside, &kinds[KIND_TRACES])) {
        forget_kind(inside, &kinds[KIND_TRACES], NULL, 0);
        forget_drawings(inside);
        rmdir(inside); /* unless somebody else has files there */
    }
}

void results_forget_replay(const char *directory)
{
    if (is_there(directory, &kinds[KIND_COMPARE])) {
        forget_replay(directory);
    }
}

static void forget_program(const char *directory, const char *name)
{
    char inside[PATH_MAX];
    if (snprintf(inside, sizeof inside, "%s/%s", directory, name) <
            (int)sizeof inside &&
        is_there(inside, &kinds[KIND_COMPARE])) {
        forget_replay(inside);
        forget_kind(inside, &kinds[KIND_COMPARE], NULL, 0);
        forget_drawings(inside);
        rmdir(inside); /* unless somebody else has files there */
        fprintf(stderr,
                "snugbench: removed what an earlier run kept in %s: its list had '%s', "
                "this one has not\n",
                inside, name);
    }
}

void results_forget_programs(const char *directory, const char *const *names,
                             size_t count)
{
    if (!is_there(directory, &kinds[KIND_PROGRAMS])) {
        return;
    }
    struct program_names old = program_names_read(directory);
    for (size_t i = 0; i < old.count; i++) {
        bool is_known = false;
        for (size_t k = 0; k < count; k++) {
            is_known = is_known || strcmp(names[k], old.items[i]) == 0;
        }
        if (!is_known) {
            forget_program(directory, old.items[i]);
        }
    }
    program_names_free(&old);
}

bool results_write(const char *directory, const struct output_file *files, size_t count,
                   struct report_error *error)
{
    bool was_there[KIND_COUNT];
    bool was_any = false;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        was_there[i] = is_there(directory, &kinds[i]);
        was_any = was_any || was_there[i];
    }
    if (!output_write_all(directory, files, count, error)) {
        return false;
    }
    /* A comparison's own replay stands there already. */
    if (was_there[KIND_COMPARE] && !is_among(kinds[KIND_COMPARE].table, files, count)) {
        forget_replay(directory);
    }
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (was_there[i]) {
            forget_kind(directory, &kinds[i], files, count);
        }
    }
    if (was_any) {
        forget_drawings(directory);
    }
    return true;
}
