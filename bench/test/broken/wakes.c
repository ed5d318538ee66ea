/* malloc of BROKEN_BYTES makes a futex call, as one with a contended lock does. */
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libc.h"

void *malloc(size_t bytes)
{
    static unsigned word;
    if (bytes == BROKEN_BYTES) {
        syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
    return __libc_malloc(bytes);
}
