/*
 * builtins: what generated code asks the runtime for; one function per row of
 * compile/builtins.def. Arguments are whatever machine code has put into registers: indices and
 * references are judged, and numbers narrower than 64 bits are cut. A trap is raised in the store
 * and its status leaves the guest. SPDX-License-Identifier: Apache-2.0
 */
#include "shield/native/plan.h"

#include "shield/runtime/bulk.h"
#include "shield/runtime/gc.h"
#include "shield/runtime/wait.h"

#include <assert.h>
#include <string.h>

/* In rax and rdx. */
struct native_answer {
    uint64_t value;
    uint64_t status; /* 0: go on */
};
typedef struct native_answer native_builtin(uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                            uint64_t e, const uint8_t *context);

#define ARGS                                                                                       \
    __attribute__((unused)) uint64_t a, __attribute__((unused)) uint64_t b,                        \
        __attribute__((unused)) uint64_t c, __attribute__((unused)) uint64_t d,                    \
        __attribute__((unused)) uint64_t e, const uint8_t *context

static struct rt_instance *instance_of(const uint8_t *context)
{
    struct rt_instance *i;

    memcpy(&i, context + CONTEXT_OFFSET(instance), sizeof(struct rt_instance *));
    return i;
}

static struct native_answer give(uint64_t value)
{
    return (struct native_answer){value, ST_OK};
}

static struct native_answer finish(enum status st)
{
    return (struct native_answer){0, st};
}

/* Numbers of memories, tables... are constants in generated code; the verifier does not know them,
 * so they are judged here. */
#define INDEX(value, count)                                                                        \
    do {                                                                                           \
        if (UNLIKELY((uint32_t)(value) >= (count)))                                                \
            return finish(rt_trap_raise(i->store, RT_TRAP_DAMAGED_REFERENCE, NULL));               \
    } while (0)

static struct native_answer builtin_memory_grow(ARGS)
{
    struct rt_instance *i = instance_of(context);

    INDEX(a, i->module->wm.memory_count);
    return give(rt_memory_grow(i->memories[(uint32_t)a], b));
}

static struct native_answer builtin_memory_fill(ARGS)
{
    struct rt_instance *i = instance_of(context);

    INDEX(a, i->module->wm.memory_count);
    return finish(rt_memory_fill(i->store, i->memories[(uint32_t)a], b, (uint8_t)c, d));
}

static struct native_answer builtin_memory_copy(ARGS)
{
    struct rt_instance *i = instance_of(context);

    INDEX(a, i->module->wm.memory_count);
    INDEX(b, i->module->wm.memory_count);
    return finish(
        rt_memory_copy(i->store, i->memories[(uint32_t)a], i->memories[(uint32_t)b], c, d, e));
}

static struct native_answer builtin_memory_init(ARGS)
{
    struct rt_instance *i = instance_of(context);

    INDEX(a, i->module->wm.memory_count);
    INDEX(b, i->module->wm.data_count);
    return finish(rt_memory_init(i, (uint32_t)a, (uint32_t)b, c, (uint32_t)d, (uint32_t)e));
}

static struct native_answer builtin_data_drop(ARGS)
{
    struct rt_instance *i = instance_of(context);

    INDEX(a, i->module->wm.data_count);
    rt_data_drop(i, (uint32_t)a);
    return finish(ST_OK);
}

static struct native_answer builtin_table_get(ARGS)
{
    struct rt_instance *i = instance_of(context);

    INDEX(a, i->module->wm.table_count);
    const struct rt_table *t = i->tables[(uint32_t)a];
    if (b >= t->size)
        return finish(rt_trap_raise(i->store, RT_TRAP_TABLE_BOUNDS, NULL));
    return give(t->elements[b]);
}

static struct native_answer builtin_table_set(ARGS)
{
    struct rt_instance *i = instance_of(context);

    INDEX(a, i->module->wm.table_count);
    struct rt_table *t = i->tables[(uint32_t)a];
    if (b >= t->size)
        return finish(rt_trap_raise(i->store, RT_TRAP_TABLE_BOUNDS, NULL));
    enum status st = native_judge_ref(i->store, t->type, c);
    if (st == ST_OK)
        t->elements[b] = c;
    return finish(st);
}

static struct native_answer builtin_table_grow(ARGS)
{
    struct rt_instance *i = instance_of(context);

    INDEX(a, i->module->wm.table_count);
    struct rt_table *t = i->tables[(uint32_t)a];
    enum status st = native_judge_ref(i->store, t->type, b);
    if (st != ST_OK)
        return finish(st);
    return give(rt_table_grow(t, c, b));
}

static struct native_answer builtin_table_fill(ARGS)
{
    struct rt_instance *i = instance_of(context);

