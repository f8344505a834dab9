/* import: seeds that are not programs yet: logs of strace. Everything else is left as it is.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/target_int.h"
#include "spear/syz/const.h"
#include "spear/syz/strace.h"

#include <string.h>

/* Strace prints the result behind the call, programs before it. */
static bool is_strace(struct str text)
{
    static const char mark[] = ") = ";
    const char *at = text.text, *end = text.text + text.size;
    uint32_t lines = 0, with_result = 0;

    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t size = newline == NULL ? (size_t)(end - at) : (size_t)(newline - at);
        if (size != 0 && at[0] != '#') {
            lines++;
            with_result += memmem(at, size, mark, sizeof(mark) - 1) != NULL ||
                           memmem(at, size, ")  ", 3) != NULL; /* strace -a aligns */
        }
        at += size + 1;
    }
    return lines != 0 && with_result * 2 > lines;
}

struct import_job {
    struct kernel_target *k;
    struct arena arena;
    struct str text;
    void (*each)(void *ctx, struct str program);
    void *ctx;
    struct strace_import found;
};

static void read_consts(struct import_job *job, struct map *consts)
{
    struct syz_errors errors = {.arena = &job->arena};

    map_init(consts, &job->arena);
    for (uint32_t i = 0; i < job->k->sources.count; i++) {
        const struct syz_source *source = &job->k->sources.items[i];
        if (source->path.size > 6 &&
            memcmp(source->path.text + source->path.size - 6, ".const", 6) == 0)
            syz_consts_read(consts, source->text, (uint16_t)i, source->path,
                            str_of(job->k->syz->arch->name), false, &errors);
    }
}

static enum status import(void *ctx, struct diag *dg)
{
    struct import_job *job = ctx;
    struct map consts;

    read_consts(job, &consts);
    TRY(syz_strace_import(&job->arena, job->k->syz, &consts, job->text, &job->found, dg));
    for (uint32_t i = 0; i < job->found.count; i++) {
        struct buf b;
        buf_init(&b, &job->arena);
        syz_prog_print(&b, job->found.progs[i]);
        job->each(job->ctx, (struct str){(const char *)b.data, b.size});
    }
    return ST_OK;
}

enum status kernel_import(struct kernel_target *k, struct str text, bool *is_log,
                          void (*each)(void *ctx, struct str program), void *ctx, struct diag *dg)
{
    struct import_job job = {.k = k, .text = text, .each = each, .ctx = ctx};

    *is_log = is_strace(text);
    if (!*is_log)
        return ST_OK;
    arena_init(&job.arena, KERNEL_ARENA_BYTES);
    enum status st = arena_guard(&job.arena, import, &job, dg);
    arena_free(&job.arena);
    if (st == ST_OK)
        kernel_say(k, "strace log: %u of %u calls became %u programs (%u not described)",
                   job.found.taken, job.found.calls, job.found.count, job.found.unknown);
    return st;
}
