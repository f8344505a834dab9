/* test_fault: the host refuses the first, second, third... allocation of a whole run, until the
 * run passes. Every refusal must be a status with a message, and leave nothing behind (the asan
 * build looks). SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "base/mem.h"
#include "shield/interp/interp.h"
#include "shield/runtime/bulk.h"

enum { RUNS_MAX = 5000 };

static const char everything_wat[] =
    "(module"
    "(type $node (sub (struct (field i32) (field (ref null $node)))))"
    "(type $leaf (sub $node (struct (field i32) (field (ref null $node)) (field f64))))"
    "(type $refs (array (mut (ref null $node)))) (type $bytes (array i8))"
    "(import \"host\" \"f\" (func $host (param i32) (result i32)))"
    "(import \"host\" \"m\" (memory $shared 1 2 shared))"
    "(memory $own 1 4) (memory i64 0 4)"
    "(table $t 3 100 funcref) (table $nodes 2 (ref null $node) (struct.new_default $node))"
    "(tag $tag (param i32 (ref null $node)))"
    "(global $g (ref $node) (struct.new $node (i32.const 1) (struct.new_default $leaf)))"
    "(global $list (ref $refs) (array.new_fixed $refs 2 (global.get $g) (ref.null $node)))"
    "(elem (i32.const 0) $f $host) (elem $kept (ref null $node) (global.get $g)"
    "  (struct.new_default $node))"
    "(data (memory $own) (i32.const 8) \"hello\") (data $later \"xyz\")"
    "(func $f (export \"f\") (param i32) (result i32) (local $kept (ref null $node))"
    "  (local.set $kept (struct.new $node (i32.const 5) (struct.new_default $leaf)))"
    "  (array.set $refs (global.get $list) (i32.const 1) (local.get $kept))"
    "  (drop (array.new_data $bytes $later (i32.const 0) (i32.const 3)))"
    "  (drop (memory.grow $own (i32.const 1)))"
    "  (drop (table.grow $t (ref.null func) (i32.const 5)))"
    "  (block $caught (result i32 (ref null $node))"
    "    (try_table (catch $tag $caught) (throw $tag (local.get 0) (local.get $kept)))"
    "    (unreachable))"
    "  (drop)"
    "  (call $host))"
    "(start $s) (func $s)"
    "(@custom \"other\" \"bytes\"))";

/* What one run needs, so that its end can release it wherever it stopped. */
struct run {
    struct rt_engine *engine;
    struct rt_store *store, *other;
    struct rt_module *module;
    bool started, called, freed_env;
};

static enum status answer(void *env, struct rt_caller *caller, const union rt_value *args,
                          union rt_value *results)
{
    (void)env, (void)caller;
    results[0] = args[0];
    return ST_OK;
}

static void env_freed(void *env)
{
    ((struct run *)env)->freed_env = true;
}

static enum status make_imports(struct run *r, struct rt_extern *imports, struct diag *dg)
{
    const struct wm_valtype i32 = WM_TYPE(I32);
    const struct wm_memory shared = {
        .limits = {.min = 1, .max = 2, .has_max = true},
          .is_shared = true, .page_log2 = 16
    };
    uint32_t type_id = 0;

    TRY(rt_registry_add_func(r->engine->types, &i32, 1, &i32, 1, &type_id, dg));
    imports[0].kind = WM_EXTERN_FUNC;
    TRY(rt_func_new(r->store, type_id, answer, r, env_freed, &imports[0].func, dg));
    imports[1].kind = WM_EXTERN_MEMORY;
    return rt_memory_new(r->other, &shared, &imports[1].memory, dg);
}

/* Objects, roots, handles, growth, a trap with a frame: whatever allocates while code runs. */
static enum status live(struct run *r, struct rt_instance *i)
{
    struct rt_store *s = r->store;
    const struct rt_type *refs = rt_registry_type(r->engine->types, r->module->type_ids[2]);
    uint64_t ref = RT_NULL;
    uint32_t handle = 0;

