/* What a run of replays is turned into beside tables and CSV: the answer with the
 * totals below it, and all of that as JSON and Markdown. */
#ifndef SNUGBENCH_REPORT_REPLAYS_H
#define SNUGBENCH_REPORT_REPLAYS_H

#include <stdbool.h>
#include <stdio.h>

#include "analysis/answer.h"
#include "analysis/summary.h"
#include "runner/result.h"

typedef bool replays_writer(FILE *out, const struct run *run,
                            const struct summary *summary, const struct answer *answer);

/* As it stands on the terminal. false: the stream failed, or out of memory. */
replays_writer replays_answer_write;
replays_writer replays_json_write;
replays_writer replays_markdown_write;

#endif
