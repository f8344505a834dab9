/* test_api: what the public API promises when it does not refuse: values, references, positions,
 * backtraces, budgets, stubs, WASI. SPDX-License-Identifier: Apache-2.0 */
#include "api_env.h"

#include <fcntl.h>
#include <unistd.h>

static void test_positions(struct env *e)
{
    struct mujun_error *err = NULL;
    char text[200];

    struct mujun_module *m = NULL;
    const char wrong[] = "(module\n  (func (result i32)\n    (i64.const 1)))";
    mujun_module_new_text(e->engine, wrong, strlen(wrong), &m, &err);
    tap_ok(mujun_error_line(err) == 2 || mujun_error_line(err) == 3, "line %u of a text",
           mujun_error_line(err));
    tap_ok(mujun_error_offset(err) == MUJUN_NO_OFFSET, "a text has no offset");
    size_t whole = mujun_error_format(err, "a.wat", NULL, 0);
    size_t again = mujun_error_format(err, "a.wat", text, sizeof(text));
    tap_ok(whole == again && strlen(text) == whole && strncmp(text, "a.wat:", 6) == 0, "%s", text);
    size_t cut = mujun_error_format(err, "a.wat", text, 10);
    tap_ok(cut == whole && strlen(text) == 9, "cut to \"%s\"", text);
    mujun_error_free(err);
    mujun_module_validate(e->engine, (const uint8_t *)"\0asn\1\0\0\0", 8, &err);
    tap_ok(mujun_error_line(err) == 0 && mujun_error_offset(err) < 8, "offset of a binary");
    mujun_error_free(err);
}

static void test_backtrace(struct env *e)
{
    struct mujun_error *err = NULL;
    struct mujun_frame f[3];
    char text[300];

    call_i32(e, "trap", 0, NULL, &err);
    bool has = mujun_error_frame(err, 0, &f[0]) && mujun_error_frame(err, 1, &f[1]);
    tap_ok(has && mujun_error_frame_count(err) == 2 && !mujun_error_frame(err, 2, &f[2]),
           "two frames");
    tap_ok(has && f[0].name.size == 5 && memcmp(f[0].name.text, "inner", 5) == 0 &&
               f[1].func_index == f[0].func_index + 1 && f[0].offset < f[1].offset,
           "innermost first, with names");
    mujun_error_format(err, NULL, text, sizeof(text));
    tap_ok(strstr(text, "- outer") != NULL, "and all of it as text");
    tap_ok(mujun_error_trap_code(err) == MUJUN_TRAP_UNREACHABLE, "its code");
    mujun_error_free(err);

    call_i32(e, "twice", -4, NULL, &err); /* through a host function */
    tap_ok(mujun_error_frame_count(err) == 3, "frames from before and after a host function: %u",
           mujun_error_frame_count(err));
    mujun_error_free(err);
    call_i32(e, "deep", 0, NULL, &err);
    tap_ok(mujun_error_frame_count(err) == 64 && mujun_error_frames_left_out(err) > 1000,
           "64 frames, %u left out", mujun_error_frames_left_out(err));
    mujun_error_free(err);
    call_i32(e, "twice", -2, NULL, &err);
    tap_ok(mujun_error_exit_code(err) == 17, "exit code %d", mujun_error_exit_code(err));
    mujun_error_free(err);
}

static void test_values(struct env *e)
{
    union mujun_value args[5] = {{.i32 = -1}, {.i64 = INT64_MIN}, {.f32 = 1.5f}, {.f64 = -2.5}};
    union mujun_value got[5];

    for (int i = 0; i < 16; i++)
        args[4].v128[i] = (uint8_t)i;
    enum mujun_status st = mujun_call(e->store, get(e, "mixed").of.func, args, 5, got, 5, NULL);
    bool same = memcmp(got[0].v128, args[4].v128, 16) == 0 && got[1].f64 == args[3].f64 &&
                got[2].f32 == args[2].f32 && got[3].i64 == args[1].i64 && got[4].i32 == -1;
    tap_ok(st == MUJUN_OK && same, "every kind of number through a guest");
    char text[100];
    mujun_functype_text(mujun_func_type(e->store, get(e, "mixed").of.func), text, sizeof(text));
    tap_ok(strcmp(text, "i32 i64 f32 f64 v128 -> v128 f64 f32 i64 i32") == 0, "%s", text);
    const struct mujun_functype *t = NULL;
    must(mujun_functype_parse(e->engine, text, &t, NULL), NULL, "type");
    tap_ok(t == mujun_func_type(e->store, get(e, "mixed").of.func), "equal types are one pointer");
    const enum mujun_kind p[] = {MUJUN_EXTERNREF}, r[] = {MUJUN_EXTERNREF};
    must(mujun_functype_new(e->engine, p, 1, r, 1, &t, NULL), NULL, "type");
    tap_ok(t == mujun_func_type(e->store, get(e, "keep").of.func) &&
               mujun_functype_param(t, 0) == MUJUN_EXTERNREF &&
               mujun_functype_result(t, 0) == MUJUN_EXTERNREF,
           "however they are made");
}

