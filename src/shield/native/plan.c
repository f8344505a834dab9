/* plan: where the values of a signature are when a call crosses the border between guest and C,
 * worked out once. docs/compiler.md has the convention. SPDX-License-Identifier: Apache-2.0 */
#include "shield/native/plan.h"

#include "base/mem.h"
#include "shield/runtime/gc.h"

#include <assert.h>
#include <string.h>

/* ---- making one ---- */

static enum native_kind kind_of(struct wm_valtype t)
{
    switch (wm_kind(t)) {
    case WM_KIND_I32: return NATIVE_I32;
    case WM_KIND_I64: return NATIVE_I64;
    case WM_KIND_F32: return NATIVE_F32;
    case WM_KIND_F64: return NATIVE_F64;
    case WM_KIND_V128: return NATIVE_V128;
    default: break;
    }
    assert(wm_is_ref(t) && "packed types are no values");
    return NATIVE_REF;
}

static bool is_vector(enum native_kind kind)
{
    return kind == NATIVE_F32 || kind == NATIVE_F64 || kind == NATIVE_V128;
}

static void place(struct native_place *places, const struct wm_valtype *types, uint32_t count,
                  uint32_t gprs_max, uint32_t vectors_max)
{
    uint32_t gprs = 0, vectors = 0, slots = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct native_place *p = &places[i];
        p->kind = (uint8_t)kind_of(types[i]);
        bool in_vector = is_vector(p->kind);
        p->overflows = in_vector ? vectors == vectors_max : gprs == gprs_max;
        if (p->overflows)
            p->at = (uint16_t)slots++;
        else if (in_vector)
            p->at = (uint16_t)(REGS_VECTORS + REGS_CELL * vectors++);
        else
            p->at = (uint16_t)(REGS_CELL * gprs++);
    }
    CHECK(slots <= OVERFLOW_SLOTS, "signatures are within the limits of modules");
}

static uint8_t bytes_of(enum native_kind kind)
{
    switch (kind) {
    case NATIVE_I32:
    case NATIVE_F32: return 4;
    case NATIVE_V128: return 16;
    default: return 8;
    }
}

/* All in registers of one class, and none needs judging. */
static void see_whether_plain(struct native_side *side)
{
    const struct native_place *p = side->places;

    side->is_plain = true;
    side->at = side->count > 0 ? p[0].at : 0;
    for (uint32_t i = 0; i < side->count && side->is_plain; i++) {
        side->is_plain = !p[i].overflows && p[i].kind != NATIVE_REF &&
                         is_vector(p[i].kind) == is_vector(p[0].kind);
        if (side->is_plain)
            side->bytes[i] = bytes_of(p[i].kind);
    }
}

static struct native_plan *make(const struct rt_type *type)
{
    const uint32_t count = type->param_count + type->result_count;
    struct native_plan *p = mem_alloc(1, sizeof(*p) + count * sizeof(p->places[0]));

    if (p == NULL)
        return NULL;
    p->array_bytes = count * (uint32_t)sizeof(union rt_value);
    p->params = (struct native_side){
        .count = type->param_count, .types = type->params, .places = p->places};
    p->results = (struct native_side){.count = type->result_count,
                                      .types = type->results,
                                      .places = p->places + type->param_count};
    place(p->places, type->params, type->param_count, NATIVE_GPRS, NATIVE_VECTORS);
    place(p->places + type->param_count, type->results, type->result_count, NATIVE_RESULTS,
          NATIVE_RESULTS);
    for (uint32_t i = 0; i < type->param_count; i++)
        p->has_vectors |= is_vector(p->places[i].kind);
    see_whether_plain(&p->params);
    see_whether_plain(&p->results);
    p->is_plain = p->params.is_plain && p->results.is_plain;
    return p;
}

static bool reserve_plans(struct native_state *n, uint32_t type_id)
{
    if (type_id < n->plan_capacity)
        return true;
    uint32_t capacity = MAX(type_id + 1, n->plan_capacity * 2);
    struct native_plan **plans = mem_resize(n->plans, capacity, sizeof(*plans));
    if (plans == NULL)
        return false;
    memset(plans + n->plan_capacity, 0, (capacity - n->plan_capacity) * sizeof(*plans));
    n->plans = plans;
    n->plan_capacity = capacity;
    return true;
}

const struct native_plan *native_plan_make(struct native_state *n, struct rt_func *fn)
{
    if (!reserve_plans(n, fn->type_id))
        return NULL;
    struct native_plan **slot = &n->plans[fn->type_id];
    if (*slot == NULL)
        *slot = make(rt_registry_type(n->store->engine->types, fn->type_id));
    fn->plan = *slot;
    return *slot;
}

void native_plans_free(struct native_state *n)
{
    for (uint32_t i = 0; i < n->plan_capacity; i++)
        mem_free(n->plans[i]);
    mem_free(n->plans);
}

/* ---- using one ---- */

enum status native_judge_ref(struct rt_store *s, struct wm_valtype type, uint64_t ref)
{
    const struct rt_registry *types = s->engine->types;
    bool good;

    if (ref == RT_NULL)
        good = wm_is_nullable(type);
    else if (rt_heap_top(types, wm_heap_of(type)) == WM_HEAP_FUNC)
        good = rt_store_has_func(s, (const struct rt_func *)(uintptr_t)ref) &&
               rt_ref_matches(s, ref, wm_heap_of(type));
    else
        good = (rt_is_i31(ref) ? ref <= UINT32_MAX : rt_gc_is_object(s->gc, ref)) &&
               rt_ref_matches(s, ref, wm_heap_of(type));
    return LIKELY(good) ? ST_OK : rt_trap_raise(s, RT_TRAP_DAMAGED_REFERENCE, NULL);
}

static uint8_t *at(const struct native_state *n, const struct native_regs *regs,
                   const struct native_place *p)
{
    const uint8_t *from = p->overflows ? n->overflow + p->at * OVERFLOW_SLOT_BYTES
                                       : (const uint8_t *)regs + p->at;
    return (uint8_t *)(uintptr_t)from;
}

enum status native_get_slowly(struct native_state *n, const struct native_side *side,
                              const struct native_regs *regs, union rt_value *values)
{
    for (uint32_t i = 0; i < side->count; i++) {
        const uint8_t *from = at(n, regs, &side->places[i]);
        union rt_value v = {.u64 = {0, 0}};
        switch ((enum native_kind)side->places[i].kind) {
        case NATIVE_I32:
        case NATIVE_F32: memcpy(&v, from, 4); break;
        case NATIVE_I64:
        case NATIVE_F64:
        case NATIVE_REF: memcpy(&v, from, 8); break;
        case NATIVE_V128: memcpy(&v, from, 16); break;
        }
        values[i] = v;
    }
    for (uint32_t i = 0; i < side->count; i++)
        if (side->places[i].kind == NATIVE_REF)
            TRY(native_judge_ref(n->store, side->types[i], values[i].ref));
    return ST_OK;
}

void native_put_slowly(struct native_state *n, const struct native_side *side,
                       struct native_regs *regs, const union rt_value *values)
{
    for (uint32_t i = 0; i < side->count; i++) {
        uint8_t *to = at(n, regs, &side->places[i]);
        switch ((enum native_kind)side->places[i].kind) {
        case NATIVE_I32:
        case NATIVE_F32: {
            uint64_t wide = values[i].i32;
            memcpy(to, &wide, 8);
            break;
        }
        case NATIVE_I64:
        case NATIVE_F64:
        case NATIVE_REF: memcpy(to, &values[i], 8); break;
        case NATIVE_V128: memcpy(to, &values[i], 16); break;
        }
    }
}
