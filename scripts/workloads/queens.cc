// Queens on a board as a binary decision diagram: each node and each entry of the tables is
// a block of its own; what a step leaves behind is swept.
#include <cstdio>
#include <cstdlib>
#include <tuple>
#include <unordered_map>

struct node {
    int variable;
    node *low, *high;
    bool is_marked;
};

struct hash {
    template <typename Key> std::size_t operator()(const Key &key) const
    {
        auto [a, b, c] = key;
        return (std::size_t(a) * 12582917 + std::size_t(b)) * 4256249 + std::size_t(c);
    }
};

class diagrams {
  public:
    node *zero = new node{1 << 30, nullptr, nullptr, true};
    node *one = new node{1 << 30, nullptr, nullptr, true};

    node *make(int variable, node *low, node *high)
    {
        if (low == high) {
            return low;
        }
        node *&found = unique[{variable, low, high}];
        if (!found) {
            found = new node{variable, low, high, false};
        }
        return found;
    }

    node *both(node *a, node *b)
    {
        if (a == zero || b == zero) {
            return zero;
        }
        if (a == one || a == b) {
            return b;
        }
        if (b == one) {
            return a;
        }
        auto key = std::make_tuple(0, a < b ? a : b, a < b ? b : a);
        if (auto known = computed.find(key); known != computed.end()) {
            return known->second;
        }
        int top = a->variable < b->variable ? a->variable : b->variable;
        node *low = both(a->variable == top ? a->low : a, b->variable == top ? b->low : b);
        node *high = both(a->variable == top ? a->high : a, b->variable == top ? b->high : b);
        return computed[key] = make(top, low, high);
    }

    void sweep(node *root)
    {
        computed = {};
        mark(root);
        for (auto at = unique.begin(); at != unique.end();) {
            if (at->second->is_marked) {
                at->second->is_marked = false;
                ++at;
            } else {
                delete at->second;
                at = unique.erase(at);
            }
        }
    }

    std::size_t size() const { return unique.size(); }

  private:
    using key = std::tuple<int, node *, node *>;
    std::unordered_map<key, node *, hash> unique, computed;

    void mark(node *at)
    {
        if (!at->is_marked) {
            at->is_marked = true;
            mark(at->low);
            mark(at->high);
        }
    }
};

static bool attacks(int n, int row, int column, int at)
{
    int down = at / n - row, right = at % n - column;
    return down == 0 || right == 0 || down == right || down == -right;
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? std::atoi(argv[1]) : 6;
    diagrams all;
    node *board = all.one;
    for (int row = 0; row < n; row++) {
        node *some = all.zero;
        for (int column = n - 1; column >= 0; column--) {
            some = all.make(row * n + column, some, all.one);
        }
        board = all.both(board, some);
        for (int column = 0; column < n; column++) {
            // No queen here, or none in its row, column and diagonals.
            node *free_below = all.one;
            for (int at = n * n - 1; at > row * n + column; at--) {
                free_below = attacks(n, row, column, at) ? all.make(at, free_below, all.zero)
                                                         : free_below;
            }
            node *rule = all.make(row * n + column, all.one, free_below);
            node *open = all.make(row * n + column, all.one, all.zero);
            for (int at = row * n + column - 1; at >= 0; at--) {
                if (attacks(n, row, column, at)) {
                    rule = all.make(at, rule, open);
                }
            }
            board = all.both(board, rule);
        }
        if (row % 2 == 1) {
            all.sweep(board);
        }
        std::printf("%zu\n", all.size());
    }
}
