/* target: see target.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/target.h"

#include "base/nearest.h"

#include <stdio.h>
#include <string.h>

#define TARGET_ARENA_BYTES ((size_t)1 << 30)

struct loading {
    struct cli_target *out;
    const char *const *paths;
    uint32_t path_count;
};

static enum status load(void *ctx, struct diag *dg)
{
    struct loading *l = ctx;
    struct cli_target *out = l->out;
    const char *usual = NULL;

    for (uint32_t i = 0; i < l->path_count; i++)
        TRY(syz_load(l->paths[i], &out->sources, &out->arena, dg));
    if (l->path_count == 0) {
        TRY(syz_descriptions_default(&out->arena, &usual, dg));
        TRY(syz_load(usual, &out->sources, &out->arena, dg));
    }
    return syz_compile(&out->sources, out->arch, &out->arena, &out->errors, &out->target, dg);
}

void cli_target_say_errors(const struct syz_sources *sources, const struct syz_errors *errors)
{
    char text[4096];

    for (uint32_t i = 0; i < errors->count; i++) {
        const struct syz_error *e = &errors->items[i];
        struct str path = syz_path_of(sources, e->pos.file);
        snprintf(text, sizeof(text), "%.*s:%u:%u: %s", STR_ARG(path), e->pos.line, e->pos.column,
                 e->text);
        cli_say(text);
    }
}

static enum status unknown_arch(const char *found, struct diag *dg)
{
    struct nearest near = {.word = found};
    char names[256] = "";

    for (uint32_t i = 0; syz_arch_at(i) != NULL; i++) {
        size_t used = strlen(names);
        nearest_try(&near, syz_arch_at(i)->name);
        snprintf(names + used, sizeof(names) - used, "%s%s", i == 0 ? "" : ", ",
                 syz_arch_at(i)->name);
    }
    return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "--arch expects one of %s, found %s%s%s", names,
                     found, near.best != NULL ? "; did you mean " : "",
                     near.best != NULL ? near.best : "");
}

enum status cli_arch_find(const char *name, const struct syz_arch **out, struct diag *dg)
{
    *out = syz_arch_find(name != NULL ? name : "amd64");
    return *out != NULL ? ST_OK : unknown_arch(name, dg);
}

enum status cli_target_compile(const char *const *paths, uint32_t path_count,
                               const struct syz_arch *arch, struct cli_target *out, struct diag *dg)
{
    struct loading l = {out, paths, path_count};

    arena_init(&out->arena, TARGET_ARENA_BYTES);
    out->arch = arch;
    return arena_guard(&out->arena, load, &l, dg);
}

enum status cli_target_load(const struct cli_list *paths, const char *arch, struct cli_target *out,
                            struct diag *dg)
{
    const struct syz_arch *machine;

    TRY(cli_arch_find(arch, &machine, dg));
    enum status st = cli_target_compile(paths->items, paths->count, machine, out, dg);
    cli_target_say_errors(&out->sources, &out->errors);
    return st;
}

void cli_target_free(struct cli_target *t)
{
    arena_free(&t->arena);
}
