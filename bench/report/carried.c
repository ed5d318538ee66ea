#include "report/carried.h"

/* The assembler reads the files, from the root of the project, where make runs. */
#define CARRIED_FILE(symbol, path)                                                     \
    __asm__(".pushsection .rodata\n"                                                   \
            ".global " symbol "\n" symbol ":\n"                                        \
            ".incbin \"" path "\"\n"                                                   \
            ".byte 0\n"                                                                \
            ".popsection\n")

CARRIED_FILE("chart_style", "bench/charts/style.gp");
CARRIED_FILE("chart_canvas", "bench/charts/canvas.gp");
CARRIED_FILE("chart_rows", "bench/charts/rows.gp");
CARRIED_FILE("chart_one_trace", "bench/charts/one-trace.gp");
CARRIED_FILE("chart_scatter", "bench/charts/scatter.gp");
CARRIED_FILE("chart_live", "bench/charts/live.gp");
CARRIED_FILE("chart_programs", "bench/charts/programs.gp");
CARRIED_FILE("chart_memory", "bench/charts/memory.gp");
CARRIED_FILE("chart_memory_parts", "bench/charts/memory-parts.gp");
CARRIED_FILE("chart_timeline", "bench/charts/timeline.gp");
CARRIED_FILE("chart_latency", "bench/charts/latency.gp");
CARRIED_FILE("chart_threads", "bench/charts/threads.gp");
CARRIED_FILE("chart_throughput", "bench/charts/throughput.gp");
CARRIED_FILE("chart_utilization", "bench/charts/utilization.gp");
CARRIED_FILE("chart_syscalls", "bench/charts/syscalls.gp");
CARRIED_FILE("chart_micro", "bench/charts/micro.gp");
CARRIED_FILE("chart_micro_scaling", "bench/charts/micro-scaling.gp");
CARRIED_FILE("chart_trace_live", "bench/charts/trace-live.gp");
CARRIED_FILE("chart_trace_sizes", "bench/charts/trace-sizes.gp");
CARRIED_FILE("chart_trace_lifetimes", "bench/charts/trace-lifetimes.gp");
CARRIED_FILE("page_css", "bench/page/page.css");
CARRIED_FILE("page_js", "bench/page/page.js");
