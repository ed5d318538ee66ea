#include "report/utf8.h"

static bool is_between(char byte, unsigned char least, unsigned char most)
{
    return (unsigned char)byte >= least && (unsigned char)byte <= most;
}

/* Only the second byte may have other bounds: letters are as short as can be, none is
 * half of a pair of UTF-16, and none is above U+10FFFF. */
size_t utf8_letter(const char *text)
{
    const unsigned char first = (unsigned char)text[0];
    const size_t length = first < 0x80   ? 1
                          : first < 0xc2 ? 0
                          : first < 0xe0 ? 2
                          : first < 0xf0 ? 3
                          : first < 0xf5 ? 4
                                         : 0;
    if (length < 2) {
        return length;
    }
    const unsigned char least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const unsigned char most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    bool is_whole = is_between(text[1], least, most);
    for (size_t i = 2; i < length && is_whole; i++) {
        is_whole = is_between(text[i], 0x80, 0xbf);
    }
    return is_whole ? length : 0;
}

bool utf8_is_valid(const char *text)
{
    size_t length;
    while (*text != '\0' && (length = utf8_letter(text)) > 0) {
        text += length;
    }
    return *text == '\0';
}

void utf8_repair(char *text)
{
    while (*text != '\0') {
        const size_t length = utf8_letter(text);
        if (length == 0) {
            *text = '?';
        }
        text += length > 0 ? length : 1;
    }
}
