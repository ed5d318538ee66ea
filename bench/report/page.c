#include "report/page.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "report/charts.h"
#include "report/embedded.h"
#include "report/html.h"
#include "report/page_parts.h"

/* A part made of charts. */
static const struct section {
    const char *id;
    const char *heading;
    const char *text;
    const char *remedy; /* the command that measures what it shows */
} sections[SECTION_COUNT] = {
    [SECTION_SCATTER] = {"scatter", "Speed against memory",
                         "One point for each allocator over all traces: right is "
                         "faster, up wastes less memory.",
                         "snugbench replay -o DIR TRACE..."},
    [SECTION_LIVE] = {"live", "The program as it runs",
                      "Bars are 95 % intervals. Where they overlap a difference may "
                      "still be shown, since runs are compared in pairs.",
                      "snugbench compare -o DIR -- PROGRAM ARGUMENTS"},
    [SECTION_MEMORY] = {"memory", "Memory over time",
                        "What is resident, under each allocator. Lower is better.",
                        "snugbench compare or replay with -o DIR"},
    [SECTION_LATENCY] = {"latency", "Latency of single calls",
                         "The clock's own time is in every figure. The floor shows "
                         "what clock, harness and machine add.",
                         "snugbench replay -o DIR TRACE..."},
    [SECTION_TRACES] = {"traces", "Each trace",
                        "Speed in the steady state, and the share of memory that "
                        "holds what was asked for.",
                        "snugbench replay -o DIR TRACE..."},
    [SECTION_SYSCALLS] = {"syscalls", "System calls",
                          "All traces and phases together, counted in runs that are "
                          "not timed.",
                          "snugbench replay -o DIR TRACE..."},
    [SECTION_MICRO] =
        {"micro", "Micro-benchmarks",
         "Small programs that look at threads, growth, realloc and memory "
         "given back.",
         "snugbench micro -o DIR"},
    [SECTION_SHAPE] = {"shape", "What is in a trace",
                       "Live bytes, sizes and lifetimes, whatever the allocator.",
                       "snugbench stat -o DIR TRACE..."},
};

bool page_has(const char *directory, const char *name)
{
    FILE *in = page_open(directory, name);
    if (in != NULL) {
        fclose(in);
    }
    return in != NULL;
}

FILE *page_open(const char *directory, const char *name)
{
    char *path = NULL;
    FILE *in = asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : fopen(path, "re");
    free(path);
    return in;
}

void page_table_begin(FILE *out, const char *caption)
{
    /* Reached by the keyboard, so that it can be scrolled by it. */
    html_print(out,
               "<div class=\"scroll\" role=\"region\" aria-label=\"%s\" "
               "tabindex=\"0\">\n<table>\n<caption>%s</caption>\n",
               caption, caption);
}

void page_table_end(FILE *out)
{
    fputs("</tbody>\n</table>\n</div>\n", out);
}

static bool has_section(const struct page *page, enum chart_section section)
{
    for (size_t i = 0; i < charts_count; i++) {
        if (charts[i].section == section && page->drawings[i].wide != NULL) {
            return true;
        }
    }
    return false;
}

static bool has_answer(const char *directory)
{
    return page_has(directory, "answer.txt") || page_has(directory, "compare.csv") ||
           page_has(directory, "totals.csv");
}

/* "key" of "group" in environment.json; "": it is not known. */
static const char *known(const json_t *environment, const char *group, const char *key)
{
    const char *text =
        json_string_value(json_object_get(json_object_get(environment, group), key));
    return text == NULL ? "" : text;
}

/* The folder's own name, allocated. */
static char *name_of(const char *directory)
{
    char *path = realpath(directory, NULL);
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    char *name = strdup(slash == NULL || slash[1] == '\0' ? directory : slash + 1);
    free(path);
    return name;
}

static void write_head(FILE *out, const char *name)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"
          "<link rel=\"icon\" href=\"data:,\">\n",
          out);
    html_print(out, "<title>snugbench: %s</title>\n<style>\n", name);
    fputs(page_css, out);
    fputs("</style>\n</head>\n<body>\n", out);
}

/* The program that was run live, and of a server its load. */
static void write_command(FILE *out, const json_t *environment)
{
    const json_t *words = json_object_get(environment, "command");
    const char *load = json_string_value(json_object_get(environment, "load"));
    if (!json_is_array(words)) {
        return;
    }
    fputs("<p><code>", out);
    for (size_t i = 0; i < json_array_size(words); i++) {
        const char *word = json_string_value(json_array_get(words, i));
        fputs(i > 0 ? " " : "", out);
        html_shell_word(out, word == NULL ? "" : word);
    }
    fputs("</code>", out);
    if (load != NULL) {
        html_print(out, "<br>\nunder the load <code>%s</code>", load);
    }
    fputs("</p>\n", out);
}

