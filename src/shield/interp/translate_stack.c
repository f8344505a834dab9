/* translate_stack: the symbolic operand stack: where each value is, and moving values home.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/translate_int.h"

#include <assert.h>
#include <string.h>

char tr_class(const struct tr *t, struct wm_valtype type)
{
    switch (wm_kind(type)) {
#define VALUE(name, text, code, sig)                                                               \
    case WM_KIND_##name:                                                                           \
        return sig;
#define HEAP(name, text, short_text, code, top, feature)
#include "shield/wasm/types.def"
#undef VALUE
#undef HEAP
    default: break;
    }
    assert(wm_is_ref(type) && "unreachable code is not translated");
    return wm_heap_top(t->wm, wm_heap_of(type)) == WM_HEAP_FUNC ? 'p' : 'r';
}

static struct value *push(struct tr *t, char cls, enum value_kind kind)
{
    struct value v = {.cls = cls, .kind = (uint8_t)kind};

    if (cls == 'r') {
        v.home = t->ref_base + t->ref_top;
        t->ref_top += 8;
        t->ref_max = MAX(t->ref_max, t->ref_top);
    } else {
        v.home = t->temp_base + t->scalar_top;
        t->scalar_top += tr_bytes(cls);
        t->scalar_max = MAX(t->scalar_max, t->scalar_top);
    }
    v.slot = v.home;
    t->steps++;
    ARENA_PUSH(t->arena, t->stack, t->height, t->stack_capacity, v);
    return &t->stack[t->height - 1];
}

uint32_t tr_push(struct tr *t, char cls)
{
    return push(t, cls, VALUE_TEMP)->home;
}

void tr_push_types(struct tr *t, const struct wm_valtype *types, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        tr_push(t, tr_class(t, types[i]));
}

void tr_push_local(struct tr *t, uint32_t local)
{
    struct value *v = push(t, t->local_cls[local], VALUE_LOCAL);

    v->local = local;
    v->slot = t->local_slot[local];
    v->same_next = t->local_head[local];
    t->local_head[local] = t->height;
}

void tr_push_const(struct tr *t, char cls, uint64_t bits)
{
    push(t, cls, VALUE_CONST)->bits = bits;
}

struct value tr_pop(struct tr *t)
{
    assert(t->height > 0 && "validated code has operands");
    struct value v = t->stack[--t->height];

    if (v.kind == VALUE_LOCAL)
        t->local_head[v.local] = v.same_next;
    if (v.cls == 'r')
        t->ref_top -= 8;
    else
        t->scalar_top -= tr_bytes(v.cls);
    t->flushed = MIN(t->flushed, t->height);
    return v;
}

void tr_copy_slot(struct tr *t, uint32_t to, uint32_t from, char cls)
{
    if (to == from)
        return;
    uint32_t *w = tr_emit(t, cls == 'v' ? IOP_COPY16 : IOP_COPY, 2);
    w[0] = to;
    w[1] = from;
    t->newest.has_result = true;
}

void tr_copy(struct tr *t, uint32_t to, struct value v)
{
    if (v.kind != VALUE_CONST) {
        tr_copy_slot(t, to, v.slot, v.cls);
        return;
    }
    if (v.cls == 'i' || v.cls == 'f') {
        uint32_t *w = tr_emit(t, IOP_CONST32, 2);
        w[0] = to;
        w[1] = (uint32_t)v.bits;
    } else {
        uint32_t *w = tr_emit(t, IOP_CONST64, 3);
        w[0] = to;
        tr_put64(w + 1, v.bits);
    }
    t->newest.has_result = true;
}

uint32_t tr_slot(struct tr *t, struct value v)
{
    if (v.kind != VALUE_CONST)
        return v.slot;
    tr_copy(t, v.home, v);
    return v.home;
}

uint32_t tr_pop_slot(struct tr *t)
{
    return tr_slot(t, tr_pop(t));
}

static void send_home(struct tr *t, struct value *v)
{
    if (v->kind == VALUE_TEMP)
        return;
    tr_copy(t, v->home, *v);
    v->kind = VALUE_TEMP;
    v->slot = v->home;
}

/* Entries of the chain of a local that lie at or above `bottom` are on top of it. */
void tr_flush_local(struct tr *t, uint32_t local)
{
    for (uint32_t at = t->local_head[local]; at != 0;) {
        struct value *v = &t->stack[at - 1];
        at = v->same_next;
        send_home(t, v);
        t->steps++;
    }
    t->local_head[local] = 0;
}

void tr_flush_locals(struct tr *t)
{
    for (uint32_t i = t->flushed; i < t->height; i++) {
        struct value *v = &t->stack[i];
        if (v->kind == VALUE_LOCAL) {
            t->local_head[v->local] = 0;
            send_home(t, v);
        }
        t->steps++;
    }
    t->flushed = t->height;
}

void tr_flush_top(struct tr *t, uint32_t count)
{
    assert(count <= t->height && "validated code has operands");
    /* From the top down: the newest entry of a local heads its chain. */
    for (uint32_t i = t->height; i-- > t->height - count;) {
        struct value *v = &t->stack[i];
        if (v->kind == VALUE_LOCAL)
            t->local_head[v->local] = v->same_next;
        send_home(t, v);
        t->steps++;
    }
}

void tr_drop_to(struct tr *t, const struct control *c)
{
    while (t->height > c->height)
        (void)tr_pop(t);
    t->scalar_top = c->scalar_top;
    t->ref_top = c->ref_top;
}

void tr_reserve(struct tr *t, uint32_t scalar_bytes)
{
    t->scalar_max = MAX(t->scalar_max, t->scalar_top + scalar_bytes);
}
