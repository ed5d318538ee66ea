#include "trace/trace.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void free_sentences(char **sentences, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(sentences[i]);
    }
    free(sentences);
}

void trace_destroy(struct trace *trace)
{
    if (trace == NULL) {
        return;
    }
    if (trace->mapped_bytes != 0) {
        munmap(trace->header, trace->mapped_bytes);
    }
    if (trace->memfd >= 0) {
        close(trace->memfd);
    }
    free_sentences(trace->notes, trace->note_count);
    free_sentences(trace->remarks, trace->remark_count);
    free(trace->name);
    free(trace->path);
    free(trace);
}

static bool add_sentence(char ***list, size_t *count, const char *format,
                         va_list arguments)
{
    char **sentences = reallocarray(*list, *count + 1, sizeof *sentences);
    if (sentences == NULL) {
        return false;
    }
    *list = sentences;
    if (vasprintf(&sentences[*count], format, arguments) < 0) {
        return false;
    }
    /* It may hold the file's own words, which are no commands to a terminal. */
    for (char *at = sentences[*count]; *at != '\0'; at++) {
        *at = iscntrl((unsigned char)*at) ? '?' : *at;
    }
    ++*count;
    return true;
}

bool trace_add_note(struct trace *trace, const char *format, va_list arguments)
{
    return add_sentence(&trace->notes, &trace->note_count, format, arguments);
}

bool trace_add_remark(struct trace *trace, const char *format, va_list arguments)
{
    return add_sentence(&trace->remarks, &trace->remark_count, format, arguments);
}

bool trace_note(struct trace *trace, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool added = trace_add_note(trace, format, arguments);
    va_end(arguments);
    return added;
}
