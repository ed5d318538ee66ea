/* Attributes, and REQUIRE, which ends the process for misuse or corruption. It is
 * always on. What takes longer to see is found by snug_check_heap. */
#ifndef SNUG_ASSERTIONS_H
#define SNUG_ASSERTIONS_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/config.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define NO_INLINE __attribute__((noinline))
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define COLD_CODE __attribute__((cold, noinline))
/* What serves nearly every call begins on a cache line of its own. */
#define HOT_CODE __attribute__((aligned(64)))
/* A variable of this library alone: its address need not be looked up. */
#define OUR_OWN __attribute__((visibility("hidden")))
/* A variable that nearly every call reads and hardly any writes. It lies on a cache
 * line without others that a thread with a lock would take away from all. */
#define READ_MOSTLY __attribute__((section("snug_read_mostly"), aligned(64)))

/* A function that reads what the program may be writing at this moment, and knows that
 * it may mean nothing: ThreadSanitizer need not know. */
#ifdef __SANITIZE_THREAD__
#define READS_OF_OTHERS __attribute__((noinline, no_sanitize("thread"), unused))
#else
#define READS_OF_OTHERS ALWAYS_INLINE
#endif

/* End the process: "snug: MESSAGE\n" on stderr by write(2), then abort. Never
 * allocates. */
_Noreturn COLD_CODE void fatal(const char *message);
/* The same, with what the message is about: "snug: MESSAGE 0x...". */
_Noreturn COLD_CODE void fatal_pointer(const char *message, const void *pointer);

/* What is said of a pointer that a call cannot take: of a freed block, of none, or of
 * none as far as can be told where a tag may be wrong. */
struct misuse {
    const char *freed;
    const char *foreign;
    const char *doubtful;
};
extern OUR_OWN const struct misuse misuse_of_free, misuse_of_realloc,
    misuse_of_usable_size;

#define REQUIRE(condition, message, pointer)                                           \
    do {                                                                               \
        if (UNLIKELY(!(condition))) {                                                  \
            fatal_pointer(message, pointer);                                           \
        }                                                                              \
    } while (0)

#endif