static void test_refs(struct env *e)
{
    int released = 0;
    union mujun_value v = {.i64 = 0}, back = {.i64 = 0};

    must(mujun_externref_new(e->store, &released, count_free, &v.ref, NULL), NULL, "externref");
    must(mujun_call(e->store, get(e, "keep").of.func, &v, 1, &back, 1, NULL), NULL, "keep");
    tap_ok(mujun_ref_equal(v.ref, back.ref) && mujun_externref_data(back.ref) == &released,
           "a host value comes back");
    struct mujun_table *refs = get(e, "refs").of.table;
    must(mujun_table_set(refs, 1, v, NULL), NULL, "set");
    mujun_ref_free(v.ref);
    mujun_ref_free(back.ref);
    mujun_store_collect(e->store);
    tap_ok(released == 0, "a table keeps it alive");
    must(mujun_table_get(refs, 1, &back, NULL), NULL, "get");
    must(mujun_table_set(refs, 1, (union mujun_value){.ref = NULL}, NULL), NULL, "set");
    mujun_store_collect(e->store);
    tap_ok(released == 0 && mujun_externref_data(back.ref) == &released, "so does a handle");
    mujun_ref_free(back.ref);
    mujun_store_collect(e->store);
    tap_ok(released == 1, "released once nothing does: %d", released);
    must(mujun_i31_new(e->store, -5, &v.ref, NULL), NULL, "i31");
    must(mujun_call(e->store, get(e, "id").of.func, &v, 1, &back, 1, NULL), NULL, "id");
    tap_ok(mujun_i31_value(back.ref) == -5 && mujun_ref_kind(back.ref) == MUJUN_REF_I31,
           "an i31 as eqref");
    mujun_ref_free(v.ref);
    mujun_ref_free(back.ref);
}

static void test_objects(struct env *e)
{
    union mujun_value args[2] = {{.i32 = 77}, {.ref = NULL}}, pair, item, array;
    enum mujun_kind kind = MUJUN_I32;
    struct mujun_error *err = NULL;

    must(mujun_externref_new(e->store, e, NULL, &args[1].ref, NULL), NULL, "externref");
    must(mujun_call(e->store, get(e, "pair").of.func, args, 2, &pair, 1, NULL), NULL, "pair");
    tap_ok(mujun_ref_kind(pair.ref) == MUJUN_REF_STRUCT && mujun_ref_length(pair.ref) == 4,
           "a struct has four fields");
    mujun_ref_get(pair.ref, 1, &item, &kind, NULL);
    tap_ok(item.i32 == 255 && kind == MUJUN_I32, "a packed field is zero-extended");
    must(mujun_ref_set(pair.ref, 0, (union mujun_value){.i32 = -3}, NULL), NULL, "set");
    mujun_ref_get(pair.ref, 0, &item, NULL, NULL);
    tap_ok(item.i32 == -3, "a field is set");
    must(mujun_ref_get(pair.ref, 2, &item, &kind, NULL), NULL, "get");
    tap_ok(kind == MUJUN_EXTERNREF && mujun_externref_data(item.ref) == e,
           "a field of a reference");
    mujun_ref_free(item.ref);
    args[0].i32 = 3;
    must(mujun_call(e->store, get(e, "numbers").of.func, args, 1, &array, 1, NULL), NULL, "array");
    mujun_ref_get(array.ref, 2, &item, NULL, NULL);
    tap_ok(mujun_ref_length(array.ref) == 3 && item.i32 == 0xabcd, "an array and its last element");
    mujun_ref_free(array.ref);

    enum mujun_status st = mujun_call(e->store, get(e, "throw").of.func, args, 2, NULL, 0, &err);
    struct mujun_ref *x = mujun_error_exception(err);
    tap_ok(st == MUJUN_E_EXCEPTION && x != NULL && mujun_ref_kind(x) == MUJUN_REF_EXCEPTION &&
               mujun_ref_tag(x) == e->tag && mujun_ref_length(x) == 2,
           "an uncaught exception with its tag");
    must(mujun_ref_get(x, 1, &item, &kind, NULL), NULL, "payload");
    tap_ok(kind == MUJUN_EXTERNREF && mujun_ref_equal(item.ref, args[1].ref), "and its payload");
    mujun_ref_free(item.ref);
    mujun_ref_free(x);
    mujun_error_free(err);
    mujun_ref_free(pair.ref);
    mujun_ref_free(args[1].ref);
}

