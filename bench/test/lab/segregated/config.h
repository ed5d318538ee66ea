#ifndef CONFIG_H
#define CONFIG_H

#define ALIGNMENT 16

#endif
