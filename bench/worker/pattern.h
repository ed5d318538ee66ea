/* What the verifier writes into blocks: 8-byte words that differ by block, by
 * allocation and by position, so that contents which went missing, moved or belong to
 * another block are told apart. Blocks need not be aligned. */
#ifndef SNUGBENCH_WORKER_PATTERN_H
#define SNUGBENCH_WORKER_PATTERN_H

#include <stdint.h>

/* Of the allocation at operation `number` for `slot`. */
uint64_t pattern_seed(uint32_t slot, uint64_t number);

/* Write bytes [from, to) of the block's pattern; the bytes before `from` in its word
 * may be written again, with the values they have. */
void pattern_fill(unsigned char *block, uint64_t from, uint64_t to, uint64_t seed);

/* The first byte in [from, to) that differs from the pattern; `to`: none does. */
uint64_t pattern_mismatch(const unsigned char *block, uint64_t from, uint64_t to,
                          uint64_t seed);

/* The first byte before `bytes` that is not zero; `bytes`: none. */
uint64_t pattern_nonzero(const unsigned char *block, uint64_t bytes);

#endif
