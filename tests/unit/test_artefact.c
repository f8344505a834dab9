/*
 * test_artefact: what mujun compile writes is read again and runs; damaged files are refused. Then
 * the checksum is made to fit the damage, as somebody with bad intent would do: every such file is
 * refused too, or it runs inside its sandbox to some end.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "fixture.h"

#include "base/mem.h"
#include "shield/compile/artefact_int.h"
#include "shield/native/native.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static const char module_text[] =
    "(module (import \"h\" \"f\" (func $f (param i32) (result i32)))"
    " (memory (export \"m\") 1) (global $g (mut i64) (i64.const 1))"
    " (table 4 funcref) (elem (i32.const 0) $sum $load $f)"
    " (type $unary (func (param i32) (result i32)))"
    " (func $sum (export \"sum\") (param i32) (result i32) (local i32)"
    "   (loop (local.set 1 (i32.add (local.get 1) (local.get 0)))"
    "     (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1))"
    " (func $load (export \"load\") (param i32) (result i32)"
    "   (i32.store (i32.const 8) (i32.const 42)) (i32.load offset=4 (local.get 0)))"
    " (func (export \"any\") (param i32) (result i32)"
    "   (call_indirect (type $unary) (i32.const 4) (local.get 0)))"
    " (func (export \"host\") (param i32) (result i32) (call $f (local.get 0)))"
    " (func (export \"float\") (param i32) (result i32)"
    "   (global.set $g (i64.add (global.get $g) (i64.const 1)))"
    "   (i32.trunc_sat_f64_s (f64.mul (f64.convert_i32_s (local.get 0)) (f64.const 2.5))))"
    " (func (export \"switch\") (param i32) (result i32)"
    "   (block (block (block (block (block (block"
    "     (br_table 0 1 2 3 4 5 (local.get 0))) (return (i32.const 10))) (return (i32.const 11)))"
    "     (return (i32.const 12))) (return (i32.const 13))) (return (i32.const 14)))"
    "   (i32.const 15)))";

static const struct {
    const char *export;
    uint32_t arg, want;
} calls[] = {{"sum", 4, 10},   {"load", 4, 42},   {"any", 0, 10},    {"any", 1, 42},
             {"any", 2, 8},    {"host", 21, 42},  {"float", 4, 10},  {"switch", 0, 10},
             {"switch", 3, 13}, {"switch", 9, 15}};

struct file {
    struct arena arena;
    struct buf bytes;
};

struct world {
    struct rt_engine *engine;
    struct file file;
};

static enum status host(void *env, struct rt_caller *caller, const union rt_value *args,
                        union rt_value *results)
{
    (void)env;
    (void)caller;
    results[0] = (union rt_value){.i32 = args[0].i32 * 2};
    return ST_OK;
}

static struct rt_engine *engine_new(void)
{
    static const struct native_options options = {.opt_level = 2, .must_compile = true};
    const struct rt_config config = {.features = wm_features_default(),
                                     .module_arena_bytes_max = 64 << 20,
                                     .tier = native_tier(),
                                     .tier_options = &options};
    struct rt_engine *e = rt_engine_new(&config);

    must(e != NULL, "engine");
    return e;
}

struct write_job {
    struct world *w;
    struct rt_module *module;
};

static enum status write_file(void *ctx, struct diag *dg)
{
    struct write_job *job = ctx;

    struct buf *bytes = &job->w->file.bytes;
    struct artefact_file file;

    buf_init(bytes, &job->w->file.arena);
    TRY(native_module_artefact(job->module, bytes->arena, &file, dg));
    for (uint32_t i = 0; i < file.part_count; i++)
        buf_str(bytes, file.parts[i]);
    return ST_OK;
}

static void open_world(struct world *w)
{
    struct diag dg = {0};
    struct fixture f = {.engine = engine_new()};
    struct write_job job = {w, fixture_module(&f, module_text)};

    w->engine = f.engine;
    arena_init(&w->file.arena, 64 << 20);
    must(arena_guard(&w->file.arena, write_file, &job, &dg) == ST_OK, dg.text);
    rt_module_free(job.module);
}

/* ---- running one ---- */

struct outcome {
    enum status module; /* how reading it ended */
    uint32_t right, trapped, late;
    bool is_compiled;
    struct diag dg;
};

static _Atomic(struct rt_store *) watched;
static _Atomic bool is_over;

static void *interrupt_now_and_then(void *arg)
{
    (void)arg;
    while (!is_over) {
        usleep(20000);
        struct rt_store *s = atomic_exchange(&watched, NULL);
        if (s != NULL)
            rt_store_interrupt(s);
        atomic_store(&watched, s); /* the test frees it only after taking it away */
    }
    return NULL;
}

static void unwatch(struct rt_store *s)
{
    struct rt_store *expected = s;

    while (!atomic_compare_exchange_weak(&watched, &expected, NULL))
        expected = s; /* the other thread has it */
}

static void call_all(struct rt_store *s, struct rt_instance *i, struct outcome *o)
{
    for (uint32_t k = 0; k < LENGTH_OF(calls); k++) {
        union rt_value args[1] = {{.i32 = calls[k].arg}}, results[1] = {{.i64 = 0}};
        struct rt_extern e;
        if (!rt_instance_export(i, str_of(calls[k].export), &e) || e.kind != WM_EXTERN_FUNC)
            continue; /* the damage is in the module */
        const struct rt_type *type = rt_registry_type(s->engine->types, e.func->type_id);
        if (type->param_count > 1 || type->result_count > 1)
            continue;
        enum status st = rt_call(s, e.func, args, results);
        o->right += st == ST_OK && results[0].i64 == calls[k].want;
        o->trapped += st == ST_TRAP;
        o->late += st == ST_TIMEOUT;
    }
}

