/* What must stay bounded: the host's stack under deep recursion, the stack under tail calls, the
 * time of translating huge functions, the time until an interrupt is noticed.
 * SPDX-License-Identifier: Apache-2.0 */
#include "interp_util.h"

#include "base/mem.h"

#include <pthread.h>
#include <time.h>

/* ---- recursion and tail calls ---- */

static const char calls[] =
    "(module (type $u (func (param i64) (result i64)))"
    "(table $t funcref (elem $self $even $odd))"
    "(func $deep (export \"deep\") (param i64) (result i64)"
    "  (if (result i64) (i64.eqz (local.get 0)) (then (i64.const 0))"
    "    (else (i64.add (i64.const 1) (call $deep (i64.sub (local.get 0) (i64.const 1)))))))"
    "(func $self (export \"self\") (param i64) (result i64)"
    "  (if (i64.eqz (local.get 0)) (then (return (i64.const 42))))"
    "  (return_call $self (i64.sub (local.get 0) (i64.const 1))))"
    "(func $even (export \"even\") (param i64) (result i64)"
    "  (if (i64.eqz (local.get 0)) (then (return (i64.const 1))))"
    "  (return_call $odd (i64.sub (local.get 0) (i64.const 1))))"
    "(func $odd (param i64) (result i64)"
    "  (if (i64.eqz (local.get 0)) (then (return (i64.const 0))))"
    "  (return_call $even (i64.sub (local.get 0) (i64.const 1))))"
    "(func $indirect (export \"indirect\") (param i64) (result i64)"
    "  (if (i64.eqz (local.get 0)) (then (return (i64.const 7))))"
    "  (return_call_indirect (type $u) (i64.sub (local.get 0) (i64.const 1)) (i32.const 0)))"
    "(func $swap (export \"swap\") (param i64 i64 i64) (result i64)"
    "  (if (i64.eqz (local.get 0)) (then (return (i64.sub (local.get 1) (local.get 2)))))"
    "  (return_call $swap (i64.sub (local.get 0) (i64.const 1)) (local.get 2) (local.get 1))))";

static const struct row call_rows[] = {
    {"100,000 frames deep", calls, "deep", {100000}, "ok 100000"},
    {"10 million frames are refused", calls, "deep", {10000000}, "trap call stack exhausted"},
    {"a million tail calls", calls, "self", {1000000}, "ok 42"},
    {"a million mutual tail calls", calls, "even", {1000001}, "ok 0"},
    {"100,000 indirect tail calls", calls, "indirect", {100000}, "ok 42"},
    {"tail call arguments that are each other's source", calls, "swap", {1001, 5, 9}, "ok 4"},
};

/* ---- linear translation ---- */