static void test_memory(struct env *e)
{
    struct mujun_memory *m = get(e, "memory").of.memory;
    char text[6] = "hello";
    uint64_t old = 9;

    tap_ok(mujun_memory_write(m, 65530, text, 6) && !mujun_memory_write(m, 65531, text, 6) &&
               !mujun_memory_write(m, UINT64_MAX, text, 6),
           "writes end where the memory ends");
    memset(text, 0, sizeof(text));
    tap_ok(mujun_memory_read(m, 65530, text, 6) && strcmp(text, "hello") == 0 &&
               !mujun_memory_read(m, 65536, text, 1) && mujun_memory_read(m, 65536, text, 0),
           "so do reads");
    tap_ok(mujun_memory_grow(m, 1, &old) && old == 1 && mujun_memory_pages(m) == 2 &&
               !mujun_memory_grow(m, 1, NULL),
           "it grows to its maximum");
    struct mujun_externtype t;
    mujun_memory_type(m, &t);
    tap_ok(t.min == 2 && t.has_max && t.max == 2 && !t.is_64 && !t.has_byte_pages, "its type");
}

static void test_tables_and_globals(struct env *e)
{
    struct mujun_table *t = get(e, "table").of.table;
    union mujun_value v = {.func = get(e, "twice").of.func};
    uint64_t old = 0;

    tap_ok(mujun_table_grow(t, 2, v, &old) && old == 2 && mujun_table_size(t) == 4 &&
               !mujun_table_grow(t, 1, v, NULL),
           "a table grows to its maximum");
    v.func = NULL;
    mujun_table_get(t, 3, &v, NULL);
    tap_ok(v.func == get(e, "twice").of.func, "a function comes back from a table");
    struct mujun_externtype type;
    mujun_table_type(t, &type);
    tap_ok(type.content == MUJUN_FUNCREF && type.is_nullable && type.max == 4, "type of a table");
    struct mujun_global *g = get(e, "var").of.global;
    must(mujun_global_set(e->store, g, (union mujun_value){.i64 = -8}, NULL), NULL, "set");
    mujun_global_get(e->store, g, &v, NULL);
    mujun_global_type(e->store, g, &type);
    tap_ok(v.i64 == -8 && type.is_mutable && type.content == MUJUN_I64, "a global is set");
}

static void test_module(struct env *e)
{
    struct mujun_import i;
    struct mujun_export x;
    size_t size = 0, size2 = 0;
    uint8_t *bytes = NULL;

    tap_ok(mujun_module_import_count(e->module) == 3 && mujun_module_import(e->module, 2, &i) &&
               !mujun_module_import(e->module, 3, &i) && i.type.kind == MUJUN_EXTERN_TAG &&
               i.name.size == 3 && mujun_functype_param_count(i.type.func) == 2,
           "imports");
    struct mujun_extern first;
    tap_ok(mujun_module_export(e->module, 0, &x) && x.name.size == 6 && x.type.max == 2 &&
               mujun_instance_export_at(e->instance, 0, &first) &&
               first.of.memory == get(e, "memory").of.memory &&
               !mujun_instance_export_at(e->instance, 999, &first),
           "exports");
    const uint8_t *kept = mujun_module_bytes(e->module, &size);
    must(mujun_text_to_binary(e->engine, main_text, strlen(main_text), &bytes, &size2, NULL), NULL,
         "binary");
    tap_ok(size == size2 && memcmp(kept, bytes, size) == 0 &&
               mujun_module_validate(e->engine, bytes, size, NULL) == MUJUN_OK,
           "a text and its binary are the same module");
    mujun_bytes_free(bytes);
}

