#include "report/html.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "report/utf8.h"

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

/* What `text` begins with, or a '?' for what is no UTF-8. How many bytes that were. */
static size_t put_letter(FILE *out, const char *text)
{
    const size_t length = utf8_letter(text);
    for (size_t i = 0; i < length; i++) {
        put(out, (unsigned char)text[i]);
    }
    if (length == 0) {
        put(out, '?');
    }
    return length > 0 ? length : 1;
}

void html_text(FILE *out, const char *text)
{
    while (*text != '\0') {
        text += put_letter(out, text);
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
    while (*word != '\0') {
        if (*word == '\'') {
            html_text(out, "'\\''");
            word++;
        } else {
            word += put_letter(out, word);
        }
    }
    put(out, '\'');
}
