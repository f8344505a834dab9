/* page_html: a page for people. No scripts: a page is complete as it arrives.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/web/page.h"

static const char style[] =
    ":root{color-scheme:light dark;--line:#8884;--soft:#8881;--good:#2a2;--bad:#d33}"
    "body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;padding:0 1.2em 3em;max-width:84em}"
    "nav{padding:.7em 0;border-bottom:1px solid var(--line);margin-bottom:1em}"
    "nav a{margin-right:1.1em}nav b{margin-right:1.4em}"
    "a{color:LinkText;text-decoration:none}a:hover{text-decoration:underline}"
    "h1{font-size:1.35em}h2{font-size:1.05em;margin:1.6em 0 .4em}"
    "table{border-collapse:collapse;margin:.3em 0}"
    "th{text-align:left;font-weight:600;border-bottom:2px solid var(--line)}"
    "td,th{padding:.16em .9em .16em .3em;vertical-align:top}"
    "tr:nth-child(even) td{background:var(--soft)}"
    ".n{text-align:right;font-variant-numeric:tabular-nums}"
    "pre{background:var(--soft);padding:.7em;overflow-x:auto;font-size:13px;line-height:1.35}"
    ".good{color:var(--good)}.bad{color:var(--bad)}.soft{opacity:.6}"
    ".part{background:linear-gradient(90deg,#2a24 var(--p),transparent var(--p))}";

/* One truth for the menu; every page is reachable from every other. */
static const struct {
    const char *path, *name;
} menu[] = {
    {"/",        "status"      },
    {"/crashes", "crashes"     },
    {"/repros",  "reproduction"},
    {"/corpus",  "corpus"      },
    {"/calls",   "calls"       },
    {"/cover",   "coverage"    },
    {"/log",     "log"         },
    {"/config",  "config"      },
    {"/metrics", "metrics"     },
};

static void print_cell(const struct cell *cell, bool is_number, struct buf *out)
{
    buf_text(out, "<td");
    if (is_number || cell->mark != NULL)
        buf_printf(out, " class=\"%s%s%s\"", is_number ? "n" : "",
                   is_number && cell->mark != NULL ? " " : "",
                   cell->mark != NULL ? cell->mark : "");
    buf_byte(out, '>');
    if (cell->link.size != 0) {
        buf_text(out, "<a href=\"");
        html_escape(out, cell->link);
        buf_text(out, "\">");
    }
    html_escape(out, cell->text);
    buf_text(out, cell->link.size != 0 ? "</a></td>" : "</td>");
}

static void print_table(const struct table *t, struct buf *out)
{
    if (t->cell_count == 0) {
        buf_text(out, "<p class=soft>");
        html_escape(out, str_of(t->empty));
        buf_text(out, "</p>\n");
        return;
    }
    buf_text(out, "<table>\n<tr>");
    for (uint32_t i = 0; i < t->column_count; i++) {
        buf_text(out, t->columns[i].is_number ? "<th class=n>" : "<th>");
        html_escape(out, str_of(t->columns[i].heading));
        buf_text(out, "</th>");
    }
    for (size_t i = 0; i < t->cell_count; i++) {
        if (i % t->column_count == 0)
            buf_text(out, "</tr>\n<tr>");
        print_cell(&t->cells[i], t->columns[i % t->column_count].is_number, out);
    }
    buf_text(out, "</tr>\n</table>\n");
}

static void print_heading(const char *heading, struct buf *out)
{
    if (heading == NULL)
        return;
    buf_text(out, "<h2>");
    html_escape(out, str_of(heading));
    buf_text(out, "</h2>\n");
}

void page_print_html(const struct page *p, struct buf *out)
{
    buf_text(out, "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n");
    if (p->refresh_s != 0)
        buf_printf(out, "<meta http-equiv=refresh content=%u>\n", p->refresh_s);
    buf_text(out, "<title>mujun: ");
    html_escape(out, str_of(p->title));
    buf_printf(out, "</title>\n<style>%s</style>\n<nav><b>mujun</b>", style);
    for (size_t i = 0; i < LENGTH_OF(menu); i++)
        buf_printf(out, "<a href=\"%s\">%s</a>", menu[i].path, menu[i].name);
    buf_text(out, "</nav>\n<h1>");
    html_escape(out, str_of(p->title));
    buf_text(out, "</h1>\n");
    for (size_t i = 0; i < p->count; i++) {
        const struct block *b = &p->blocks[i];
        print_heading(b->table != NULL ? b->table->heading : b->text.heading, out);
        if (b->table != NULL) {
            print_table(b->table, out);
        } else {
            buf_text(out, "<pre>");
            html_escape(out, b->text.text);
            buf_text(out, "</pre>\n");
        }
    }
}
