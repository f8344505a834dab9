/* test_call: how calls end, nesting of host calls, traps and their backtraces, start functions.
 * SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "shield/runtime/link.h"

/* A host function that ends as it is told to. */
static enum status end_as_told(void *env, struct rt_caller *caller, const union rt_value *args,
                               union rt_value *results)
{
    const enum status st = *(const enum status *)env;
    struct rt_store *s = caller->store;

    (void)args, (void)results;
    switch (st) {
    case ST_TRAP: return rt_trap_raise(s, RT_TRAP_HOST, "told to trap, %d", 7);
    case ST_EXIT: s->exit_code = 3; return st;
    case ST_FUEL:
    case ST_TIMEOUT:
    case ST_LIMIT:
    case ST_NO_MEMORY: return diag_fail(&s->diag, st, DIAG_NO_OFFSET, "told to");
    default: return st;
    }
}

/* clang-format off */
static const struct {
    enum status status;
    const char *as_start; /* message when it is the start function */
} rows[] = {
    {ST_OK, ""},
    {ST_TRAP, "told to trap, 7; in the start function"},
    {ST_EXCEPTION, "uncaught exception; in the start function"},
    {ST_EXIT, "exit; in the start function"},
    {ST_FUEL, "told to; in the start function"},
    {ST_TIMEOUT, "told to; in the start function"},
    {ST_LIMIT, "told to; in the start function"},
    {ST_NO_MEMORY, "told to; in the start function"},
};
/* clang-format on */

static void test_rows(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        struct fixture f = fixture_open(rt_limits_default());
        enum status told = rows[i].status;
        struct rt_extern import = {.kind = WM_EXTERN_FUNC};
        struct rt_module *m = fixture_module(&f, "(import \"h\" \"f\" (func $f)) (start $f)");
        struct rt_instance *instance = NULL;
        struct diag dg = {0};

        must(rt_func_new(f.store, f.ids[TYPE_NOTHING], end_as_told, &told, NULL, &import.func,
                         NULL) == ST_OK,
             "func");
        rt_store_interrupt(f.store);
        enum status st = rt_call(f.store, import.func, NULL, NULL);
        tap_ok(st == told && (f.store->trap != NULL) == (st == ST_TRAP) &&
                   f.store->interrupted == (st == ST_TIMEOUT ? 0 : 1) && f.store->host_depth == 0 &&
                   f.store->exit_code == (st == ST_EXIT ? 3 : 0),
               "a call ends with: %s; only a timeout uses the interrupt up", status_text(st));
        st = rt_instance_new(f.store, m, &import, 1, &instance, &dg);
        tap_ok(st == told && strcmp(dg.text, rows[i].as_start) == 0 &&
                   f.store->instance_count == 1 && (instance != NULL) == (st == ST_OK),
               "a start function ends with: %s, \"%s\"", status_text(st), dg.text);
        rt_module_free(m);
        fixture_close(&f);
    }
}

static enum status call_again(void *env, struct rt_caller *caller, const union rt_value *args,
                              union rt_value *results)
{
    return rt_call(caller->store, *(struct rt_func **)env, args, results);
}

static void test_depth(void)
{
    struct fixture f = fixture_open(rt_limits_default());
    struct rt_func *fn = NULL;

    must(rt_func_new(f.store, f.ids[TYPE_NOTHING], call_again, &fn, NULL, &fn, NULL) == ST_OK,
         "func");
    enum status st = rt_call(f.store, fn, NULL, NULL);
    tap_ok(st == ST_LIMIT && f.store->host_depth == 0 &&
               strcmp(f.store->diag.text,
                      "host_depth allows 100, 101 needed (calls from host functions back into "
                      "guests); --max-host-calls raises it") == 0,
           "a host function that calls itself: %s", f.store->diag.text);
    fixture_close(&f);
}

static bool label_is(struct rt_module *m, uint32_t func_index, struct str want)
{
    return str_equal(rt_module_func_label(m, func_index), want);
}

static void test_backtrace(void)
{
    struct fixture f = fixture_open(rt_limits_default());
    struct rt_module *m = fixture_module(
        &f, "(func $inner) (func) (func $outer) (func (export \"a\") (export \"b\"))"
            "(func $named (export \"c\")) (memory (export \"m\") 1)");

    must(rt_trap_raise(f.store, RT_TRAP_UNREACHABLE, NULL) == ST_TRAP, "trap");
    must(rt_trap_raise(f.store, RT_TRAP_DIVIDE_BY_ZERO, NULL) == ST_TRAP, "trap");
    struct rt_trap *trap = rt_store_take_trap(f.store);
    tap_ok(trap->code == RT_TRAP_DIVIDE_BY_ZERO &&
               strcmp(trap->message, "integer divide by zero") == 0 &&
               rt_store_take_trap(f.store) == NULL,
           "the last trap is the one to take, once");
    rt_trap_add_frame(trap, m, 0, 0x1234);
    rt_trap_add_frame(trap, m, 1, 0x2);
    for (uint32_t i = 2; i < RT_TRAP_FRAMES_MAX + 3; i++)
        rt_trap_add_frame(trap, m, 2, 0x3);
    rt_module_free(m); /* lives on with the frames */
    tap_ok(trap->frames[0].module == m && trap->frames[0].offset == 0x1234 &&
               trap->frames[1].func_index == 1 && trap->frames[63].func_index == 2,
           "frames are kept innermost first");
    tap_ok(trap->frame_count == RT_TRAP_FRAMES_MAX && trap->frames_left_out == 3,
           "what does not fit is counted");
    tap_ok(label_is(m, 0, STR("inner")) && label_is(m, 4, STR("named")),
           "a function is called by its name");
    tap_ok(label_is(m, 3, STR("a")) && label_is(m, 1, STR("")),
           "without one by its first export, if any");
    rt_trap_free(trap);
    fixture_close(&f);
}

static void test_trap_texts(void)
{
    bool all = true;

    for (uint32_t i = 0; i < RT_TRAP_COUNT; i++) {
        const char *text = rt_trap_text((enum rt_trap_code)i);
        all &= text != NULL && text[0] != '\0';
    }
    tap_ok(all, "every trap has a text");
}

static void test_extern_text(void)
{
    struct fixture f = fixture_open(rt_limits_default());
    struct wm_valtype params[60];
    struct rt_extern e = {.kind = WM_EXTERN_FUNC};
    char text[RT_EXTERN_TEXT_MAX], want[64];
    uint32_t id = 0;

    for (uint32_t i = 0; i < LENGTH_OF(params); i++)
        params[i] = i == 0 ? wm_ref(wm_heap_index(f.ids[TYPE_NODE]), true) : WM_TYPE(V128);
    must(rt_registry_add_func(f.engine->types, params, 60, NULL, 0, &id, NULL) == ST_OK, "type");
    must(rt_func_new(f.store, id, call_again, NULL, NULL, &e.func, NULL) == ST_OK, "func");
    rt_extern_text(f.engine->types, &e, text, sizeof(text));
    snprintf(want, sizeof(want), "func (param (ref null struct#%u) v128 v128", f.ids[TYPE_NODE]);
    tap_ok(strlen(text) == sizeof(text) - 1 && strncmp(text, want, strlen(want)) == 0 &&
               strcmp(text + sizeof(text) - 4, "...") == 0,
           "a long type is cut: %s", text);
    fixture_close(&f);
}

int main(void)
{
    test_rows();
    test_depth();
    test_backtrace();
    test_trap_texts();
    test_extern_text();
    return tap_done();
}
