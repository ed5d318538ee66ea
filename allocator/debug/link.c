#include "debug/link.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/descriptor.h"
#include "base/text.h"

/* As zlib's and gdb's: the polynomial with its bits reversed. */
static void make_table(uint32_t table[256])
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t sum = i;
        for (int bit = 0; bit < 8; bit++) {
            sum = sum >> 1 ^ ((sum & 1) != 0 ? 0xedb88320 : 0);
        }
        table[i] = sum;
    }
}

static bool has_checksum(int file, uint32_t checksum)
{
    uint32_t table[256];
    unsigned char bytes[16 * 1024];
    uint32_t sum = UINT32_MAX;
    off_t at = 0;
    ssize_t length;
    make_table(table);
    while ((length = descriptor_read_at(file, bytes, sizeof bytes, at)) > 0) {
        for (ssize_t i = 0; i < length; i++) {
            sum = sum >> 8 ^ table[(sum ^ bytes[i]) & 0xff];
        }
        at += length;
    }
    return length == 0 && ~sum == checksum;
}

int debug_link_open(const char *object, const char *name, uint32_t checksum)
{
    static const char *const places[][2] = {
        {"", ""}, {"", ".debug/"}, {"/usr/lib/debug", ""}};
    const char *const slash = strrchr(object, '/');
    const int folder = slash != NULL ? (int)(slash + 1 - object) : 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char path[PATH_MAX];
        struct text text = {path, sizeof path, 0};
        text_format(&text, "%s%.*s%s%s", places[i][0], folder, object, places[i][1],
                    name);
        const int file = descriptor_open(path, O_RDONLY);
        if (file >= 0 && has_checksum(file, checksum)) {
            return file;
        }
        descriptor_close_number(file);
    }
    return -1;
}
