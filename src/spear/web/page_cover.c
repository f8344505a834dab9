/* page_cover: coverage by file, function and line. SPDX-License-Identifier: Apache-2.0 */
#include "spear/web/pages.h"

#include "base/mem.h"
#include "io/file.h"

#include <stdio.h>
#include <string.h>

enum { SOURCE_BYTES_MAX = 16 << 20 };

static void cell_share(struct table *t, struct cover_totals places)
{
    cell_number(t, places.covered);
    cell_number(t, places.total);
    cell_printf(t, "%.1f", places.total == 0 ? 0 : 100.0 * places.covered / places.total);
}

static void add_files(const struct cover_map *map, const uint32_t *pcs, size_t count,
                      struct page *page)
{
    static const struct column columns[] = {
        {"file",    "file",      false},
        {"covered", "covered",   true },
        {"total",   "of places", true },
        {"percent", "%",         true }
    };
    size_t n;
    const struct cover_file *files = cover_files(map, page->arena, pcs, count, &n);
    struct table *t = PAGE_TABLE(page, "files", NULL, "nothing is covered yet", columns);

    for (size_t i = 0; i < n; i++) {
        struct buf name;
        if (files[i].places.covered == 0)
            continue;
        buf_init(&name, page->arena);
        url_escape(&name, files[i].path);
        cell_link(t, files[i].path, "/cover?file=%.*s", (int)name.size, (char *)name.data);
        cell_share(t, files[i].places);
    }
}

static void add_functions(const struct cover_map *map, const uint32_t *pcs, size_t count,
                          const char *path, struct page *page)
{
    static const struct column columns[] = {
        {"function", "function",  false},
        {"covered",  "covered",   true },
        {"total",    "of places", true },
        {"percent",  "%",         true }
    };
    size_t n;
    const struct cover_function *all = cover_functions(map, page->arena, pcs, count, path, &n);
    struct table *t = PAGE_TABLE(page, "functions", "functions", "none", columns);

    for (size_t i = 0; i < n; i++) {
        cell_text(t, all[i].name);
        cell_share(t, all[i].places);
    }
}

/* "+" covered, "-" not, "~" in part, " " nothing to cover. */
static char line_mark(const struct cover_line *lines, size_t count, uint32_t number)
{
    for (size_t i = 0; i < count; i++)
        if (lines[i].line == number)
            return lines[i].places.covered == 0                       ? '-'
                   : lines[i].places.covered == lines[i].places.total ? '+'
                                                                      : '~';
    return ' ';
}

static void add_source(const struct web *web, const struct cover_line *lines, size_t count,
                       const char *path, struct page *page)
{
    char name[FILE_PATH_MAX];
    uint8_t *data;
    size_t size;
    struct buf out;
    uint32_t number = 1;

    buf_init(&out, page->arena);
    /* Only files that the kernel itself names get here, so the path stays in the tree. */
    const int length = snprintf(name, sizeof(name), "%s/%s", web->source.source_dir, path);
    if (length < 0 || (size_t)length >= sizeof(name) || strstr(path, "..") != NULL ||
        file_read(name, SOURCE_BYTES_MAX, &data, &size, NULL) != ST_OK)
        return;
    for (const char *at = (char *)data, *end = at + size; at < end; number++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline == NULL ? end : newline;
        buf_printf(&out, "%c %5u  %.*s\n", line_mark(lines, count, number), number,
                   (int)(stop - at), at);
        at = stop + 1;
    }
    mem_free(data);
    page_text(page, "source", "source: + covered, ~ in part, - not",
              (struct str){(char *)out.data, out.size});
}

static void add_lines(const struct cover_line *lines, size_t count, struct page *page)
{
    static const struct column columns[] = {
        {"line",    "line",      true},
        {"covered", "covered",   true},
        {"total",   "of places", true}
    };
    struct table *t = PAGE_TABLE(page, "lines", "lines", "none", columns);

    for (size_t i = 0; i < count; i++) {
        cell_number(t, lines[i].line);
        cell_number(t, lines[i].places.covered);
        cell_number(t, lines[i].places.total);
    }
}

enum page_found page_cover(struct web *web, const struct http_request *request, struct page *page)
{
    struct diag why;
    const struct cover_map *map = web_cover(web, &why);
    const char *path = web_parameter(request, "file");
    size_t count, line_count;

    page->title = "coverage";
    if (map == NULL) {
        page_text(page, "why", NULL,
                  (struct str){arena_copy_text(page->arena, why.text, strlen(why.text)),
                               strlen(why.text)});
        return PAGE_FOUND;
    }
    const uint32_t *pcs = web->source.cover(web->source.ctx, request->arena, &count);
    if (path[0] == 0) {
        add_files(map, pcs, count, page);
        return PAGE_FOUND;
    }
    const struct cover_line *lines = cover_lines(map, page->arena, pcs, count, path, &line_count);
    if (line_count == 0)
        return PAGE_MISSING;
    page->title = arena_copy_text(page->arena, path, strlen(path));
    add_functions(map, pcs, count, path, page);
    if (web->source.source_dir != NULL)
        add_source(web, lines, line_count, path, page);
    add_lines(lines, line_count, page);
    return PAGE_FOUND;
}
