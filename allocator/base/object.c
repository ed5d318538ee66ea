#include "base/object.h"

#include "base/os.h"

uintptr_t object_secret;

void object_choose_secret(void)
{
    object_secret = os_random();
}
