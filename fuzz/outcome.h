/*
 * outcome: a module is instantiated with stubs and its exports are called; everything that can be
 * seen from outside becomes one number. Harnesses compare it between ways of running.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FUZZ_OUTCOME_H
#define FUZZ_OUTCOME_H

#include "fuzz.h"

#include "shield/runtime/store.h"
#include "shield/runtime/trap.h"

#include <string.h>

enum { OUTCOME_FUEL = 200000, ARITY_MAX = 32, IMPORTS_MAX = 64, EXPORTS_MAX = 32 };

struct outcome {
    uint64_t hash;
    bool is_out_of_fuel;
    bool is_exhausted; /* stack or another limit: each tier has its own */
    bool with_frames;  /* positions of a trap count too */
};

static void mix(struct outcome *o, uint64_t value)
{
    o->hash = (o->hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    o->hash ^= o->hash >> 29;
}

/* References differ between runs; whether they are null does not. */
static void mix_value(struct outcome *o, struct wm_valtype type, union rt_value v)
{
    if (wm_is_ref(type))
        v = (union rt_value){
            .u64 = {v.ref != RT_NULL, 0}
        };
    mix(o, v.u64[0]);
    mix(o, wm_kind(type) == WM_KIND_V128 ? v.u64[1] : 0);
}

/* Every imported function: notes its arguments, returns zeros, where null is a value. */
static enum status stub(void *env, struct rt_caller *caller, const union rt_value *args,
                        union rt_value *results)
{
    const struct rt_type *type = env;

    (void)args;
    for (uint32_t i = 0; i < type->result_count; i++) {
        if (!wm_is_defaultable(type->results[i]))
            return rt_trap_raise(caller->store, RT_TRAP_UNKNOWN_IMPORT, NULL);
        results[i] = (union rt_value){
            .u64 = {0, 0}
        };
    }
    return ST_OK;
}

static enum status import(struct rt_store *s, struct rt_module *m, const struct wm_import *i,
                          struct rt_extern *out)
{
    out->kind = i->kind;
    if (i->kind == WM_EXTERN_FUNC) {
        uint32_t id = m->type_ids[m->wm.funcs[i->index].type_index];
        const struct rt_type *type = rt_registry_type(s->engine->types, id);
        return rt_func_new(s, id, stub, (void *)(uintptr_t)type, NULL, &out->func, NULL);
    }
    if (i->kind == WM_EXTERN_MEMORY)
        return rt_memory_new(s, &m->wm.memories[i->index], &out->memory, NULL);
    if (i->kind == WM_EXTERN_TAG)
        return rt_tag_new(s, m->type_ids[m->wm.tags[i->index].type_index], &out->tag, NULL);
    return ST_UNLINKABLE;
}

static void note_end(struct outcome *o, struct rt_store *s, enum status st)
{
    mix(o, st);
    o->is_out_of_fuel |= st == ST_FUEL;
    o->is_exhausted |= st == ST_LIMIT || st == ST_NO_MEMORY;
    if (st != ST_TRAP)
        return;
    struct rt_trap *trap = rt_store_take_trap(s);
    mix(o, trap->code);
    o->is_exhausted |= trap->code == RT_TRAP_STACK_EXHAUSTED;
    if (o->with_frames)
        mix(o, trap->frame_count + trap->frames_left_out);
    for (uint32_t i = 0; i < trap->frame_count && o->with_frames; i++) {
        mix(o, trap->frames[i].func_index);
        mix(o, trap->frames[i].offset);
    }
    rt_trap_free(trap);
}

static void call(struct outcome *o, struct rt_store *s, struct rt_func *f)
{
    const struct rt_type *type = rt_registry_type(s->engine->types, f->type_id);
    union rt_value args[ARITY_MAX] = {{.i64 = 0}}, results[ARITY_MAX] = {{.i64 = 0}};

    if (type->param_count > ARITY_MAX || type->result_count > ARITY_MAX)
        return;
    for (uint32_t i = 0; i < type->param_count; i++) {
        if (!wm_is_defaultable(type->params[i]))
            return;
        if (!wm_is_ref(type->params[i]))
            args[i].i64 = UINT64_C(0x3ff0000000000003) * (i + 1);
    }
    s->fuel = OUTCOME_FUEL;
    enum status st = rt_call(s, f, args, results);
    note_end(o, s, st);
    for (uint32_t i = 0; st == ST_OK && i < type->result_count; i++)
        mix_value(o, type->results[i], results[i]);
}

static void run_instance(struct outcome *o, struct rt_store *s, struct rt_module *m)
{
    struct rt_extern imports[IMPORTS_MAX];
    struct rt_instance *instance = NULL;

    if (m->wm.import_count > IMPORTS_MAX)
        return;
    for (uint32_t i = 0; i < m->wm.import_count; i++)
        if (import(s, m, &m->wm.imports[i], &imports[i]) != ST_OK)
            return;
    s->fuel = OUTCOME_FUEL;
    enum status st = rt_instance_new(s, m, imports, m->wm.import_count, &instance, NULL);
    note_end(o, s, st);
    if (st != ST_OK)
        return;
    for (uint32_t i = 0; i < m->wm.export_count && i < EXPORTS_MAX && !o->is_out_of_fuel; i++)
        if (m->wm.exports[i].kind == WM_EXTERN_FUNC)
            call(o, s, instance->funcs[m->wm.exports[i].index]);
    for (uint32_t i = 0; i < m->wm.memory_count; i++) {
        const struct rt_memory *memory = instance->memories[i];
        for (uint64_t at = 0; at + 8 <= memory->size_bytes; at += 8) {
            uint64_t word;
            memcpy(&word, memory->base + at, 8);
            if (word != 0)
                mix(o, word + at);
        }
    }
}

static struct outcome outcome_of(struct rt_engine *engine, struct rt_module *m, bool metered,
                                 bool with_frames)
{
    struct rt_limits limits = rt_limits_default();
    struct outcome o = {.hash = 1, .with_frames = with_frames};
    struct rt_store *store = NULL;

    limits.memory_bytes = 4 << 20;
    limits.table_elements = 1 << 16;
    limits.gc_heap_bytes = 16 << 20;
    limits.call_depth = 500;
    if (rt_store_new(engine, &limits, &store, NULL) != ST_OK)
        return o;
    store->fuel_on = metered;
    run_instance(&o, store, m);
    rt_store_free(store);
    return o;
}

#endif /* FUZZ_OUTCOME_H */