static struct outcome run(struct rt_engine *engine, const uint8_t *bytes, size_t size)
{
    struct outcome o = {0};
    struct rt_module *m = NULL;
    struct rt_limits limits = rt_limits_default();
    struct rt_store *s = NULL;
    struct rt_instance *i = NULL;
    struct rt_extern import = {.kind = WM_EXTERN_FUNC};

    o.module = rt_module_new(engine, bytes, size, &m, &o.dg);
    if (o.module != ST_OK)
        return o;
    limits.stack_bytes = 64 << 10;
    must(rt_store_new(engine, &limits, &s, &o.dg) == ST_OK, o.dg.text);
    if (m->wm.import_count == 1 && m->wm.imports[0].kind == WM_EXTERN_FUNC)
        must(rt_func_new(s, m->type_ids[m->wm.funcs[0].type_index], host, NULL, NULL, &import.func,
                         &o.dg) == ST_OK, o.dg.text);
    o.is_compiled = m->image != NULL;
    atomic_store(&watched, s);
    if (rt_instance_new(s, m, &import, m->wm.import_count, &i, &o.dg) == ST_OK)
        call_all(s, i, &o);
    unwatch(s);
    rt_store_free(s);
    rt_module_free(m);
    return o;
}

/* ---- damage ---- */

static void seal(uint8_t *bytes, size_t size, size_t hole)
{
    uint64_t sum = artefact_checksum(bytes, size, hole);
    memcpy(bytes + hole, &sum, sizeof(sum));
}

static size_t find_hole(const uint8_t *bytes, size_t size)
{
    static const char magic[8] = ARTEFACT_MAGIC;

    for (size_t at = 0; at + sizeof(magic) < size; at++)
        if (memcmp(bytes + at, magic, sizeof(magic)) == 0)
            return at + offsetof(struct artefact_ident, checksum);
    must(false, "the identity of an artefact");
    return 0;
}

/* Flips bits of each step-th byte. sealed: the checksum is made to fit. */
static void flip_all(struct world *w, uint8_t *copy, uint8_t bits, uint32_t step, bool sealed)
{
    const size_t size = w->file.bytes.size, hole = find_hole(w->file.bytes.data, size);
    uint32_t refused = 0, right = 0, other = 0;

    for (size_t at = 0; at < size; at += step) {
        memcpy(copy, w->file.bytes.data, size);
        copy[at] ^= bits;
        if (sealed)
            seal(copy, size, hole);
        struct outcome o = run(w->engine, copy, size);
        refused += o.module != ST_OK;
        right += o.module == ST_OK && o.right == LENGTH_OF(calls);
        other += o.module == ST_OK && o.right != LENGTH_OF(calls);
    }
    if (sealed)
        tap_ok(refused != 0 && right != 0,
               "flip %02x with a good checksum: %u refused, %u run as before, %u otherwise", bits,
               refused, right, other);
    else
        tap_ok(right + other == 0, "flip %02x: all %u are refused", bits, refused);
}

static void test_whole(struct world *w)
{
    struct outcome o = run(w->engine, w->file.bytes.data, w->file.bytes.size);

    tap_ok(o.module == ST_OK && o.is_compiled && o.right == LENGTH_OF(calls),
           "an artefact runs: %u of %zu calls are right %s", o.right, LENGTH_OF(calls), o.dg.text);
}

static void test_cut(struct world *w)
{
    uint32_t accepted = 0;

    for (size_t size = 4; size < w->file.bytes.size; size += 97)
        accepted += run(w->engine, w->file.bytes.data, size).module == ST_OK;
    tap_ok(accepted == 0, "an artefact cut short is refused, wherever");
}

static void test_another_version(struct world *w, uint8_t *copy)
{
    const size_t size = w->file.bytes.size, hole = find_hole(w->file.bytes.data, size);

    memcpy(copy, w->file.bytes.data, size);
    copy[hole - offsetof(struct artefact_ident, checksum) +
         offsetof(struct artefact_ident, version)]++;
    seal(copy, size, hole);
    struct outcome o = run(w->engine, copy, size);
    tap_ok(o.module == ST_MALFORMED && strstr(o.dg.text, "version") != NULL, "another version: %s",
           o.dg.text);
}

int main(void)
{
    struct world w = {0};
    pthread_t thread;

    if (native_tier() == NULL) {
        printf("1..0 # SKIP there is no compiler for this processor\n");
        return 0;
    }
    open_world(&w);
    uint8_t *copy = mem_alloc(w.file.bytes.size, 1);
    must(copy != NULL, "memory");
    must(pthread_create(&thread, NULL, interrupt_now_and_then, NULL) == 0, "thread");
    test_whole(&w);
    test_cut(&w);
    test_another_version(&w, copy);
    flip_all(&w, copy, 0x01, 1, false);
    flip_all(&w, copy, 0xff, 1, true);
    flip_all(&w, copy, 0x01, 1, true);
    flip_all(&w, copy, 0x10, 3, true);
    is_over = true;
    pthread_join(thread, NULL);
    mem_free(copy);
    arena_free(&w.file.arena);
    rt_engine_free(w.engine);
    return tap_done();
}
