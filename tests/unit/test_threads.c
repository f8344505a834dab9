/* test_threads: two threads with a store each run one module over one shared memory: counters,
 * a lock and a conversation made of atomics, wait and notify; growth under way; an interrupt.
 * SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "shield/interp/interp.h"

#include <time.h>

static const char wat[] =
    "(import \"m\" \"m\" (memory 1 64 shared))"
    /* The cell at 0, n times plus one. */
    "(func (export \"count\") (param $n i32) (result i32)"
    "  (loop $again"
    "    (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))"
    "    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))"
    "  (i32.const 0))"
    /* A lock at 4: 0 free, 1 taken, 2 taken and waited for. */
    "(func $lock"
    "  (if (i32.eqz (i32.atomic.rmw.cmpxchg (i32.const 4) (i32.const 0) (i32.const 1)))"
    "    (then (return)))"
    "  (loop $again"
    "    (if (i32.eqz (i32.atomic.rmw.xchg (i32.const 4) (i32.const 2))) (then (return)))"
    "    (drop (memory.atomic.wait32 (i32.const 4) (i32.const 2) (i64.const -1)))"
    "    (br $again)))"
    "(func $unlock"
    "  (if (i32.eq (i32.atomic.rmw.xchg (i32.const 4) (i32.const 0)) (i32.const 2))"
    "    (then (drop (memory.atomic.notify (i32.const 4) (i32.const 1))))))"
    /* The plain counters at 8 and 16 stay equal as long as the lock holds. */
    "(func (export \"locked\") (param $n i32) (result i32) (local $bad i32)"
    "  (loop $again"
    "    (call $lock)"
    "    (local.set $bad (i32.or (local.get $bad)"
    "      (i64.ne (i64.load (i32.const 8)) (i64.load (i32.const 16)))))"
    "    (i64.store (i32.const 8) (i64.add (i64.load (i32.const 8)) (i64.const 1)))"
    "    (i64.store (i32.const 16) (i64.add (i64.load (i32.const 16)) (i64.const 1)))"
    "    (call $unlock)"
    "    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))"
    "  (local.get $bad))"
    /* Takes turns: who finds its parity in the cell at 24 passes it on. */
    "(func $turns (param $n i32) (param $me i32) (result i32) (local $seen i32)"
    "  (loop $again"
    "    (local.set $seen (i32.atomic.load (i32.const 24)))"
    "    (if (i32.ne (i32.and (local.get $seen) (i32.const 1)) (local.get $me))"
    "      (then"
    "        (drop (memory.atomic.wait32 (i32.const 24) (local.get $seen) (i64.const -1)))"
    "        (br $again)))"
    "    (i32.atomic.store (i32.const 24) (i32.add (local.get $seen) (i32.const 1)))"
    "    (drop (memory.atomic.notify (i32.const 24) (i32.const 1)))"
    "    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))"
    "  (i32.const 0))"
    "(func (export \"even\") (param i32) (result i32) (call $turns (local.get 0) (i32.const 0)))"
    "(func (export \"odd\") (param i32) (result i32) (call $turns (local.get 0) (i32.const 1)))"
    /* Grows a page at a time and writes its end; the other side checks every page it sees. */
    "(func (export \"grow\") (param i32) (result i32)"
    "  (loop $again"
    "    (if (i32.ne (memory.grow (i32.const 1)) (i32.const -1))"
    "      (then (i32.atomic.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const "
    "4))"
    "              (i32.const 7)) (br $again))))"
    "  (memory.size))"
    "(func (export \"watch\") (param i32) (result i32)"
    "  (loop $again"
    "    (drop (i32.atomic.load (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4))))"
    "    (br_if $again (i32.ne (memory.size) (i32.const 64))))"
    "  (memory.size))"
    "(func (export \"sleep\") (param i32) (result i32)"
    "  (memory.atomic.wait32 (i32.const 32) (i32.const 0) (i64.const -1)))"
    "(func (export \"spin\") (param i32) (result i32) (loop $again (br $again)) (unreachable))";

struct side {
    struct rt_store *store;
    struct rt_instance *instance;
    const char *function;
    uint32_t argument, result;
    enum status status;
};

struct pair {
    struct fixture f;
    struct rt_module *module;
    struct rt_memory *memory;
    struct side sides[2];
};

