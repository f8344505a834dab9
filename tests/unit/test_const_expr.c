/* test_const_expr: the value of a global by its initialiser; objects made in initialisers survive
 * collections; element segments of expressions. SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

/* clang-format off */
static const struct {
    const char *type, *expr;
    uint64_t low, high;
} rows[] = {
    {"i32", "(i32.const -1)", 0xffffffff, 0},
    {"i64", "(i64.const -1)", UINT64_MAX, 0},
    {"f32", "(f32.const 1.5)", 0x3fc00000, 0},
    {"f32", "(f32.const nan:0x200001)", 0x7fa00001, 0},
    {"f64", "(f64.const -0)", UINT64_C(1) << 63, 0},
    {"v128", "(v128.const i64x2 1 2)", 1, 2},
    {"i32", "(i32.add (i32.const 0x7fffffff) (i32.const 1))", 0x80000000, 0},
    {"i32", "(i32.sub (i32.const 0) (i32.const 1))", 0xffffffff, 0},
    {"i32", "(i32.mul (i32.const 0x10000) (i32.const 0x10001))", 0x10000, 0},
    {"i64", "(i64.sub (i64.mul (i64.const 5) (i64.const -3)) (i64.const 1))", (uint64_t)-16, 0},
    {"i64", "(i64.add (i64.const 0xffffffff) (i64.const 1))", UINT64_C(0x100000000), 0},
    {"i32", "(i32.add (global.get $seven) (global.get $host))", 107, 0},
    {"funcref", "(ref.null func)", 0, 0},
    {"externref", "(ref.null extern)", 0, 0},
    {"anyref", "(ref.i31 (i32.const -1))", 0xffffffff, 0},
    {"i31ref", "(ref.i31 (i32.const 5))", 11, 0},
    {"externref", "(extern.convert_any (ref.i31 (i32.const 3)))", 7, 0},
    {"anyref", "(any.convert_extern (extern.convert_any (ref.i31 (i32.const 3))))", 7, 0},
};
/* clang-format on */

static void test_rows(void)
{
    struct fixture f = fixture_open(rt_limits_default());
    struct rt_extern import = {.kind = WM_EXTERN_GLOBAL};
    char wat[512];

    must(rt_global_new(f.store, WM_TYPE(I32), false, (union rt_value){.i32 = 100}, &import.global,
                       NULL) == ST_OK,
         "global");
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        struct rt_instance *instance = NULL;
        struct diag dg = {0};
        snprintf(wat, sizeof(wat),
                 "(import \"host\" \"g\" (global $host i32)) (global $seven i32 (i32.const 7)) "
                 "(global $it %s %s)",
                 rows[i].type, rows[i].expr);
        struct rt_module *m = fixture_module(&f, wat);
        enum status st = rt_instance_new(f.store, m, &import, 1, &instance, &dg);
        union rt_value got = {
            .u64 = {0, 0}
        };
        if (st == ST_OK)
            got = instance->globals[2]->cell[0];
        tap_ok(st == ST_OK && got.u64[0] == rows[i].low && got.u64[1] == rows[i].high,
               "%s: 0x%llx 0x%llx %s", rows[i].expr, (unsigned long long)got.u64[0],
               (unsigned long long)got.u64[1], dg.text);
        rt_module_free(m);
    }
    fixture_close(&f);
}

static const char objects_wat[] =
    "(type $p (struct (field i8) (field f64) (field (ref null $p))))"
    "(type $a (array (mut i16)))"
    "(type $r (array (ref null $p)))"
    "(global $one (ref $p) (struct.new $p (i32.const 0x1ff) (f64.const 2) (ref.null $p)))"
    "(global $two (ref $p) (struct.new $p (i32.const 3) (f64.const 4) (global.get $one)))"
    "(global $default (ref $p) (struct.new_default $p))"
    "(global $filled (ref $a) (array.new $a (i32.const 0x18000) (i32.const 5)))"
    "(global $zeros (ref $a) (array.new_default $a (i32.const 4)))"
    "(global $fixed (ref $a) (array.new_fixed $a 3 (i32.const 1) (i32.const 2) (i32.const 3)))"
    "(global $empty (ref $a) (array.new_fixed $a 0))"
    "(global $nested (ref $r) (array.new_fixed $r 3 (global.get $two)"
    "  (struct.new $p (i32.const 9) (f64.const 1) (struct.new_default $p)) (ref.null $p)))";

static uint32_t field_u(struct fixture *f, uint64_t ref, uint32_t at)
{
    struct rt_object *o = rt_object_of(f->store, ref);
    const struct rt_type *type = rt_registry_type(f->engine->types, o->type_id);
    bool is_array = o->kind == RT_OBJECT_ARRAY;
    const struct rt_field_layout *layout = &type->fields[is_array ? 0 : at];
    uint32_t offset = is_array ? at << layout->size_log2 : layout->offset;
    return rt_field_get(o->payload + offset, layout, false).i32;
}

