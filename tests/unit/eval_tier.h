/*
 * eval_tier: a tier that translates functions into IR and runs them with ir/eval: no optimiser, no
 * code generator. What fails here as well lies in the translation; what fails only in machine code
 * lies behind it. Modules that cannot be compiled run on the interpreter.
 *
 * Stores that count fuel get the metered variant. Not for more than one thread.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_UNIT_EVAL_TIER_H
#define TESTS_UNIT_EVAL_TIER_H

#include "translating.h"

#include "shield/interp/interp.h"
#include "shield/ir/check.h"
#include "shield/ir/eval.h"
#include "shield/native/state.h"
#include "shield/runtime/bulk.h"

#include <stdlib.h>
#include <string.h>

enum { EVAL_DEPTH_MAX = 1000, EVAL_TRAP_PENDING = 254 };

static struct eval_tier {
    struct rt_tier tier;
    enum memory_plan least_plan; /* memories get this plan or a weaker one */
    uint32_t depth;
    enum status pending; /* behind EVAL_TRAP_PENDING */
    uint64_t functions, calls;
    /* Called for each function once translated; NULL: nothing. */
    enum status (*change)(struct ir_func *f, struct diag *dg);
} eval_tier;

/* Per instance; rt_instance.context points to it. */
struct eval_instance {
    struct rt_instance *instance;
    struct layout layout;
    enum memory_plan *plans;
    struct translate_env env;
    struct translate_scratch scratch;
    struct arena arena; /* holds all functions */
    struct ir_func **funcs;
    uint8_t *bytes; /* the context as generated code sees it */
};

/* One run of one function. tail: set by a tail call, to be made when the function has ended. */
struct eval_run {
    struct eval_instance *at;
    struct rt_store *store;
    struct rt_func *tail;
    union rt_value *tail_args;
    struct arena *arena;
};

/* ---- the context ---- */

static void eval_put(struct eval_instance *e, uint32_t offset, const void *from, size_t bytes)
{
    memcpy(e->bytes + offset, from, bytes);
}

static void eval_fill_context(struct eval_instance *e)
{
    struct rt_instance *i = e->instance;
    const struct wm_module *wm = &i->module->wm;
    const uint64_t *fuel = &i->store->fuel;

    eval_put(e, CONTEXT_OFFSET(fuel), &fuel, 8);
    eval_put(e, CONTEXT_OFFSET(instance), &i, 8);
    eval_put(e, CONTEXT_OFFSET(store), &i->store, 8);
    for (uint32_t k = 0; k < wm->memory_count; k++)
        eval_put(e, layout_memory(&e->layout, k), &i->memories[k], 8);
    for (uint32_t k = 0; k < wm->table_count; k++)
        eval_put(e, layout_table(&e->layout, k), &i->tables[k], 8);
    for (uint32_t k = 0; k < wm->func_count; k++)
        eval_put(e, layout_func(&e->layout, k), &i->funcs[k], 8);
    for (uint32_t k = 0; k < wm->type_count; k++)
        eval_put(e, layout_type(&e->layout, k), &i->module->type_ids[k], 4);
    for (uint32_t k = 0; k < wm->global_count; k++) {
        if (k < wm->global_imports) {
            eval_put(e, layout_global_pointer(&e->layout, k), &i->cells[k], 8);
            continue;
        }
        union rt_value *cell = (void *)(e->bytes + layout_global(&e->layout, k));
        *cell = *i->cells[k];
        i->cells[k] = i->globals[k]->cell = cell;
    }
}

static enum status eval_instance_init(struct rt_instance *i, struct diag *dg)
{
    const struct wm_module *wm = &i->module->wm;
    const struct layout_shape shape = shape_of(wm);
    struct eval_instance *e;

