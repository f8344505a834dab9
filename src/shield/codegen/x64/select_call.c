/*
 * select_call: arguments and results, by the convention of docs/compiler.md: registers first, the
 * rest through the overflow buffer.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/x64/select.h"

enum { OVERFLOW_BYTES = 16 };

static const uint8_t int_args[] = {X64_RDI, X64_RSI, X64_RDX, X64_RCX, X64_R8, X64_R9};
static const uint8_t int_results[] = {X64_RAX, X64_RDX};
enum { XMM_ARGS = 8, XMM_RESULTS = 2 };

struct cursor { /* over the arguments or results of a signature */
    bool results;
    uint32_t ints, xmms, overflow;
};

/* The register of the next value, or MIR_NONE: overflow slot number *slot. */
static uint32_t next_place(struct cursor *c, enum ir_type t, uint32_t *slot)
{
    if (sel_class(t) == MIR_GPR) {
        uint32_t most = c->results ? LENGTH_OF(int_results) : LENGTH_OF(int_args);
        if (c->ints < most)
            return c->results ? int_results[c->ints++] : int_args[c->ints++];
    } else if (c->xmms < (c->results ? (uint32_t)XMM_RESULTS : (uint32_t)XMM_ARGS)) {
        return X64_XMM0 + c->xmms++;
    }
    *slot = c->overflow++;
    return MIR_NONE;
}

static mir_vreg overflow_base(struct select *s)
{
    struct sel_amode at = sel_context_field(s->options->layout.overflow);

    return sel_mov_rm(s, X64_MOV_RM, 8, 0, &at);
}

static struct sel_amode overflow_at(mir_vreg base, uint32_t slot)
{
    return (struct sel_amode){.scale = X64_BASE_VREG << X64_MEM_BASE_SHIFT,
                              .base = base,
                              .disp = (int32_t)(slot * OVERFLOW_BYTES)};
}

static uint32_t size_of(enum ir_type t)
{
    return t == IR_V128 ? 16 : sel_width(t) == MIR_W64 ? 8 : 4;
}

static enum x64_op xmm_move(enum ir_type t, bool store)
{
    if (t == IR_V128)
        return store ? X64_MOVUPS_STORE : X64_MOVUPS;
    if (t == IR_F64)
        return store ? X64_MOVSD_STORE : X64_MOVSD_LOAD;
    return store ? X64_MOVSS_STORE : X64_MOVSS_LOAD;
}

static void overflow_store(struct select *s, mir_vreg base, uint32_t slot, enum ir_type t,
                           mir_vreg v)
{
    struct sel_amode at = overflow_at(base, slot);

    if (sel_class(t) == MIR_GPR)
        sel_store_r(s, X64_MOV_MR, size_of(t), &at, v);
    else
        sel_store_r(s, xmm_move(t, true), size_of(t), &at, v);
}

static mir_vreg overflow_load(struct select *s, mir_vreg base, uint32_t slot, enum ir_type t)
{
    struct sel_amode at = overflow_at(base, slot);

    if (sel_class(t) == MIR_GPR)
        return sel_mov_rm(s, X64_MOV_RM, size_of(t), 0, &at);
    mir_vreg r = sel_vreg_new(s, MIR_XMM, sel_width(t));
    sel_inst(s, xmm_move(t, false), size_of(t));
    sel_def_reg(s, r);
    sel_mem(s, &at);
    return r;
}

/* A value that arrives in a register: an I32 has an unknown high half there. */
static mir_vreg arriving(struct select *s, enum ir_type t)
{
    return sel_vreg_new(s, sel_class(t), t == IR_I32 ? MIR_W64 : sel_width(t));
}

/* Gives value v what has arrived. */
static void arrived(struct select *s, ir_value v, mir_vreg r)
{
    if (sel_at(s, v)->type == IR_I32 && (s->value_flags[v] & SEL_CLEAN) != 0 &&
        s->vregs[r].width == MIR_W64)
        r = sel_mov_rm(s, X64_MOV_RM, 4, r, NULL);
    sel_result(s, v, r);
}

/* ---- entry ------ */

