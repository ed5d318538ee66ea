#include "report/html.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

static void put(FILE *out, unsigned char byte)
{
    switch (byte) {
    case '<':
        fputs("&lt;", out);
        break;
    case '>':
        fputs("&gt;", out);
        break;
    case '&':
        fputs("&amp;", out);
        break;
    case '"':
        fputs("&quot;", out);
        break;
    case '\'':
        fputs("&#39;", out);
        break;
    default:
        fputc((byte < ' ' && byte != '\n' && byte != '\t') || byte == 127 ? ' ' : byte,
              out);
    }
}

void html_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        put(out, (unsigned char)*text);
    }
}

void html_print(FILE *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            fputc(*format, out);
            continue;
        }
        format++;
        assert(*format == 's');
        html_text(out, va_arg(arguments, const char *));
    }
    va_end(arguments);
}

void html_shell_word(FILE *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_-+./:,=@%";
    if (*word != '\0' && word[strspn(word, plain)] == '\0') {
        html_text(out, word);
        return;
    }
    put(out, '\'');
    for (; *word != '\0'; word++) {
        if (*word == '\'') {
            html_text(out, "'\\''");
        } else {
            put(out, (unsigned char)*word);
        }
    }
    put(out, '\'');
}