static struct pair pair_open(void)
{
    struct pair p = {
        .f = fixture_open_config(rt_limits_default(), (struct rt_config){.tier = interp_tier()})};
    struct rt_limits limits = rt_limits_default();
    const struct wm_memory type = {
        .limits = {.min = 1, .max = 64, .has_max = true},
          .is_shared = true, .page_log2 = 16
    };
    struct diag dg = {0};

    must(rt_memory_new(p.f.store, &type, &p.memory, &dg) == ST_OK, dg.text);
    p.module = fixture_module(&p.f, wat);
    for (uint32_t i = 0; i < 2; i++) {
        struct rt_extern import = {.kind = WM_EXTERN_MEMORY, .memory = p.memory};
        struct side *side = &p.sides[i];
        must(rt_store_new(p.f.engine, &limits, &side->store, &dg) == ST_OK, dg.text);
        must(rt_instance_new(side->store, p.module, &import, 1, &side->instance, &dg) == ST_OK,
             dg.text);
    }
    return p;
}

static void pair_close(struct pair *p)
{
    rt_store_free(p->sides[0].store);
    rt_store_free(p->sides[1].store);
    rt_module_free(p->module);
    fixture_close(&p->f);
}

static void *run_side(void *ctx)
{
    struct side *side = ctx;
    struct rt_extern e;
    union rt_value value = {.i32 = side->argument};

    must(rt_instance_export(side->instance, str_of(side->function), &e), "export");
    side->status = rt_call(side->store, e.func, &value, &value);
    side->result = value.i32;
    return NULL;
}

/* Both sides at once; true when both end well. */
static bool run_both(struct pair *p, const char *first, const char *second, uint32_t argument)
{
    const char *const functions[2] = {first, second};
    pthread_t thread;

    for (uint32_t i = 0; i < 2; i++) {
        p->sides[i].function = functions[i];
        p->sides[i].argument = argument;
    }
    must(pthread_create(&thread, NULL, run_side, &p->sides[1]) == 0, "thread");
    run_side(&p->sides[0]);
    pthread_join(thread, NULL);
    return p->sides[0].status == ST_OK && p->sides[1].status == ST_OK;
}

static uint64_t cell(const struct pair *p, uint32_t at)
{
    uint64_t value;

    memcpy(&value, p->memory->base + at, sizeof(value));
    return value;
}

static void test_together(void)
{
    enum { COUNT = 100000, LOCKED = 20000, TURNS = 500 };
    struct pair p = pair_open();

    bool ok = run_both(&p, "count", "count", COUNT);
    tap_ok(ok && (uint32_t)cell(&p, 0) == 2 * COUNT, "two counters: %u", (uint32_t)cell(&p, 0));
    ok = run_both(&p, "locked", "locked", LOCKED);
    tap_ok(ok && p.sides[0].result == 0 && p.sides[1].result == 0 && cell(&p, 8) == 2 * LOCKED &&
               cell(&p, 16) == 2 * LOCKED,
           "a lock of wait and notify: %u and %u", (uint32_t)cell(&p, 8), (uint32_t)cell(&p, 16));
    ok = run_both(&p, "even", "odd", TURNS);
    tap_ok(ok && (uint32_t)cell(&p, 24) == 2 * TURNS, "taking turns: %u", (uint32_t)cell(&p, 24));
    ok = run_both(&p, "grow", "watch", 0);
    tap_ok(ok && p.sides[0].result == 64 && p.sides[1].result == 64,
           "growth while the other side reads: %u pages and %u", p.sides[0].result,
           p.sides[1].result);
    pair_close(&p);
}

static void test_interrupt(const char *function)
{
    const struct timespec pause = {.tv_nsec = 30 * 1000 * 1000};
    struct pair p = pair_open();
    pthread_t thread;

    p.sides[0].function = function;
    must(pthread_create(&thread, NULL, run_side, &p.sides[0]) == 0, "thread");
    nanosleep(&pause, NULL);
    rt_store_interrupt(p.sides[0].store);
    pthread_join(thread, NULL);
    tap_ok(p.sides[0].status == ST_TIMEOUT, "an interrupt ends \"%s\": %s", function,
           status_text(p.sides[0].status));
    p.sides[0].function = "count";
    p.sides[0].argument = 10;
    run_side(&p.sides[0]);
    tap_ok(p.sides[0].status == ST_OK, "and the next call runs: %s",
           status_text(p.sides[0].status));
    pair_close(&p);
}

int main(void)
{
    test_together();
    test_interrupt("sleep");
    test_interrupt("spin");
    return tap_done();
}
