/* Text as HTML. Names of traces and programs, and whatever else comes from a file, go
 * through here, so that no name can be markup. */
#ifndef SNUGBENCH_REPORT_HTML_H
#define SNUGBENCH_REPORT_HTML_H

#include <stdio.h>

/* Also good inside an attribute's double quotes. Control characters become blanks. */
void html_text(FILE *out, const char *text);

/* `format` is markup; every argument is a const char * and every conversion %s, whose
 * text is escaped. */
void html_print(FILE *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* As a shell would have to be given it, so that empty words and blanks show. */
void html_shell_word(FILE *out, const char *word);

#endif
