/* What SNUG_DEBUG and snug_debug say: LEVEL[,OPTION...], documented in snug.h. Set
 * once, before anything reads it. */
#ifndef SNUG_DEBUG_OPTIONS_H
#define SNUG_DEBUG_OPTIONS_H

#include "debug/debug.h"

#define DEBUG_PATH_BYTES ((size_t)512)

struct debug_options {
    size_t check_every;      /* calls between two looks at everything; 0: never */
    size_t red_zone_bytes;   /* before and behind each block; a multiple of 16 */
    size_t quarantine_bytes; /* freed blocks kept at least; more with a larger heap */
    size_t depth;            /* frames kept of a call stack */
    size_t guard_alignment;  /* of blocks against a guard page */
    size_t leaks;            /* 0: no report at exit */
    size_t mismatch;         /* 0: what a freeing call claims need not be so */
    size_t exit_code;        /* at exit with leaks; 0: the program's own */
    char log[DEBUG_PATH_BYTES];
    char suppress[DEBUG_PATH_BYTES];
};

extern OUR_OWN struct debug_options debug_options;

/* The level that the text asks for, DEBUG_OFF if it is not understood: a line on stderr
 * then says which part. */
enum debug_mode debug_options_parse(const char *text);

#endif
