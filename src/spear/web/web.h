/* web: the dashboard: what a running fuzzer does, as pages for people and, with .json behind the
 * path, for programs. It only ever sees copies: every page asks once, and renders what it got.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_WEB_WEB_H
#define SPEAR_WEB_WEB_H

#include "spear/engine/engine.h"
#include "spear/kernel/cover.h"
#include "spear/manager/status.h"

/* Where the pages get their copies from; all may be called by several threads at once, inside
 * arena_guard() of a. */
struct web_source {
    void *ctx;
    void (*snapshot)(void *ctx, struct arena *a, struct status_snapshot *out);
    struct corpus_row *(*corpus)(void *ctx, struct arena *a, const char *part, size_t *count);
    uint32_t *(*cover)(void *ctx, struct arena *a, size_t *count);
    enum status (*crash_file)(void *ctx, struct arena *a, const char *hash, const char *name,
                              struct str *out, struct diag *dg);
    const char *vmlinux;    /* for coverage by file; NULL: not known */
    const char *source_dir; /* of the kernel; NULL: not at hand */
};

struct web; /* opaque */

/* address as in io/http.h. The source is copied, what it points to is borrowed. */
MUST_USE enum status web_start(const char *address, const struct web_source *source,
                               struct web **out, struct diag *dg);
void web_stop(struct web *web);
const char *web_url(const struct web *web);

/* One page as text, without a server; what tests and `--json` use. Returns the HTTP code. */
struct http_request;
struct http_answer;
void web_answer(void *web, const struct http_request *request, struct http_answer *out);
/* A web that serves nobody, for web_answer(). */
MUST_USE enum status web_open(const struct web_source *source, struct web **out, struct diag *dg);

#endif /* SPEAR_WEB_WEB_H */
