/* When the heap's reserve costs the user something: under limits on address space or
 * data, where it counts, and in a process that locks its memory, where it becomes
 * resident. The heap then gives back what it never touched and grows in small steps. */
#include <errno.h>
#include <sys/resource.h>

#include "api/entry.h"
#include "base/kernel.h"

static __attribute__((constructor)) void respect_limits(void)
{
    if (os_limit(RLIMIT_AS) == SIZE_MAX && os_limit(RLIMIT_DATA) == SIZE_MAX) {
        return;
    }
    const bool locked = lock_acquire(&heap_lock);
    heap.grows_sparingly = true;
    heap_return_reserve(); /* other constructors have allocated before this one */
    lock_release(&heap_lock, locked);
}

static int finish(long result)
{
    if (kernel_failed(result)) {
        errno = (int)-result;
        return -1;
    }
    return 0;
}

int reserve_mlockall(int flags)
{
    const bool locked = lock_acquire(&heap_lock);
    heap.locked = true;
    heap_return_reserve();
    const long result = kernel_call(SYS_mlockall, flags, 0, 0, 0, 0, 0);
    heap.locked = !kernel_failed(result);
    for (const struct heap_region *r = heap.regions; heap.locked && r != NULL;
         r = r->older) {
        pages_occupy((uintptr_t)r, (uintptr_t)heap_region_end(r));
    }
    lock_release(&heap_lock, locked);
    return finish(result);
}

int reserve_munlockall(void)
{
    const long result = kernel_call(SYS_munlockall, 0, 0, 0, 0, 0, 0);
    const bool locked = lock_acquire(&heap_lock);
    heap.locked = heap.locked && kernel_failed(result);
    lock_release(&heap_lock, locked);
    return finish(result);
}
