/* pages: one function per page; each asks the source once and fills tables.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_WEB_PAGES_H
#define SPEAR_WEB_PAGES_H

#include "io/http.h"
#include "spear/web/page.h"
#include "spear/web/web.h"

#include <pthread.h>

struct web {
    struct web_source source;
    struct http_server *server; /* NULL: serves nobody */
    pthread_mutex_t lock;       /* of cover and what follows */
    struct cover_map *cover;    /* made when it is first asked for */
    bool cover_failed;
    struct diag cover_why;
};

/* What a builder says of its page. */
enum page_found { PAGE_FOUND, PAGE_MISSING };
typedef enum page_found page_builder(struct web *web, const struct http_request *request,
                                     struct page *page);
#define PAGE(path, builder, what) page_builder builder;
#include "spear/web/pages.def"

/* NULL, with the reason in dg, when there is none. */
const struct cover_map *web_cover(struct web *web, struct diag *dg);
/* "3m12s" */
struct str web_duration(struct arena *a, uint64_t seconds);
/* "2026-11-22 03:40:11" */
struct str web_time(struct arena *a, uint64_t epoch_s);
/* The parameter, or "". */
const char *web_parameter(const struct http_request *request, const char *name);
struct str web_first_line(struct str text);

/* The table of crashes, for the pages that show it. */
void add_crash_table(const struct status_snapshot *s, struct page *page, const char *heading);
/* Numbers for Prometheus; no page of tables. */
void metrics_print(const struct status_snapshot *s, struct buf *out);

#endif /* SPEAR_WEB_PAGES_H */
