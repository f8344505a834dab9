/* test_gc_guest: guest programs that live off the GC heap, run once as usual and once with a
 * collection before every allocation: a root that anybody forgets is then gone at once.
 * SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "shield/interp/interp.h"

enum { MAKE_FUNC = 2 }; /* $node, behind the two imports */

static const char prelude[] =
    "(type $tree (sub (struct (field (ref null $tree)) (field (ref null $tree)) (field i32))))"
    "(type $big (sub $tree (struct (field (ref null $tree)) (field (ref null $tree)) (field i32)"
    "  (field v128) (field i8))))"
    "(type $list (array (mut (ref null $tree)))) (type $text (array (mut i16)))"
    "(type $make (func (param i32) (result (ref $tree))))"
    "(import \"h\" \"make\" (func $host (param i32) (result anyref)))"
    "(import \"h\" \"keep\" (func $keep (param anyref i32) (result anyref)))"
    "(tag $found (param i32 (ref null $tree) anyref))"
    "(global $kept (mut (ref null $list)) (ref.null $list))"
    "(table $slots 8 anyref)"
    "(table $calls 2 (ref null $make)) (elem (table $calls) (i32.const 0) (ref null $make)"
    "  (ref.func $node) (ref.func $large))"
    "(data $letters \"abcdefgh\")"
    /* A tree of depth n; its two halves are operands while the node is made. */
    "(func $node (type $make) (if (result (ref $tree)) (i32.eqz (local.get 0))"
    "  (then (struct.new $tree (ref.null $tree) (ref.null $tree) (i32.const 1)))"
    "  (else (struct.new $tree (call $node (i32.sub (local.get 0) (i32.const 1)))"
    "    (call $large (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))))"
    "(func $large (type $make) (if (result (ref $tree)) (i32.eqz (local.get 0))"
    "  (then (struct.new_default $big))"
    "  (else (struct.new $big (call $node (i32.sub (local.get 0) (i32.const 1)))"
    "    (call $node (i32.sub (local.get 0) (i32.const 1))) (i32.const 2)"
    "    (v128.const i64x2 3 4) (i32.const 5)))))"
    "(func $sum (param (ref null $tree)) (result i32)"
    "  (if (result i32) (ref.is_null (local.get 0)) (then (i32.const 0)) (else"
    "    (i32.add (struct.get $tree 2 (local.get 0))"
    "      (i32.add (call $sum (struct.get $tree 0 (local.get 0)))"
    "        (call $sum (struct.get $tree 1 (local.get 0))))))))";

/* Nodes of $node n count 1 and have a $node and a $large below; those of $large count 2 and have
 * two $node: with S(0) = 1, L(0) = 0, S(n) = 1 + S(n-1) + L(n-1) and L(n) = 2 + 2 S(n-1). */
/* clang-format off */
static const struct {
    const char *name, *function; /* exported as "f" */
    uint32_t argument, result;
} rows[] = {
    {"one node", "(func (export \"f\") (param i32) (result i32)"
     "  (call $sum (call $node (local.get 0))))", 0, 1},
    {"a tree", "(func (export \"f\") (param i32) (result i32)"
     "  (call $sum (call $node (local.get 0))))", 8, 511},
    {"a global array, filled by calls through a table",
     "(func (export \"f\") (param $n i32) (result i32) (local $i i32) (local $sum i32)"
     "  (global.set $kept (array.new $list (ref.null $tree) (local.get $n)))"
     "  (loop $fill"
     "    (array.set $list (global.get $kept) (local.get $i)"
     "      (call_indirect $calls (type $make) (i32.and (local.get $i) (i32.const 3))"
     "        (i32.and (local.get $i) (i32.const 1))))"
     "    (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))"
     "      (local.get $n))))"
     "  (array.copy $list $list (global.get $kept) (i32.const 1) (global.get $kept) (i32.const 0)"
     "    (i32.sub (local.get $n) (i32.const 1)))"
     "  (loop $add (local.set $i (i32.sub (local.get $i) (i32.const 1)))"
     "    (local.set $sum (i32.add (local.get $sum)"
     "      (call $sum (array.get $list (global.get $kept) (local.get $i)))))"
     "    (br_if $add (local.get $i)))"
     "  (local.get $sum))", 41, 281}, /* 1 + 10 * (S(0) + L(1) + S(2) + L(3)) */
    {"objects that only an exception holds, caught and thrown again",
     "(func $thrower (param i32)"
     "  (if (local.get 0) (then (call $thrower (i32.sub (local.get 0) (i32.const 1))))"
     "    (else (throw $found (i32.const 40) (call $node (i32.const 3))"
     "      (array.new_data $text $letters (i32.const 0) (i32.const 4))))))"
     "(func (export \"f\") (param i32) (result i32)"
     "  (local $tree (ref null $tree)) (local $text anyref) (local $e exnref)"
     "  (block $h (result i32 (ref null $tree) anyref exnref)"
     "    (try_table (catch_ref $found $h) (call $thrower (local.get 0))) (unreachable))"
     "  (local.set $e)"
     "  (drop (call $node (i32.const 4)))"
     "  (local.set $text) (local.set $tree)"
     "  (block $again (result i32 (ref null $tree) anyref)"
     "    (try_table (catch $found $again) (throw_ref (local.get $e))) (unreachable))"
     "  (drop) (drop)"
     "  (i32.add) (i32.add (call $sum (local.get $tree)))"
     "  (i32.add (array.get_u $text (ref.cast (ref $text) (local.get $text)) (i32.const 1))))",
     5, 25793}, /* 40 + 40 + S(3) + "cd" */
    {"a table of objects and i31, told apart by casts",
     "(func (export \"f\") (param $n i32) (result i32) (local $i i32) (local $sum i32)"
     "  (loop $fill"
     "    (table.set $slots (i32.and (local.get $i) (i32.const 7))"
     "      (if (result anyref) (i32.and (local.get $i) (i32.const 1))"
     "        (then (ref.i31 (local.get $i)))"
     "        (else (call_ref $make (i32.const 2) (ref.func $large)))))"
     "    (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))"
     "      (local.get $n))))"
     "  (local.set $i (i32.const 8))"
     "  (loop $add (local.set $i (i32.sub (local.get $i) (i32.const 1)))"
     "    (local.set $sum (i32.add (local.get $sum)"
     "      (block $done (result i32)"
     "        (block $tree (result (ref $tree))"
     "          (br_on_cast $tree anyref (ref $tree) (table.get $slots (local.get $i)))"
     "          (br $done (i31.get_u (ref.cast i31ref))))"
     "        (call $sum))))"
     "    (br_if $add (local.get $i)))"
     "  (local.get $sum))", 24, 104},
    {"what a host function made, kept on the operand stack while more is made",
     "(func (export \"f\") (param i32) (result i32)"
     "  (call $host (local.get 0)) (call $host (i32.const 1)) (drop (call $node (i32.const 3)))"
     "  (drop) (call $sum (ref.cast (ref $tree))))", 4, 31},
    {"arguments of a host function that makes more",
     "(func (export \"f\") (param i32) (result i32)"
     "  (call $sum (ref.cast (ref $tree) (call $keep (call $node (local.get 0)) (i32.const 7)))))",
     3, 14},
};
/* clang-format on */

