/* fuzz_print: from bytes to text and back. Whatever reads can be inspected and printed or is
 * refused with a reason; what is valid comes back from its exact text byte for byte, flat and
 * folded, and from its plain text in the canonical form. Any script of (@mujun.encoding) is applied
 * or refused. Blind to: how the text looks. SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "fuzz.h"
#include "shield/wasm/encoding.h"
#include "shield/wasm/inspect.h"
#include "shield/wasm/print.h"
#include "shield/wasm/read.h"
#include "shield/wasm/validate.h"
#include "shield/wasm/wat.h"
#include "shield/wasm/write.h"

struct job {
    struct arena *arena;
    struct str bytes;
    struct wm_module m;
};

static enum status inspect(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    struct wm_inspection seen;
    return wm_inspect(&j->m, j->arena, &seen, dg);
}

static enum status write(struct job *j, struct str *out, struct diag *dg)
{
    struct buf b;

    buf_init(&b, j->arena);
    enum status st = wm_write_module(&j->m, &b, dg);
    *out = (struct str){(const char *)b.data, b.size};
    return st;
}

static enum status print(struct job *j, struct wm_print_options how, struct str *out,
                         struct diag *dg)
{
    struct buf b;

    buf_init(&b, j->arena);
    enum status st = wm_print_module(&j->m, &how, &b, dg);
    *out = (struct str){(const char *)b.data, b.size};
    return st;
}

static enum status validate(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    return wm_validate(&j->m, j->arena, dg);
}

/* Not valid: only that it ends. */
static enum status print_any(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    struct str text;

    TRY(print(j, (struct wm_print_options){.folded = true}, &text, dg));
    return print(j, (struct wm_print_options){0}, &text, dg);
}

static enum status come_back(void *ctx, struct diag *dg)
{
    struct wm_wat_options options = {.features = wm_features_all(), .write_names = true};
    struct job *j = ctx;
    struct str canonical, text, back;

    TRY(write(j, &canonical, dg));
    for (uint32_t mode = 0; mode < 4; mode++) {
        struct wm_print_options how = {.folded = mode % 2 != 0, .exact = mode / 2 != 0};
        TRY(print(j, how, &text, dg));
        enum status st = wm_wat_parse(text, &options, j->arena, &back, NULL, dg);
        FUZZ_CHECK(st == ST_OK || st == ST_LIMIT, "the text of a valid module parses");
        TRY(st);
        FUZZ_CHECK(str_equal(back, how.exact ? j->bytes : canonical), "the same bytes come back");
    }
    return ST_OK;
}

static enum status apply(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    struct buf out;

    buf_init(&out, j->arena);
    return wm_encoding_apply(STR("canonical"), j->bytes, &out, dg);
}

static enum status guarded(struct job *j, enum status (*fn)(void *, struct diag *))
{
    struct diag dg = {0};
    enum status st = arena_guard(j->arena, fn, j, &dg);
    FUZZ_CHECK(st == ST_OK || dg.text[0] != '\0', "a refusal says why");
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct job j = {
        .arena = &a, .bytes = {(const char *)data, size}
    };

    arena_init(&a, FUZZ_ARENA_BYTES);
    if (wm_read_module(data, size, wm_features_all(), &a, &j.m, NULL) == ST_OK) {
        (void)guarded(&j, inspect);
        (void)guarded(&j, guarded(&j, validate) == ST_OK ? come_back : print_any);
    } else {
        (void)guarded(&j, apply);
    }
    arena_free(&a);
    return 0;
}
