#include "worker/extents.h"

#include "worker/job.h"

bool extents_open(struct extents *extents, uint64_t slot_count)
{
    extents->root = 0;
    extents->nodes = job_pages(slot_count * sizeof *extents->nodes);
    return extents->nodes != NULL;
}

/* Odd multipliers mix the slot, and are one to one, so no two priorities are equal. */
static uint32_t priority(uint32_t slot)
{
    slot *= 0x9e3779b1u;
    slot ^= slot >> 15;
    return slot * 0x85ebca77u;
}

uint32_t extents_overlap(const struct extents *extents, uintptr_t start, uint64_t bytes)
{
    uint32_t before = 0; /* the last that starts at or before `start` */
    uint32_t behind = 0; /* the first that starts after it */
    uint32_t node = extents->root;
    while (node != 0) {
        const struct extent *extent = &extents->nodes[node];
        if (extent->start <= start) {
            before = node;
            node = extent->right;
        } else {
            behind = node;
            node = extent->left;
        }
    }
    const struct extent *nodes = extents->nodes;
    if (before != 0 && start - nodes[before].start < nodes[before].bytes) {
        return before;
    }
    if (behind != 0 && nodes[behind].start - start < bytes) {
        return behind;
    }
    return 0;
}

/* The link (root or child) under which an extent of this start and priority belongs. */
static uint32_t *find_link(struct extents *extents, uint32_t slot, uintptr_t start)
{
    uint32_t *link = &extents->root;
    while (*link != 0 && *link != slot && priority(*link) > priority(slot)) {
        struct extent *extent = &extents->nodes[*link];
        link = start < extent->start ? &extent->left : &extent->right;
    }
    return link;
}

void extents_insert(struct extents *extents, uint32_t slot, uintptr_t start,
                    uint64_t bytes)
{
    struct extent *nodes = extents->nodes;
    uint32_t *link = find_link(extents, slot, start);
    uint32_t node = *link;
    *link = slot;
    nodes[slot].start = start;
    nodes[slot].bytes = bytes;
    /* Part what stood here into the new node's two subtrees. */
    uint32_t *low = &nodes[slot].left;
    uint32_t *high = &nodes[slot].right;
    while (node != 0) {
        if (nodes[node].start < start) {
            *low = node;
            low = &nodes[node].right;
            node = *low;
        } else {
            *high = node;
            high = &nodes[node].left;
            node = *high;
        }
    }
    *low = 0;
    *high = 0;
}

void extents_remove(struct extents *extents, uint32_t slot)
{
    struct extent *nodes = extents->nodes;
    uint32_t *link = find_link(extents, slot, nodes[slot].start);
    uint32_t low = nodes[slot].left;
    uint32_t high = nodes[slot].right;
    /* Join the two subtrees: all of `low` lies before all of `high`. */
    while (low != 0 && high != 0) {
        if (priority(low) > priority(high)) {
            *link = low;
            link = &nodes[low].right;
            low = *link;
        } else {
            *link = high;
            link = &nodes[high].left;
            high = *link;
        }
    }
    *link = low != 0 ? low : high;
}
