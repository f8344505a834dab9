/*
 * test_fuel_tiers: the interpreter and compiled code count alike: every amount of fuel, from none
 * to enough, ends a function in the same way with the same rest, the same result and the same
 * effects. SPDX-License-Identifier: Apache-2.0
 */
#include "fixture.h"

#include "shield/interp/interp.h"
#include "shield/native/native.h"

static const struct {
    const char *name, *text; /* one export "f" (param i32) (result i32), maybe a memory */
    uint32_t arg;
} rows[] = {
    {"straight", "(module (func (export \"f\") (param i32) (result i32)"
                 " (i32.mul (i32.add (local.get 0) (i32.const 3)) (i32.const 5))))", 4},
    {"loop", "(module (func (export \"f\") (param i32) (result i32) (local i32)"
             " (loop (local.set 1 (i32.add (local.get 1) (local.get 0)))"
             " (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1)))", 5},
    {"calls", "(module (func $g (param i32) (result i32) (i32.xor (local.get 0) (i32.const 1)))"
              " (func (export \"f\") (param i32) (result i32)"
              " (call $g (call $g (call $g (local.get 0))))))", 9},
    {"stores", "(module (memory 1) (func (export \"f\") (param i32) (result i32)"
               " (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (i32.const 7))"
               " (i32.load (i32.const 0)) (drop) (i32.store8 (i32.const 8) (i32.const 1))"
               " (i32.load (i32.const 4))))", 1},
    {"division by zero", "(module (memory 1) (func (export \"f\") (param i32) (result i32)"
                         " (i32.store (i32.const 0) (i32.const 9))"
                         " (i32.div_u (i32.const 8) (local.get 0))"
                         " (i32.store (i32.const 4) (i32.const 9))))", 0},
    {"out of bounds", "(module (memory 1) (func (export \"f\") (param i32) (result i32)"
                      " (i32.add (i32.const 1) (i32.load (local.get 0)))))", 70000},
    {"branches", "(module (func (export \"f\") (param i32) (result i32)"
                 " (block (block (block (br_table 0 1 2 (local.get 0))) (nop)"
                 " (return (i32.const 10))) (if (local.get 0) (then (nop) (return (i32.const 2)))"
                 " (else (return (i32.const 3))))) (select (i32.const 1) (i32.const 2)"
                 " (local.get 0))))", 1},
    {"indirect", "(module (table funcref (elem $g $h)) (type $t (func (param i32) (result i32)))"
                 " (func $g (param i32) (result i32) (local.get 0))"
                 " (func $h (param i32) (result i32) (i32.clz (local.get 0)))"
                 " (func (export \"f\") (param i32) (result i32)"
                 " (i32.add (call_indirect (type $t) (i32.const 9) (local.get 0))"
                 " (call_indirect (type $t) (i32.const 9) (i32.const 0)))))", 1},
    {"bulk", "(module (memory 1) (func (export \"f\") (param i32) (result i32)"
             " (memory.fill (i32.const 3) (local.get 0) (i32.const 9))"
             " (memory.copy (i32.const 20) (i32.const 4) (i32.const 8))"
             " (drop (memory.grow (i32.const 1))) (i32.load (i32.const 20))))", 6},
    {"recursion", "(module (func $f (export \"f\") (param i32) (result i32)"
                  " (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))"
                  " (then (local.get 0)) (else (i32.add"
                  " (call $f (i32.sub (local.get 0) (i32.const 1)))"
                  " (call $f (i32.sub (local.get 0) (i32.const 2))))))))", 5},
    {"switch in a loop", "(module (func (export \"f\") (param i32) (result i32) (local $s i32)"
                         " (loop $again (block $a (block $b (block $c"
                         " (br_table $a $b $c (i32.and (local.get 0) (i32.const 3))))"
                         " (local.set $s (i32.add (local.get $s) (i32.const 5))))"
                         " (local.set $s (i32.mul (local.get $s) (i32.const 3))))"
                         " (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))"
                         " (local.get $s)))", 17},
    {"loop that traps", "(module (memory 1) (func (export \"f\") (param i32) (result i32)"
                        " (loop $l (local.set 0 (i32.add (local.get 0)"
                        " (i32.load8_u (i32.mul (local.get 0) (local.get 0)))))"
                        " (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br $l))"
                        " (unreachable)))", 240},
    {"unreachable", "(module (global (mut i32) (i32.const 0)) (func (export \"f\") (param i32)"
                    " (result i32) (global.set 0 (local.get 0)) (unreachable)))", 5},
};

