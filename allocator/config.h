/* The knobs of the allocator: values, each with its reason and its bounds.
 *
 * A constant chosen by measurement names the measurement; allocator/DESIGN.md has them
 * together. Knobs that a user may turn at run time are in options.h. */
#ifndef SNUG_CONFIG_H
#define SNUG_CONFIG_H

#include <stddef.h>

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

/* Payloads are aligned to this (C17 7.22.3: fundamental alignment on x86-64, aarch64).
 */
#define ALIGNMENT_BYTES ((size_t)16)

/* Requests beyond this cannot be met and are refused before any arithmetic. */
#define REQUEST_LIMIT_BYTES (((size_t)1 << 47) - 64 * KIB)

/* The heap is extended by at least this much: address space only, pages are taken when
 * first touched, so that growing costs two system calls a process and not hundreds.
 * Each further extension is as large as the heap is already. */
#define PREALLOCATE_BYTES (64 * MIB)

/* Blocks of this size and more get a mapping of their own... */
#define MMAP_THRESHOLD_BYTES (128 * KIB)
/* ...until one is given back: then blocks up to its size come from the heap, since such
 * blocks come and go (a fixed threshold costs a program that allocates and frees a
 * large buffer in a loop two system calls and all its page faults each time round). */
#define MMAP_THRESHOLD_LIMIT_BYTES (32 * MIB)

/* Free memory at the top of the heap goes back to the system beyond this. */
#define TRIM_THRESHOLD_BYTES (256 * KIB)
/* ...but no page sooner than this after the last trim, for each page given back: a page
 * fault costs 0.5 us on hardware and 12 us on the virtual machines measured, so that
 * the faults of a program that takes the pages again stay near a tenth of its time. */
#define TRIM_NS_PER_PAGE ((size_t)50000)

static_assert(PREALLOCATE_BYTES >= 4 * KIB, "extend by whole pages");
static_assert(MMAP_THRESHOLD_BYTES <= MMAP_THRESHOLD_LIMIT_BYTES, "");

#endif
