/* page_json: a page for programs: an object with an array of objects for each table, and a string
 * for each text. SPDX-License-Identifier: Apache-2.0 */
#include "spear/web/page.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Text that is not UTF-8 (a console, a program's data) keeps its ASCII. */
static json_t *string_json(struct str s, struct arena *a)
{
    json_t *json = json_stringn(s.text, s.size);

    if (json != NULL)
        return json;
    char *ascii = arena_copy_text(a, s.text, s.size);
    for (size_t i = 0; i < s.size; i++)
        if ((unsigned char)ascii[i] >= 0x80)
            ascii[i] = '?';
    return json_stringn(ascii, s.size);
}

/* Digits alone, or with a point: a number. Anything else ("-", "") is what people are shown. */
static json_t *number_json(struct str s, struct arena *a)
{
    char text[32];
    bool has_point = false;

    if (s.size == 0 || s.size >= sizeof(text))
        return string_json(s, a);
    for (size_t i = 0; i < s.size; i++) {
        const bool is_point = s.text[i] == '.' && !has_point && i != 0;
        if (!isdigit((unsigned char)s.text[i]) && !is_point)
            return string_json(s, a);
        has_point = has_point || is_point;
    }
    memcpy(text, s.text, s.size);
    text[s.size] = 0;
    return has_point ? json_real(strtod(text, NULL))
                     : json_integer((json_int_t)strtoull(text, NULL, 10));
}

static json_t *table_json(const struct table *t)
{
    json_t *rows = json_array(), *row = NULL;

    for (size_t i = 0; i < t->cell_count; i++) {
        const struct column *column = &t->columns[i % t->column_count];
        const struct cell *cell = &t->cells[i];
        if (column == t->columns) {
            row = json_object();
            json_array_append_new(rows, row);
        }
        json_object_set_new(row, column->key,
                            column->is_number ? number_json(cell->text, t->arena)
                                              : string_json(cell->text, t->arena));
    }
    return rows;
}

void page_print_json(const struct page *p, struct buf *out)
{
    json_t *all = json_object();

    for (size_t i = 0; i < p->count; i++) {
        const struct block *b = &p->blocks[i];
        if (b->table != NULL)
            json_object_set_new(all, b->table->key, table_json(b->table));
        else
            json_object_set_new(all, b->text.key, string_json(b->text.text, p->arena));
    }
    const size_t size = json_dumpb(all, NULL, 0, JSON_INDENT(2));
    buf_reserve(out, size + 1);
    out->size += json_dumpb(all, (char *)out->data + out->size, size, JSON_INDENT(2));
    json_decref(all);
    buf_byte(out, '\n');
}
