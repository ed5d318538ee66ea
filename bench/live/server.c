#include "live/server.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <math.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process/clock.h"
#include "process/ending.h"
#include "process/output.h"
#include "process/shell.h"
#include "process/signals.h"

enum {
    READY_INTERVAL_NS = 20000000,
    GROWTH_POINTS = 10,
    GROWTH_LEAST_S = 10, /* from less nobody can tell what a minute brings */
    OUTPUT_LIMIT_BYTES = 1 << 20,
};

static bool answers(unsigned port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0) {
        return false;
    }
    const bool connected =
        connect(file, (const struct sockaddr *)&address, sizeof address) == 0;
    close(file);
    return connected;
}

bool server_is_taken(const struct server_plan *plan)
{
    if (plan->ready_port != 0) {
        return answers(plan->ready_port);
    }
    return plan->ready != NULL &&
           ending_is_good(shell_run(plan->ready, -1, plan->ready_timeout_ns));
}

/* ---- a command beside the server ---- */

static void explain_end(const struct live_run *run, const char *when, char *error,
                        size_t error_size)
{
    char ending[256];
    ending_quote(ending_of(&run->root), run->root.output_fd, ending, sizeof ending);
    snprintf(error, error_size, "it ended %s: %s%s", when, ending,
             ending_is_good(ending_of(&run->root))
                 ? "; should it have gone into the background, keep it in front"
                 : "");
}

/* Runs a shell command to its end while the server is looked at. false: it was cut
 * short; if the server ended `error` says so, and `when`, else it is empty. */
static bool run_beside(struct live_run *run, const char *text, int output,
                       const char *when, uint64_t deadline_ns, struct ending *ending,
                       char *error, size_t error_size)
{
    if (!shell_start(&run->beside, text, output, output, 0, error, error_size)) {
        return false;
    }
    run->tree.beside = run->beside.pid;
    error[0] = '\0';
    while (!run->beside.ended && !run->root.ended && !signals_interrupted() &&
           clock_now_ns() < deadline_ns) {
        live_step(run);
    }
    const bool done = run->beside.ended;
    if (!done) {
        process_kill(&run->beside);
        if (run->root.ended) {
            explain_end(run, when, error, error_size);
        }
        while (!run->beside.ended) {
            live_step(run);
            signals_wait(clock_now_ns() + READY_INTERVAL_NS);
        }
    }
    *ending = ending_of(&run->beside);
    process_close(&run->beside);
    run->beside = (struct process){.pid = 0};
    run->tree.beside = 0;
    return done;
}

/* ---- its life ---- */

static void rest(struct live_run *run, uint64_t until_ns)
{
    while (!run->root.ended && !signals_interrupted() && clock_now_ns() < until_ns) {
        live_step(run);
    }
}

/* `last` is how --ready ended last; ENDING_NONE: it never did. */
static void explain_wait(const struct server_plan *plan, struct ending last,
                         char *error, size_t error_size)
{
    const double limit_s = (double)plan->ready_timeout_ns / NS_PER_SECOND;
    char text[96];
    if (plan->ready_port != 0) {
        snprintf(error, error_size,
                 "not ready within %g s (--timeout): nothing answers at 127.0.0.1:%u",
                 limit_s, plan->ready_port);
    } else if (last.kind == ENDING_NONE) {
        snprintf(error, error_size,
                 "not ready within %g s (--timeout): '%.100s' does not end", limit_s,
                 plan->ready);
    } else {
        ending_text(last, text, sizeof text);
        snprintf(
            error, error_size,
            "not ready within %g s (--timeout): '%.100s' never succeeded, last: %s",
            limit_s, plan->ready, text);
    }
}

static bool wait_until_ready(struct live_run *run, const struct server_plan *plan,
                             char *error, size_t error_size)
{
    static const char before_ready[] = "before it was ready";
    const uint64_t deadline_ns = run->start_ns + plan->ready_timeout_ns;
    struct ending last = {.kind = ENDING_NONE};
    struct ending ending;
    for (;;) {
        bool is_ready;
        if (plan->ready_port != 0) {
            is_ready = answers(plan->ready_port);
        } else if (run_beside(run, plan->ready, -1, before_ready, deadline_ns, &ending,
                              error, error_size)) {
            is_ready = ending_is_good(ending);
            last = ending;
        } else {
            if (error[0] == '\0' && !signals_interrupted()) {
                explain_wait(plan, last, error, error_size);
            }
            return false;
        }
        if (is_ready) {
            return true;
        }
        rest(run, clock_now_ns() + READY_INTERVAL_NS);
        if (run->root.ended) {
            explain_end(run, before_ready, error, error_size);
            return false;
        }
        if (signals_interrupted()) {
            error[0] = '\0';
            return false;
        }
        if (clock_now_ns() >= deadline_ns) {
            explain_wait(plan, last, error, error_size);
            return false;
        }
    }
}

