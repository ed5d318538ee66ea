#include "report/report.h"

#include "report/files.h"
#include "report/output.h"

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
    {"environment.json", environment_write},
};

enum {
    FILE_COUNT = sizeof files / sizeof *files
};

/* What one file is written from. */
struct content {
    run_writer *write;
    const struct run *run;
    const struct summary *summary;
};

static bool write_content(FILE *out, const void *data)
{
    const struct content *content = data;
    return content->write(out, content->run, content->summary);
}

bool report_write_directory(const struct run *run, const struct summary *summary,
                            const char *directory, struct report_error *error)
{
    struct content contents[FILE_COUNT];
    struct output_file outputs[FILE_COUNT];
    for (size_t i = 0; i < FILE_COUNT; i++) {
        contents[i] = (struct content){files[i].write, run, summary};
        outputs[i] = (struct output_file){files[i].name, write_content, &contents[i]};
    }
    return output_write_all(directory, outputs, FILE_COUNT, error);
}

bool report_export_summary(const struct run *run, const struct summary *summary,
                           const char *path, struct report_error *error)
{
    const struct content content = {summary_csv_write, run, summary};
    return output_write(path, write_content, &content, error);
}
