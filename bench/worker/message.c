#include "worker/message.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

/* The digits of `value`, at the end of `digits`. */
static const char *number_text(uint64_t value, unsigned base, char digits[24])
{
    char *start = digits + 23;
    *start = '\0';
    do {
        *--start = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    return start;
}

static size_t put(struct worker_record *record, size_t length, const char *text)
{
    while (*text != '\0' && length + 1 < sizeof record->message) {
        record->message[length++] = *text++;
    }
    return length;
}

void message_add(struct worker_record *record, const char *format, ...)
{
    size_t length = strnlen(record->message, sizeof record->message - 1);
    char digits[24];
    va_list arguments;
    va_start(arguments, format);
    for (const char *c = format; *c != '\0'; c++) {
        if (*c != '%') {
            length = put(record, length, (const char[]){*c, '\0'});
            continue;
        }
        c++;
        if (*c == 's') {
            length = put(record, length, va_arg(arguments, const char *));
        } else if (*c == 'p') {
            uint64_t address = (uintptr_t)va_arg(arguments, void *);
            length = put(record, length, "0x");
            length = put(record, length, number_text(address, 16, digits));
        } else { /* lu */
            c++;
            uint64_t value = va_arg(arguments, unsigned long);
            length = put(record, length, number_text(value, 10, digits));
        }
    }
    va_end(arguments);
    record->message[length] = '\0';
}

void message_add_call(struct worker_record *record, const struct trace_op *op)
{
    uint64_t bytes = op->size_bytes;
    switch (op->kind) {
    case TRACE_MALLOC:
        message_add(record, "malloc(%lu)", bytes);
        break;
    case TRACE_CALLOC:
        message_add(record, "calloc(%lu, %lu)", (uint64_t)op->count, bytes);
        break;
    case TRACE_REALLOC:
        message_add(record, "realloc(slot %lu, %lu)", (uint64_t)op->slot, bytes);
        break;
    case TRACE_MEMALIGN:
        message_add(record, "memalign(%lu, %lu)", (uint64_t)1 << op->align_log2, bytes);
        break;
    default:
        message_add(record, "free(slot %lu)", (uint64_t)op->slot);
        break;
    }
}