static void test_fuel(struct env *e)
{
    int32_t out = 0;

    tap_ok(mujun_store_fuel(e->store) == UINT64_MAX, "metering is off at first");
    mujun_store_set_fuel(e->store, 1000);
    call_i32(e, "twice", 1, &out, NULL);
    uint64_t one = 1000 - mujun_store_fuel(e->store);
    call_i32(e, "twice", 1, &out, NULL);
    tap_ok(one > 0 && mujun_store_fuel(e->store) == 1000 - 2 * one, "a call costs %u units, always",
           (unsigned)one);
    mujun_store_set_fuel(e->store, one - 1);
    tap_ok(call_i32(e, "twice", 1, &out, NULL) == MUJUN_E_FUEL, "one unit less is not enough");
    mujun_store_set_fuel(e->store, one);
    tap_ok(call_i32(e, "twice", 1, &out, NULL) == MUJUN_OK && mujun_store_fuel(e->store) == 0,
           "exactly enough is");
    mujun_store_add_fuel(e->store, UINT64_MAX);
    tap_ok(mujun_store_fuel(e->store) == UINT64_MAX - 1, "adding saturates");
    mujun_store_set_fuel(e->store, UINT64_MAX);
}

static const char stub_text[] =
    "(module (import \"a\" \"f\" (func $f (param i32) (result i32 externref)))"
    "  (import \"a\" \"m\" (memory 2)) (import \"a\" \"t\" (table 3 funcref))"
    "  (import \"a\" \"g\" (global (mut i64))) (import \"a\" \"x\" (tag (param i32)))"
    "  (export \"m\" (memory 0))"
    "  (func (export \"f\") (result i32) (drop (call $f (i32.const 1))) ))";

static void test_stubs(struct env *e)
{
    struct mujun_module *m = NULL;
    struct mujun_linker *l = NULL;
    struct mujun_instance *i = NULL;
    struct mujun_error *err = NULL;
    union mujun_value v = {.i32 = 9};

    must(mujun_module_new_text(e->engine, stub_text, strlen(stub_text), &m, &err), err, "module");
    must(mujun_linker_new(e->store, &l, NULL), NULL, "linker");
    mujun_linker_set_unknown_imports(l, MUJUN_UNKNOWN_ZERO);
    must(mujun_linker_instantiate(l, m, &i, &err), err, "instance");
    enum mujun_status st = mujun_call(e->store, mujun_instance_func(i, "f"), NULL, 0, &v, 1, NULL);
    tap_ok(st == MUJUN_OK && v.i32 == 0, "a stub returns zero");
    tap_ok(mujun_memory_pages(mujun_instance_memory(i, "m")) == 2, "a memory is made up");
    mujun_linker_set_unknown_imports(l, MUJUN_UNKNOWN_TRAP);
    must(mujun_linker_instantiate(l, m, &i, &err), err, "instance");
    st = mujun_call(e->store, mujun_instance_func(i, "f"), NULL, 0, &v, 1, &err);
    tap_ok(st == MUJUN_E_TRAP && mujun_error_trap_code(err) == MUJUN_TRAP_UNKNOWN_IMPORT &&
               strstr(mujun_error_message(err), "a.f") != NULL,
           "%s", mujun_error_message(err));
    mujun_error_free(err);
    mujun_linker_free(l);
    mujun_module_free(m);
}

static const char wasi_text[] =
    "(module (import \"wasi_snapshot_preview1\" \"fd_write\""
    "    (func $w (param i32 i32 i32 i32) (result i32)))"
    "  (import \"wasi_snapshot_preview1\" \"fd_read\""
    "    (func $r (param i32 i32 i32 i32) (result i32)))"
    "  (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $e (param i32)))"
    "  (memory (export \"memory\") 1)"
    "  (data (i32.const 0) \"\\20\\00\\00\\00\\10\\00\\00\\00\")"
    "  (func (export \"_start\")"
    "    (drop (call $r (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))"
    "    (i32.store (i32.const 4) (i32.load (i32.const 8)))"
    "    (drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))"
    "    (drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))"
    "    (call $e (i32.const 3))))";

static enum mujun_status quiet_exit(void *env, struct mujun_caller *caller,
                                    const union mujun_value *args, union mujun_value *results)
{
    (void)env;
    (void)caller;
    (void)args;
    (void)results;
    return MUJUN_OK;
}

