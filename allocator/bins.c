#include "bins.h"

/* A free block of 1 KiB or more. Members of a ring that do not stand in the trie have
 * no parent link (NULL); the others have the address of the link that points to them.
 */
struct tree_block {
    struct block block; /* tag; next and previous: the ring of equal sizes */
    struct tree_block **parent;
    struct tree_block *child[2];
};

static_assert(sizeof(struct tree_block) + sizeof(size_t) <= EXACT_LIMIT_BYTES,
              "links and footer fit into the smallest tree block");

static ALWAYS_INLINE size_t exact_index(size_t bytes)
{
    return (bytes - BLOCK_MIN_BYTES) / ALIGNMENT_BYTES;
}

static ALWAYS_INLINE size_t tree_index(size_t bytes)
{
    const unsigned log2 = floor_log2(bytes);
    const size_t within =
        (bytes >> (log2 - TREE_BINS_SHIFT)) & (((size_t)1 << TREE_BINS_SHIFT) - 1);
    return ((size_t)(log2 - 10) << TREE_BINS_SHIFT) + within;
}

/* The highest bit of the size that is not settled by the bin. */
static ALWAYS_INLINE size_t tree_first_bit(size_t bytes)
{
    return (size_t)1 << (floor_log2(bytes) - TREE_BINS_SHIFT - 1);
}

static ALWAYS_INLINE size_t tree_size(const struct tree_block *node)
{
    return block_size(&node->block);
}

static void tree_insert(struct bins *bins, struct tree_block *node, size_t bytes)
{
    const size_t index = tree_index(bytes);
    bins->tree_bytes += bytes;
    node->child[0] = node->child[1] = NULL;
    struct tree_block **link = &bins->trees[index];
    for (size_t bit = tree_first_bit(bytes); *link != NULL; bit >>= 1) {
        struct tree_block *const here = *link;
        if (tree_size(here) == bytes) { /* join its ring, behind it */
            struct block *const after = here->block.next;
            node->parent = NULL;
            node->block.previous = &here->block;
            node->block.next = after;
            here->block.next = &node->block;
            after->previous = &node->block;
            return;
        }
        link = &here->child[(bytes & bit) != 0];
    }
    *link = node;
    node->parent = link;
    node->block.next = node->block.previous = &node->block;
    bins->tree_map[index / 64] |= (uint64_t)1 << (index % 64);
}

/* Put `heir` (may be NULL) where `node` stands in the trie. */
static void tree_replace(struct tree_block *node, struct tree_block *heir)
{
    *node->parent = heir;
    if (heir == NULL) {
        return;
    }
    heir->parent = node->parent;
    for (int side = 0; side < 2; side++) {
        heir->child[side] = node->child[side];
        if (heir->child[side] != NULL) {
            heir->child[side]->parent = &heir->child[side];
        }
    }
}

/* Any leaf below node may take its place: all share the prefix that leads there. */
static struct tree_block *tree_take_leaf(struct tree_block *node)
{
    struct tree_block *leaf = node;
    while (leaf->child[0] != NULL || leaf->child[1] != NULL) {
        leaf = leaf->child[1] != NULL ? leaf->child[1] : leaf->child[0];
    }
    if (leaf == node) {
        return NULL;
    }
    *leaf->parent = NULL;
    return leaf;
}

static void tree_remove(struct bins *bins, struct tree_block *node, size_t bytes)
{
    struct block *const next = node->block.next;
    bins->tree_bytes -= bytes;
    REQUIRE(next->previous == &node->block &&
                node->block.previous->next == &node->block,
            "corrupted free list at", node);
    if (next != &node->block) { /* the ring goes on without it */
        node->block.previous->next = next;
        next->previous = node->block.previous;
        if (node->parent != NULL) {
            tree_replace(node, (struct tree_block *)next);
        }
        return;
    }
    tree_replace(node, tree_take_leaf(node));
    const size_t index = tree_index(bytes);
    if (bins->trees[index] == NULL) {
        bins->tree_map[index / 64] &= ~((uint64_t)1 << (index % 64));
    }
}

/* The smallest in a trie: on the leftmost path, since left subtrees hold smaller sizes,
 * but any node on that path may be smaller than what is below it. */
