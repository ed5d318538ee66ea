#include "runner/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "process/clock.h"
#include "report/units.h"

enum {
    REFRESH_NS = 100000000, /* a terminal is slow, a worker quick */
    NAME_LIMIT = 24,
    DEFAULT_COLUMNS = 80,
};

/* Before this share is done an estimate is a guess. */
static const double estimate_share = 0.02;

struct progress progress_begin(size_t trace_count, double work_total)
{
    return (struct progress){
        .is_terminal = isatty(STDERR_FILENO) == 1,
        .trace_count = trace_count,
        .work_total = work_total,
        .start_ns = clock_now_ns(),
    };
}

void progress_trace(struct progress *progress, size_t index, const char *name,
                    double work)
{
    progress->trace_index = index;
    progress->trace_name = name;
    progress->work_current = work;
}

/* ", 1:05 left", or "" while nobody can tell. */
static void format_left(const struct progress *progress, double share, char *text,
                        size_t size)
{
    double done = progress->work_done + share * progress->work_current;
    text[0] = '\0';
    bool is_last = progress->trace_index + 1 == progress->trace_count;
    bool is_over = is_last && progress->work_current <= 0;
    if (is_over || done <= 0 || done < progress->work_total * estimate_share) {
        return;
    }
    double elapsed = clock_seconds_since(progress->start_ns);
    double left = elapsed * (progress->work_total - done) / done;
    snprintf(text, size, ", %s left", units_clock(left).bytes);
}

/* What a line may have: a longer one would be two, of which one is rewritten. */
static int terminal_columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
        return DEFAULT_COLUMNS - 1;
    }
    return size.ws_col - 1;
}

void progress_step(struct progress *progress, double share, const char *format, ...)
{
    uint64_t now_ns = clock_now_ns();
    bool is_same_kind = progress->shown_format == format;
    bool is_soon = now_ns - progress->shown_ns < REFRESH_NS;
    if (progress->is_quiet || !progress->is_terminal || (is_same_kind && is_soon)) {
        return;
    }
    progress->shown_ns = now_ns;
    progress->shown_format = format;
    char step[64];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(step, sizeof step, format, arguments);
    va_end(arguments);
    char left[48];
    format_left(progress, share, left, sizeof left);
    char place[48];
    snprintf(place, sizeof place, "[%zu/%zu] ", progress->trace_index + 1,
             progress->trace_count);
    char line[200];
    const int columns = terminal_columns();
    const int room =
        columns - (int)(strlen(place) + strlen(": ") + strlen(step) + strlen(left));
    snprintf(line, sizeof line, "%s%.*s: %s%s", place,
             room > NAME_LIMIT ? NAME_LIMIT
             : room > 0        ? room
                               : 0,
             progress->trace_name, step, left);
    fprintf(stderr, "\r\033[K%.*s", columns, line);
    fflush(stderr);
}

void progress_trace_done(struct progress *progress)
{
    progress->work_done += progress->work_current;
    progress->work_current = 0;
    if (!progress->is_terminal && !progress->is_quiet) {
        char left[48];
        format_left(progress, 0, left, sizeof left);
        fprintf(stderr, "snugbench: %zu of %zu traces done (%s)%s\n",
                progress->trace_index + 1, progress->trace_count, progress->trace_name,
                left);
    }
}

void progress_clear(const struct progress *progress)
{
    if (progress->is_terminal && !progress->is_quiet) {
        fprintf(stderr, "\r\033[K");
    }
}
