/* fuzz_web: the dashboard of a running manager. A dashboard that cannot be had is no reason not to
 * fuzz: a line says why. SPDX-License-Identifier: Apache-2.0 */
#include "cli/fuzz.h"
#include "spear/web/web.h"

#include <stdio.h>
#include <unistd.h>

static void snapshot(void *ctx, struct arena *a, struct status_snapshot *out)
{
    manager_snapshot(ctx, a, out);
}

static struct corpus_row *corpus(void *ctx, struct arena *a, const char *part, size_t *count)
{
    return engine_corpus(manager_engine(ctx), a, part, count);
}

static uint32_t *cover(void *ctx, struct arena *a, size_t *count)
{
    return engine_cover(manager_engine(ctx), a, count);
}

static enum status crash_text(void *ctx, struct arena *a, const char *hash, const char *name,
                              struct str *out, struct diag *dg)
{
    return crash_file(manager_crashes(ctx), a, hash, name, out, dg);
}

struct web *fuzz_web_start(const struct fuzz_job *job, struct manager *m)
{
    struct web_source source = {
        .ctx = m,
        .snapshot = snapshot,
        .corpus = corpus,
        .cover = cover,
        .crash_file = crash_text,
    };
    struct diag dg = {0};
    struct web *web = NULL;

    if (job->config.http[0] == 0)
        return NULL;
    manager_kernel(m, &source.vmlinux, &source.source_dir);
    if (web_start(job->config.http, &source, &web, &dg) != ST_OK) {
        manager_log(m, "%s; fuzzing goes on without pages", dg.text);
        return NULL;
    }
    manager_log(m, "serving http on %s", web_url(web));
    return web;
}