bool server_find_metric(const regex_t *metric, const char *text, double *value)
{
    regmatch_t matches[2] = {{.rm_so = -1}, {.rm_so = -1}};
    if (regexec(metric, text, 2, matches, 0) != 0) {
        return false;
    }
    const regmatch_t *match = matches[1].rm_so >= 0 ? &matches[1] : &matches[0];
    const char *number = text + match->rm_so;
    number += strcspn(number, "+-.0123456789");
    char *end;
    *value = strtod(number, &end);
    /* 1,234 would be 1. */
    const bool is_cut = *end == ',' && isdigit((unsigned char)end[1]);
    return end != number && !is_cut && number < text + match->rm_eo &&
           isfinite(*value) && *value > 0;
}

static bool judge_load(struct ending ending, const struct server_plan *plan, int output,
                       double *score, char *error, size_t error_size)
{
    if (!ending_is_good(ending)) {
        char text[256];
        ending_quote(ending, output, text, sizeof text);
        snprintf(error, error_size, "the load failed: %s", text);
        return false;
    }
    if (plan->metric == NULL) {
        return true;
    }
    char *text = calloc(1, OUTPUT_LIMIT_BYTES);
    const bool found = text != NULL &&
                       pread(output, text, OUTPUT_LIMIT_BYTES - 1, 0) > 0 &&
                       server_find_metric(plan->metric, text, score);
    free(text);
    if (!found) {
        snprintf(error, error_size,
                 "no positive number, written like 1234.5, in what the load prints "
                 "matches --load-metric");
    }
    return found;
}

static bool load_server(struct live_run *run, const struct server_plan *plan,
                        double *score, char *error, size_t error_size)
{
    const int output = output_file();
    struct ending ending;
    run->phase = LIVE_LOAD;
    live_look(run);
    const uint64_t start_ns = clock_now_ns();
    bool done = run_beside(run, plan->load, output, "under the load",
                           run->root.deadline_ns, &ending, error, error_size);
    *score = clock_seconds_since(start_ns);
    if (!done && error[0] == '\0' && !signals_interrupted()) {
        snprintf(error, error_size,
                 "the load has not ended %g s after the server's start (--timeout)",
                 (double)run->root.timeout_ns / NS_PER_SECOND);
    }
    done = done && judge_load(ending, plan, output, score, error, error_size);
    close(output);
    return done;
}

bool server_growth(const struct live_point *points, size_t count, double *slope)
{
    double first_s = INFINITY;
    double last_s = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (points[i].phase == LIVE_LOAD) {
            first_s = fmin(first_s, points[i].time_s);
            last_s = fmax(last_s, points[i].time_s);
        }
    }
    const double middle_s = (first_s + last_s) / 2;
    if (!(last_s - middle_s >= GROWTH_LEAST_S)) {
        return false;
    }
    double n = 0;
    double sum_x = 0;
    double sum_y = 0;
    double sum_xx = 0;
    double sum_xy = 0;
    for (size_t i = 0; i < count; i++) {
        if (points[i].phase == LIVE_LOAD && points[i].time_s >= middle_s) {
            const double x = points[i].time_s - middle_s;
            const double y = (double)points[i].resident_bytes;
            n += 1;
            sum_x += x;
            sum_y += y;
            sum_xx += x * x;
            sum_xy += x * y;
        }
    }
    const double spread = n * sum_xx - sum_x * sum_x;
    if (n < GROWTH_POINTS || spread <= 0) {
        return false;
    }
    *slope = 60 * (n * sum_xy - sum_x * sum_y) / spread;
    return true;
}

static void linger(struct live_run *run, uint64_t linger_ns, struct live_memory *memory)
{
    run->phase = LIVE_LINGER;
    live_look(run);
    rest(run, clock_now_ns() + linger_ns);
    if (!run->root.ended && !signals_interrupted()) {
        memory->has_left = true;
        memory->left_bytes = live_look(run).dirty_bytes;
    }
    memory->has_growth =
        server_growth(run->points, run->point_count, &memory->growth_bytes_per_minute);
}

/* SIGTERM to the root, as a user would; live_finish kills what does not go. */
static bool stop(struct live_run *run, uint64_t timeout_ns, char *error,
                 size_t error_size)
{
    run->phase = LIVE_STOP;
    if (run->root.ended) {
        explain_end(run, "after the load, by itself", error, error_size);
        return false;
    }
    kill(run->root.pid, SIGTERM);
    rest(run, clock_now_ns() + timeout_ns);
    const struct ending ending = ending_of(&run->root);
    if (ending.kind == ENDING_SIGNAL && ending.number != SIGTERM) {
        ending_text(ending, error, error_size);
        return false;
    }
    return true;
}

bool server_lead(struct live_run *run, const struct server_plan *plan,
                 struct live_time *time, struct live_memory *memory, char *error,
                 size_t error_size)
{
    *memory = (struct live_memory){.round = run->round};
    *time = (struct live_time){.round = run->round};
    run->phase = LIVE_START;
    if (!wait_until_ready(run, plan, error, error_size) ||
        !load_server(run, plan, &time->score, error, error_size)) {
        return false;
    }
    linger(run, plan->linger_ns, memory);
    return stop(run, plan->stop_timeout_ns, error, error_size);
}