    if (translate_supported(wm, NULL) != ST_OK)
        return ST_OK;
    e = calloc(1, sizeof(*e));
    e->instance = i;
    TRY(layout_compute(&shape, &e->layout));
    e->plans = calloc(wm->memory_count + 1, sizeof(*e->plans));
    for (uint32_t k = 0; k < wm->memory_count; k++)
        e->plans[k] = MAX(plan_for(&wm->memories[k]), eval_tier.least_plan);
    e->funcs = calloc(wm->func_count + 1, sizeof(struct ir_func *));
    e->bytes = aligned_alloc(16, e->layout.bytes + 16);
    memset(e->bytes, 0, e->layout.bytes);
    arena_init(&e->arena, (size_t)1 << 30);
    translate_scratch_init(&e->scratch);
    e->env = (struct translate_env){.wm = wm,
                                    .layout = &e->layout,
                                    .plans = e->plans,
                                    .metered = i->store->fuel_on,
                                    .canonical_nan = i->store->engine->config.canonical_nan};
    eval_fill_context(e);
    i->context = e;
    (void)dg;
    return ST_OK;
}

static void eval_instance_free(struct rt_instance *i)
{
    struct eval_instance *e = i->context;

    if (e == NULL)
        return;
    translate_scratch_free(&e->scratch);
    arena_free(&e->arena);
    free(e->plans);
    free(e->funcs);
    free(e->bytes);
    free(e);
    i->context = NULL;
}

/* ---- functions ---- */

struct eval_making {
    struct eval_instance *e;
    uint32_t index;
};

static enum status eval_make(void *ctx, struct diag *dg)
{
    const struct eval_making *m = ctx;
    struct eval_instance *e = m->e;
    struct ir_func *f = arena_new(&e->arena, struct ir_func, 1);

    ir_func_init(f, &e->arena, m->index - e->env.wm->func_imports);
    TRY(translate_function(&e->env, m->index, &e->scratch, f, dg));
    if (eval_tier.change != NULL)
        TRY(eval_tier.change(f, dg));
    TRY(ir_check(f, dg));
    e->funcs[m->index] = f;
    eval_tier.functions++;
    return ST_OK;
}

/* ---- values ---- */

static ir_bits eval_bits(const union rt_value *v, enum ir_type type)
{
    switch (ir_type_bits(type)) {
    case 32: return v->i32;
    case 64: return v->i64;
    default: return (ir_bits)v->u64[1] << 64 | v->u64[0];
    }
}

static union rt_value eval_value(ir_bits bits)
{
    return (union rt_value){.u64 = {(uint64_t)bits, (uint64_t)(bits >> 64)}};
}

/* ---- memory ---- */

/* Is it in a guest memory, behind its end? Then it traps; everything else is the context's. */
static bool eval_faults(const struct eval_run *run, uint64_t address, uint32_t bytes)
{
    const struct rt_instance *i = run->at->instance;

    for (uint32_t k = 0; k < i->module->wm.memory_count; k++) {
        struct rt_memory *m = i->memories[k];
        const uint64_t base = (uintptr_t)m->base;
        if (address >= base && address < base + m->reserved_bytes + m->guard_bytes)
            return address - base + bytes > m->size_bytes;
    }
    return false;
}

static bool eval_load(void *ctx, uint64_t address, void *out, uint32_t bytes)
{
    if (eval_faults(ctx, address, bytes))
        return false;
    memcpy(out, (const void *)(uintptr_t)address, bytes);
    return true;
}

static bool eval_store(void *ctx, uint64_t address, const void *bytes, uint32_t count)
{
    if (eval_faults(ctx, address, count))
        return false;
    memcpy((void *)(uintptr_t)address, bytes, count);
    return true;
}

/* ---- calls ---- */

static enum status eval_call(struct rt_store *s, struct rt_func *fn, const union rt_value *args,
                             union rt_value *results);

/* In registers, as native/builtins.c wants it. */
struct eval_answer {
    uint64_t value, status;
};
typedef struct eval_answer eval_builtin(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                                        const uint8_t *context);
extern eval_builtin *const native_builtins[BUILTIN_COUNT];

static enum status eval_call_builtin(struct eval_run *run, uint32_t number, const ir_bits *args,
                                     uint32_t count, ir_bits *results, uint32_t result_count)
{
    uint64_t a[5] = {0};

    for (uint32_t i = 0; i < count; i++)
        a[i] = (uint64_t)args[i];
    struct eval_answer r = native_builtins[number](a[0], a[1], a[2], a[3], a[4], run->at->bytes);
    if (result_count > 0)
        results[0] = r.value;
    return (enum status)r.status;
}

