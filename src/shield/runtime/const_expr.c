/*
 * const_expr: a small stack machine for constant expressions. Operands stay on a stack as deep as
 * the expression could make it; those that are new objects are roots of the GC while they lie
 * there, because a later instruction of the same expression may collect.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/runtime/const_expr.h"

#include "base/mem.h"
#include "shield/runtime/gc.h"
#include "shield/runtime/own.h"
#include "shield/wasm/read.h"

#include <assert.h>
#include <string.h>

enum { SLOTS_AT_HAND = 32 };

struct slot {
    union rt_value value;
    bool is_rooted;
};

struct machine {
    struct rt_instance *instance;
    struct rt_store *store;
    struct slot *slots;
    uint32_t count, capacity;
    struct slot at_hand[SLOTS_AT_HAND];
};

static void push(struct machine *x, union rt_value value)
{
    CHECK(x->count < x->capacity, "every push is at least two bytes of the expression");
    x->slots[x->count++] = (struct slot){.value = value};
}

static union rt_value pop(struct machine *x)
{
    CHECK(x->count != 0, "the validator has seen every operand");
    struct slot *slot = &x->slots[--x->count];
    if (slot->is_rooted)
        rt_root_pop(x->store, 1);
    return slot->value;
}

static void push_bits(struct machine *x, uint64_t ref)
{
    push(x, (union rt_value){
                .u64 = {ref, 0}
    });
}

static enum status push_object(struct machine *x, uint64_t ref)
{
    push_bits(x, ref);
    struct slot *slot = &x->slots[x->count - 1];
    TRY(rt_root_push(x->store, &slot->value.ref));
    slot->is_rooted = true;
    return ST_OK;
}

/* The slot that lies `depth` below the top one. */
static union rt_value peek(const struct machine *x, uint32_t depth)
{
    CHECK(depth < x->count, "the validator has seen every operand");
    return x->slots[x->count - 1 - depth].value;
}

static void drop(struct machine *x, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        (void)pop(x);
}

static enum status new_struct(struct machine *x, const struct rt_type *type, bool is_default)
{
    const uint32_t count = is_default ? 0 : type->field_count;
    uint64_t ref = RT_NULL;

    TRY(rt_struct_new(x->store, type, &ref));
    uint8_t *payload = rt_object_of(x->store, ref)->payload;
    for (uint32_t i = 0; i < count; i++)
        rt_field_set(payload + type->fields[i].offset, &type->fields[i], peek(x, count - 1 - i));
    drop(x, count);
    return push_object(x, ref);
}

/* array.new and array.new_default: length on top, below it the value of every element. */
static enum status new_array(struct machine *x, const struct rt_type *type, bool is_default)
{
    const uint32_t length = peek(x, 0).i32;
    uint64_t ref = RT_NULL;

    TRY(rt_array_new(x->store, type, length, &ref));
    if (!is_default) {
        const struct rt_field_layout *layout = type->fields;
        uint8_t *payload = rt_object_of(x->store, ref)->payload;
        for (uint64_t i = 0; i < length; i++)
            rt_field_set(payload + (i << layout->size_log2), layout, peek(x, 1));
    }
    drop(x, is_default ? 1 : 2);
    return push_object(x, ref);
}

static enum status new_array_fixed(struct machine *x, const struct rt_type *type, uint32_t length)
{
    const struct rt_field_layout *layout = type->fields;
    uint64_t ref = RT_NULL;

    TRY(rt_array_new(x->store, type, length, &ref));
    uint8_t *payload = rt_object_of(x->store, ref)->payload;
    for (uint32_t i = 0; i < length; i++)
        rt_field_set(payload + ((size_t)i << layout->size_log2), layout, peek(x, length - 1 - i));
    drop(x, length);
    return push_object(x, ref);
}

static enum status do_object(struct machine *x, const struct wm_ins *ins)
{
    const struct rt_module *m = x->instance->module;
    const struct rt_type *type = rt_registry_type(m->engine->types, m->type_ids[ins->index]);

    switch (ins->op) {
    case WM_OP_STRUCT_NEW: return new_struct(x, type, false);
    case WM_OP_STRUCT_NEW_DEFAULT: return new_struct(x, type, true);
    case WM_OP_ARRAY_NEW: return new_array(x, type, false);
    case WM_OP_ARRAY_NEW_DEFAULT: return new_array(x, type, true);
    default: break;
    }
    assert(ins->op == WM_OP_ARRAY_NEW_FIXED && "the caller's switch");
    return new_array_fixed(x, type, ins->index2);
}

static void do_arithmetic(struct machine *x, enum wm_op op)
{
    const uint64_t b = pop(x).i64, a = pop(x).i64;

    switch (op) {
    case WM_OP_I32_ADD: push_bits(x, (uint32_t)(a + b)); break;
    case WM_OP_I32_SUB: push_bits(x, (uint32_t)(a - b)); break;
    case WM_OP_I32_MUL: push_bits(x, (uint32_t)(a * b)); break;
    case WM_OP_I64_ADD: push_bits(x, a + b); break;
    case WM_OP_I64_SUB: push_bits(x, a - b); break;
    default: push_bits(x, a * b); break; /* i64.mul */
    }
}

