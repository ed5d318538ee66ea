/* What the number of --load-metric is called. */
#ifndef SNUGBENCH_LIVE_METRIC_H
#define SNUGBENCH_LIVE_METRIC_H

#include <stddef.h>

/* The words that stand beside the number in what the load prints, as far as the
 * expression says them: those behind its first group ("requests per second"), else
 * those in front of it ("Requests/sec"). Without any: "metric". */
void metric_name(const char *expression, char *name, size_t size);

#endif
