/* environment.json as a table. */
#include <string.h>

#include "report/html.h"
#include "report/page_parts.h"

static void put_scalar(FILE *out, const json_t *value)
{
    if (json_is_string(value)) {
        html_text(out, json_string_value(value));
    } else if (json_is_integer(value)) {
        fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_real(value)) {
        fprintf(out, "%.6g", json_real_value(value));
    } else if (json_is_boolean(value)) {
        fputs(json_is_true(value) ? "yes" : "no", out);
    } else {
        fputs("-", out);
    }
}

/* An allocator, as one line: its name, then what else is known of it. */
static void put_object(FILE *out, json_t *object)
{
    const char *key;
    json_t *value;
    const char *gap = "";
    json_object_foreach(object, key, value)
    {
        if (json_is_array(value) || json_is_object(value)) {
            continue;
        }
        fputs(gap, out);
        if (strcmp(key, "name") != 0) {
            html_print(out, "%s ", key);
        }
        put_scalar(out, value);
        gap = ", ";
    }
}

/* Of an array of words each stays apart. */
static void put_item(FILE *out, const json_t *value)
{
    if (json_is_string(value)) {
        html_shell_word(out, json_string_value(value));
    } else {
        put_scalar(out, value);
    }
}

static void put_array(FILE *out, json_t *array)
{
    size_t index;
    json_t *value;
    json_array_foreach(array, index, value)
    {
        if (json_is_object(value)) {
            fputs(index > 0 ? "<br>" : "", out);
            put_object(out, value);
        } else {
            fputs(index > 0 ? " " : "", out);
            put_item(out, value);
        }
    }
}

static void put_row(FILE *out, const char *key, json_t *value)
{
    html_print(out, "<tr>\n<th scope=\"row\">%s</th>\n<td class=\"wrap\">", key);
    if (json_is_array(value)) {
        put_array(out, value);
    } else if (json_is_object(value)) {
        put_object(out, value);
    } else {
        put_scalar(out, value);
    }
    fputs("</td>\n</tr>\n", out);
}

void page_environment(FILE *out, json_t *environment)
{
    const char *key;
    json_t *value;
    fputs("<section id=\"environment\">\n<h2>Machine and run</h2>\n", out);
    if (environment == NULL) {
        fputs("<p>Not kept with these figures: there is no environment.json.</p>\n"
              "</section>\n",
              out);
        return;
    }
    page_table_begin(out, "environment.json");
    fputs("<tbody>\n", out);
    json_object_foreach(environment, key, value)
    {
        if (!json_is_object(value)) {
            put_row(out, key, value);
            continue;
        }
        html_print(out,
                   "</tbody>\n<tbody>\n<tr>\n<th scope=\"rowgroup\" colspan=\"2\" "
                   "class=\"group\">%s</th>\n</tr>\n",
                   key);
        const char *inner_key;
        json_t *inner;
        json_object_foreach(value, inner_key, inner)
        {
            put_row(out, inner_key, inner);
        }
    }
    page_table_end(out);
    fputs("</section>\n", out);
}
