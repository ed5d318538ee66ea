// A program with operators of its own, whose memory only they can free: the forms that it
// does not have must be built upon them, as the standard says.
#include <cstdio>
#include <cstdlib>
#include <new>

static char pool[1 << 16];
static size_t used, live;

void *operator new(size_t size)
{
    char *const block = pool + used;
    used += (size + 15) & ~size_t(15);
    live++;
    return used <= sizeof pool ? block : nullptr;
}

void operator delete(void *block) noexcept
{
    if (block != nullptr && (block < pool || block >= pool + used)) {
        std::puts("deleted what is not from the pool");
        std::_Exit(1);
    }
    live -= block != nullptr;
}

int main()
{
    for (int i = 0; i < 10; i++) {
        operator delete(operator new(24), size_t(24));
        operator delete[](operator new[](24));
        operator delete[](operator new[](24), size_t(24));
        operator delete(operator new(24, std::nothrow), std::nothrow);
        operator delete[](operator new[](24, std::nothrow), std::nothrow);
    }
    std::free(std::malloc(100));
    operator delete(operator new(24, std::align_val_t(64)), std::align_val_t(64));
    return used == 10 * 5 * 32 && live == 0 ? 0 : 1;
}
