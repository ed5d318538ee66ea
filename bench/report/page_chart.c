/* A chart inside the page. */
#include <string.h>

#include "report/html.h"
#include "report/page_parts.h"

/* The element from its name on: beyond its end if `text` begins with it. */
static const char *beyond(const char *text, const char *begin, const char *end)
{
    if (strncmp(text, begin, strlen(begin)) != 0) {
        return NULL;
    }
    const char *found = strstr(text, end);
    return found == NULL ? NULL : found + strlen(end);
}

/* A page has one set of ids: those of a chart get its name in front, and so do the
 * references to them. gnuplot's titles tell of its own files, and are left out. */
static void put_drawing(FILE *out, const char *text, const char *name)
{
    static const char *const before_id[] = {" id=\"", " id='", "href='#", "url(#"};
    while (*text != '\0') {
        const char *next = beyond(text, "<title>", "</title>");
        if (next == NULL) {
            next = beyond(text, "<desc>", "</desc>");
        }
        if (next != NULL) {
            text = next;
            continue;
        }
        size_t length = 1;
        for (size_t i = 0; i < sizeof before_id / sizeof *before_id; i++) {
            const size_t mark = strlen(before_id[i]);
            if (strncmp(text, before_id[i], mark) == 0) {
                length = mark;
            }
        }
        fwrite(text, 1, length, out);
        text += length;
        if (length > 1) {
            fprintf(out, "%s-", name);
        }
    }
}

/* `text` is one of the drawing's; without a view box it is none of gnuplot's. `name`
 * goes before its ids. */
static void put_svg(FILE *out, const struct chart *chart, const char *name,
                    const char *text)
{
    static const char view_box[] = "viewBox=\"";
    const char *box = strstr(text, view_box);
    const char *body = box == NULL ? NULL : strchr(box, '>');
    if (body == NULL) {
        return;
    }
    box += strlen(view_box);
    fprintf(out, "<svg viewBox=\"%.*s\" role=\"img\" ", (int)strcspn(box, "\""), box);
    html_print(out,
               "aria-labelledby=\"%s-title %s-text\">\n"
               "<title id=\"%s-title\">%s</title>\n<desc id=\"%s-text\">%s</desc>",
               name, name, name, chart->title, name, chart->description);
    put_drawing(out, body + 1, name);
}

void page_chart(FILE *out, const struct chart *chart,
                const struct chart_drawing *drawing)
{
    char narrow_name[64];
    snprintf(narrow_name, sizeof narrow_name, "%s-narrow", chart->name);
    html_print(out, "<figure id=\"chart-%s\">\n<div class=\"wide\">\n", chart->name);
    put_svg(out, chart, chart->name, drawing->wide);
    fputs("</div>\n<div class=\"narrow\">\n", out);
    put_svg(out, chart, narrow_name, drawing->narrow);
    html_print(out, "</div>\n<figcaption>%s</figcaption>\n</figure>\n",
               chart->description);
}