void sel_entry(struct select *s)
{
    ir_list params = s->f->blocks[0].params;
    uint32_t count = ir_list_count(s->f, params), slot = 0;
    const ir_value *items = ir_list_items(s->f, params);
    struct cursor c = {0};
    mir_vreg *regs = arena_new(s->arena, mir_vreg, count);
    mir_vreg base = 0;

    sel_inst(s, X64_ARGS, 8);
    for (uint32_t k = 0; k < count; k++) {
        enum ir_type t = (enum ir_type)sel_at(s, items[k])->type;
        uint32_t place = next_place(&c, t, &slot);
        if (place == MIR_NONE || s->vreg_of[items[k]] == 0)
            continue;
        regs[k] = arriving(s, t);
        sel_def_fixed(s, regs[k], place);
    }
    c = (struct cursor){0};
    for (uint32_t k = 0; k < count; k++) {
        enum ir_type t = (enum ir_type)sel_at(s, items[k])->type;
        bool in_register = next_place(&c, t, &slot) != MIR_NONE;
        if (s->vreg_of[items[k]] == 0)
            continue;
        if (!in_register) {
            if (base == 0)
                base = overflow_base(s);
            regs[k] = overflow_load(s, base, slot, t);
        }
        arrived(s, items[k], regs[k]);
    }
}

void sel_return(struct select *s, ir_value v)
{
    ir_list list = sel_at(s, v)->a;
    uint32_t count = ir_list_count(s->f, list), slot = 0;
    mir_vreg *regs = arena_new(s->arena, mir_vreg, count);
    struct cursor c = {.results = true};
    mir_vreg base = 0;

    for (uint32_t k = 0; k < count; k++)
        regs[k] = sel_in_reg(s, ir_list_items(s->f, list)[k]);
    for (uint32_t k = 0; k < count; k++) {
        enum ir_type t = (enum ir_type)sel_at(s, ir_list_items(s->f, list)[k])->type;
        if (next_place(&c, t, &slot) != MIR_NONE)
            continue;
        if (base == 0)
            base = overflow_base(s);
        overflow_store(s, base, slot, t, regs[k]);
    }
    sel_inst(s, X64_RET, 8)->flags = MIR_IS_BRANCH | MIR_IS_RETURN;
    c = (struct cursor){.results = true};
    for (uint32_t k = 0; k < count; k++) {
        enum ir_type t = (enum ir_type)sel_at(s, ir_list_items(s->f, list)[k])->type;
        uint32_t place = next_place(&c, t, &slot);
        if (place != MIR_NONE)
            sel_use_fixed(s, regs[k], place);
    }
}

/* ---- calls ------ */

struct call {
    enum x64_op op, tail_op;
    uint32_t signature, aux;
    ir_value first;      /* the callee as a value, or IR_NONE */
    uint32_t first_reg;
    ir_list args;
};

static struct call call_of(struct select *s, const struct ir_inst *i)
{
    struct call c = {.first = IR_NONE, .args = i->b, .aux = i->c};

    switch ((enum ir_op)i->op) {
    case IR_OP_CALL_TABLE:
    case IR_OP_TAIL_CALL_TABLE:
        c.op = X64_CALL_TABLE;
        c.tail_op = X64_TAIL_CALL_TABLE;
        c.signature = s->f->table_sites[i->c].signature;
        c.first = i->a;
        c.first_reg = X64_R10;
        break;
    case IR_OP_CALL_RECORD:
    case IR_OP_TAIL_CALL_RECORD:
        c.op = X64_CALL_RECORD;
        c.tail_op = X64_TAIL_CALL_RECORD;
        c.signature = i->c;
        c.first = i->a;
        c.first_reg = X64_RAX;
        break;
    case IR_OP_CALL_POINTER:
        c.op = X64_CALL_POINTER;
        c.signature = i->c;
        c.first = i->a;
        c.first_reg = X64_RAX;
        break;
    default: {
        const struct ir_callee *callee = &s->f->callees[i->a];
        c.op = callee->kind == IR_CALLEE_IMPORT    ? X64_CALL_IMPORT
               : callee->kind == IR_CALLEE_BUILTIN ? X64_CALL_BUILTIN
                                                   : X64_CALL;
        c.tail_op = callee->kind == IR_CALLEE_IMPORT ? X64_TAIL_CALL_IMPORT : X64_TAIL_CALL;
        c.signature = callee->signature;
        c.aux = i->a;
        break;
    }
    }
    return c;
}

