/* test_link: import matching. Every row is a module that exports something as "x" and a module
 * that imports it as "m"."x"; the message names both types. SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

/* clang-format off */
static const struct {
    const char *name, *exporter, *importer;
    const char *message; /* NULL: links */
} rows[] = {
    {"func", "(func (export \"x\") (param i32))", "(import \"m\" \"x\" (func (param i32)))", NULL},
    {"func of other type", "(func (export \"x\") (param i64) (result f32) (f32.const 0))",
     "(import \"m\" \"x\" (func (param i32)))",
     "incompatible import type: \"m\".\"x\": expected func (param i32), found func (param i64) "
     "(result f32)"},
    {"func for memory", "(func (export \"x\"))", "(import \"m\" \"x\" (memory 1))",
     "incompatible import type: \"m\".\"x\": expected memory 1, found func"},
    {"func subtype",
     "(type $s (sub (func (result anyref)))) (type $t (sub $s (func (result eqref)))) "
     "(func (export \"x\") (type $t) (ref.null eq))",
     "(type $s (sub (func (result anyref)))) (import \"m\" \"x\" (func (type $s)))", NULL},
    {"func supertype", "(type $s (sub (func))) (func (export \"x\") (type $s))",
     "(type $s (sub (func))) (type $t (sub $s (func))) (import \"m\" \"x\" (func (type $t)))",
     "incompatible import type: \"m\".\"x\": expected func, found func of another recursion group, "
     "supertype or finality"},
    {"global", "(global (export \"x\") i32 (i32.const 1))", "(import \"m\" \"x\" (global i32))",
     NULL},
    {"global mutable for immutable", "(global (export \"x\") (mut i32) (i32.const 1))",
     "(import \"m\" \"x\" (global i32))",
     "incompatible import type: \"m\".\"x\": expected global i32, found global (mut i32)"},
    {"global immutable for mutable", "(global (export \"x\") i32 (i32.const 1))",
     "(import \"m\" \"x\" (global (mut i32)))",
     "incompatible import type: \"m\".\"x\": expected global (mut i32), found global i32"},
    {"global of a subtype", "(global (export \"x\") i31ref (ref.null i31))",
     "(import \"m\" \"x\" (global anyref))", NULL},
    {"global of a supertype", "(global (export \"x\") anyref (ref.null any))",
     "(import \"m\" \"x\" (global i31ref))",
     "incompatible import type: \"m\".\"x\": expected global i31ref, found global anyref"},
    {"mutable global of a subtype", "(global (export \"x\") (mut i31ref) (ref.null i31))",
     "(import \"m\" \"x\" (global (mut anyref)))",
     "incompatible import type: \"m\".\"x\": expected global (mut anyref), found global (mut "
     "i31ref)"},
    {"global i64", "(global (export \"x\") i64 (i64.const 1))", "(import \"m\" \"x\" (global i32))",
     "incompatible import type: \"m\".\"x\": expected global i32, found global i64"},
    {"table", "(table (export \"x\") 3 5 funcref)", "(import \"m\" \"x\" (table 2 6 funcref))",
     NULL},
    {"table too small", "(table (export \"x\") 1 5 funcref)",
     "(import \"m\" \"x\" (table 2 6 funcref))",
     "incompatible import type: \"m\".\"x\": expected table 2 6 funcref, found table 1 5 funcref"},
    {"table max too large", "(table (export \"x\") 2 7 funcref)",
     "(import \"m\" \"x\" (table 2 6 funcref))",
     "incompatible import type: \"m\".\"x\": expected table 2 6 funcref, found table 2 7 funcref"},
    {"table without max", "(table (export \"x\") 2 funcref)",
     "(import \"m\" \"x\" (table 2 6 funcref))",
     "incompatible import type: \"m\".\"x\": expected table 2 6 funcref, found table 2 funcref"},
    {"table of other elements", "(table (export \"x\") 2 externref)",
     "(import \"m\" \"x\" (table 2 funcref))",
     "incompatible import type: \"m\".\"x\": expected table 2 funcref, found table 2 externref"},
    {"table of a subtype", "(table (export \"x\") 2 i31ref)",
     "(import \"m\" \"x\" (table 2 anyref))",
     "incompatible import type: \"m\".\"x\": expected table 2 anyref, found table 2 i31ref"},
    {"table64", "(table (export \"x\") i64 2 funcref)", "(import \"m\" \"x\" (table 2 funcref))",
     "incompatible import type: \"m\".\"x\": expected table 2 funcref, found table i64 2 funcref"},
    {"memory", "(memory (export \"x\") 1 2)", "(import \"m\" \"x\" (memory 1 2))", NULL},
    {"memory, any max", "(memory (export \"x\") 1 2)", "(import \"m\" \"x\" (memory 0))", NULL},
    {"memory too small", "(memory (export \"x\") 0)", "(import \"m\" \"x\" (memory 1))",
     "incompatible import type: \"m\".\"x\": expected memory 1, found memory 0"},
    {"memory without max", "(memory (export \"x\") 1)", "(import \"m\" \"x\" (memory 1 2))",
     "incompatible import type: \"m\".\"x\": expected memory 1 2, found memory 1"},
    {"memory64", "(memory (export \"x\") i64 1)", "(import \"m\" \"x\" (memory 1))",
     "incompatible import type: \"m\".\"x\": expected memory 1, found memory i64 1"},
    {"memory shared", "(memory (export \"x\") 1 2 shared)", "(import \"m\" \"x\" (memory 1 2))",
     "incompatible import type: \"m\".\"x\": expected memory 1 2, found memory 1 2 shared"},
    {"memory not shared", "(memory (export \"x\") 1 2)", "(import \"m\" \"x\" (memory 1 2 shared))",
     "incompatible import type: \"m\".\"x\": expected memory 1 2 shared, found memory 1 2"},
    {"memory of small pages", "(memory (export \"x\") 65536 (pagesize 1))",
     "(import \"m\" \"x\" (memory 1))",
     "incompatible import type: \"m\".\"x\": expected memory 1, found memory 65536 (pagesize 1)"},
    {"tag", "(tag (export \"x\") (param i32))", "(import \"m\" \"x\" (tag (param i32)))", NULL},
    {"tag of other type", "(tag (export \"x\") (param i32))", "(import \"m\" \"x\" (tag))",
     "incompatible import type: \"m\".\"x\": expected tag, found tag (param i32)"},
    {"tag of a subtype",
     "(type $s (sub (func))) (type $t (sub $s (func))) (tag (export \"x\") (type $t))",
     "(type $s (sub (func))) (import \"m\" \"x\" (tag (type $s)))",
     "incompatible import type: \"m\".\"x\": expected tag, found tag of another recursion group, "
     "supertype or finality"},
};
/* clang-format on */