static uint64_t field_ref(struct fixture *f, uint64_t ref, uint32_t at)
{
    struct rt_object *o = rt_object_of(f->store, ref);
    uint64_t got;

    memcpy(&got, o->payload + (o->kind == RT_OBJECT_ARRAY ? at * 8 : 16), sizeof(got));
    return got;
}

static void test_objects(void)
{
    struct fixture f = fixture_open(rt_limits_default());
    struct rt_module *m = fixture_module(&f, objects_wat);
    struct rt_instance *i = NULL;
    struct diag dg = {0};

    enum status st = rt_instance_new(f.store, m, NULL, 0, &i, &dg);
    must(st == ST_OK, dg.text);
    rt_gc_collect(f.store);
    uint64_t g[8];
    for (uint32_t k = 0; k < 8; k++)
        g[k] = i->globals[k]->cell[0].ref;
    tap_ok(rt_gc_stats(f.store).objects == 10, "10 objects, have %u",
           (unsigned)rt_gc_stats(f.store).objects);
    tap_ok(field_u(&f, g[0], 0) == 0xff && field_ref(&f, g[0], 0) == RT_NULL, "struct.new packs");
    tap_ok(field_u(&f, g[1], 0) == 3 && field_ref(&f, g[1], 0) == g[0], "global.get of an object");
    tap_ok(field_u(&f, g[2], 0) == 0 && field_ref(&f, g[2], 0) == RT_NULL, "struct.new_default");
    tap_ok(rt_object_of(f.store, g[3])->length == 5 && field_u(&f, g[3], 4) == 0x8000, "array.new");
    tap_ok(rt_object_of(f.store, g[4])->length == 4 && field_u(&f, g[4], 3) == 0, "default array");
    tap_ok(field_u(&f, g[5], 0) == 1 && field_u(&f, g[5], 2) == 3, "array.new_fixed in order");
    tap_ok(rt_object_of(f.store, g[6])->length == 0, "array.new_fixed of nothing");
    uint64_t inner = field_ref(&f, g[7], 1);
    tap_ok(field_ref(&f, g[7], 0) == g[1] && field_u(&f, inner, 0) == 9 &&
               field_ref(&f, inner, 0) != RT_NULL && field_ref(&f, g[7], 2) == RT_NULL,
           "objects nested in one expression");
    rt_module_free(m);
    fixture_close(&f);
}

/* A heap so small that every expression collects: operands that lie on the stack must live. */
static void test_operands_are_roots(void)
{
    struct rt_limits limits = rt_limits_default();
    limits.gc_heap_bytes = 192;
    struct fixture f = fixture_open(limits);
    struct rt_module *m = fixture_module(
        &f, "(type $p (struct (field i32) (field (ref null $p))))"
            "(global $g (ref null $p) (struct.new $p (i32.const 1) (struct.new $p (i32.const 2)"
            "  (struct.new $p (i32.const 3) (ref.null $p)))))");
    struct rt_instance *i = NULL;
    struct diag dg = {0};
    uint64_t garbage = RT_NULL;

    for (uint32_t k = 0; k < 3; k++)
        must(rt_struct_new(f.store, f.types[TYPE_NODE], &garbage) == ST_OK, "garbage");
    enum status st = rt_instance_new(f.store, m, NULL, 0, &i, &dg);
    must(st == ST_OK, dg.text);
    uint64_t second = 0, third = 0;
    memcpy(&second, rt_object_of(f.store, i->globals[0]->cell[0].ref)->payload + 8, 8);
    memcpy(&third, rt_object_of(f.store, second)->payload + 8, 8);
    tap_ok(rt_object_of(f.store, third)->payload[0] == 3 && rt_gc_stats(f.store).collections != 0,
           "three objects of one expression live through %u collections",
           (unsigned)rt_gc_stats(f.store).collections);
    st = rt_instance_new(f.store, m, NULL, 0, &i, &dg);
    tap_ok(st == ST_LIMIT && strstr(dg.text, "gc_heap_bytes") != NULL &&
               strstr(dg.text, "in the constant expression at 0x") != NULL,
           "a second one does not fit: %s", dg.text);
    tap_ok(f.store->instance_count == 1, "and leaves no trace");
    rt_module_free(m);
    fixture_close(&f);
}

