/* Names and arguments are bytes; files that others read as UTF-8 must hold nothing
 * else. */
#ifndef SNUGBENCH_REPORT_UTF8_H
#define SNUGBENCH_REPORT_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The bytes of the letter that `text` begins with, as RFC 3629 has them; 0: it begins
 * with none. */
size_t utf8_letter(const char *text);

bool utf8_is_valid(const char *text);

/* A '?' in the place of each byte that is part of no letter. */
void utf8_repair(char *text);

#endif