static struct rt_instance *instantiate(struct fixture *f, struct rt_module *m)
{
    struct rt_instance *i = NULL;
    struct diag dg = {0};

    must(rt_instance_new(f->store, m, NULL, 0, &i, &dg) == ST_OK, dg.text);
    return i;
}

static void test_rows(void)
{
    struct fixture f = fixture_open(rt_limits_default());

    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        struct rt_module *from = fixture_module(&f, rows[i].exporter);
        struct rt_module *to = fixture_module(&f, rows[i].importer);
        struct rt_extern import;
        struct rt_instance *instance = NULL;
        struct diag dg = {0};

        must(rt_instance_export(instantiate(&f, from), STR("x"), &import), "export");
        uint64_t before = f.store->instance_count;
        enum status st = rt_instance_new(f.store, to, &import, 1, &instance, &dg);
        bool pass = rows[i].message == NULL
                        ? st == ST_OK && f.store->instance_count == before + 1
                        : st == ST_UNLINKABLE && strcmp(dg.text, rows[i].message) == 0 &&
                              f.store->instance_count == before && instance == NULL;
        tap_ok(pass, "%s: %s, %s", rows[i].name, status_text(st), dg.text);
        rt_module_free(from);
        rt_module_free(to);
    }
    fixture_close(&f);
}

