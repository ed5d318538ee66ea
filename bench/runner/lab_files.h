/* The files of bench/lab, embedded in the executable. */
#ifndef SNUGBENCH_RUNNER_LAB_FILES_H
#define SNUGBENCH_RUNNER_LAB_FILES_H

/* Each ends with a NUL. */
extern const char lab_file_config_h[], lab_file_lab_c[], lab_file_memlib_c[],
    lab_file_memlib_h[], lab_file_mm_h[];

#endif
