#include "live/metric.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Behind what begins with '[', or at the end. A class like [:space:] has brackets of
 * its own. */
static const char *skip_bracket(const char *at)
{
    const char *end = at + 1;
    end += *end == '^';
    end += *end == ']';
    while (*end != '\0' && *end != ']') {
        if (*end == '[' && end[1] != '\0' && strchr(":.=", end[1]) != NULL) {
            const char close[] = {end[1], ']', '\0'};
            const char *behind = strstr(end + 2, close);
            end = behind != NULL ? behind + 1 : end;
        }
        end++;
    }
    return *end == ']' ? end + 1 : end;
}

/* The next character that stands for itself, else a blank; moves on. One that may be
 * missing or repeated is none. */
static char take_letter(const char **text)
{
    const char *at = *text;
    char letter = ' ';
    if (*at == '[') {
        at = skip_bracket(at);
    } else if (*at == '\\' && at[1] != '\0') {
        if (!isalnum((unsigned char)at[1])) {
            letter = at[1];
        }
        at += 2;
    } else {
        if (strchr(".^$()|", *at) == NULL) {
            letter = *at;
        }
        at++;
    }
    if (*at == '{') {
        letter = ' ';
        at += strcspn(at, "}");
        at += *at == '}';
    }
    if (strchr("*?", *at) != NULL && *at != '\0') {
        letter = ' ';
    }
    while (*at != '\0' && strchr("*?+", *at) != NULL) {
        at++;
    }
    *text = at;
    return letter;
}

/* How many bytes a letter of UTF-8 has that begins with this one; 0: none does. */
static size_t letter_size(unsigned char first)
{
    return first < 0x80   ? 1
           : first < 0xc2 ? 0
           : first < 0xe0 ? 2
           : first < 0xf0 ? 3
                          : 4;
}

/* Leaves out letters of which a part is missing: JSON can hold none. */
static void drop_halves(char *name)
{
    char *to = name;
    for (const char *from = name; *from != '\0';) {
        const size_t size = letter_size((unsigned char)*from);
        size_t count = size > 0;
        while (count > 0 && count < size &&
               ((unsigned char)from[count] & 0xc0) == 0x80) {
            count++;
        }
        if (size == 0 || count < size) {
            from++;
            continue;
        }
        memmove(to, from, size);
        to += size;
        from += size;
    }
    *to = '\0';
}

/* What of the expression from `text` to `end` stands for itself, in words. */
static void put_words(const char *text, const char *end, char *name, size_t size)
{
    size_t length = 0;
    while (text < end && length + 1 < size) {
        const char letter = take_letter(&text);
        if (!isspace((unsigned char)letter)) {
            name[length++] = letter;
        } else if (length > 0 && name[length - 1] != ' ') {
            name[length++] = ' ';
        }
    }
    while (length > 0 && strchr(" :=,;\"'", name[length - 1]) != NULL) {
        length--;
    }
    name[length] = '\0';
}

static bool has_letter(const char *name)
{
    bool has = false;
    for (; *name != '\0'; name++) {
        has = has || isalpha((unsigned char)*name);
    }
    return has;
}

/* The parenthesis that begins a group; the end: there is none. */
static const char *find_group(const char *text)
{
    while (*text != '\0' && *text != '(') {
        take_letter(&text);
    }
    return text;
}

static const char *find_group_end(const char *text)
{
    unsigned depth = 0;
    while (*text != '\0') {
        depth += *text == '(';
        depth -= *text == ')';
        const bool is_end = *text == ')' && depth == 0;
        take_letter(&text);
        if (is_end) {
            break;
        }
    }
    return text;
}

void metric_name(const char *expression, char *name, size_t size)
{
    const char *end = expression + strlen(expression);
    const char *group = find_group(expression);
    put_words(find_group_end(group), end, name, size);
    if (!has_letter(name)) {
        put_words(expression, group, name, size);
    }
    if (!has_letter(name)) {
        snprintf(name, size, "metric");
    }
    drop_halves(name);
}
