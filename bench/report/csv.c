#include "report/csv.h"

#include <csv.h>
#include <string.h>

bool csv_row(FILE *out, size_t count, const char *const *fields)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && fputc(',', out) == EOF) {
            return false;
        }
        if (fields[i] != NULL && csv_fwrite(out, fields[i], strlen(fields[i])) == EOF) {
            return false;
        }
    }
    return fputc('\n', out) != EOF;
}