struct world {
    struct fixture f;
    struct rt_module *module;
    struct rt_instance *i;
};

/* The host makes a tree by calling back, so that C holds references meanwhile. */
static enum status make_tree(void *env, struct rt_caller *caller, const union rt_value *args,
                             union rt_value *results)
{
    struct world *w = env;
    struct rt_store *s = caller->store;
    const struct rt_type *tree = rt_registry_type(s->engine->types, w->module->type_ids[0]);
    union rt_value half = {.ref = RT_NULL};
    uint64_t ref = RT_NULL;

    TRY(rt_root_push(s, &half.ref));
    enum status st = rt_call(s, w->i->funcs[MAKE_FUNC], args, &half);
    if (st == ST_OK)
        st = rt_struct_new(s, tree, &ref);
    rt_root_pop(s, 1);
    TRY(st);
    uint8_t *payload = rt_object_of(s, ref)->payload;
    rt_field_set(payload, &tree->fields[0], half);
    results[0] = (union rt_value){
        .u64 = {ref, 0}
    };
    return ST_OK;
}

/* Gives its first argument back, after much has been made. */
static enum status keep(void *env, struct rt_caller *caller, const union rt_value *args,
                        union rt_value *results)
{
    union rt_value made;

    TRY(make_tree(env, caller, &args[1], &made));
    results[0] = args[0];
    return ST_OK;
}

static void world_open(struct world *w, const char *function, bool gc_stress)
{
    const struct wm_valtype any = ANYREF, i32 = WM_TYPE(I32), kept[2] = {any, i32};
    const struct rt_config config = {.tier = interp_tier(), .gc_stress = gc_stress};
    struct rt_extern imports[2] = {{.kind = WM_EXTERN_FUNC}, {.kind = WM_EXTERN_FUNC}};
    struct diag dg = {0};
    char wat[8192];
    uint32_t id = 0;

    snprintf(wat, sizeof(wat), "%s%s", prelude, function);
    w->f = fixture_open_config(rt_limits_default(), config);
    w->module = fixture_module(&w->f, wat);
    must(rt_registry_add_func(w->f.engine->types, &i32, 1, &any, 1, &id, &dg) == ST_OK, dg.text);
    must(rt_func_new(w->f.store, id, make_tree, w, NULL, &imports[0].func, &dg) == ST_OK, dg.text);
    must(rt_registry_add_func(w->f.engine->types, kept, 2, &any, 1, &id, &dg) == ST_OK, dg.text);
    must(rt_func_new(w->f.store, id, keep, w, NULL, &imports[1].func, &dg) == ST_OK, dg.text);
    must(rt_instance_new(w->f.store, w->module, imports, 2, &w->i, &dg) == ST_OK, dg.text);
}

int main(void)
{
    for (uint32_t i = 0; i < 2 * LENGTH_OF(rows); i++) {
        const uint32_t row = i / 2;
        const bool gc_stress = i % 2 != 0;
        union rt_value value = {.i32 = rows[row].argument};
        struct rt_extern e;
        struct world w;

        world_open(&w, rows[row].function, gc_stress);
        must(rt_instance_export(w.i, STR("f"), &e), "export");
        enum status st = rt_call(w.f.store, e.func, &value, &value);
        struct rt_gc_stats stats = rt_gc_stats(w.f.store);
        tap_ok(st == ST_OK && value.i32 == rows[row].result &&
                   (stats.collections != 0) == gc_stress,
               "%s: %s %s, %u, %u collections", rows[row].name, status_text(st),
               trap_taken(w.f.store), value.i32, (unsigned)stats.collections);
        rt_module_free(w.module);
        fixture_close(&w.f);
    }
    return tap_done();
}
