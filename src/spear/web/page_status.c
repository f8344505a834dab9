/* page_status: what goes on now; the log; the configuration. SPDX-License-Identifier: Apache-2.0 */
#include "spear/web/pages.h"

#include <stdio.h>

enum { REFRESH_S = 10, STATUS_LINES = 20 };

static void add_numbers(const struct status_snapshot *s, struct page *page)
{
    static const struct column columns[] = {
        {"name",       "",         false},
        {"value",      "",         true },
        {"per_second", "a second", true },
        {"what",       "",         false}
    };
    struct table *t = PAGE_TABLE(page, "stats", "numbers", "", columns);

    for (int i = 0; i < STAT_COUNT; i++) {
        const enum stat_id id = (enum stat_id)i;
        cell_text(t, str_of(stat_label(id)));
        cell_number(t, s->stats[i]);
        if (stat_kind(id) == STAT_SUM && s->uptime_s != 0)
            cell_printf(t, "%.2f", (double)s->stats[i] / (double)s->uptime_s);
        else
            cell_text(t, STR(""));
        cell_text(t, str_of(stat_what(id)));
        cell_mark(t, "soft");
    }
}

static void add_machines(const struct status_snapshot *s, struct page *page)
{
    static const struct column columns[] = {
        {"machine",       "machine",       false},
        {"state",         "state",         false},
        {"state_for",     "for",           false},
        {"uptime",        "uptime",        false},
        {"start_seconds", "last start, s", true },
        {"starts",        "starts",        true },
        {"crashes",       "crashes",       true },
        {"last_error",    "",              false}
    };
    struct table *t = PAGE_TABLE(page, "machines", "machines", "none", columns);

    for (uint32_t i = 0; i < s->machine_count; i++) {
        const struct status_machine *m = &s->machines[i];
        cell_printf(t, "vm-%u", m->index);
        cell_text(t, str_of(machine_state_text(m->state)));
        cell_text(t, web_duration(page->arena, m->state_s));
        cell_text(t, web_duration(page->arena, m->uptime_s));
        cell_printf(t, "%.1f", m->start_seconds);
        cell_number(t, m->starts);
        cell_number(t, m->crashes);
        cell_text(t, m->last_error);
        cell_mark(t, "bad");
    }
}

static void add_check(const struct status_snapshot *s, struct page *page)
{
    static const struct column columns[] = {
        {"feature", "", false},
        {"verdict", "", false}
    };

    if (s->check == NULL)
        return;
    struct table *t = PAGE_TABLE(page, "machine_check", "machine check", "", columns);
    for (uint32_t i = 0; i < s->check->row_count; i++) {
        cell_text(t, s->check->rows[i].name);
        cell_text(t, s->check->rows[i].verdict);
        if (str_equal(s->check->rows[i].verdict, STR("enabled")))
            cell_mark(t, "good");
    }
}

static struct str lines_text(const struct status_snapshot *s, struct arena *a, uint32_t count)
{
    struct buf text;

    buf_init(&text, a);
    for (uint32_t i = s->line_count - MIN(count, s->line_count); i < s->line_count; i++) {
        buf_str(&text, s->lines[i].text);
        buf_byte(&text, '\n');
    }
    return (struct str){(char *)text.data, text.size};
}

static void add_summary(const struct status_snapshot *s, struct page *page)
{
    static const struct column columns[] = {
        {"name",   "name",   false},
        {"target", "target", false},
        {"phase",  "phase",  false},
        {"uptime", "up",     false},
        {"level",  "level",  true },
        {"seed",   "seed",   true }
    };
    struct table *t = PAGE_TABLE(page, "fuzzer", NULL, "", columns);

    cell_text(t, s->name);
    cell_text(t, s->target);
    cell_text(t, str_of(s->phase));
    cell_text(t, web_duration(page->arena, s->uptime_s));
    cell_number(t, s->level);
    cell_number(t, s->seed);
}

enum page_found page_status(struct web *web, const struct http_request *request, struct page *page)
{
    struct status_snapshot s;

    web->source.snapshot(web->source.ctx, request->arena, &s);
    page->title = "status";
    page->refresh_s = REFRESH_S;
    add_summary(&s, page);
    add_crash_table(&s, page, "crashes");
    add_machines(&s, page);
    add_numbers(&s, page);
    add_check(&s, page);
    page_text(page, "log", "the end of the log", lines_text(&s, page->arena, STATUS_LINES));
    return PAGE_FOUND;
}

enum page_found page_log(struct web *web, const struct http_request *request, struct page *page)
{
    struct status_snapshot s;

    web->source.snapshot(web->source.ctx, request->arena, &s);
    page_text(page, "log", NULL, lines_text(&s, page->arena, s.line_count));
    return PAGE_FOUND;
}

enum page_found page_config(struct web *web, const struct http_request *request, struct page *page)
{
    static const struct column columns[] = {
        {"key",   "key",   false},
        {"value", "value", false},
        {"what",  "",      false}
    };
    struct status_snapshot s;

    web->source.snapshot(web->source.ctx, request->arena, &s);
    struct table *t = PAGE_TABLE(page, "config", NULL, "", columns);
    for (uint32_t i = 0; i < s.config_count; i++) {
        cell_text(t, str_of(s.config[i].path));
        cell_text(t, s.config[i].value);
        cell_text(t, str_of(s.config[i].help));
        cell_mark(t, "soft");
    }
    return PAGE_FOUND;
}
