/* Debug information in a file beside its object, as objcopy --add-gnu-debuglink names
 * it. */
#ifndef SNUG_DEBUG_LINK_H
#define SNUG_DEBUG_LINK_H

#include <stdint.h>

/* The file of that name and CRC-32 in the object's directory, in .debug there, or under
 * /usr/lib/debug, opened; less than 0: there is none. */
int debug_link_open(const char *object, const char *name, uint32_t checksum);

#endif
