/* matches: subtyping between registered types. Concrete types by their display of supertypes,
 * abstract ones by the lattice of the specification. SPDX-License-Identifier: Apache-2.0 */
#include "shield/runtime/registry.h"

#include <assert.h>

bool rt_id_matches(const struct rt_registry *r, uint32_t sub, uint32_t super)
{
    if (sub == super)
        return true;
    uint32_t depth = rt_registry_type(r, super)->depth;
    const struct rt_type *type = rt_registry_type(r, sub);
    return depth < type->depth && type->display[depth] == super;
}

static enum wm_heap_abs top_of(enum wm_heap_abs abs)
{
    static const uint8_t top[WM_HEAP_ABS_COUNT] = {
#define VALUE(name, text, code, sig)
#define HEAP(name, text, short_text, code, top, feature) [WM_HEAP_##name] = WM_HEAP_##top,
#include "shield/wasm/types.def"
#undef VALUE
#undef HEAP
        [WM_HEAP_BOT] = WM_HEAP_BOT,
    };
    return (enum wm_heap_abs)top[abs];
}

static bool is_bottom(enum wm_heap_abs abs)
{
    return abs == WM_HEAP_NOFUNC || abs == WM_HEAP_NOEXTERN || abs == WM_HEAP_NONE ||
           abs == WM_HEAP_NOEXN;
}

static bool abs_matches(enum wm_heap_abs sub, enum wm_heap_abs super)
{
    if (sub == super || sub == WM_HEAP_BOT)
        return true;
    if (top_of(sub) != top_of(super))
        return false;
    if (super == top_of(super) || is_bottom(sub))
        return true;
    return super == WM_HEAP_EQ &&
           (sub == WM_HEAP_I31 || sub == WM_HEAP_STRUCT || sub == WM_HEAP_ARRAY);
}

static enum wm_heap_abs abs_of(const struct rt_registry *r, struct wm_heap heap)
{
    if (!wm_heap_is_index(heap))
        return wm_heap_as_abs(heap);
    switch (rt_registry_type(r, (uint32_t)heap.code)->composite) {
    case WM_FUNC_TYPE: return WM_HEAP_FUNC;
    case WM_STRUCT_TYPE: return WM_HEAP_STRUCT;
    case WM_ARRAY_TYPE: break;
    }
    return WM_HEAP_ARRAY;
}

bool rt_heap_matches(const struct rt_registry *r, struct wm_heap sub, struct wm_heap super)
{
    if (!wm_heap_is_index(super))
        return abs_matches(abs_of(r, sub), wm_heap_as_abs(super));
    if (wm_heap_is_index(sub))
        return rt_id_matches(r, (uint32_t)sub.code, (uint32_t)super.code);
    /* Below a concrete type there are only its subtypes and the bottom of its hierarchy. */
    enum wm_heap_abs abs = wm_heap_as_abs(sub);
    return abs == WM_HEAP_BOT || (is_bottom(abs) && top_of(abs) == top_of(abs_of(r, super)));
}

bool rt_valtype_matches(const struct rt_registry *r, struct wm_valtype sub, struct wm_valtype super)
{
    if (wm_same(sub, super) || wm_kind(sub) == WM_KIND_BOT)
        return true;
    if (!wm_is_ref(sub) || !wm_is_ref(super))
        return false;
    return (!wm_is_nullable(sub) || wm_is_nullable(super)) &&
           rt_heap_matches(r, wm_heap_of(sub), wm_heap_of(super));
}

enum wm_heap_abs rt_heap_top(const struct rt_registry *r, struct wm_heap heap)
{
    return top_of(abs_of(r, heap));
}

bool rt_is_gc_ref(const struct rt_registry *r, struct wm_valtype t)
{
    return wm_is_ref(t) && rt_heap_top(r, wm_heap_of(t)) != WM_HEAP_FUNC;
}
