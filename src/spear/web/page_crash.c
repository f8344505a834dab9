/* page_crash: crashes, their files, and the queue of reproduction.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/web/pages.h"

#include <stdio.h>
#include <string.h>

enum { FILES_LISTED_MAX = 10 };

void add_crash_table(const struct status_snapshot *s, struct page *page, const char *heading)
{
    static const struct column columns[] = {
        {"title",    "title",    false},
        {"id",       "",         false},
        {"count",    "seen",     true },
        {"first",    "first",    false},
        {"last",     "last",     false},
        {"attempts", "attempts", true },
        {"repro",    "program",  false},
        {"c_repro",  "C",        false}
    };
    struct table *t = PAGE_TABLE(page, "crashes", heading, "no crash yet", columns);

    for (size_t i = 0; i < s->crash_count; i++) {
        const struct crash_row *c = &s->crashes[i];
        cell_link(t, c->title, "/crash?id=%s", c->hash);
        cell_printf(t, "%.8s", c->hash);
        cell_mark(t, "soft");
        cell_number(t, c->count);
        cell_text(t, web_time(page->arena, c->first_time_s));
        cell_text(t, web_time(page->arena, c->last_time_s));
        cell_number(t, c->attempts);
        cell_text(t, c->has_repro ? STR("yes") : STR(""));
        cell_mark(t, "good");
        cell_text(t, c->has_c_repro ? STR("yes") : STR(""));
        cell_mark(t, "good");
    }
}

enum page_found page_crashes(struct web *web, const struct http_request *request, struct page *page)
{
    struct status_snapshot s;

    web->source.snapshot(web->source.ctx, request->arena, &s);
    add_crash_table(&s, page, NULL);
    return PAGE_FOUND;
}

enum page_found page_repros(struct web *web, const struct http_request *request, struct page *page)
{
    static const struct column columns[] = {
        {"title",    "title",            false},
        {"state",    "state",            false},
        {"reason",   "what, or why not", false},
        {"attempts", "attempts",         true },
        {"since",    "since",            false}
    };
    struct status_snapshot s;

    web->source.snapshot(web->source.ctx, request->arena, &s);
    page->title = "reproduction";
    struct table *t = PAGE_TABLE(page, "repros", NULL, "no crash was offered yet", columns);
    for (uint32_t i = 0; i < s.repro_count; i++) {
        const struct repro_row *r = &s.repros[i];
        cell_text(t, str_of(r->title));
        cell_text(t, str_of(repro_state_text(r->state)));
        cell_text(t, str_of(r->reason));
        cell_number(t, r->attempts);
        cell_text(t, web_time(page->arena, r->since_s));
    }
    return PAGE_FOUND;
}

/* ---- one crash ------------------------------------------------------------------------------- */

static bool read_file(struct web *web, const struct http_request *request, const char *name,
                      struct str *out)
{
    struct diag dg;
    return web->source.crash_file(web->source.ctx, request->arena, web_parameter(request, "id"),
                                  name, out, &dg) == ST_OK;
}

static void add_files(struct web *web, const struct http_request *request, struct page *page)
{
    static const struct column columns[] = {
        {"file",  "",      false},
        {"bytes", "bytes", true }
    };
    static const char *const once[] = {"repro.prog",   "repro.cprog", "repro.log",
                                       "repro.report", "repro.stats", NULL};
    static const char *const many[] = {"log", "report", "machineInfo", "repro", NULL};
    struct table *t = PAGE_TABLE(page, "files", "files", "none", columns);
    const char *id = web_parameter(request, "id");
    struct str text;
    char name[32];

    for (size_t i = 0; once[i] != NULL; i++)
        if (read_file(web, request, once[i], &text)) {
            cell_link(t, str_of(once[i]), "/file?id=%s&name=%s", id, once[i]);
            cell_number(t, text.size);
        }
    for (size_t i = 0; many[i] != NULL; i++)
        for (unsigned n = 0; n < FILES_LISTED_MAX; n++) {
            snprintf(name, sizeof(name), "%s%u", many[i], n);
            if (!read_file(web, request, name, &text))
                break;
            const struct str copy = {arena_copy_text(page->arena, name, strlen(name)),
                                     strlen(name)};
            cell_link(t, copy, "/file?id=%s&name=%s", id, name);
            cell_number(t, text.size);
        }
}

static void add_text(struct web *web, const struct http_request *request, struct page *page,
                     const char *name, const char *key, const char *heading)
{
    struct str text;
    if (read_file(web, request, name, &text) && text.size != 0)
        page_text(page, key, heading, text);
}

enum page_found page_crash(struct web *web, const struct http_request *request, struct page *page)
{
    struct str title;

    if (!read_file(web, request, "description", &title))
        return PAGE_MISSING;
    title = web_first_line(title);
    page->title = arena_copy_text(page->arena, title.text, title.size);
    add_text(web, request, page, "repro.prog", "program", "program");
    add_text(web, request, page, "repro.cprog", "c", "C source");
    add_text(web, request, page, "report0", "report", "report");
    add_files(web, request, page);
    return PAGE_FOUND;
}

enum page_found page_file(struct web *web, const struct http_request *request, struct page *page)
{
    struct str text;
    const char *name = web_parameter(request, "name");

    if (!read_file(web, request, name, &text))
        return PAGE_MISSING;
    page->title = arena_copy_text(page->arena, name, strlen(name));
    page_text(page, "text", NULL, text);
    return PAGE_FOUND;
}