/* Writes `count` times the pieces of a body into one function and returns the steps it took. */
static uint64_t steps_of(const char *prefix, const char *piece, const char *closing,
                         const char *suffix, uint32_t count, const char **why)
{
    static char text[16 << 20];
    struct world w;
    char got[OUTCOME_MAX];
    const uint64_t args[3] = {0};
    size_t n = (size_t)snprintf(text, sizeof(text), "%s", prefix);

    for (uint32_t i = 0; i < count; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", piece);
    for (uint32_t i = 0; i < count; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", closing);
    snprintf(text + n, sizeof(text) - n, "%s", suffix);
    uint64_t before = interp_translate_steps();
    enum status st = world_begin(&w, text, false, false);
    if (st == ST_OK)
        st = world_call(&w, "f", args, got);
    *why = st == ST_OK ? "ok" : w.dg.text;
    world_end(&w);
    return st == ST_OK ? interp_translate_steps() - before : 0;
}

static const struct {
    const char *name, *prefix, *piece, *closing, *suffix;
} shapes[] = {
    {"additions", "(module (func (export \"f\") (param i32) (result i32) local.get 0 ",
     "i32.const 1 i32.add ", "", "))"},
    {"a deep operand stack of one local, overwritten in the end",
     "(module (func (export \"f\") (param i32) i32.const 0 ", "local.get 0 ", "i32.add ",
     " local.set 0))"},
    {"the same, overwritten after every read",
     "(module (func (export \"f\") (param i32) i32.const 0 ",
     "local.get 0 i32.const 1 local.set 0 ",
     "i32.add ", " drop))"},
    {"nested blocks, each with a branch out of all",
     "(module (func (export \"f\") (param i32) ", "block local.get 0 br_if 0 ", "end ", "))"},
    {"values below nested blocks",
     "(module (func (export \"f\") (param i32) ", "local.get 0 block ", "end drop ", "))"},
    {"br_tables", "(module (func (export \"f\") (param i32) ",
     "block block block local.get 0 br_table 0 1 2 0 1 2 end end end ", "", "))"},
    {"calls that move locals", "(module (func $g (param i32 i32 i32 i32 i32))"
     " (func (export \"f\") (param i32) ",
     "local.get 0 local.get 0 local.get 0 local.get 0 local.get 0 call $g ", "", "))"},
};

static void check_linear(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(shapes); i++) {
        const char *why;
        uint64_t once = steps_of(shapes[i].prefix, shapes[i].piece, shapes[i].closing,
                                 shapes[i].suffix, 10000, &why);
        uint64_t four = steps_of(shapes[i].prefix, shapes[i].piece, shapes[i].closing,
                                 shapes[i].suffix, 40000, &why);
        tap_ok(once > 10000 && four < once * 5,
               "%s: %ju steps for 10,000, %ju for 40,000 (%s)", shapes[i].name, (uintmax_t)once,
               (uintmax_t)four, why);
    }
}

/* ---- interrupts ---- */

static const char endless[] =
    "(module (func (export \"loop\") (loop (br 0)))"
    "(func (export \"tested\") (param i32) (loop (br_if 0 (i32.eqz (local.get 0)))))"
    "(func (export \"table\") (loop (br_table 0 0 (i32.const 1))))"
    "(func $fib (export \"fib\") (param i32) (result i32)"
    "  (if (result i32) (i32.lt_s (local.get 0) (i32.const 60)) (then"
    "    (call $fib (i32.add (local.get 0) (i32.const 1)))"
    "    (call $fib (i32.add (local.get 0) (i32.const 1))) (i32.add)) (else (i32.const 1))))"
    "(func $t (export \"tail\") (return_call $t)))";

static void *interrupt_soon(void *arg)
{
    const struct timespec soon = {.tv_nsec = 20000000};

    nanosleep(&soon, NULL);
    rt_store_interrupt(arg);
    return NULL;
}

static void check_interrupt(const char *export)
{
    struct world w;
    char got[OUTCOME_MAX] = "not run";
    const uint64_t args[3] = {0};
    pthread_t thread;

    if (world_begin(&w, endless, false, false) == ST_OK &&
        pthread_create(&thread, NULL, interrupt_soon, w.store) == 0) {
        world_call(&w, export, args, got);
        pthread_join(thread, NULL);
    }
    tap_ok(strcmp(got, "out of time") == 0, "interrupt of %s: %s", export, got);
    world_end(&w);
}

/* ---- backtraces ---- */

static const char traced[] =
    "(module (func $a (export \"a\") nop (call $b)) (func $b nop nop (call $c))"
    "(func $c (unreachable)))";

static void check_backtrace(void)
{
    struct world w;
    struct rt_extern x;
    uint32_t offsets[3] = {0};
    bool right = false;

    if (world_begin(&w, traced, false, false) == ST_OK &&
        rt_instance_export(w.instance, str_of("a"), &x) &&
        rt_call(w.store, x.func, NULL, NULL) == ST_TRAP) {
        struct rt_trap *trap = rt_store_take_trap(w.store);
        right = trap->frame_count == 3;
        for (uint32_t i = 0; i < 3 && right; i++) {
            const struct wm_bytes body = w.module->wm.codes[2 - i].body;
            offsets[i] = trap->frames[i].offset - body.offset; /* 1 byte of locals in front */
            right = trap->frames[i].func_index == 2 - i && trap->frames[i].module == w.module;
        }
        rt_trap_free(trap);
    }
    tap_ok(right && offsets[0] == 1 && offsets[1] == 3 && offsets[2] == 2,
           "a trap names three functions and the instructions in them: +%u, +%u, +%u", offsets[0],
           offsets[1], offsets[2]);
    world_end(&w);
}

/* ---- memory that the host refuses ---- */

static void check_faults(void)
{
    uint32_t refused = 0;
    bool done = false;

    for (uint64_t nth = 1; nth < 2000 && !done; nth++) {
        struct world w;
        char got[OUTCOME_MAX] = "not run";
        const uint64_t args[3] = {5};
        enum status st = world_begin(&w, calls, true, false);
        mem_fault_set(nth);
        if (st == ST_OK)
            st = world_call(&w, "deep", args, got);
        done = !mem_fault_hit();
        mem_fault_set(0);
        refused += st == ST_NO_MEMORY;
        if (st != ST_OK && st != ST_NO_MEMORY)
            tap_ok(false, "allocation %ju refused: %s", (uintmax_t)nth, got);
        if (st == ST_NO_MEMORY && world_call(&w, "deep", args, got) != ST_OK)
            tap_ok(false, "after a refusal the function runs: %s", got);
        world_end(&w);
    }
    tap_ok(done && refused > 0, "%u allocations of a translation refused, one after the other",
           refused);
}

int main(void)
{
    static const char *const exports[] = {"loop", "tested", "table", "fib", "tail"};

    run_rows(call_rows, LENGTH_OF(call_rows));
    check_linear();
    for (uint32_t i = 0; i < LENGTH_OF(exports); i++)
        check_interrupt(exports[i]);
    check_backtrace();
    check_faults();
    return tap_done();
}