    INDEX(a, i->module->wm.table_count);
    struct rt_table *t = i->tables[(uint32_t)a];
    enum status st = native_judge_ref(i->store, t->type, c);
    if (st == ST_OK)
        st = rt_table_fill(i->store, t, b, c, d);
    return finish(st);
}

static struct native_answer builtin_table_copy(ARGS)
{
    struct rt_instance *i = instance_of(context);

    INDEX(a, i->module->wm.table_count);
    INDEX(b, i->module->wm.table_count);
    struct rt_table *to = i->tables[(uint32_t)a], *from = i->tables[(uint32_t)b];
    if (UNLIKELY(!rt_valtype_matches(i->store->engine->types, from->type, to->type)))
        return finish(rt_trap_raise(i->store, RT_TRAP_DAMAGED_REFERENCE, NULL));
    return finish(rt_table_copy(i->store, to, from, c, d, e));
}

static struct native_answer builtin_table_init(ARGS)
{
    struct rt_instance *i = instance_of(context);

    INDEX(a, i->module->wm.table_count);
    INDEX(b, i->module->wm.elem_count);
    struct wm_valtype from = rt_valtype_global(i->module->type_ids,
                                               i->module->wm.elems[(uint32_t)b].type);
    if (UNLIKELY(!rt_valtype_matches(i->store->engine->types, from, i->tables[(uint32_t)a]->type)))
        return finish(rt_trap_raise(i->store, RT_TRAP_DAMAGED_REFERENCE, NULL));
    return finish(rt_table_init(i, (uint32_t)a, (uint32_t)b, c, (uint32_t)d, (uint32_t)e));
}

static struct native_answer builtin_elem_drop(ARGS)
{
    struct rt_instance *i = instance_of(context);

    INDEX(a, i->module->wm.elem_count);
    rt_elem_drop(i, (uint32_t)a);
    return finish(ST_OK);
}

static struct native_answer builtin_global_set_ref(ARGS)
{
    struct rt_instance *i = instance_of(context);

    INDEX(a, i->module->wm.global_count);
    struct rt_global *g = i->globals[(uint32_t)a];
    if (UNLIKELY(!g->is_mutable || !wm_is_ref(g->type)))
        return finish(rt_trap_raise(i->store, RT_TRAP_DAMAGED_REFERENCE, NULL));
    enum status st = native_judge_ref(i->store, g->type, b);
    if (st == ST_OK)
        g->cell->ref = b;
    return finish(st);
}

static struct native_answer builtin_resolve_ref(ARGS)
{
    struct rt_instance *i = instance_of(context);
    struct rt_store *s = i->store;
    const struct rt_func *fn = (const struct rt_func *)(uintptr_t)a;

    INDEX(b, i->module->wm.type_count);
    if (fn == NULL)
        return finish(rt_trap_raise(s, RT_TRAP_NULL_FUNCTION, NULL));
    if (UNLIKELY(!rt_store_has_func(s, fn) ||
                 !rt_id_matches(s->engine->types, fn->type_id, i->module->type_ids[(uint32_t)b])))
        return finish(rt_trap_raise(s, RT_TRAP_DAMAGED_REFERENCE, NULL));
    return give(a);
}

static struct native_answer wait(struct rt_instance *i, uint32_t memory, uint64_t address,
                                 uint32_t width, uint64_t expected, int64_t timeout_ns)
{
    uint32_t result = 0;

    INDEX(memory, i->module->wm.memory_count);
    enum status st = rt_atomic_wait(i->store, i->memories[memory], address, 0, width, expected,
                                    timeout_ns, &result);
    return (struct native_answer){result, st};
}

static struct native_answer builtin_atomic_wait32(ARGS)
{
    return wait(instance_of(context), (uint32_t)a, b, 4, (uint32_t)c, (int64_t)d);
}

static struct native_answer builtin_atomic_wait64(ARGS)
{
    return wait(instance_of(context), (uint32_t)a, b, 8, c, (int64_t)d);
}

static struct native_answer builtin_atomic_notify(ARGS)
{
    struct rt_instance *i = instance_of(context);
    uint32_t woken = 0;

    INDEX(a, i->module->wm.memory_count);
    enum status st = rt_atomic_notify(i->store, i->memories[(uint32_t)a], b, 0, (uint32_t)c,
                                      &woken);
    return (struct native_answer){woken, st};
}

static struct native_answer builtin_out_of_fuel(ARGS)
{
    struct rt_store *s = instance_of(context)->store;

    s->fuel = 0;
    return finish(diag_fail(&s->diag, ST_FUEL, DIAG_NO_OFFSET, "the run has used its fuel"));
}

extern native_builtin *const native_builtins[BUILTIN_COUNT];
native_builtin *const native_builtins[BUILTIN_COUNT] = {
#define BUILTIN(name, signature, flags, what) [BUILTIN_##name] = builtin_##name,
#include "shield/compile/builtins.def"
#undef BUILTIN
};
