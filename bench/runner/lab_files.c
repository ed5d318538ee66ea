#include "runner/lab_files.h"

#include "process/embed.h"

EMBED_FILE("lab_file_config_h", "bench/lab/config.h");
EMBED_FILE("lab_file_lab_c", "bench/lab/lab.c");
EMBED_FILE("lab_file_memlib_c", "bench/lab/memlib.c");
EMBED_FILE("lab_file_memlib_h", "bench/lab/memlib.h");
EMBED_FILE("lab_file_mm_h", "bench/lab/mm.h");
