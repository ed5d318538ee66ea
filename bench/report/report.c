#include "report/report.h"

#include "report/files.h"
#include "report/output.h"
#include "report/replays.h"
#include "report/results.h"
#include "report/verdicts.h"

typedef bool run_writer(FILE *out, const struct run *run,
                        const struct summary *summary);

static const struct {
    const char *name;
    run_writer *write;
} files[] = {
    {"summary.csv", summary_csv_write},
    {"totals.csv", totals_csv_write},
    {"samples.csv", samples_csv_write},
    {"timeline.csv", timeline_csv_write},
    {"syscalls.csv", syscalls_csv_write},
    {"latency.csv", latency_csv_write},
    {"latency_curve.csv", latency_curve_csv_write},
    {"verdicts.txt", verdicts_print},
    {"environment.json", environment_write},
};

/* With the answer in them. */
static const struct {
    const char *name;
    replays_writer *write;
} answers[] = {
    {"answer.txt", replays_answer_write},
    {"compare.json", replays_json_write},
};

enum {
    FILE_COUNT = sizeof files / sizeof *files,
    ANSWER_COUNT = sizeof answers / sizeof *answers,
};

/* What one file is written from; one of the two writes it. */
struct content {
    run_writer *write;
    replays_writer *write_answer;
    const struct run *run;
    const struct summary *summary;
    const struct answer *answer;
};

static bool write_content(FILE *out, const void *data)
{
    const struct content *content = data;
    return content->write != NULL
               ? content->write(out, content->run, content->summary)
               : content->write_answer(out, content->run, content->summary,
                                       content->answer);
}

bool report_write_directory(const struct run *run, const struct summary *summary,
                            const struct answer *answer, const char *directory,
                            struct report_error *error)
{
    struct content contents[FILE_COUNT + ANSWER_COUNT];
    struct output_file outputs[FILE_COUNT + ANSWER_COUNT];
    for (size_t i = 0; i < FILE_COUNT + ANSWER_COUNT; i++) {
        const bool is_answer = i >= FILE_COUNT;
        contents[i] = (struct content){
            .write = is_answer ? NULL : files[i].write,
            .write_answer = is_answer ? answers[i - FILE_COUNT].write : NULL,
            .run = run,
            .summary = summary,
            .answer = answer,
        };
        outputs[i] = (struct output_file){is_answer ? answers[i - FILE_COUNT].name
                                                    : files[i].name,
                                          write_content, &contents[i]};
    }
    return results_write(directory, outputs, FILE_COUNT + ANSWER_COUNT, error);
}

bool report_export(const struct run *run, const struct summary *summary,
                   const struct answer *answer, enum report_format format,
                   const char *path, struct report_error *error)
{
    static const struct content writers[] = {
        [REPORT_SUMMARY_CSV] = {.write = summary_csv_write},
        [REPORT_TOTALS_CSV] = {.write = totals_csv_write},
        [REPORT_JSON] = {.write_answer = replays_json_write},
        [REPORT_MARKDOWN] = {.write_answer = replays_markdown_write},
    };
    struct content content = writers[format];
    content.run = run;
    content.summary = summary;
    content.answer = answer;
    return output_write(path, write_content, &content, error);
}
