#include "report/failures.h"

#include <string.h>

#include "report/fields.h"

static bool is_broken(const struct telling *tell, size_t index)
{
    return tell->answer->rows[index].failure != NULL &&
           index != tell->answer->reference_index;
}

/* It is not the program that failed: a hook, the load, or what waits for a server. */
static bool is_of_others(const char *failure)
{
    static const char *const beginnings[] = {"--", "the load ", "the port ",
                                             "not ready ", "no positive number"};
    bool is = false;
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        is = is || strncmp(failure, beginnings[i], strlen(beginnings[i])) == 0;
    }
    return is;
}

static void tell_failed_program(const struct telling *tell)
{
    const struct answer_row *reference = telling_reference(tell);
    if (reference->failure != NULL) {
        fprintf(tell->out, "%s under %s, which is what it has now: %s.\n",
                is_of_others(reference->failure) ? "Nothing is measured"
                                                 : "The program fails",
                reference->name, reference->failure);
        if (strncmp(reference->failure, "exit code", strlen("exit code")) == 0) {
            fprintf(tell->out, "  If that is no failure: -i.%s\n",
                    tell->answer->has_input
                        ? ""
                        : " If it wants standard input, which is empty: --input FILE.");
        } else if (strncmp(reference->failure, "timed out", strlen("timed out")) == 0) {
            fputs("  A server is stopped after its load: --ready-port and --load.\n",
                  tell->out);
        }
    }
    const size_t others =
        tell->answer->failed_count - (reference->failure != NULL ? 1 : 0);
    if (others > 0) {
        fputs("Failed: ", tell->out);
        telling_put_names(tell, is_broken);
        fputs(others == 1 ? "; the table says why.\n"
                          : "; the table says why of each.\n",
              tell->out);
    }
}

/* Who reads "glibc" in all that follows would take it for that. */
static void tell_own_allocator(const struct telling *tell)
{
    const struct answer_row *reference = telling_reference(tell);
    if (reference->present && reference->own != NULL) {
        fprintf(tell->out, "What %s stands for: %s.\n", reference->name,
                reference->own);
    }
}

/* Whatever the figures say, they do not say it of these processes. */
static void tell_unreached(const struct telling *tell)
{
    const struct answer *answer = tell->answer;
    for (size_t i = 0; i < answer->count; i++) {
        if (telling_is_unreached(tell, i)) {
            fprintf(tell->out, "Not all of it is compared: %s, under ",
                    answer->rows[i].unreached);
            telling_put_names(tell, telling_is_unreached);
            fputs("; what runs like that keeps its own malloc in every run, and no "
                  "figure here "
                  "holds for it.\n",
                  tell->out);
            return;
        }
    }
}

/* What failed on a trace takes the trace from all, unless it has none at all. */
static void tell_failed_traces(const struct telling *tell)
{
    enum {
        MOST_TOLD = 2
    };
    const struct answer *answer = tell->answer;
    size_t told = 0;
    size_t all = 0;
    for (size_t i = 0; i < answer->count; i++) {
        all += answer->rows[i].failure != NULL;
    }
    for (size_t i = 0; i < answer->count && told < MOST_TOLD; i++) {
        const struct answer_row *row = &answer->rows[i];
        if (row->failure == NULL) {
            continue;
        }
        told++;
        if (telling_has_several_traces(tell)) {
            fprintf(tell->out,
                    "%s failed on %zu of %zu traces, first on %s: ", row->name,
                    row->failed_trace_count, answer->trace_count, row->failed_trace);
        } else {
            fprintf(tell->out, "%s failed: ", row->name);
        }
        fprintf(tell->out, "%s%s%s%s.\n", status_name(row->failed_status),
                row->failure[0] != '\0' ? ": " : "", row->failure,
                told == MOST_TOLD && all > told ? "; others failed too" : "");
    }
    if (answer->skipped_count > 0) {
        fprintf(tell->out, "Too large for this machine, and left out: %zu of %zu %s.\n",
                answer->skipped_count, answer->trace_count,
                answer->trace_count == 1 ? "trace" : "traces");
    }
}

void failures_tell(const struct telling *tell)
{
    if (tell->answer->trace_count > 0) {
        tell_failed_traces(tell);
    } else {
        tell_failed_program(tell);
        tell_own_allocator(tell);
        tell_unreached(tell);
    }
}
