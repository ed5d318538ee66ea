/* The constants: limits, which follow from standards and formats, then those that were
 * tuned, whose measurements are in allocator/TRIED.md. The first two of these can be
 * set at run time, see snug.h. Capacities of tables, which change no behaviour but when
 * a table is full, stand beside their tables. */
#ifndef SNUG_CONFIG_H
#define SNUG_CONFIG_H

#include <stddef.h>

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

/* -- limits -- */

/* Payloads are aligned to this (C17 7.22.3: fundamental alignment, with 64 bits). */
#define ALIGNMENT_BYTES ((size_t)16)

/* Requests beyond this cannot be met and are refused before any arithmetic. */
#define REQUEST_LIMIT_BYTES (((size_t)1 << 47) - 64 * KIB)

/* Runs start at multiples of this; the map has one entry a granule. */
#define GRANULE_SHIFT 10
#define GRANULE_BYTES ((size_t)1 << GRANULE_SHIFT)

/* -- tuned -- */

/* Blocks of this size and more get a mapping of their own. */
#define MMAP_THRESHOLD_BYTES (64 * MIB)
/* The heap is extended by at least as much address space, then by as much as it is. */
#define PREALLOCATE_BYTES MMAP_THRESHOLD_BYTES
/* Where address space costs the user something, an extension is this share of it. */
#define SPARING_GROWTH_SHARE 16

/* What a free block has beyond a request stays with the block if it is less than this
 * share of it: it would be split off now and merged again later. */
#define SPLIT_SHARE 32

/* A block that realloc makes half as large, and no larger than this, moves; with other
 * threads each that becomes no larger. */
#define MOVE_DOWN_BYTES KIB

/* When more would be resident than ever before, pages of free blocks go back that have
 * this share of it each, until as much has gone. For whatever reason none of smaller
 * blocks go. */
#define GIVE_SHARE 48
#define GIVE_LEAST_BYTES (64 * KIB)
/* A block of so much is worth a call in the largest heap, since the call's time is that
 * of the pages. */
#define GIVE_CALL_BYTES MIB
/* In a heap of so much blocks of half of GIVE_LEAST_BYTES go, too, once no larger ones
 * are left, but no more of them than the most that was ever resident. */
#define LARGE_HEAP_BYTES (128 * MIB)
/* Over the life of a process no more goes back so than this many times the most that
 * was ever resident, and, while it has more threads, as much of medium blocks out of
 * caches, of each a page at most, as they are cut anew under the lock: a program that
 * repeats itself pays a few times. */
#define PAID_LIMIT 4

/* A heap of at least so much goes back when no more than a share is in use, if no more
 * than another would be left. To look for that costs half a GIVE_SHARE of the heap, of
 * a credit of 5/4 of its growth. */
#define EMPTIED_HEAP_BYTES (8 * MIB)
#define EMPTIED_SHARE 32
#define EMPTIED_LEFT_SHARE 8

/* Requests up to this are served from runs, blocks cut into objects of one size. */
#define SMALL_LIMIT_LOG2 9
#define SMALL_LIMIT_BYTES ((size_t)1 << SMALL_LIMIT_LOG2)
#define RUN_LIMIT_GRANULES 8
#define RUN_LEAST_OBJECTS 4
/* A class gets runs once this many of its blocks are live in the heap at a time, or
 * have been asked for. */
#define RUN_WORTH_BLOCKS 16
#define RUN_WORTH_REQUESTS 2048

/* Before the heap touches a page more than ever, caches are taken back if they hold
 * this share of it and a page, or anything for a block of the larger share. */
#define RECLAIM_SHARE 256
#define RECLAIM_ALL_SHARE 16

/* A list of a cache is full with this much of a class. With other threads one of small
 * objects is half as long, one of medium blocks twice, as half of a full list leaves
 * the thread. Lean lists are shorter by so many bits, and those of medium blocks of a
 * process with one thread longer by as many. A larger block that realloc moves goes
 * where it can grow again. */
#define LIST_LIMIT_BYTES (32 * KIB)
#define LIST_STEP_SHIFT 6
/* Freed blocks up to this size wait in lists; in all those of a thread a little more
 * than this share of the heap, but no more than EMPTIED_HEAP_BYTES, which bounds how
 * long it takes to give them back. If they are more than another share they coalesce
 * before a free block is broken that is much larger than a request. */
#define MEDIUM_LIMIT_BYTES (128 * KIB)
#define CACHED_SHARE 4
#define COALESCE_SHARE 32

#endif