/* The function of a table, or the trap for it. */
static struct rt_func *eval_table_func(const struct eval_run *run, const struct ir_table_site *site,
                                       uint64_t index, uint8_t *trap)
{
    const struct rt_table *table;
    uint32_t type_id;

    memcpy(&table, run->at->bytes + site->table_offset, 8);
    memcpy(&type_id, run->at->bytes + site->type_offset, 4);
    if (index >= table->size) {
        *trap = RT_TRAP_UNDEFINED_ELEMENT;
        return NULL;
    }
    struct rt_func *fn = (struct rt_func *)(uintptr_t)table->elements[index];
    if (fn == NULL)
        *trap = RT_TRAP_UNINITIALIZED;
    else if (fn->type_id != type_id)
        *trap = RT_TRAP_SIGNATURE_MISMATCH;
    return fn;
}

static const struct ir_signature *eval_signature(const struct ir_func *f, const struct ir_inst *i)
{
    switch (ir_op_info[i->op].format) {
    case IR_FORMAT_CALL: return &f->signatures[f->callees[i->a].signature];
    case IR_FORMAT_CALL_TABLE: return &f->signatures[f->table_sites[i->c].signature];
    default: return &f->signatures[i->c];
    }
}

static struct rt_func *eval_callee(const struct eval_run *run, const struct ir_func *f,
                                   const struct ir_inst *i, ir_bits target, uint8_t *trap)
{
    const struct rt_instance *in = run->at->instance;

    switch (ir_op_info[i->op].format) {
    case IR_FORMAT_CALL:
        return in->funcs[f->callees[i->a].number + (f->callees[i->a].kind == IR_CALLEE_LOCAL
                                                        ? in->module->wm.func_imports
                                                        : 0)];
    case IR_FORMAT_CALL_TABLE:
        return eval_table_func(run, &f->table_sites[i->c], (uint64_t)target, trap);
    default: return (struct rt_func *)(uintptr_t)target;
    }
}

static enum status eval_call_func(struct eval_run *run, struct rt_func *fn, bool is_tail,
                                  const struct ir_signature *s, const ir_bits *args,
                                  ir_bits *results)
{
    const uint32_t count = MAX(s->param_count, s->result_count) + 1;
    union rt_value *values = arena_new(run->arena, union rt_value, count);

    for (uint32_t k = 0; k < s->param_count; k++)
        values[k] = eval_value(args[k]);
    if (is_tail) {
        run->tail = fn;
        run->tail_args = values;
        return ST_OK;
    }
    TRY(eval_call(run->store, fn, values, values));
    for (uint32_t k = 0; k < s->result_count; k++)
        results[k] = eval_bits(&values[k], (enum ir_type)s->results[k]);
    return ST_OK;
}

static bool eval_on_call(void *ctx, const struct ir_func *f, ir_value call, ir_bits target,
                         const ir_bits *args, ir_bits *results, uint8_t *trap)
{
    struct eval_run *run = ctx;
    const struct ir_inst *i = ir_at(f, call);
    const struct ir_signature *s = eval_signature(f, i);
    enum status st;

    if (ir_op_info[i->op].format == IR_FORMAT_CALL &&
        f->callees[i->a].kind == IR_CALLEE_BUILTIN) {
        st = eval_call_builtin(run, f->callees[i->a].number, args, s->param_count, results,
                               s->result_count);
    } else {
        struct rt_func *fn = eval_callee(run, f, i, target, trap);
        if (*trap != IR_TRAP_NONE)
            return true;
        st = eval_call_func(run, fn, (ir_op_info[i->op].flags & IR_TERM) != 0, s, args, results);
    }
    if (st != ST_OK) {
        eval_tier.pending = st;
        *trap = EVAL_TRAP_PENDING;
    }
    return true;
}

/* ---- running ---- */

struct eval_job {
    struct eval_run run;
    struct rt_func *fn;
    const union rt_value *args;
    union rt_value *results;
};

