/* web: requests to pages. SPDX-License-Identifier: Apache-2.0 */
#include "spear/web/web.h"

#include "base/duration.h"
#include "base/mem.h"
#include "spear/web/pages.h"

#include <string.h>
#include <time.h>

static const struct {
    const char *path;
    page_builder *build;
} pages[] = {
#define PAGE(path, builder, what) {path, builder},
#include "spear/web/pages.def"
};

enum { PATH_BYTES_MAX = 64 };

/* Takes .json off the path; "/status" is another name of "/". */
static bool split_path(const char *path, char name[PATH_BYTES_MAX], bool *wants_json)
{
    const size_t size = strlen(path);
    const char *suffix = ".json";
    const size_t suffix_size = strlen(suffix);

    *wants_json = size > suffix_size && strcmp(path + size - suffix_size, suffix) == 0;
    const size_t kept = *wants_json ? size - suffix_size : size;
    if (kept >= PATH_BYTES_MAX)
        return false;
    memcpy(name, path, kept);
    name[kept] = 0;
    if (strcmp(name, "/status") == 0)
        name[1] = 0;
    return true;
}

static void answer_missing(const char *path, struct http_answer *out)
{
    out->code = 404;
    out->type = "text/plain; charset=utf-8";
    buf_printf(&out->body, "%.200s: there is no such page, or nothing of that name\npages:", path);
    for (size_t i = 0; i < LENGTH_OF(pages); i++)
        buf_printf(&out->body, " %s", pages[i].path);
    buf_text(&out->body, " /metrics; each but the last also with .json\n");
}

static void answer_metrics(struct web *web, const struct http_request *request,
                           struct http_answer *out)
{
    struct status_snapshot s;

    web->source.snapshot(web->source.ctx, request->arena, &s);
    out->type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_print(&s, &out->body);
}

void web_answer(void *ctx, const struct http_request *request, struct http_answer *out)
{
    struct web *web = ctx;
    char name[PATH_BYTES_MAX];
    bool wants_json;
    struct page page;

    if (!split_path(request->path, name, &wants_json)) {
        answer_missing(request->path, out);
        return;
    }
    if (strcmp(name, "/metrics") == 0) {
        answer_metrics(web, request, out);
        return;
    }
    for (size_t i = 0; i < LENGTH_OF(pages); i++) {
        if (strcmp(name, pages[i].path) != 0)
            continue;
        page_init(&page, request->arena, pages[i].path + 1);
        if (pages[i].build(web, request, &page) == PAGE_MISSING)
            break;
        out->type = wants_json ? "application/json" : "text/html; charset=utf-8";
        (wants_json ? page_print_json : page_print_html)(&page, &out->body);
        return;
    }
    answer_missing(request->path, out);
}

enum status web_open(const struct web_source *source, struct web **out, struct diag *dg)
{
    struct web *web = mem_alloc(1, sizeof(*web));

    if (web == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "starting the dashboard");
    web->source = *source;
    pthread_mutex_init(&web->lock, NULL);
    *out = web;
    return ST_OK;
}

enum status web_start(const char *address, const struct web_source *source, struct web **out,
                      struct diag *dg)
{
    struct web *web;

    TRY(web_open(source, &web, dg));
    const enum status st = http_start(address, web_answer, web, &web->server, dg);
    if (st != ST_OK) {
        web_stop(web);
        return st;
    }
    *out = web;
    return ST_OK;
}

void web_stop(struct web *web)
{
    if (web->server != NULL)
        http_stop(web->server);
    if (web->cover != NULL)
        cover_close(web->cover);
    pthread_mutex_destroy(&web->lock);
    mem_free(web);
}

const char *web_url(const struct web *web)
{
    return web->server == NULL ? "" : http_url(web->server);
}

/* ---- what pages share ------------------------------------------------------------------------ */

const struct cover_map *web_cover(struct web *web, struct diag *dg)
{
    pthread_mutex_lock(&web->lock);
    if (web->cover == NULL && !web->cover_failed) {
        const enum status st =
            web->source.vmlinux != NULL
                ? cover_open(web->source.vmlinux, &web->cover, &web->cover_why)
                : diag_fail(&web->cover_why, ST_IO, DIAG_NO_OFFSET,
                            "no vmlinux is known; give the folder that holds it as kernel_obj");
        web->cover_failed = st != ST_OK;
    }
    *dg = web->cover_why;
    pthread_mutex_unlock(&web->lock);
    return web->cover;
}

struct str web_duration(struct arena *a, uint64_t seconds)
{
    char text[DURATION_TEXT_BYTES];

    duration_text(seconds * 1000, text, sizeof(text));
    return (struct str){arena_copy_text(a, text, strlen(text)), strlen(text)};
}

struct str web_time(struct arena *a, uint64_t epoch_s)
{
    char text[64];
    struct tm parts;
    const time_t when = (time_t)epoch_s;

    if (epoch_s == 0 || localtime_r(&when, &parts) == NULL)
        return STR("-");
    const size_t size = strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts);
    return (struct str){arena_copy_text(a, text, size), size};
}

const char *web_parameter(const struct http_request *request, const char *name)
{
    const char *value = request->parameter(request, name);
    return value == NULL ? "" : value;
}

struct str web_first_line(struct str text)
{
    const char *newline = memchr(text.text, '\n', text.size);
    return (struct str){text.text, newline == NULL ? text.size : (size_t)(newline - text.text)};
}
