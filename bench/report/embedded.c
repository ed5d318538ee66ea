#include "report/embedded.h"

/* The assembler reads the files, from the root of the project, where make runs. */
#define EMBEDDED_FILE(symbol, path)                                                    \
    __asm__(".pushsection .rodata\n"                                                   \
            ".global " symbol "\n" symbol ":\n"                                        \
            ".incbin \"" path "\"\n"                                                   \
            ".byte 0\n"                                                                \
            ".popsection\n")

EMBEDDED_FILE("chart_style", "bench/charts/style.gp");
EMBEDDED_FILE("chart_canvas", "bench/charts/canvas.gp");
EMBEDDED_FILE("chart_rows", "bench/charts/rows.gp");
EMBEDDED_FILE("chart_one_trace", "bench/charts/one-trace.gp");
EMBEDDED_FILE("chart_scatter", "bench/charts/scatter.gp");
EMBEDDED_FILE("chart_live", "bench/charts/live.gp");
EMBEDDED_FILE("chart_programs", "bench/charts/programs.gp");
EMBEDDED_FILE("chart_memory", "bench/charts/memory.gp");
EMBEDDED_FILE("chart_memory_parts", "bench/charts/memory-parts.gp");
EMBEDDED_FILE("chart_timeline", "bench/charts/timeline.gp");
EMBEDDED_FILE("chart_latency", "bench/charts/latency.gp");
EMBEDDED_FILE("chart_threads", "bench/charts/threads.gp");
EMBEDDED_FILE("chart_throughput", "bench/charts/throughput.gp");
EMBEDDED_FILE("chart_utilization", "bench/charts/utilization.gp");
EMBEDDED_FILE("chart_syscalls", "bench/charts/syscalls.gp");
EMBEDDED_FILE("chart_micro", "bench/charts/micro.gp");
EMBEDDED_FILE("chart_micro_scaling", "bench/charts/micro-scaling.gp");
EMBEDDED_FILE("chart_trace_live", "bench/charts/trace-live.gp");
EMBEDDED_FILE("chart_trace_sizes", "bench/charts/trace-sizes.gp");
EMBEDDED_FILE("chart_trace_lifetimes", "bench/charts/trace-lifetimes.gp");
EMBEDDED_FILE("page_css", "bench/page/page.css");
EMBEDDED_FILE("page_js", "bench/page/page.js");
