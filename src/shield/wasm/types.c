/* types: words for value types, and subtyping. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/types.h"

#include "shield/wasm/module.h"

#include <stdio.h>

static const char *const kind_texts[WM_KIND_COUNT] = {
    [WM_KIND_BOT] = "bot",
#define VALUE(name, text, code, sig) [WM_KIND_##name] = text,
#define HEAP(name, text, short_text, code, top, feature)
#include "shield/wasm/types.def"
#undef VALUE
#undef HEAP
    [WM_KIND_REF] = "ref",
};

static const struct {
    const char *text, *short_text;
    enum wm_heap_abs top;
} heap_info[WM_HEAP_ABS_COUNT] = {
#define VALUE(name, text, code, sig)
#define HEAP(name, text, short_text, code, top, feature)                                           \
    [WM_HEAP_##name] = {text, short_text, WM_HEAP_##top},
#include "shield/wasm/types.def"
#undef VALUE
#undef HEAP
    [WM_HEAP_BOT] = {"bot", "(ref null bot)", WM_HEAP_BOT},
};

const char *wm_kind_text(enum wm_kind kind)
{
    return kind_texts[kind];
}

const char *wm_heap_abs_text(enum wm_heap_abs abs)
{
    return heap_info[abs].text;
}

void wm_valtype_text(struct wm_valtype t, char *out, size_t size)
{
    struct wm_heap h = wm_heap_of(t);
    const char *null = wm_is_nullable(t) ? "null " : "";

    if (!wm_is_ref(t))
        snprintf(out, size, "%s", kind_texts[wm_kind(t)]);
    else if (wm_heap_is_index(h))
        snprintf(out, size, "(ref %s%d)", null, h.code);
    else if (wm_is_nullable(t))
        snprintf(out, size, "%s", heap_info[wm_heap_as_abs(h)].short_text);
    else
        snprintf(out, size, "(ref %s)", heap_info[wm_heap_as_abs(h)].text);
}

static const enum wm_heap_abs composite_heap[] = {
    [WM_FUNC_TYPE] = WM_HEAP_FUNC,
    [WM_STRUCT_TYPE] = WM_HEAP_STRUCT,
    [WM_ARRAY_TYPE] = WM_HEAP_ARRAY,
};

enum wm_heap_abs wm_heap_top(const struct wm_module *m, struct wm_heap h)
{
    if (wm_heap_is_index(h))
        return m->types[h.code].composite == WM_FUNC_TYPE ? WM_HEAP_FUNC : WM_HEAP_ANY;
    return heap_info[wm_heap_as_abs(h)].top;
}

enum wm_heap_abs wm_heap_bottom(const struct wm_module *m, struct wm_heap h)
{
    switch (wm_heap_top(m, h)) {
    case WM_HEAP_FUNC: return WM_HEAP_NOFUNC;
    case WM_HEAP_EXTERN: return WM_HEAP_NOEXTERN;
    case WM_HEAP_EXN: return WM_HEAP_NOEXN;
    case WM_HEAP_ANY: return WM_HEAP_NONE;
    default: return WM_HEAP_BOT;
    }
}

/* Walks up from sub to the depth of super: at most WM_MAX_SUPER_DEPTH steps. */
static bool index_matches(const struct wm_module *m, uint32_t sub, uint32_t super)
{
    const struct wm_type *types = m->types;

    if (types[sub].canon == types[super].canon)
        return true;
    uint32_t depth = types[super].depth;
    if (types[sub].depth <= depth)
        return false;
    while (types[sub].depth > depth)
        sub = types[sub].super;
    return types[sub].canon == types[super].canon;
}

static bool abs_matches(enum wm_heap_abs sub, enum wm_heap_abs super)
{
    if (sub == super || sub == WM_HEAP_BOT)
        return true;
    if (super == WM_HEAP_BOT || heap_info[sub].top != heap_info[super].top)
        return false;
    switch (sub) {
    case WM_HEAP_NONE:
    case WM_HEAP_NOFUNC:
    case WM_HEAP_NOEXTERN:
    case WM_HEAP_NOEXN: return true;
    case WM_HEAP_I31:
    case WM_HEAP_STRUCT:
    case WM_HEAP_ARRAY: return super == WM_HEAP_EQ || super == WM_HEAP_ANY;
    case WM_HEAP_EQ: return super == WM_HEAP_ANY;
    default: return false;
    }
}

bool wm_heap_matches(const struct wm_module *m, struct wm_heap sub, struct wm_heap super)
{
    if (wm_heap_is_index(sub)) {
        if (wm_heap_is_index(super))
            return index_matches(m, (uint32_t)sub.code, (uint32_t)super.code);
        return abs_matches(composite_heap[m->types[sub.code].composite], wm_heap_as_abs(super));
    }
    if (!wm_heap_is_index(super))
        return abs_matches(wm_heap_as_abs(sub), wm_heap_as_abs(super));
    return wm_heap_as_abs(sub) == WM_HEAP_BOT ||
           wm_heap_as_abs(sub) == wm_heap_bottom(m, super);
}

bool wm_matches(const struct wm_module *m, struct wm_valtype sub, struct wm_valtype super)
{
    if (wm_same(sub, super) || wm_kind(sub) == WM_KIND_BOT)
        return true;
    if (!wm_is_ref(sub) || !wm_is_ref(super) || (wm_is_nullable(sub) && !wm_is_nullable(super)))
        return false;
    return wm_heap_matches(m, wm_heap_of(sub), wm_heap_of(super));
}