static void do_v128(struct machine *x, const struct wm_ins *ins)
{
    union rt_value value;

    memcpy(value.v128, ins->bytes, sizeof(value.v128));
    push(x, value);
}

static enum status step(struct machine *x, const struct wm_ins *ins)
{
    struct rt_instance *i = x->instance;

    switch (ins->op) {
    case WM_OP_I32_CONST: push_bits(x, (uint32_t)ins->i32); return ST_OK;
    case WM_OP_I64_CONST: push_bits(x, (uint64_t)ins->i64); return ST_OK;
    case WM_OP_F32_CONST: push_bits(x, ins->f32_bits); return ST_OK;
    case WM_OP_F64_CONST: push_bits(x, ins->f64_bits); return ST_OK;
    case WM_OP_V128_CONST: do_v128(x, ins); return ST_OK;
    case WM_OP_REF_NULL: push_bits(x, RT_NULL); return ST_OK;
    case WM_OP_REF_FUNC: push_bits(x, (uint64_t)(uintptr_t)i->funcs[ins->index]); return ST_OK;
    case WM_OP_GLOBAL_GET: push(x, *i->cells[ins->index]); return ST_OK;
    case WM_OP_REF_I31: push_bits(x, rt_i31(pop(x).i32)); return ST_OK;
    case WM_OP_ANY_CONVERT_EXTERN:
    case WM_OP_EXTERN_CONVERT_ANY: return ST_OK; /* one representation, see value.h */
    case WM_OP_I32_ADD:
    case WM_OP_I32_SUB:
    case WM_OP_I32_MUL:
    case WM_OP_I64_ADD:
    case WM_OP_I64_SUB:
    case WM_OP_I64_MUL: do_arithmetic(x, ins->op); return ST_OK;
    case WM_OP_STRUCT_NEW:
    case WM_OP_STRUCT_NEW_DEFAULT:
    case WM_OP_ARRAY_NEW:
    case WM_OP_ARRAY_NEW_DEFAULT:
    case WM_OP_ARRAY_NEW_FIXED: return do_object(x, ins);
    default: break;
    }
    CHECK(false, "the validator lets only constant instructions come here");
    return ST_INVALID;
}

static enum status run(struct machine *x, struct wm_bytes expr, union rt_value *out,
                       struct diag *dg)
{
    struct wm_reader r = wm_reader_of(expr, x->instance->module->wm.features);
    struct wm_ins ins;

    for (;;) {
        TRY(wm_ins_read(&r, &ins, dg));
        if (ins.op == WM_OP_END)
            break;
        enum status st = step(x, &ins);
        if (st != ST_OK) {
            if (dg != NULL)
                *dg = x->store->diag; /* only allocation fails here, and it reports there */
            return diag_in(dg, st, "the constant expression at 0x%x", expr.offset);
        }
    }
    *out = pop(x);
    CHECK(x->count == 0, "a constant expression leaves one value");
    return ST_OK;
}

/* Most expressions are one short i32.const. */
static bool is_short_const(struct wm_bytes expr, union rt_value *out)
{
    enum { BYTE_BITS = 7 };
    uint32_t value = 0, shift = 0, at = 1;

    if (expr.data[0] != 0x41)
        return false;
    for (; at < expr.size && at <= 4; at++, shift += BYTE_BITS) {
        value |= (uint32_t)(expr.data[at] & 0x7f) << shift;
        if ((expr.data[at] & 0x80) == 0)
            break;
    }
    if (at + 2 != expr.size || at > 4) /* the end follows */
        return false;
    if ((expr.data[at] & 0x40) != 0)
        value |= ~UINT32_C(0) << (shift + BYTE_BITS);
    *out = (union rt_value){.u64 = {value, 0}}; /* who wants an i64 finds zeros above */
    return true;
}

enum status rt_const_expr(struct rt_instance *i, struct wm_bytes expr, union rt_value *out,
                          struct diag *dg)
{
    if (is_short_const(expr, out))
        return ST_OK;
    struct machine x = {.instance = i, .store = i->store, .capacity = expr.size / 2 + 1};

    assert(expr.size != 0 && "absent expressions are not evaluated");
    x.slots = x.at_hand;
    if (x.capacity > SLOTS_AT_HAND)
        x.slots = mem_alloc(x.capacity, sizeof(*x.slots));
    if (x.slots == NULL)
        return rt_no_memory(dg, x.capacity * sizeof(*x.slots), "a constant expression");
    enum status st = run(&x, expr, out, dg);
    drop(&x, x.count); /* what a failure left, and its roots */
    if (x.slots != x.at_hand)
        mem_free(x.slots);
    return st;
}
