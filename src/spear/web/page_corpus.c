/* page_corpus: inputs that were kept, and the calls they are for.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/web/pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HASH_TEXT_BYTES = 41, ROWS_MAX = 2000 };

static void hash_text(const uint8_t hash[20], char out[HASH_TEXT_BYTES])
{
    for (int i = 0; i < 20; i++)
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

static uint32_t count_lines(struct str text)
{
    uint32_t lines = 0;
    for (size_t i = 0; i < text.size; i++)
        lines += text.text[i] == '\n';
    return lines;
}

enum page_found page_corpus(struct web *web, const struct http_request *request, struct page *page)
{
    static const struct column columns[] = {
        {"id",     "input",     false},
        {"call",   "call",      false},
        {"calls",  "calls",     true },
        {"signal", "signal",    true },
        {"cover",  "cover",     true },
        {"text",   "last call", false}
    };
    const char *call = web_parameter(request, "call");
    size_t count;
    const struct corpus_row *rows =
        web->source.corpus(web->source.ctx, request->arena, call[0] == 0 ? NULL : call, &count);
    struct table *t = PAGE_TABLE(page, "corpus", NULL, "nothing was kept yet", columns);
    char hash[HASH_TEXT_BYTES];

    for (size_t i = 0; i < MIN(count, ROWS_MAX); i++) {
        const struct corpus_row *row = &rows[i];
        hash_text(row->hash, hash);
        const struct str name = {arena_copy_text(page->arena, hash, 8), 8};
        cell_link(t, name, "/input?id=%s", hash);
        cell_text(t, str_of(row->part));
        cell_number(t, count_lines(row->text));
        cell_number(t, row->signal);
        cell_number(t, row->cover);
        cell_text(t, web_first_line(row->text));
        cell_mark(t, "soft");
    }
    if (count > ROWS_MAX)
        page_text(page, "more", NULL, STR("more inputs are not listed; choose a call\n"));
    return PAGE_FOUND;
}

enum page_found page_input(struct web *web, const struct http_request *request, struct page *page)
{
    const char *wanted = web_parameter(request, "id");
    size_t count;
    const struct corpus_row *rows =
        web->source.corpus(web->source.ctx, request->arena, NULL, &count);
    char hash[HASH_TEXT_BYTES];

    for (size_t i = 0; i < count; i++) {
        hash_text(rows[i].hash, hash);
        if (strcmp(hash, wanted) != 0)
            continue;
        page->title = "input";
        page_text(page, "text", rows[i].part, rows[i].text);
        return PAGE_FOUND;
    }
    return PAGE_MISSING;
}

/* ---- calls ----------------------------------------------------------------------------------- */

static int compare_parts(const void *a, const void *b)
{
    const struct corpus_row *x = a, *y = b;
    return strcmp(x->part, y->part);
}

static void add_disabled(const struct status_snapshot *s, struct page *page)
{
    static const struct column columns[] = {
        {"call", "call", false},
        {"why",  "why",  false}
    };

    if (s->check == NULL)
        return;
    struct table *t =
        PAGE_TABLE(page, "disabled", "calls that are off", "every call can be made", columns);
    for (uint32_t i = 0; i < s->check->disabled_count; i++) {
        cell_text(t, s->check->disabled[i].name);
        cell_text(t, s->check->disabled[i].verdict);
    }
}

enum page_found page_calls(struct web *web, const struct http_request *request, struct page *page)
{
    static const struct column columns[] = {
        {"call",   "call",   false},
        {"inputs", "inputs", true },
        {"signal", "signal", true }
    };
    struct status_snapshot s;
    size_t count;
    struct corpus_row *rows = web->source.corpus(web->source.ctx, request->arena, NULL, &count);
    struct table *t =
        PAGE_TABLE(page, "calls", "calls with inputs", "no input was kept yet", columns);

    web->source.snapshot(web->source.ctx, request->arena, &s);
    if (count != 0)
        qsort(rows, count, sizeof(*rows), compare_parts);
    for (size_t i = 0; i < count;) {
        const char *part = rows[i].part;
        uint64_t inputs = 0, signal = 0;
        struct buf name;
        for (; i < count && strcmp(rows[i].part, part) == 0; i++) {
            inputs++;
            signal += rows[i].signal;
        }
        buf_init(&name, page->arena);
        url_escape(&name, str_of(part));
        cell_link(t, str_of(part), "/corpus?call=%.*s", (int)name.size, (char *)name.data);
        cell_number(t, inputs);
        cell_number(t, signal);
    }
    add_disabled(&s, page);
    return PAGE_FOUND;
}