static void test_wasi(struct env *e)
{
    struct mujun_wasi *w = mujun_wasi_new();
    struct mujun_store *s = NULL;
    struct mujun_linker *l = NULL;
    struct mujun_module *m = NULL;
    struct mujun_instance *i = NULL;
    struct mujun_error *err = NULL;
    int code = -1;

    must(mujun_module_new_text(e->engine, wasi_text, strlen(wasi_text), &m, &err), err, "module");
    must(mujun_store_new(e->engine, NULL, 0, &s, &err), err, "store");
    must(mujun_linker_new(s, &l, &err), err, "linker");
    must(mujun_wasi_set_stdin_bytes(w, "ping ", 5, &err), err, "stdin");
    must(mujun_wasi_capture(w, 1, 100, &err), err, "capture");
    must(mujun_linker_define_wasi(l, w, &err), err, "wasi");
    must(mujun_linker_instantiate(l, m, &i, &err), err, "instance");
    enum mujun_status st = mujun_instance_run(s, i, &code, &err);
    struct mujun_name out = mujun_store_output(s, 1);
    tap_ok(st == MUJUN_OK && code == 3, "proc_exit gives its code: %d", code);
    tap_ok(out.size == 10 && memcmp(out.text, "ping ping ", 10) == 0, "output \"%.*s\"",
           (int)out.size, out.text);
    must(mujun_wasi_set_stdin_bytes(w, "pong ", 5, &err), err, "stdin");
    must(mujun_linker_define_wasi(l, w, &err), err, "wasi");
    must(mujun_linker_instantiate(l, m, &i, &err), err, "instance");
    st = mujun_instance_run(s, i, &code, &err);
    out = mujun_store_output(s, 1);
    tap_ok(st == MUJUN_OK && out.size == 10 && memcmp(out.text, "pong pong ", 10) == 0,
           "a second WASI state replaces the first: \"%.*s\"", (int)out.size, out.text);
    must(mujun_linker_define_func(l, "wasi_snapshot_preview1", "proc_exit", "i32", quiet_exit,
                                  &code, NULL, &err),
         err, "override");
    must(mujun_linker_instantiate(l, m, &i, &err), err, "instance");
    st = mujun_instance_run(s, i, &code, &err);
    tap_ok(st == MUJUN_OK && code == 0, "a definition goes before WASI's own");
    mujun_wasi_free(w);
    tap_ok(mujun_store_output(e->other, 1).size == 0, "a store without WASI has no output");
    tap_ok(mujun_instance_initialize(s, i, NULL) == MUJUN_OK, "no _initialize is fine");
    mujun_linker_free(l);
    mujun_store_free(s);
    mujun_module_free(m);
}

static void test_tables_of_names(void)
{
    struct mujun_feature_info f;
    struct mujun_limit_info l;
    struct mujun_config *c = mujun_config_new();
    uint32_t features = 0, limits = 0;

    while (mujun_feature_at(features, &f) &&
           mujun_config_set_feature(c, f.name, true, NULL) == MUJUN_OK)
        features++;
    while (mujun_limit_at(limits, &l) &&
           mujun_config_set_limit(c, l.name, l.value, NULL) == MUJUN_OK)
        limits++;
    tap_ok(features > 20 && !mujun_feature_at(features, &f), "%u features by name", features);
    tap_ok(limits >= 7 && !mujun_limit_at(limits, &l), "%u limits by name", limits);
    struct mujun_engine *engine = NULL;
    struct mujun_module *m = NULL;
    const char text[] = "(module (memory 1 1 shared))";
    must(mujun_engine_new(c, &engine, NULL), NULL, "engine");
    tap_ok(mujun_module_new_text(engine, text, strlen(text), &m, NULL) == MUJUN_OK,
           "a feature that was switched on");
    mujun_module_free(m);
    mujun_engine_free(engine);
    mujun_config_free(c);
    tap_ok(strcmp(mujun_version(), MUJUN_VERSION) == 0 &&
               mujun_version_number() == MUJUN_VERSION_NUMBER,
           "version %s", mujun_version());
    tap_ok(strcmp(mujun_status_text((enum mujun_status)999), "unknown status") == 0 &&
               strcmp(mujun_trap_text((enum mujun_trap_code)999), "unknown trap") == 0,
           "numbers that mean nothing have a text");
}