static enum status eval_once(void *ctx, struct diag *dg)
{
    struct eval_job *j = ctx;
    struct eval_instance *e = j->run.at;
    struct ir_func *f = e->funcs[j->fn->index];
    const struct ir_signature *s = &f->signatures[f->signature];
    const struct rt_instance *i = e->instance;
    const struct ir_eval_host host = {
        .ctx = &j->run,
        .context = (uintptr_t)e->bytes,
        .pinned_base = i->module->wm.memory_count > 0 ? (uintptr_t)i->memories[0]->base : 0,
        .load = eval_load,
        .store = eval_store,
        .call = eval_on_call};
    ir_bits *args = arena_new(j->run.arena, ir_bits, s->param_count + 1);

    (void)dg;
    for (uint32_t k = 0; k < s->param_count; k++)
        args[k] = eval_bits(&j->args[k], (enum ir_type)s->params[k]);
    struct ir_eval_result r = ir_eval(f, &host, args, UINT64_C(1) << 36, j->run.arena);
    eval_tier.calls++;
    if (r.end == IR_EVAL_TRAPPED && r.trap == EVAL_TRAP_PENDING)
        return eval_tier.pending;
    if (r.end == IR_EVAL_TRAPPED)
        return rt_trap_raise(j->run.store, (enum rt_trap_code)r.trap, NULL);
    CHECK(r.end == IR_EVAL_RETURNED, "every function can be evaluated");
    for (uint32_t k = 0; k < s->result_count && j->run.tail == NULL; k++)
        j->results[k] = eval_value(r.results[k]);
    return ST_OK;
}

static enum status eval_run_func(struct rt_store *s, struct rt_func *fn, const union rt_value *args,
                                 union rt_value *results, struct eval_run *tail)
{
    struct eval_instance *e = fn->instance->context;
    struct eval_making making = {e, fn->index};
    struct eval_job j = {.run = {.at = e, .store = s, .arena = tail->arena},
                         .fn = fn,
                         .args = args,
                         .results = results};

    if (e->funcs[fn->index] == NULL)
        TRY(arena_guard(&e->arena, eval_make, &making, &s->diag));
    enum status st = arena_guard(tail->arena, eval_once, &j, &s->diag);
    *tail = j.run;
    return st;
}

static enum status eval_call(struct rt_store *s, struct rt_func *fn, const union rt_value *args,
                             union rt_value *results)
{
    struct arena arenas[2]; /* one holds the arguments of a tail call, the other what it makes */
    struct eval_run run = {.tail = fn};
    enum status st = ST_OK;

    if (eval_tier.depth == EVAL_DEPTH_MAX)
        return rt_trap_raise(s, RT_TRAP_STACK_EXHAUSTED, NULL);
    eval_tier.depth++;
    arena_init(&arenas[0], (size_t)1 << 30);
    arena_init(&arenas[1], (size_t)1 << 30);
    for (uint32_t n = 0; st == ST_OK && run.tail != NULL; n ^= 1) {
        fn = run.tail;
        args = n == 0 && run.tail_args == NULL ? args : run.tail_args;
        arena_free(&arenas[n]);
        arena_init(&arenas[n], (size_t)1 << 30);
        run = (struct eval_run){.arena = &arenas[n]};
        if (fn->instance == NULL)
            st = rt_call_host(s, NULL, fn, args, results);
        else if (fn->instance->context == NULL)
            st = interp_tier()->call(s, fn, args, results);
        else
            st = eval_run_func(s, fn, args, results, &run);
    }
    arena_free(&arenas[0]);
    arena_free(&arenas[1]);
    eval_tier.depth--;
    return st;
}

static const struct rt_tier *eval_tier_init(enum memory_plan least_plan)
{
    eval_tier.tier = *interp_tier();
    eval_tier.tier.name = "ir/eval";
    eval_tier.tier.call = eval_call;
    eval_tier.tier.instance_init = eval_instance_init;
    eval_tier.tier.instance_free = eval_instance_free;
    eval_tier.least_plan = least_plan;
    return &eval_tier.tier;
}

#endif /* TESTS_UNIT_EVAL_TIER_H */
