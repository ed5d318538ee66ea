#include "report/embedded.h"

#include "process/embed.h"

EMBED_FILE("chart_style", "bench/charts/style.gp");
EMBED_FILE("chart_canvas", "bench/charts/canvas.gp");
EMBED_FILE("chart_rows", "bench/charts/rows.gp");
EMBED_FILE("chart_one_trace", "bench/charts/one-trace.gp");
EMBED_FILE("chart_scatter", "bench/charts/scatter.gp");
EMBED_FILE("chart_live", "bench/charts/live.gp");
EMBED_FILE("chart_programs", "bench/charts/programs.gp");
EMBED_FILE("chart_memory", "bench/charts/memory.gp");
EMBED_FILE("chart_memory_parts", "bench/charts/memory-parts.gp");
EMBED_FILE("chart_timeline", "bench/charts/timeline.gp");
EMBED_FILE("chart_latency", "bench/charts/latency.gp");
EMBED_FILE("chart_threads", "bench/charts/threads.gp");
EMBED_FILE("chart_throughput", "bench/charts/throughput.gp");
EMBED_FILE("chart_utilization", "bench/charts/utilization.gp");
EMBED_FILE("chart_syscalls", "bench/charts/syscalls.gp");
EMBED_FILE("chart_micro", "bench/charts/micro.gp");
EMBED_FILE("chart_micro_scaling", "bench/charts/micro-scaling.gp");
EMBED_FILE("chart_trace_live", "bench/charts/trace-live.gp");
EMBED_FILE("chart_trace_sizes", "bench/charts/trace-sizes.gp");
EMBED_FILE("chart_trace_lifetimes", "bench/charts/trace-lifetimes.gp");
EMBED_FILE("page_css", "bench/page/page.css");
EMBED_FILE("page_js", "bench/page/page.js");