/* An engine with the given options, and a store and instance of text in it. */
static enum mujun_status make(const struct mujun_config *c, const char *text,
                              struct mujun_store **s, struct mujun_instance **i)
{
    struct mujun_engine *engine = NULL;
    struct mujun_module *m = NULL;

    must(mujun_engine_new(c, &engine, NULL), NULL, "engine");
    enum mujun_status st = mujun_module_new_text(engine, text, strlen(text), &m, NULL);
    if (st == MUJUN_OK)
        st = mujun_store_new(engine, NULL, 0, s, NULL);
    if (st == MUJUN_OK)
        st = mujun_instance_new(*s, m, NULL, 0, i, NULL);
    mujun_module_free(m); /* engine and module live on in the store */
    mujun_engine_free(engine);
    return st;
}

static void test_config(void)
{
    static const char text[] = "(module (func (export \"f\") (param f32) (result f32)"
                               "  (f32.add (local.get 0) (f32.const 1))))";
    struct mujun_config *c = mujun_config_new();
    struct mujun_store *s = NULL;
    struct mujun_instance *i = NULL;
    union mujun_value v = {.i32 = 0x7fc12345}; /* a quiet NaN with a payload */

    mujun_config_set_canonical_nan(c, true);
    mujun_config_set_deterministic_relaxed_simd(c, true);
    mujun_config_set_fuel(c, true);
    must(mujun_config_set_limit(c, "memory_bytes", 65536, NULL), NULL, "limit");
    must(make(c, text, &s, &i), NULL, "instance");
    enum mujun_status st = mujun_call(s, mujun_instance_func(i, "f"), &v, 1, &v, 1, NULL);
    tap_ok(st == MUJUN_E_FUEL, "a store of a metering engine starts empty");
    mujun_store_set_fuel(s, 100);
    st = mujun_call(s, mujun_instance_func(i, "f"), &v, 1, &v, 1, NULL);
    tap_ok(st == MUJUN_OK && v.i32 == 0x7fc00000, "NaNs are canonical: %x", (unsigned)v.i32);
    const struct mujun_externtype t = {.kind = MUJUN_EXTERN_MEMORY, .min = 2};
    struct mujun_memory *m = NULL;
    tap_ok(mujun_memory_new(s, &t, &m, NULL) == MUJUN_E_LIMIT, "limits of the engine hold");
    mujun_store_free(s);
    mujun_config_set_module_memory(c, 100);
    tap_ok(make(c, text, &s, &i) == MUJUN_E_LIMIT, "so does the bound on reading a module");
    mujun_config_set_module_memory(c, 0);
    tap_ok(make(c, text, &s, &i) == MUJUN_OK, "0 is the default again");
    mujun_store_free(s);
    mujun_config_free(c);
}

static void test_wasi_inherits(struct env *e)
{
    struct mujun_wasi *w = mujun_wasi_new();
    struct mujun_error *err = NULL;
    const char *const args[] = {"a", "b"};
    int pipe_fds[2] = {-1, -1};

    must(pipe(pipe_fds) == 0 ? MUJUN_OK : MUJUN_E_IO, NULL, "pipe");
    must(mujun_wasi_inherit_stdio(w, &err), err, "stdio");
    must(mujun_wasi_set_stdio(w, 2, pipe_fds[1], &err), err, "stderr");
    must(mujun_wasi_inherit_env(w, &err), err, "environment");
    must(mujun_wasi_add_args(w, args, 2, &err), err, "arguments");
    mujun_wasi_set_clock(w, 1000, 10);
    mujun_wasi_set_random_seed(w, 7);
    tap_ok(mujun_linker_define_wasi(e->linker, w, &err) == MUJUN_OK, "everything of the process");
    mujun_wasi_free(w);
    tap_ok(fcntl(pipe_fds[1], F_GETFD) >= 0, "descriptors stay the embedder's");
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

int main(void)
{
    struct env e;

    env_init(&e);
    test_positions(&e);
    test_backtrace(&e);
    test_values(&e);
    test_refs(&e);
    test_objects(&e);
    test_memory(&e);
    test_tables_and_globals(&e);
    test_module(&e);
    test_fuel(&e);
    test_stubs(&e);
    test_wasi(&e);
    test_wasi_inherits(&e);
    test_config();
    test_tables_of_names();
    env_free(&e);
    return tap_done();
}