struct outcome {
    enum status status;
    uint64_t fuel_left, result;
    uint8_t memory[64];
};

static struct outcome run(struct rt_engine *engine, struct rt_module *m, uint32_t arg,
                          uint64_t fuel)
{
    struct rt_limits limits = rt_limits_default();
    struct outcome o = {.status = ST_OK};
    struct rt_instance *i = NULL;
    struct rt_store *s = NULL;
    struct rt_extern f;
    struct diag dg = {0};
    union rt_value args[1] = {{.i32 = arg}}, results[1] = {{.i64 = 0}};

    must(rt_store_new(engine, &limits, &s, &dg) == ST_OK, dg.text);
    s->fuel_on = true;
    s->fuel = fuel;
    must(rt_instance_new(s, m, NULL, 0, &i, &dg) == ST_OK, dg.text);
    must(rt_instance_export(i, STR("f"), &f), "export");
    must(engine->config.tier == interp_tier() || i->is_metered, "metered code");
    o.status = rt_call(s, f.func, args, results);
    o.fuel_left = s->fuel;
    o.result = results[0].i64;
    if (m->wm.memory_count != 0)
        memcpy(o.memory, i->memories[0]->base, sizeof(o.memory));
    rt_store_free(s);
    return o;
}

static bool same(const struct outcome *a, const struct outcome *b)
{
    return a->status == b->status && a->fuel_left == b->fuel_left &&
           (a->status != ST_OK || a->result == b->result) &&
           memcmp(a->memory, b->memory, sizeof(a->memory)) == 0;
}

static void test_row(struct fixture *f, uint32_t level, uint32_t r)
{
    enum { FUEL_MAX = 400 };
    struct rt_module *m[2] = {fixture_module(&f[0], rows[r].text),
                              fixture_module(&f[1], rows[r].text)};
    struct outcome o[2];
    uint64_t fuel = 0, endings = 0;
    bool good = true;

    do {
        for (uint32_t t = 0; t < 2; t++)
            o[t] = run(f[t].engine, m[t], rows[r].arg, fuel);
        if (good && !same(&o[0], &o[1])) {
            printf("# with %ju: %s, %ju left; compiled: %s, %ju left\n", (uintmax_t)fuel,
                   status_text(o[0].status), (uintmax_t)o[0].fuel_left, status_text(o[1].status),
                   (uintmax_t)o[1].fuel_left);
            good = false;
        }
        endings++;
    } while (o[0].status == ST_FUEL && ++fuel < FUEL_MAX);
    tap_ok(good && fuel < FUEL_MAX, "-O%u %s: %ju amounts of fuel", level, rows[r].name,
           (uintmax_t)endings);
    rt_module_free(m[0]);
    rt_module_free(m[1]);
}

int main(void)
{
    if (native_tier() == NULL) {
        printf("1..0 # SKIP there is no compiler for this processor\n");
        return 0;
    }
    for (uint32_t level = 0; level <= 2; level += 2) {
        const struct native_options options = {.opt_level = level, .must_compile = true};
        struct fixture f[2] = {
            fixture_open_config(rt_limits_default(), (struct rt_config){.tier = interp_tier()}),
            fixture_open_config(rt_limits_default(), (struct rt_config){.tier = native_tier(),
                                                                        .tier_options = &options}),
        };
        for (uint32_t r = 0; r < LENGTH_OF(rows); r++)
            test_row(f, level, r);
        fixture_close(&f[0]);
        fixture_close(&f[1]);
    }
    return tap_done();
}
