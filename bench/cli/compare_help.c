#include <stdio.h>

#include "cli/compare_options.h"

static void print_what(void)
{
    fputs(
        "usage: snugbench compare [OPTIONS] -- PROGRAM ARGS...\n"
        "       snugbench compare [OPTIONS] --programs FILE\n"
        "       snugbench compare [OPTIONS] TRACE...\n\n"
        "Which allocator should PROGRAM use? Runs it as it is under each allocator,\n"
        "preloaded, in rounds of random order; says which is fastest, which is "
        "smallest\n"
        "and how sure that is; then one line for each. Time is hyperfine's. Last it "
        "is\n"
        "recorded and replayed once, to tell what part the allocator has in that.\n\n"
        "Without '--' traces are replayed, and answered for together: as by "
        "'snugbench\n"
        "replay', which is the laboratory: it shows every trace, and chooses passes,\n"
        "touching and a course's table. Latency is measured if DIR is to keep it.\n\n"
        "  -a, --allocator NAME[=LIBRARY][,VARIABLE=VALUE...]\n"
        "                         repeat for several. LIBRARY is a file, a name of\n"
        "                         'snugbench list' or the mm.c of a malloc lab, which "
        "is\n"
        "                         compiled (default: all that are installed but "
        "scudo).\n"
        "                         A path with a slash may stand alone: -a "
        "./libmine.so\n"
        "                         is -a mine=./libmine.so\n"
        "      --programs FILE    several programs, which share the budget: lines of\n"
        "                         NAME: PROGRAM ARGS..., words and # as in a shell\n"
        "      --reference NAME   what you have now (default: glibc, else the first)\n"
        "  -o DIR                 keep all that was measured: answer.txt, "
        "compare.json,\n"
        "                         compare.csv, samples.csv, memory.csv,\n"
        "                         environment.json; of traces what replay keeps, and "
        "the\n"
        "                         first two; with --programs a folder for each,\n"
        "                         answer.txt, programs.csv, programs_totals.csv and\n"
        "                         environment.json. What an earlier run kept there\n"
        "                         goes, of programs that FILE no longer has, too,\n"
        "                         which is told. 'snugbench report DIR' shows it\n"
        "      --export-csv FILE  the table alone; '-' is standard output, and the\n"
        "                         answer then goes to standard error\n"
        "      --export-json FILE\n"
        "                         all figures and the answer\n"
        "      --export-markdown FILE\n"
        "                         the table for a report\n"
        "  -v, --verbose          intervals and processor times of every allocator; a\n"
        "                         table for each trace\n"
        "  -h, --help             this text\n\n",
        stdout);
}

static void print_runs(void)
{
    fputs(
        "how long:\n"
        "      --quick            a budget of 45 s instead of 240; of traces 36 for "
        "200\n"
        "      --budget SECONDS   from the start to the answer, all included; but "
        "fewer\n"
        "                         rounds than --min-runs there are never. Traces share "
        "it,\n"
        "                         for what is timed\n"
        "  -m, --min-runs N       (default: 5; fewer give no verdict)\n"
        "  -M, --max-runs N       (default: 100; of traces 20)\n"
        "  -r, --runs N           exactly so many, whatever the budget\n"
        "      --effect PCT       smaller differences do not count (default: 2). "
        "Rounds\n"
        "                         end when all intervals, of the fastest against the\n"
        "                         others too, are narrower than half of it to each "
        "side,\n"
        "                         or their verdict stands; of equally fast ones the\n"
        "                         smaller is named\n"
        "      --seed N           of the order (default: a new one, shown)\n"
        "      --timeout SECONDS  a run that takes longer has failed (default: 600; "
        "of\n"
        "                         traces 60, and one more for each 100,000 "
        "operations)\n\n"
        "all below is for programs; their runs, as in hyperfine; commands go to sh "
        "-c,\n"
        "without any preload:\n"
        "  -w, --warmup N         runs of each before the first that is timed; one "
        "there\n"
        "                         always is: it checks the preload (default: 1)\n"
        "      --no-replay        do not record and replay it at the end\n"
        "  -s, --setup CMD        once, before everything\n"
        "  -p, --prepare CMD      before each run\n"
        "      --conclude CMD     after each run\n"
        "  -c, --cleanup CMD      once, after everything\n"
        "      --input FILE       standard input (default: null)\n"
        "      --output WHERE     null, pipe, inherit or a file (default: null)\n"
        "      --check-output     standard output must be the same bytes as under the\n"
        "                         reference\n"
        "  -i, --ignore-failure   exit codes other than 0 are fine\n"
        "  -N, --shell=none       how it is anyway: PROGRAM is run without a shell\n\n"
        "servers:\n"
        "      --ready CMD        asked again and again until it succeeds; or\n"
        "      --ready-port N     until 127.0.0.1:N takes a connection\n"
        "      --load CMD         the load, run once for each start; its time counts, "
        "or\n"
        "      --load-metric REGEX\n"
        "                         the number in what it prints: in the first match, "
        "in\n"
        "                         its first group if there is one; more is better\n"
        "      --lower-is-better  less is\n"
        "      --linger SECONDS   how long after the load to see what is kept "
        "(default: 2)\n"
        "Then the server gets SIGTERM, and after 20 s SIGKILL.\n\n",
        stdout);
}

static void print_end(void)
{
    fputs(
        "Memory is measured in runs of their own (of servers in every run). Peak is "
        "that\n"
        "of all processes together; the curve and what is left are RssAnon + "
        "RssShmem.\n"
        "bench/METHOD.md says how. Exit code: 0 done; 1 a row or --cleanup failed, or\n"
        "a file could not be written; 2 bad usage, or nothing can be preloaded into\n"
        "PROGRAM; 130 interrupted, with what had been measured.\n\n"
        "examples:\n"
        "  snugbench compare -- ./app --batch input.json\n"
        "  snugbench compare traces/*.rep.zst\n"
        "  snugbench compare -a glibc -a lab=./mm.c traces/*.rep.zst\n"
        "  snugbench compare --quick -a glibc -a snug --check-output -- sort big.txt\n"
        "  snugbench compare -a glibc -a lazy=mimalloc,MIMALLOC_PURGE_DELAY=10000 \\\n"
        "      -a mine=./libmine.so -o results/app -- ./app\n"
        "  snugbench compare --programs suite.txt --budget 600 -o results/suite\n"
        "  snugbench compare --load 'redis-benchmark -s r.sock -q -n 200000 -t set' "
        "\\\n"
        "      --ready 'redis-cli -s r.sock ping' -- \\\n"
        "      redis-server --port 0 --unixsocket r.sock --save ''\n",
        stdout);
}

void compare_help(void)
{
    print_what();
    print_runs();
    print_end();
}