static void write_facts(FILE *out, const json_t *environment)
{
    const char *const facts[] = {
        known(environment, "machine", "cpu_model"),
        known(environment, "software", "system"),
        known(environment, "machine", "kernel"),
        known(environment, "software", "libc"),
    };
    const char *date = json_string_value(json_object_get(environment, "date_utc"));
    if (environment == NULL) {
        return;
    }
    html_print(out, "<p class=\"facts\">%s", date == NULL ? "" : date);
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        if (*facts[i] != '\0') {
            html_print(out, " <span>%s</span>", facts[i]);
        }
    }
    fputs("</p>\n", out);
}

static void write_contents(FILE *out, const struct page *page)
{
    fputs("<nav aria-label=\"Contents\">\n", out);
    if (has_answer(page->directory)) {
        fputs("<a href=\"#answer\">The answer</a>\n", out);
    }
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        if (has_section(page, i)) {
            html_print(out, "<a href=\"#%s\">%s</a>\n", sections[i].id,
                       sections[i].heading);
        }
    }
    fputs("<a href=\"#environment\">Machine</a>\n<a href=\"#method\">Method</a>\n"
          "<a href=\"#tables\">Tables</a>\n</nav>\n",
          out);
}

static void write_section(FILE *out, const struct page *page,
                          enum chart_section section)
{
    html_print(out, "<section id=\"%s\">\n<h2>%s</h2>\n<p>%s</p>\n",
               sections[section].id, sections[section].heading, sections[section].text);
    for (size_t i = 0; i < charts_count; i++) {
        if (charts[i].section == section && page->drawings[i].wide != NULL) {
            page_chart(out, &charts[i], &page->drawings[i]);
        }
    }
    fputs("</section>\n", out);
}

/* What the folder lacks, each with the way to have it. */
static void write_missing(FILE *out, const struct page *page)
{
    bool is_first = true;
    if (page->chart_problem != NULL) {
        html_print(out, "<p class=\"note\">%s.</p>\n", page->chart_problem);
        return;
    }
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        if (!has_section(page, i)) {
            fputs(is_first ? "<p class=\"note\">Not measured here: " : "; ", out);
            html_print(out, "%s (<code>%s</code>)", sections[i].heading,
                       sections[i].remedy);
            is_first = false;
        }
    }
    if (!is_first) {
        fputs(".</p>\n", out);
    }
}

static void write_method(FILE *out, const char *directory)
{
    fputs("<section id=\"method\">\n<h2>Method</h2>\n<ul>\n"
          "<li>Every sample is a fresh process. Every allocator comes in by "
          "<code>LD_PRELOAD</code>, and it is checked that it is really there.</li>\n"
          "<li>Allocators take turns in random order, round by round. Figures are "
          "medians with 95 % bootstrap intervals; ratios are paired by round.</li>\n"
          "<li>A difference is called one only if its interval leaves out 1, it is "
          "large enough to matter, and p &lt; 0.05 after Holm's correction.</li>\n"
          "<li>An empty cell was not measured. It never stands for zero.</li>\n",
          out);
    if (page_has(directory, "summary.csv")) {
        fputs("<li>Traces are verified before they are timed. <em>Warm</em> is the "
              "steady state, <em>cold</em> a first pass. Utilization is peak live "
              "bytes divided by peak resident growth over the <em>floor</em>, an "
              "allocator that does nothing.</li>\n",
              out);
    }
    if (page_has(directory, "compare.csv")) {
        fputs("<li>Programs are timed by hyperfine, one run a call; memory, faults "
              "and the check of the preload come from runs between.</li>\n",
              out);
    }
    fputs("</ul>\n<p>bench/METHOD.md, which <code>make install</code> puts below "
          "<code>share/doc/snug</code>, defines every column.</p>\n</section>\n",
          out);
}

static void write_body(FILE *out, const struct page *page, const char *name)
{
    FILE *in = page_open(page->directory, "environment.json");
    json_t *environment = in == NULL ? NULL : json_loadf(in, 0, NULL);
    if (in != NULL) {
        fclose(in);
    }
    html_print(out, "<header>\n<h1>%s</h1>\n", name);
    write_command(out, environment);
    write_facts(out, environment);
    fputs("</header>\n", out);
    write_contents(out, page);
    fputs("<div id=\"pick\" hidden></div>\n<main>\n", out);
    if (has_answer(page->directory)) {
        fputs("<section id=\"answer\">\n<h2>The answer</h2>\n", out);
        page_answer(out, page->directory);
        page_programs(out, page->directory);
        page_overview(out, page->directory);
        fputs("</section>\n", out);
    }
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        if (has_section(page, i)) {
            write_section(out, page, i);
        }
    }
    write_missing(out, page);
    page_environment(out, environment);
    write_method(out, page->directory);
    page_tables(out, page->directory);
    fputs("</main>\n<script>\n", out);
    fputs(page_js, out);
    fputs("</script>\n</body>\n</html>\n", out);
    json_decref(environment);
}

bool page_write(FILE *out, const void *data)
{
    const struct page *page = data;
    char *name = name_of(page->directory);
    if (name == NULL) {
        return false;
    }
    write_head(out, name);
    write_body(out, page, name);
    free(name);
    return !ferror(out);
}
