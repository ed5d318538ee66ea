/* The benchmarks: one function each, in a file of its name. Each fills in the record
 * and returns, or ends the process. */
#ifndef SNUGBENCH_MICRO_CASES_H
#define SNUGBENCH_MICRO_CASES_H

#include "micro/bench.h"

void aligned_run(struct bench *bench);
void blowup_run(struct bench *bench);
void cache_lines_run(struct bench *bench);
void cross_run(struct bench *bench);
void give_back_run(struct bench *bench);
void growth_run(struct bench *bench);
void larson_run(struct bench *bench);
void lifetimes_run(struct bench *bench);
void local_run(struct bench *bench);
void medium_run(struct bench *bench);
void producer_consumer_run(struct bench *bench);
void realloc_bytewise_run(struct bench *bench);
void realloc_doubling_run(struct bench *bench);
void server_run(struct bench *bench);
void short_threads_run(struct bench *bench);
void start_run(struct bench *bench);
void walk_run(struct bench *bench);

#endif
