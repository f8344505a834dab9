/* described: compiled descriptions for tests: of a folder, or of a text.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_DESCRIBED_H
#define TESTS_UNIT_DESCRIBED_H

#include "spear/syz/compile.h"
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

struct described {
    struct arena arena;
    const char *arch, *folder, *text; /* the folder, or the text when that is NULL */
    const char *consts;               /* with the text; or NULL */
    struct syz_sources sources;
    struct syz_errors errors;
    const struct syz_target *target;
};

static inline enum status described_compile(void *ctx, struct diag *dg)
{
    struct described *d = ctx;
    struct syz_source *text = arena_new(&d->arena, struct syz_source, 2);

    if (d->folder != NULL) {
        TRY(syz_load(d->folder, &d->sources, &d->arena, dg));
    } else {
        text[0] = (struct syz_source){STR("test.txt"), str_of(d->text)};
        text[1] =
            (struct syz_source){STR("test.txt.const"), str_of(d->consts != NULL ? d->consts : "")};
        d->sources = (struct syz_sources){text, 2, 2};
    }
    return syz_compile(&d->sources, syz_arch_find(d->arch), &d->arena, &d->errors, &d->target, dg);
}

/* d->target is NULL after a refusal, which is printed. Free d->arena. */
static inline const struct syz_target *described_open(struct described *d)
{
    struct diag dg = {0};

    arena_init(&d->arena, (size_t)1 << 30);
    if (arena_guard(&d->arena, described_compile, d, &dg) == ST_OK)
        return d->target;
    printf("# %s: %s\n", d->folder != NULL ? d->folder : "text", dg.text);
    for (uint32_t i = 0; i < d->errors.count; i++)
        printf("# %u:%u: %s\n", d->errors.items[i].pos.line, d->errors.items[i].pos.column,
               d->errors.items[i].text);
    d->target = NULL;
    return NULL;
}

/* Calls try(ctx) with an arena that is new; a refusal is a failure of the case with this name. */
static inline void described_case(struct arena *a, enum status (*try)(void *ctx, struct diag *dg),
                                  void *ctx, const char *name)
{
    struct diag dg = {0};

    arena_init(a, (size_t)64 << 20);
    if (arena_guard(a, try, ctx, &dg) != ST_OK)
        tap_ok(false, "%s: %u:%u: %s", name, dg.line, dg.column, dg.text);
    arena_free(a);
}

#endif /* TESTS_UNIT_DESCRIBED_H */