void sel_pending_result(struct select *s, ir_value v)
{
    struct sel_pending p = {sel_at(s, v)->a, v};

    s->value_flags[p.of] |= SEL_RESULTS;
    ARENA_PUSH(s->arena, s->pending, s->pending_count, s->pending_capacity, p);
}

ir_value sel_take_result(struct select *s, ir_value of, uint32_t position)
{
    for (uint32_t k = s->pending_count; k-- > 0;) {
        struct sel_pending p = s->pending[k];
        if (p.of == of && sel_at(s, p.result)->b == position) {
            s->pending[k] = s->pending[--s->pending_count];
            return p.result;
        }
    }
    return IR_NONE;
}

/* The call itself with its arguments in registers; those without went to the buffer before. */
static void call_uses(struct select *s, const struct call *call, const mir_vreg *regs,
                      mir_vreg first)
{
    const struct ir_signature *g = &s->f->signatures[call->signature];
    struct cursor c = {0};
    uint32_t slot;

    if (first != 0)
        sel_use_fixed(s, first, call->first_reg);
    for (uint32_t k = 0; k < g->param_count; k++) {
        uint32_t place = next_place(&c, (enum ir_type)g->params[k], &slot);
        if (place != MIR_NONE)
            sel_use_fixed(s, regs[k], place);
    }
}

static void call_results(struct select *s, const struct call *call, ir_value v)
{
    const struct ir_signature *g = &s->f->signatures[call->signature];
    struct cursor c = {.results = true};
    mir_preg_set defined = 0;
    struct taken {
        ir_value v;
        mir_vreg r;
        enum ir_type type;
        uint32_t slot;
    } *taken = arena_new(s->arena, struct taken, g->result_count);
    uint32_t count = 0, slot = 0;
    mir_vreg base = 0;

    for (uint32_t k = 0; k < g->result_count; k++) {
        enum ir_type t = (enum ir_type)g->results[k];
        uint32_t place = next_place(&c, t, &slot);
        ir_value result = s->pending_count == 0 ? IR_NONE : sel_take_result(s, v, k);
        if (result == IR_NONE)
            continue;
        mir_vreg r = 0;
        if (place != MIR_NONE) {
            r = arriving(s, t);
            sel_def_fixed(s, r, place);
            defined |= X64_BIT(place);
        }
        taken[count++] = (struct taken){result, r, t, slot};
    }
    sel_clobber(s, X64_CALLER_SAVED & ~defined);
    for (uint32_t k = 0; k < count; k++) {
        if (taken[k].r == 0) {
            if (base == 0)
                base = overflow_base(s);
            taken[k].r = overflow_load(s, base, taken[k].slot, taken[k].type);
        }
        arrived(s, taken[k].v, taken[k].r);
    }
}

void sel_call(struct select *s, ir_value v)
{
    const struct ir_inst *i = sel_at(s, v);
    bool tail = (ir_op_info[i->op].flags & IR_TERM) != 0;
    struct call call = call_of(s, i);
    const struct ir_signature *g = &s->f->signatures[call.signature];
    mir_vreg *regs = arena_new(s->arena, mir_vreg, g->param_count);
    struct cursor c = {0};
    uint32_t slot = 0;
    mir_vreg base = 0, first = 0;

    for (uint32_t k = 0; k < g->param_count; k++)
        regs[k] = sel_in_reg(s, ir_list_items(s->f, call.args)[k]);
    if (call.first != IR_NONE)
        first = sel_in_reg(s, call.first);
    for (uint32_t k = 0; k < g->param_count; k++) {
        if (next_place(&c, (enum ir_type)g->params[k], &slot) != MIR_NONE)
            continue;
        if (base == 0)
            base = overflow_base(s);
        overflow_store(s, base, slot, (enum ir_type)g->params[k], regs[k]);
    }
    struct mir_inst *m = sel_inst(s, tail ? call.tail_op : call.op, 8);
    m->aux = call.aux;
    m->flags = tail ? MIR_IS_BRANCH | MIR_IS_RETURN : MIR_IS_CALL;
    call_uses(s, &call, regs, first);
    if (!tail || call.tail_op != X64_TAIL_CALL)
        s->calls = true;
    if (!tail)
        call_results(s, &call, v);
}
