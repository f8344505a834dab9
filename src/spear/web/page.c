/* page: building. SPDX-License-Identifier: Apache-2.0 */
#include "spear/web/page.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void page_init(struct page *p, struct arena *a, const char *title)
{
    *p = (struct page){.arena = a, .title = title};
}

struct table *page_table(struct page *p, const char *key, const char *heading, const char *empty,
                         const struct column *columns, uint32_t column_count)
{
    struct table *t = arena_new(p->arena, struct table, 1);

    *t = (struct table){
        .key = key,
        .heading = heading,
        .empty = empty,
        .columns = columns,
        .column_count = column_count,
        .arena = p->arena,
    };
    const struct block block = {.table = t};
    ARENA_PUSH(p->arena, p->blocks, p->count, p->capacity, block);
    return t;
}

void page_text(struct page *p, const char *key, const char *heading, struct str text)
{
    const struct block block = {
        .text = {key, heading, text}
    };
    ARENA_PUSH(p->arena, p->blocks, p->count, p->capacity, block);
}

static void push(struct table *t, struct str text, struct str link)
{
    const struct cell cell = {.text = text, .link = link};
    ARENA_PUSH(t->arena, t->cells, t->cell_count, t->cell_capacity, cell);
}

static PRINTF_LIKE(2, 0) struct str format(struct arena *a, const char *fmt, va_list args)
{
    char text[1024];
    const int size = vsnprintf(text, sizeof(text), fmt, args);
    const size_t kept = size < 0 ? 0 : MIN((size_t)size, sizeof(text) - 1);
    return (struct str){arena_copy_text(a, text, kept), kept};
}

void cell_text(struct table *t, struct str text)
{
    push(t, text, STR(""));
}

void cell_link(struct table *t, struct str text, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    const struct str link = format(t->arena, fmt, args);
    va_end(args);
    push(t, text, link);
}

void cell_printf(struct table *t, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    const struct str text = format(t->arena, fmt, args);
    va_end(args);
    push(t, text, STR(""));
}

void cell_number(struct table *t, uint64_t number)
{
    cell_printf(t, "%" PRIu64, number);
}

void cell_mark(struct table *t, const char *mark)
{
    t->cells[t->cell_count - 1].mark = mark;
}

void html_escape(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        const char c = text.text[i];
        if (c == '&')
            buf_text(out, "&amp;");
        else if (c == '<')
            buf_text(out, "&lt;");
        else if (c == '>')
            buf_text(out, "&gt;");
        else if (c == '"')
            buf_text(out, "&quot;");
        else if (c == '\'')
            buf_text(out, "&#39;");
        else if ((unsigned char)c < ' ' && c != '\n' && c != '\t')
            buf_text(out, "\xef\xbf\xbd"); /* the replacement character */
        else
            buf_byte(out, (uint8_t)c);
    }
}

void url_escape(struct buf *out, struct str text)
{
    static const char safe[] = "-_.~";

    for (size_t i = 0; i < text.size; i++) {
        const unsigned char c = (unsigned char)text.text[i];
        bool is_safe = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        for (size_t k = 0; k < sizeof(safe) - 1; k++)
            is_safe = is_safe || c == (unsigned char)safe[k];
        if (is_safe)
            buf_byte(out, c);
        else
            buf_printf(out, "%%%02X", c);
    }
}
