#include "heap/zero.h"

#include "base/os.h"
#include "base/size.h"

#define ZERO_BLOCKS ((size_t)1 << 16)
#define WORD_BITS ((size_t)64)

static struct {
    char *start;      /* NULL: not reserved yet, or refused so far */
    size_t next_word; /* where the search goes on: addresses come back late */
    uint64_t live[ZERO_BLOCKS / WORD_BITS];
} zero;

static size_t index_of(const void *ptr)
{
    return ((uintptr_t)ptr - (uintptr_t)zero.start) / ALIGNMENT_BYTES;
}

void *zero_allocate(void)
{
    if (zero.start == NULL) {
        __atomic_store_n(&zero.start, os_reserve(ZERO_BLOCKS * ALIGNMENT_BYTES),
                         __ATOMIC_RELEASE);
    }
    const size_t words = ZERO_BLOCKS / WORD_BITS;
    for (size_t i = 0; zero.start != NULL && i < words; i++) {
        const size_t word = (zero.next_word + i) % words;
        if (zero.live[word] != ~(uint64_t)0) {
            const size_t bit = (size_t)__builtin_ctzl(~zero.live[word]);
            zero.live[word] |= (uint64_t)1 << bit;
            zero.next_word = bit == WORD_BITS - 1 ? word + 1 : word;
            return zero.start + (word * WORD_BITS + bit) * ALIGNMENT_BYTES;
        }
    }
    return NULL;
}

bool zero_spans(const void *ptr)
{
    const char *const start = __atomic_load_n(&zero.start, __ATOMIC_ACQUIRE);
    return start != NULL &&
           (uintptr_t)ptr - (uintptr_t)start < ZERO_BLOCKS * ALIGNMENT_BYTES;
}

bool zero_is_live(const void *ptr)
{
    const size_t index = index_of(ptr);
    return (uintptr_t)ptr % ALIGNMENT_BYTES == 0 &&
           (zero.live[index / WORD_BITS] >> (index % WORD_BITS) & 1) != 0;
}

void zero_free(const void *ptr)
{
    const size_t index = index_of(ptr);
    zero.live[index / WORD_BITS] &= ~((uint64_t)1 << (index % WORD_BITS));
}