static struct tree_block *tree_smallest(struct tree_block *node)
{
    struct tree_block *best = node;
    while (node != NULL) {
        if (tree_size(node) < tree_size(best)) {
            best = node;
        }
        node = node->child[0] != NULL ? node->child[0] : node->child[1];
    }
    return best;
}

/* The smallest of at least `bytes` in the bin of `bytes`; NULL if all are smaller. */
static struct tree_block *tree_best(struct tree_block *root, size_t bytes)
{
    struct tree_block *best = NULL;
    struct tree_block *larger = NULL; /* the deepest right subtree that was passed by */
    size_t bit = tree_first_bit(bytes);
    for (struct tree_block *node = root; node != NULL; bit >>= 1) {
        const size_t here = tree_size(node);
        if (here >= bytes && (best == NULL || here < tree_size(best))) {
            best = node;
            if (here == bytes) {
                return best;
            }
        }
        const int side = (bytes & bit) != 0;
        if (side == 0 && node->child[1] != NULL) {
            larger = node->child[1];
        }
        node = node->child[side];
    }
    if (larger != NULL) {
        struct tree_block *const candidate = tree_smallest(larger);
        if (best == NULL || tree_size(candidate) < tree_size(best)) {
            best = candidate;
        }
    }
    return best;
}

/* The first bin that is not empty, from `index` on; TREE_BIN_COUNT if there is none. */
static size_t tree_next_bin(const struct bins *bins, size_t index)
{
    if (index >= TREE_BIN_COUNT) {
        return TREE_BIN_COUNT;
    }
    size_t word = index / 64;
    uint64_t bits = bins->tree_map[word] & (~(uint64_t)0 << (index % 64));
    while (bits == 0) {
        if (++word == TREE_MAP_WORDS) {
            return TREE_BIN_COUNT;
        }
        bits = bins->tree_map[word];
    }
    return word * 64 + (size_t)__builtin_ctzl(bits);
}

static struct block *tree_take(struct bins *bins, struct tree_block *best)
{
    /* A ring member leaves more cheaply than the one that stands in the trie. */
    struct tree_block *const taken = (struct tree_block *)best->block.next;
    tree_remove(bins, taken, tree_size(taken));
    return &taken->block;
}

static struct block *tree_take_best(struct bins *bins, size_t bytes)
{
    size_t index = 0;
    if (bytes >= EXACT_LIMIT_BYTES) {
        index = tree_index(bytes);
        struct tree_block *const best = tree_best(bins->trees[index], bytes);
        if (best != NULL) {
            return tree_take(bins, best);
        }
        index++;
    }
    index = tree_next_bin(bins, index);
    if (index == TREE_BIN_COUNT) {
        return NULL;
    }
    return tree_take(bins, tree_smallest(bins->trees[index]));
}

static void exact_insert(struct bins *bins, struct block *block, size_t bytes)
{
    const size_t index = exact_index(bytes);
    struct block *const first = bins->exact[index];
    block->previous = NULL;
    block->next = first;
    if (first != NULL) {
        first->previous = block;
    } else {
        bins->exact_map |= (uint64_t)1 << index;
    }
    bins->exact[index] = block;
}

static void exact_remove(struct bins *bins, struct block *block, size_t bytes)
{
    struct block *const next = block->next;
    struct block *const previous = block->previous;
    if (next != NULL) {
        REQUIRE(next->previous == block, "corrupted free list at", block);
        next->previous = previous;
    }
    if (previous != NULL) {
        REQUIRE(previous->next == block, "corrupted free list at", block);
        previous->next = next;
        return;
    }
    const size_t index = exact_index(bytes);
    REQUIRE(bins->exact[index] == block, "corrupted free list at", block);
    bins->exact[index] = next;
    if (next == NULL) {
        bins->exact_map &= ~((uint64_t)1 << index);
    }
}

void bins_insert(struct bins *bins, struct block *block)
{
    const size_t bytes = block_size(block);
    if (bytes < EXACT_LIMIT_BYTES) {
        exact_insert(bins, block, bytes);
    } else {
        tree_insert(bins, (struct tree_block *)block, bytes);
    }
}

void bins_remove(struct bins *bins, struct block *block)
{
    const size_t bytes = block_size(block);
    if (bytes < EXACT_LIMIT_BYTES) {
        exact_remove(bins, block, bytes);
    } else {
        tree_remove(bins, (struct tree_block *)block, bytes);
    }
}

