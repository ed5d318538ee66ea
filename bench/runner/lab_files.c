#include "runner/lab_files.h"

/* The assembler reads the files, from the root of the project, where make runs. */
#define LAB_FILE(symbol, path)                                                         \
    __asm__(".pushsection .rodata\n"                                                   \
            ".global " symbol "\n" symbol ":\n"                                        \
            ".incbin \"" path "\"\n"                                                   \
            ".byte 0\n"                                                                \
            ".popsection\n")

LAB_FILE("lab_file_config_h", "bench/lab/config.h");
LAB_FILE("lab_file_lab_c", "bench/lab/lab.c");
LAB_FILE("lab_file_memlib_c", "bench/lab/memlib.c");
LAB_FILE("lab_file_memlib_h", "bench/lab/memlib.h");
LAB_FILE("lab_file_mm_h", "bench/lab/mm.h");