static void test_segments(void)
{
    struct fixture f = fixture_open(rt_limits_default());
    struct rt_module *m = fixture_module(
        &f, "(func $f) (func $g) (global $one i32 (i32.const 1))"
            "(table $t 4 funcref) (table $u i64 3 3 (ref null i31) (ref.i31 (i32.const 8)))"
            "(elem (table $t) (offset (global.get $one)) func $f $g)"
            "(elem (table $u) (offset (i64.const 2)) (ref null i31) (item (ref.i31 (i32.const 5))))"
            "(elem $passive funcref (ref.func $g) (ref.null func))"
            "(elem declare func $f)"
            "(memory 1) (data (offset (i32.add (global.get $one) (i32.const 2))) \"abc\")"
            "(data $kept \"xyz\")");
    struct rt_instance *i = NULL;
    struct diag dg = {0};

    must(rt_instance_new(f.store, m, NULL, 0, &i, &dg) == ST_OK, dg.text);
    const uint64_t *t = i->tables[0]->elements, *u = i->tables[1]->elements;
    uint64_t fn = (uint64_t)(uintptr_t)i->funcs[0], gn = (uint64_t)(uintptr_t)i->funcs[1];
    tap_ok(t[0] == 0 && t[1] == fn && t[2] == gn && t[3] == 0, "active elements at a global");
    tap_ok(u[0] == rt_i31(8) && u[1] == rt_i31(8) && u[2] == rt_i31(5), "initialised table64");
    tap_ok(i->elems[2].count == 2 && i->elems[2].items[0] == gn && i->elems[2].items[1] == 0,
           "a passive segment waits");
    tap_ok(i->elems[0].count == 0 && i->elems[3].count == 0, "active and declared ones are gone");
    tap_ok(memcmp(i->memories[0]->base + 2, "\0abc", 5) == 0, "active data");
    tap_ok(i->datas[0].size == 0 && i->datas[1].size == 3, "passive data waits");
    rt_module_free(m);
    fixture_close(&f);
}

/* clang-format off */
static const struct {
    const char *name, *wat, *message;
    enum status status;
    uint64_t instances; /* that stay */
} ends[] = {
    {"data behind the end", "(memory 1) (data (i32.const 65534) \"abc\")",
     "out of bounds memory access; in data segment #0", ST_TRAP, 1},
    {"empty data behind the end", "(memory 1) (data (i32.const 65537) \"\")",
     "out of bounds memory access; in data segment #0", ST_TRAP, 1},
    {"empty data at the end", "(memory 1) (data (i32.const 65536) \"\")", "", ST_OK, 1},
    {"elements behind the end", "(func $f) (table 1 funcref) (elem (i32.const 1) $f)",
     "out of bounds table access; in element segment #0", ST_TRAP, 1},
    {"negative offset", "(memory 1) (data (i32.const -1) \"a\")",
     "out of bounds memory access; in data segment #0", ST_TRAP, 1},
    {"memory beyond the limit",
     "(memory 65536) (memory 65536) (memory 65536) (memory 65536) "
     "(memory 1)",
     "memory_bytes allows 17179869184, 17179934720 needed (bytes of linear memory, all memories "
     "together); --max-memory raises it; in memory #4",
     ST_LIMIT, 0},
    {"table beyond the limit", "(table 100000000 funcref) (table 1 funcref)",
     "table_elements allows 100000000, 100000001 needed (elements, all tables together); "
     "--max-table raises it; in table #1",
     ST_LIMIT, 0},
};
/* clang-format on */

static void test_ends(void)
{
    for (uint32_t k = 0; k < LENGTH_OF(ends); k++) {
        struct fixture f = fixture_open(rt_limits_default());
        struct rt_module *m = fixture_module(&f, ends[k].wat);
        struct rt_instance *i = NULL;
        struct diag dg = {0};
        enum status st = rt_instance_new(f.store, m, NULL, 0, &i, &dg);
        tap_ok(st == ends[k].status && strcmp(dg.text, ends[k].message) == 0 &&
                   f.store->instance_count == ends[k].instances,
               "%s: %s, %s", ends[k].name, status_text(st), dg.text);
        tap_ok(ends[k].instances != 0 ||
                   (f.store->memory_budget->used_bytes == 0 && f.store->table_elements == 0),
               "%s: nothing stays charged", ends[k].name);
        rt_module_free(m);
        fixture_close(&f);
    }
}

static void test_instances_limit(void)
{
    struct rt_limits limits = rt_limits_default();
    limits.instances = 3;
    struct fixture f = fixture_open(limits);
    struct rt_module *m = fixture_module(&f, "(module)");
    struct rt_instance *i = NULL;
    struct diag dg = {0};
    uint32_t made = 0;

    while (made < 10 && rt_instance_new(f.store, m, NULL, 0, &i, &dg) == ST_OK)
        made++;
    tap_ok(made == 3 &&
               strcmp(dg.text, "instances allows 3, 4 needed (instances in one store); "
                               "--max-instances raises it") == 0,
           "%u instances: %s", made, dg.text);
    rt_module_free(m);
    fixture_close(&f);
}

int main(void)
{
    test_rows();
    test_objects();
    test_operands_are_roots();
    test_segments();
    test_ends();
    test_instances_limit();
    return tap_done();
}
