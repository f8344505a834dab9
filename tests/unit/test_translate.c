/* test_translate: every function of every module of the public suites that can be compiled becomes
 * IR that keeps all rules of ir/check.h, in each variant. SPDX-License-Identifier: Apache-2.0 */
#include "suites.h"
#include "tap.h"

#include "shield/ir/check.h"
#include "shield/compile/translate_int.h"
#include "translating.h"

#include <time.h>

static const char *const folders[] = {
    "wasm-spec",
    "wasm-spec/proposals/threads",
    "wasm-spec/proposals/wide-arithmetic",
    "wasm-spec/proposals/custom-page-sizes",
    "wasi/assemblyscript",
    "wasi/c",
    "../bench/wasm",
    "../bench/wasm-simd",
};

struct totals {
    unsigned modules, refused, functions, failed, misread;
    uint64_t read;
    uint64_t code_bytes, insts, blocks;
    bool metered, canonical_nan, is_dynamic, in_frame;
    double seconds;
    char first_failure[DIAG_TEXT_MAX];
};

static void fail(struct totals *t, const char *text)
{
    if (t->failed++ == 0)
        snprintf(t->first_failure, sizeof(t->first_failure), "%s", text);
}

static void check_function(void *ctx, struct ir_func *f)
{
    struct totals *t = ctx;
    struct diag dg = {0};

    t->functions++;
    t->insts += f->inst_count;
    t->blocks += f->block_count;
    if (ir_check(f, &dg) != ST_OK)
        fail(t, dg.text);
}

/* ---- the fast reader of instructions ---- */

static bool read_alike(struct wm_reader *fast, struct wm_reader *plain, struct arena *a)
{
    struct wm_ins one, two;
    struct buf first, second;
    const enum status st = tf_read(fast, &one, NULL);

    if (wm_ins_read(plain, &two, NULL) != st || fast->pos != plain->pos)
        return false;
    if (st != ST_OK)
        return true;
    buf_init(&first, a);
    buf_init(&second, a);
    wm_ins_write(&first, &one);
    wm_ins_write(&second, &two);
    return one.op == two.op && one.offset == two.offset && first.size == second.size &&
           memcmp(first.data, second.data, first.size) == 0;
}

struct reading {
    struct totals *t;
    const struct wm_module *wm;
    struct arena *arena;
};

static enum status read_bodies(void *ctx, struct diag *dg)
{
    const struct reading *j = ctx;

    for (uint32_t i = 0; i < j->wm->code_count; i++) {
        struct wm_reader plain = wm_reader_of(j->wm->codes[i].body, j->wm->features);
        TRY(wm_read_locals(&plain, &(uint32_t){0}, NULL, NULL, dg));
        struct wm_reader fast = plain;
        while (plain.pos < plain.end && fast.pos < fast.end) {
            const struct arena_mark mark = arena_mark(j->arena);
            const bool is_alike = read_alike(&fast, &plain, j->arena);
            arena_release(j->arena, mark);
            j->t->read++;
            if (is_alike)
                continue;
            j->t->misread++;
            break;
        }
    }
    return ST_OK;
}

static void check_reader(struct totals *t, const struct wm_module *wm)
{
    struct arena arena;
    struct reading j = {t, wm, &arena};

    arena_init(&arena, (size_t)1 << 30);
    if (arena_guard(&arena, read_bodies, &j, NULL) != ST_OK)
        t->misread++;
    arena_free(&arena);
}

static void check_module(void *ctx, struct str s)
{
    struct totals *t = ctx;
    struct translating m;
    struct diag dg = {0};
    struct translate_scratch scratch;

    if (translating_open(&m, (const uint8_t *)s.text, s.size, &dg) != ST_OK) {
        translating_free(&m);
        return;
    }
    t->modules++;
    if (!t->metered && !t->in_frame)
        check_reader(t, &m.wm);
    if (translate_supported(&m.wm, &dg) != ST_OK) {
        t->refused++;
        translating_free(&m);
        return;
    }
    m.env.metered = t->metered;
    m.env.canonical_nan = t->canonical_nan;
    m.env.locals_in_frame = t->in_frame;
    for (uint32_t i = 0; t->is_dynamic && i < m.wm.memory_count; i++)
        m.plans[i] = MEMORY_DYNAMIC_MOVING;
    translate_scratch_init(&scratch);
    for (uint32_t i = m.wm.func_imports; i < m.wm.func_count; i++) {
        struct translation one = {.env = &m.env,
                                  .func_index = i,
                                  .scratch = &scratch,
                                  .use = check_function,
                                  .ctx = t};
        t->code_bytes += m.wm.codes[i - m.wm.func_imports].body.size;
        if (translate_in(one, &dg) != ST_OK)
            fail(t, dg.text);
    }
    translate_scratch_free(&scratch);
    translating_free(&m);
}

static void run(const char *root, const char *name, struct totals t)
{
    for (size_t i = 0; i < LENGTH_OF(folders); i++)
        visit_folder(root, folders[i], (struct module_visit){.visit = check_module, .ctx = &t});
    tap_ok(t.functions > 10000 && t.failed == 0,
           "%s: %u functions of %u modules (%u for the interpreter), %u failed%s%s", name,
           t.functions, t.modules, t.refused, t.failed, t.failed > 0 ? ": " : "", t.first_failure);
    if (!t.metered && !t.in_frame)
        tap_ok(t.read > 100000 && t.misread == 0,
               "%ju instructions read as wm_ins_read() does, %u functions not", (uintmax_t)t.read,
               t.misread);
    printf("# %.1f instructions and %.2f blocks for each 100 bytes of code\n",
           100.0 * (double)t.insts / (double)t.code_bytes,
           100.0 * (double)t.blocks / (double)t.code_bytes);
}

int main(void)
{
    const char *root = suites_root();

    if (root == NULL)
        return tap_skip_all("no suites: neither $MUJUN_SUITES nor ../shared/suites");
    run(root, "plain", (struct totals){.metered = false});
    run(root, "with fuel, canonical NaNs, checked memories",
        (struct totals){.metered = true, .canonical_nan = true, .is_dynamic = true});
    run(root, "with locals in the frame", (struct totals){.in_frame = true});
    return tap_done();
}