    TRY(rt_array_new_elem(i, refs, 1, 0, 2, &ref));
    TRY(rt_root_push(s, &ref));
    enum status st = rt_handle_new(s, ref, &handle);
    if (st == ST_OK)
        st = rt_array_new(s, refs, 2000000, &ref); /* more of the heap is committed */
    rt_root_pop(s, 1);
    rt_handle_free(s, handle);
    TRY(st);
    const union rt_value thrown[2] = {{.i32 = 1}, {.ref = RT_NULL}};
    TRY(rt_exception_new(s, i->tags[0], thrown, &ref));
    TRY(rt_host_ref_new(s, r, NULL, &ref));
    (void)rt_memory_grow(i->memories[1], 2); /* may refuse */
    (void)rt_memory_grow(i->memories[2], 1);
    (void)rt_table_grow(i->tables[0], 50, RT_NULL);
    st = rt_memory_fill(s, i->memories[1], 1 << 30, 0, 1);
    if (st != ST_TRAP)
        return st;
    rt_trap_add_frame(s->trap, r->module, 1, 0);
    struct str name = rt_module_func_name(r->module, 1);
    return name.size <= 1 ? ST_OK : ST_INVALID;
}

static enum status run_body(struct run *r, struct str bytes, struct diag *dg)
{
    const struct rt_config config = {
        .features = wm_features_all(), .module_arena_bytes_max = 64 << 20, .tier = interp_tier()};
    struct rt_limits limits = rt_limits_default();
    struct rt_extern imports[2], export;
    struct rt_instance *i = NULL;
    union rt_value value = {.i32 = 42};

    r->engine = rt_engine_new(&config);
    if (r->engine == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no memory for an engine");
    TRY(rt_module_new(r->engine, (const uint8_t *)bytes.text, bytes.size, &r->module, dg));
    TRY(rt_store_new(r->engine, &limits, &r->store, dg));
    TRY(rt_store_new(r->engine, &limits, &r->other, dg));
    TRY(make_imports(r, imports, dg));
    uint64_t owned_bytes = r->store->memory_budget->used_bytes;
    enum status st = rt_instance_new(r->store, r->module, imports, 2, &i, dg);
    if (st != ST_OK && r->store->instances == NULL)
        must(r->store->memory_budget->used_bytes == owned_bytes && r->store->table_elements == 0 &&
                 r->store->instance_count == 0,
             "a refused instance leaves no trace");
    TRY(st);
    r->started = true;
    must(rt_instance_export(i, STR("f"), &export), "export");
    st = rt_call(r->store, export.func, &value, &value);
    if (st == ST_OK)
        st = live(r, i);
    r->called = st == ST_OK && value.i32 == 42;
    if (st != ST_OK)
        *dg = r->store->diag;
    return st;
}

static void run_end(struct run *r)
{
    rt_store_free(r->other);
    rt_store_free(r->store);
    rt_module_free(r->module);
    rt_engine_free(r->engine);
}

int main(void)
{
    struct wm_wat_options options = {.features = wm_features_all(), .write_names = true};
    struct arena arena;
    struct str bytes = {NULL, 0};
    struct diag dg = {0};
    uint32_t refused = 0, silent = 0, wrong = 0;
    bool passed = false;

    arena_init(&arena, 64 << 20);
    must(wm_wat_parse(str_of(everything_wat), &options, &arena, &bytes, NULL, &dg) == ST_OK,
         dg.text);
    for (uint32_t n = 1; n <= RUNS_MAX && !passed; n++) {
        struct run r = {.started = false};
        memset(&dg, 0, sizeof(dg));
        mem_fault_set(n);
        enum status st = run_body(&r, bytes, &dg);
        passed = !mem_fault_hit();
        mem_fault_set(0);
        run_end(&r);
        if (passed) {
            tap_ok(st == ST_OK && r.called && r.freed_env, "run %u meets no refusal and passes: %s",
                   n, dg.text);
        } else if (st != ST_OK) {
            refused++;
            silent += dg.text[0] == '\0';
            wrong += st != ST_NO_MEMORY;
            if (st != ST_NO_MEMORY || dg.text[0] == '\0')
                printf("# allocation %u: %s, %s\n", n, status_text(st), dg.text);
        }
    }
    arena_free(&arena);
    tap_ok(passed, "the loop ends");
    tap_ok(refused > 30, "%u refusals were reported", refused);
    tap_ok(wrong == 0, "%u of them as something else than no memory", wrong);
    tap_ok(silent == 0, "%u of them without a message", silent);
    return tap_done();
}