struct block *bins_take_best(struct bins *bins, size_t bytes)
{
    if (bytes < EXACT_LIMIT_BYTES) {
        const size_t index = exact_index(bytes);
        const uint64_t candidates = bins->exact_map & (~(uint64_t)0 << index);
        if (candidates != 0) {
            struct block *const best = bins->exact[__builtin_ctzl(candidates)];
            exact_remove(bins, best, block_size(best));
            return best;
        }
    }
    return tree_take_best(bins, bytes);
}

bool bins_have(const struct bins *bins, size_t bytes)
{
    const size_t index = tree_index(bytes);
    return tree_best(bins->trees[index], bytes) != NULL ||
           tree_next_bin(bins, index + 1) != TREE_BIN_COUNT;
}

/* The node of the next larger size in the bin of `bytes`, NULL at the end: an ordered
 * walk that needs neither a stack nor recursion. */
static const struct tree_block *tree_after(const struct bins *bins, size_t bytes)
{
    const size_t next = bytes + ALIGNMENT_BYTES;
    const size_t index = tree_index(bytes);
    return tree_index(next) == index ? tree_best(bins->trees[index], next) : NULL;
}

static const struct tree_block *tree_first(const struct bins *bins, size_t index)
{
    return tree_smallest(bins->trees[index]);
}

void bins_visit(const struct bins *bins,
                void (*visit)(const struct block *block, void *context), void *context)
{
    for (size_t i = 0; i < EXACT_BIN_COUNT; i++) {
        for (const struct block *b = bins->exact[i]; b != NULL; b = b->next) {
            visit(b, context);
        }
    }
    for (size_t i = 0; i < TREE_BIN_COUNT; i++) {
        for (const struct tree_block *node = tree_first(bins, i); node != NULL;
             node = tree_after(bins, tree_size(node))) {
            const struct block *member = &node->block;
            do {
                visit(member, context);
                member = member->next;
            } while (member != &node->block);
        }
    }
}

static const char *check_block(const struct block *block)
{
    if (block_is_in_use(block)) {
        return "a block in use is in a bin";
    }
    if (block_footer(block) != block_size(block)) {
        return "a free block's footer differs from its size";
    }
    return NULL;
}

static const char *check_exact(const struct bins *bins, size_t index)
{
    const struct block *previous = NULL;
    for (const struct block *b = bins->exact[index]; b != NULL; b = b->next) {
        const char *const broken = check_block(b);
        if (broken != NULL) {
            return broken;
        }
        if (exact_index(block_size(b)) != index) {
            return "a free block is in the bin of another size";
        }
        if (b->previous != previous) {
            return "a free list's links disagree";
        }
        previous = b;
    }
    const bool bit = (bins->exact_map >> index & 1) != 0;
    return bit == (bins->exact[index] != NULL) ? NULL : "a bin's bit is wrong";
}

static const char *check_ring(const struct tree_block *node)
{
    const struct block *member = &node->block;
    do {
        const char *const broken = check_block(member);
        if (broken != NULL) {
            return broken;
        }
        if (block_size(member) != tree_size(node)) {
            return "a ring holds two sizes";
        }
        if (member->next->previous != member) {
            return "a ring's links disagree";
        }
        member = member->next;
    } while (member != &node->block);
    return *node->parent == node ? NULL : "a trie's link does not lead back";
}

static const char *check_tree(const struct bins *bins, size_t index)
{
    const bool bit = (bins->tree_map[index / 64] >> (index % 64) & 1) != 0;
    if (bit != (bins->trees[index] != NULL)) {
        return "a bin's bit is wrong";
    }
    for (const struct tree_block *node = tree_first(bins, index); node != NULL;
         node = tree_after(bins, tree_size(node))) {
        if (tree_index(tree_size(node)) != index) {
            return "a free block is in the bin of another size";
        }
        const char *const broken = check_ring(node);
        if (broken != NULL) {
            return broken;
        }
    }
    return NULL;
}

const char *bins_check(const struct bins *bins)
{
    const char *broken = NULL;
    for (size_t i = 0; broken == NULL && i < EXACT_BIN_COUNT; i++) {
        broken = check_exact(bins, i);
    }
    for (size_t i = 0; broken == NULL && i < TREE_BIN_COUNT; i++) {
        broken = check_tree(bins, i);
    }
    return broken;
}
