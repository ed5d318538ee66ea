#include "debug/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/kernel.h"
#include "base/lock.h"
#include "base/output.h"
#include "debug/altstack.h"
#include "debug/arena.h"
#include "debug/log.h"
#include "debug/symbol.h"

static bool is_start_of_program(const struct debug_symbol *symbol)
{
    return symbol->function != NULL &&
           (strcmp(symbol->function, "__libc_start_call_main") == 0 ||
            strcmp(symbol->function, "__libc_start_main") == 0);
}

static void print_frame(size_t number, const struct debug_symbol *symbol)
{
    char line[400];
    struct text text = {line, sizeof line - 1, 0};
    text_format(&text, "    #%zu ", number);
    debug_symbol_describe(&text, symbol);
    line[text.length++] = '\n';
    output_write(&text);
}

void debug_report_stack(const struct debug_stack *stack)
{
    size_t number = 0;
    for (size_t i = 0; i < stack->count; i++) {
        const struct debug_symbol *symbol = debug_symbol_find(stack, i);
        for (; symbol != NULL; symbol = symbol->caller) {
            if (is_start_of_program(symbol)) {
                return;
            }
            print_frame(number++, symbol);
        }
    }
}

static void print_stack(const char *title, const struct debug_stack *stack)
{
    if (stack->count != 0) {
        output_print("  %s here:\n", title);
        debug_report_stack(stack);
    }
}

/* A sentence on where the pointer, or the damage, lies with respect to the block. */
static void print_place(const struct debug_error *error, const char *address,
                        const char *begin)
{
    const struct debug_block *const block = &error->block;
    const char *const end = block->payload + block->size;
    size_t distance = (size_t)(address - block->payload);
    const char *place = "into";
    if (address < block->payload) {
        distance = (size_t)(block->payload - address);
        place = "before";
    } else if (address >= end) {
        distance = (size_t)(address - end);
        place = "behind the end of";
    }
    output_print("%s%zu bytes %s the %sblock of %zu bytes at %p\n", begin, distance,
                 place, block->freed ? "freed " : "", block->size, block->payload);
}

static void print_history(const struct debug_block *block)
{
    const struct debug_stack allocated = debug_stack_load(block->allocated_at);
    const struct debug_stack freed = debug_stack_load(block->freed_at);
    print_stack("allocated", &allocated);
    print_stack("freed", &freed);
}

static void add_alignment(struct text *text, size_t alignment)
{
    if (alignment > 1) {
        text_format(text, " at a multiple of %zu", alignment);
    }
}

static void print_claim(const struct debug_error *error)
{
    static const char *const allocating[] = {"malloc", "operator new",
                                             "operator new[]"};
    static const char *const freeing[] = {"free", "operator delete",
                                          "operator delete[]"};
    char line[200];
    struct text text = {line, sizeof line, 0};
    text_format(&text, "  allocated by %s", allocating[error->block.kind]);
    add_alignment(&text, (size_t)1 << error->block.alignment_shift);
    if (error->release.resizes) {
        text_format(&text, ", resized by realloc");
    } else {
        text_format(&text, ", freed by %s", freeing[error->release.kind]);
    }
    add_alignment(&text, error->release.alignment);
    if (error->release.sized) {
        text_format(&text, " as %zu bytes", error->release.size);
    }
    text_format(&text, "\n");
    output_write(&text);
}

struct report {
    const struct debug_error *error;
    struct debug_stack here;
};

static void print_report(void *argument)
{
    const struct report *const report = argument;
    const struct debug_error *const error = report->error;
    const struct debug_block *const block = &error->block;
    if (block->payload == error->pointer) {
        output_print("snug: %s %p, %zu bytes\n", error->what, error->pointer,
                     block->size);
    } else {
        output_print("snug: %s %p\n", error->what, error->pointer);
    }
    if (error->where != NULL) {
        print_place(error, error->where, "  the first byte changed is ");
    } else if (block->payload != NULL && block->payload != error->pointer) {
        print_place(error, error->pointer, "  it points ");
    } else if (block->payload != NULL && !block->freed) {
        print_claim(error);
    } else if (error->left_quarantine) {
        output_print("  it points into free memory: a block freed before, perhaps; "
                     "quarantine=64M would tell\n");
    }
    print_stack("noticed", &report->here);
    if (block->payload != NULL) {
        print_history(block);
    }
    debug_log_flush();
}

/* When several threads find errors at once one tells, and ends the process. The
 * others wait for that: five seconds, as in the child of a fork there may be no such
 * thread. */
static void be_the_one_who_tells(void)
{
    static const struct timespec most = {.tv_sec = 5};
    static atomic_int teller; /* its number; 0: none yet */
    const int self = (int)kernel_call(SYS_gettid, 0, 0, 0, 0, 0, 0);
    int other = 0;
    if (!atomic_compare_exchange_strong(&teller, &other, self) && other != self) {
        os_futex_wait(&teller, other, &most);
    }
}

void debug_report(const struct debug_error *error)
{
    struct report report = {.error = error};
    debug_stack_capture(&report.here);
    be_the_one_who_tells();
    debug_inside++; /* to the end: what is asked for from here on is the arena's */
    debug_altstack_run(print_report, &report);
    abort(); /* here, where a debugger and the program's handlers expect it */
}

static void print_story(void *argument)
{
    const struct debug_error *const error = argument;
    if (error->block.payload == NULL) {
        output_print("snug: no block of snug's is at %p\n", error->pointer);
    } else {
        print_place(error, error->pointer, "snug: this is ");
        print_history(&error->block);
    }
}

void debug_report_story(const void *pointer)
{
    bool locked;
    if (!lock_acquire_to_look(&heap_lock, &locked)) {
        return;
    }
    const struct debug_block *known = debug_table_find(pointer);
    if (known == NULL) {
        known = debug_table_around(pointer);
    }
    struct debug_error error = {.pointer = pointer};
    if (known != NULL) {
        error.block = *known;
    }
    lock_release(&heap_lock, locked);
    debug_inside++;
    debug_altstack_run(print_story, &error);
    debug_inside--;
}
