/* page: what a page shows, apart from how: tables and texts. The same page is printed for people
 * (HTML) and for programs (JSON), so neither knows more than the other. Everything lives in the
 * request's arena. SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_WEB_PAGE_H
#define SPEAR_WEB_PAGE_H

#include "base/buf.h"

struct cell {
    struct str text;
    struct str link;  /* where it leads; empty: nowhere */
    const char *mark; /* CSS class; NULL: none */
};

struct column {
    const char *key;     /* in JSON */
    const char *heading; /* for people */
    bool is_number;      /* aligned right; a number in JSON when it reads as one */
};

struct table {
    const char *key, *heading, *empty; /* empty: what stands there instead of no rows */
    const struct column *columns;
    uint32_t column_count;
    struct cell *cells; /* row after row */
    size_t cell_count, cell_capacity;
    struct arena *arena;
};

struct text_block {
    const char *key, *heading;
    struct str text;
};

struct block {
    struct table *table; /* or NULL: text */
    struct text_block text;
};

struct page {
    struct arena *arena;
    const char *title;
    unsigned refresh_s; /* 0: the browser does not ask again by itself */
    struct block *blocks;
    size_t count, capacity;
};

void page_init(struct page *p, struct arena *a, const char *title);
/* columns is static. The heading may be NULL. */
struct table *page_table(struct page *p, const char *key, const char *heading, const char *empty,
                         const struct column *columns, uint32_t column_count);
#define PAGE_TABLE(p, key, heading, empty, columns)                                                \
    page_table((p), (key), (heading), (empty), (columns), LENGTH_OF(columns))
void page_text(struct page *p, const char *key, const char *heading, struct str text);

/* Cells are added from left to right, rows from top to bottom. */
void cell_text(struct table *t, struct str text);
void cell_link(struct table *t, struct str text, const char *fmt, ...) PRINTF_LIKE(3, 4);
void cell_number(struct table *t, uint64_t number);
void cell_printf(struct table *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
void cell_mark(struct table *t, const char *mark); /* of the last cell */

void page_print_html(const struct page *p, struct buf *out);
void page_print_json(const struct page *p, struct buf *out);
/* Text into HTML, or into a part of a URL. */
void html_escape(struct buf *out, struct str text);
void url_escape(struct buf *out, struct str text);

#endif /* SPEAR_WEB_PAGE_H */
