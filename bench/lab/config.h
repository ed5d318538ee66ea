/* What a malloc lab's driver is built with, as far as an allocator is concerned. Used
 * where the student's folder has no config.h of its own. */
#ifndef SNUGBENCH_LAB_CONFIG_H
#define SNUGBENCH_LAB_CONFIG_H

/* Every block must be a multiple of this address. */
#define ALIGNMENT 8

#endif