static void test_missing(void)
{
    struct fixture f = fixture_open(rt_limits_default());
    struct rt_module *m = fixture_module(
        &f, "(import \"wasi\\n\" \"a-name-that-goes-on-for-more-than-sixty-four-bytes-so-that-it-"
            "must-be-cut\" (func (param i32 i32) (result i64)))");
    struct rt_extern import = {.kind = WM_EXTERN_FUNC, .func = NULL};
    struct rt_instance *i = NULL;
    struct diag dg = {0};

    enum status st = rt_instance_new(f.store, m, &import, 1, &i, &dg);
    tap_ok(st == ST_UNLINKABLE &&
               strcmp(dg.text,
                      "unknown import: \"wasi?\".\"a-name-that-goes-on-for-more-than-sixty-"
                      "four-bytes-so-that-i...\": expected func (param i32 i32) (result "
                      "i64), found nothing") == 0,
           "a missing function: %s", dg.text);
    st = rt_instance_new(f.store, m, NULL, 0, &i, &dg);
    tap_ok(st == ST_UNLINKABLE && strstr(dg.text, "has 1 imports, 0 are given") != NULL,
           "too few imports: %s", dg.text);
    rt_module_free(m);
    fixture_close(&f);
}

/* The size that counts is that at link time, not the declared one. */
static void test_grown(void)
{
    struct fixture f = fixture_open(rt_limits_default());
    struct rt_module *from = fixture_module(&f, "(memory (export \"x\") 0 4)");
    struct rt_module *to = fixture_module(&f, "(import \"m\" \"x\" (memory 2))");
    struct rt_extern import;
    struct rt_instance *i = NULL;

    must(rt_instance_export(instantiate(&f, from), STR("x"), &import), "export");
    tap_ok(rt_instance_new(f.store, to, &import, 1, &i, NULL) == ST_UNLINKABLE, "0 pages for 2");
    must(rt_memory_grow(import.memory, 2) == 0, "grow");
    tap_ok(rt_instance_new(f.store, to, &import, 1, &i, NULL) == ST_OK &&
               i->memories[0] == import.memory,
           "grown to 2 pages it links");
    rt_module_free(from);
    rt_module_free(to);
    fixture_close(&f);
}

static void test_exports(void)
{
    struct fixture f = fixture_open(rt_limits_default());
    struct rt_module *m = fixture_module(
        &f, "(func $f (export \"b\") (export \"\") (export \"aa\")) (memory (export \"a\") 1)"
            "(table (export \"c\") 1 funcref) (global (export \"g\") i32 (i32.const 9))"
            "(tag (export \"t\"))");
    struct rt_instance *i = instantiate(&f, m);
    struct rt_extern e;

    tap_ok(rt_instance_export(i, STR("b"), &e) && e.kind == WM_EXTERN_FUNC && e.func == i->funcs[0],
           "func");
    tap_ok(rt_instance_export(i, STR(""), &e) && e.func == i->funcs[0], "the empty name");
    tap_ok(rt_instance_export(i, STR("aa"), &e) && e.func == i->funcs[0], "a longer name");
    tap_ok(rt_instance_export(i, STR("a"), &e) && e.memory == i->memories[0], "memory");
    tap_ok(rt_instance_export(i, STR("c"), &e) && e.table == i->tables[0], "table");
    tap_ok(rt_instance_export(i, STR("g"), &e) && e.global->cell[0].i32 == 9, "global");
    tap_ok(rt_instance_export(i, STR("t"), &e) && e.tag == i->tags[0], "tag");
    tap_ok(!rt_instance_export(i, STR("aaa"), &e) && !rt_instance_export(i, STR("z"), &e), "none");
    rt_module_free(m);
    fixture_close(&f);
}

int main(void)
{
    test_rows();
    test_missing();
    test_grown();
    test_exports();
    return tap_done();
}
