#include "report/compare.h"

#include "report/answer.h"
#include "report/output.h"
#include "report/results.h"

typedef bool compare_writer(FILE *, const struct study *,
                            const struct compare_summary *);

bool compare_answer_write(FILE *out, const struct study *study,
                          const struct compare_summary *summary)
{
    answer_print(out, &summary->answer);
    fputc('\n', out);
    if (!compare_table(out, study, summary)) {
        return false;
    }
    compare_footnotes(out, study, summary, true);
    return !ferror(out);
}

/* Of one run there is no interval. */
static void put_cell(FILE *out, const struct estimate estimate, size_t count,
                     double scale)
{
    if (estimate.present) {
        fprintf(out, " %.4g", scale * estimate.value);
    }
    if (estimate.present && count > 1) {
        fprintf(out, " ± %.2g", scale * (estimate.high - estimate.low) / 2);
    }
    fputs(" |", out);
}

void compare_markdown_begin(FILE *out)
{
    fprintf(out, "<!-- snugbench, schema_version %d -->\n\n", COMPARE_SCHEMA_VERSION);
}

void compare_markdown_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|') {
            fputc('\\', out);
        }
        fputc(*text, out);
    }
}

bool compare_markdown_write(FILE *out, const struct study *study,
                            const struct compare_summary *summary)
{
    const char *reference = study->candidates[study->reference_index].name;
    compare_markdown_begin(out);
    fprintf(out, "| allocator | %s | speed v ", score_text(study));
    compare_markdown_text(out, reference);
    fputs(" | verdict | peak MiB | v ", out);
    compare_markdown_text(out, reference);
    fputs(" |\n", out);
    fputs("|:---|---:|---:|:---|---:|---:|\n", out);
    for (size_t i = 0; i < study->count; i++) {
        const struct compare_row *row = &summary->rows[i];
        fputs("| ", out);
        compare_markdown_text(out, study->candidates[i].name);
        fputs(" |", out);
        if (study->candidates[i].failed) {
            fputs(" | | failed: ", out);
            compare_markdown_text(out, study->candidates[i].failure);
            fputs(" | | |\n", out);
            continue;
        }
        put_cell(out, row->score, study->candidates[i].time_count, 1);
        if (row->speed.ratio.present) {
            fprintf(out, " %.3f |", row->speed.ratio.value);
        } else {
            fputs(" |", out);
        }
        fprintf(out, " %s |",
                row->is_undecided ? "undecided" : verdict_text(row->speed.verdict));
        put_cell(out, row->peak_bytes, row->peak_count, 1.0 / (1 << 20));
        if (row->peak_ratio.present) {
            fprintf(out, " %.3f |\n", row->peak_ratio.value);
        } else {
            fputs(" |\n", out);
        }
    }
    return !ferror(out);
}

static const struct {
    const char *name;
    compare_writer *write;
} files[] = {
    {"compare.csv", compare_csv_write},
    {"samples.csv", compare_samples_write},
    {"memory.csv", compare_memory_write},
    {"compare.json", compare_json_write},
    {"answer.txt", compare_answer_write},
    {"environment.json", compare_environment_write},
};

enum {
    FILE_COUNT = sizeof files / sizeof *files
};

/* What one file is written from. */
struct content {
    compare_writer *write;
    const struct study *study;
    const struct compare_summary *summary;
};

static bool write_content(FILE *out, const void *data)
{
    const struct content *content = data;
    return content->write(out, content->study, content->summary);
}

bool compare_write_directory(const struct study *study,
                             const struct compare_summary *summary,
                             const char *directory, struct report_error *error)
{
    struct content contents[FILE_COUNT];
    struct output_file outputs[FILE_COUNT];
    for (size_t i = 0; i < FILE_COUNT; i++) {
        contents[i] = (struct content){files[i].write, study, summary};
        outputs[i] = (struct output_file){files[i].name, write_content, &contents[i]};
    }
    return results_write(directory, outputs, FILE_COUNT, error);
}

bool compare_export(const struct study *study, const struct compare_summary *summary,
                    enum compare_format format, const char *path,
                    struct report_error *error)
{
    static compare_writer *const writers[] = {[COMPARE_CSV] = compare_csv_write,
                                              [COMPARE_JSON] = compare_json_write,
                                              [COMPARE_MARKDOWN] =
                                                  compare_markdown_write};
    const struct content content = {writers[format], study, summary};
    return output_write(path, write_content, &content, error);
}
