/*
 * wide: see wide.h. Every I128 value gets two halves. Parameters first, in all blocks, then the
 * instructions in an order in which definitions come before uses, then the arguments of edges.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/opt/wide.h"
#include "shield/opt/wide_int.h"

#include <inttypes.h>

struct halves wide_halves(struct wide *w, ir_value v)
{
    return w->halves[ir_resolve(w->f, v)];
}

ir_value wide_emit(struct wide *w, enum ir_op op, enum ir_type type, uint8_t aux, uint32_t a,
                   uint32_t b, uint32_t c)
{
    const ir_value v = ir_inst_new(w->f, (struct ir_inst){.op = (uint16_t)op, .type = (uint8_t)type,
                                                          .aux = aux, .a = a, .b = b, .c = c});

    w->f->sources[v] = w->f->sources[w->at];
    ir_insert_before(w->f, w->at, v);
    return v;
}

bool wide_is(const struct wide *w, ir_value v)
{
    return w->f->insts[ir_resolve(w->f, v)].type == IR_I128;
}

/* ---- lists, signatures, edges ---------------------------------------------------------------- */

/* Two items for each wide one. */
static ir_list widen_list(struct wide *w, ir_list l)
{
    ir_list out = 0;

    for (uint32_t n = 0; n < ir_list_count(w->f, l); n++) {
        const ir_value v = ir_list_items(w->f, l)[n];
        if (!wide_is(w, v)) {
            out = ir_list_push(w->f, out, v);
            continue;
        }
        out = ir_list_push(w->f, out, wide_halves(w, v).low);
        out = ir_list_push(w->f, out, wide_halves(w, v).high);
    }
    return out;
}

static ir_edge widen_edge(struct wide *w, ir_edge e)
{
    const uint32_t count = ir_edge_count(w->f, e);
    ir_value *args = arena_new(w->f->arena, ir_value, (size_t)count * 2);
    uint32_t filled = 0;

    for (uint32_t n = 0; n < count; n++) {
        const ir_value v = ir_edge_args(w->f, e)[n];
        args[filled++] = wide_is(w, v) ? wide_halves(w, v).low : v;
        if (wide_is(w, v))
            args[filled++] = wide_halves(w, v).high;
    }
    return filled == count ? e : ir_edge_new(w->f, ir_edge_block(w->f, e), args, filled);
}

static void widen_switch(struct wide *w, ir_list edges)
{
    for (uint32_t n = 0; n < ir_list_count(w->f, edges); n++) {
        const ir_edge e = widen_edge(w, ir_list_items(w->f, edges)[n]);
        ir_list_items(w->f, edges)[n] = e;
    }
}

static void widen_terminator(struct wide *w, ir_value v)
{
    const struct ir_inst i = w->f->insts[v];

    if (i.op == IR_OP_JUMP) {
        const ir_edge e = widen_edge(w, i.a);
        w->f->insts[v].a = e;
    } else if (i.op == IR_OP_BRANCH) {
        const ir_edge yes = widen_edge(w, i.b), no = widen_edge(w, i.c);
        w->f->insts[v].b = yes;
        w->f->insts[v].c = no;
    } else if (i.op == IR_OP_SWITCH) {
        widen_switch(w, i.b);
    }
}

static const uint8_t *widen_types(struct wide *w, const uint8_t *types, uint32_t *count)
{
    uint8_t *out = arena_new(w->f->arena, uint8_t, (size_t)*count * 2);
    uint32_t filled = 0;

    for (uint32_t n = 0; n < *count; n++) {
        out[filled++] = types[n] == IR_I128 ? IR_I64 : types[n];
        if (types[n] == IR_I128)
            out[filled++] = IR_I64;
    }
    *count = filled;
    return out;
}

/* Position of result n among results with halves. */
uint32_t wide_position(const struct ir_signature *s, uint32_t n)
{
    uint32_t position = n;

    for (uint32_t k = 0; k < n; k++)
        position += s->results[k] == IR_I128;
    return position;
}

static void widen_params(struct wide *w, ir_block b)
{
    const ir_list old = w->f->blocks[b].params;
    bool any = false;

    for (uint32_t n = 0; n < ir_list_count(w->f, old); n++)
        any |= wide_is(w, ir_list_items(w->f, old)[n]);
    if (!any)
        return;
    w->f->blocks[b].params = 0;
    for (uint32_t n = 0; n < ir_list_count(w->f, old); n++) {
        const ir_value v = ir_list_items(w->f, old)[n];
        if (wide_is(w, v)) {
            const ir_value low = ir_param_new(w->f, b, IR_I64);
            w->halves[v] = (struct halves){low, ir_param_new(w->f, b, IR_I64)};
            continue;
        }
        w->f->insts[v].b = ir_list_count(w->f, w->f->blocks[b].params);
        const ir_list params = ir_list_push(w->f, w->f->blocks[b].params, v);
        w->f->blocks[b].params = params;
    }
}

/* ---- instructions ---------------------------------------------------------------------------- */

static void look_at_operand(void *ctx, uint32_t *operand)
{
    struct wide *w = ctx;

    w->found |= wide_is(w, *operand);
}

static bool touches_wide(struct wide *w, ir_value v)
{
    w->found = w->f->insts[v].type == IR_I128;
    if (!w->found)
        ir_each_operand(w->f, v, look_at_operand, w);
    return w->found;
}

static enum status widen_inst(struct wide *w, ir_value v)
{
    const struct ir_inst i = w->f->insts[v];
    const enum ir_format format = (enum ir_format)ir_op_info[i.op].format;

    w->at = v;
    if (i.op == IR_OP_RETURN) {
        const ir_list l = widen_list(w, i.a);
        w->f->insts[v].a = l;
        return ST_OK;
    }
    if (ir_op_info[i.op].flags & IR_CALLS) {
        const ir_list l = widen_list(w, i.b);
        w->f->insts[v].b = l;
        return ST_OK;
    }
    if (i.op == IR_OP_BRANCH && wide_is(w, i.a)) {
        const ir_value any = wide_any_bit(w, i.a);
        w->f->insts[v].a = any;
    }
    if (ir_successor_count(w->f, v) > 0)
        return ST_OK; /* edges follow when every value has its halves */
    if (i.op == IR_OP_RESULT || format == IR_FORMAT_STORE)
        return wide_other(w);
    return i.type == IR_I128 ? wide_value(w) : wide_use(w);
}

static enum status widen_block(struct wide *w, ir_block b)
{
    for (ir_value v = w->f->blocks[b].first, next; v != IR_NONE; v = next) {
        next = w->f->links[v].next;
        if (touches_wide(w, v) || w->f->insts[v].op == IR_OP_RESULT)
            TRY(widen_inst(w, v));
    }
    return ST_OK;
}

/* Blocks in reverse postorder: definitions in front of uses. */
static enum status widen_reachable(struct wide *w)
{
    struct ir_func *f = w->f;
    ir_block *order = arena_new(f->arena, ir_block, f->block_count);
    /* per block: edge to follow + 1; 0: unseen */
    uint32_t *next = arena_new(f->arena, uint32_t, f->block_count);
    ir_block *stack = arena_new(f->arena, ir_block, f->block_count);
    uint32_t depth = 1, end = f->block_count;

    stack[0] = 0;
    next[0] = 1;
    while (depth > 0) {
        const ir_block b = stack[depth - 1];
        if (next[b] > ir_successor_count(f, f->blocks[b].last)) {
            order[--end] = b;
            depth--;
            continue;
        }
        const ir_edge e = ir_successor(f, f->blocks[b].last, next[b]++ - 1);
        const ir_block to = ir_edge_block(f, e);
        if (next[to] == 0) {
            next[to] = 1;
            stack[depth++] = to;
        }
    }
    for (uint32_t n = end; n < f->block_count; n++)
        TRY(widen_block(w, order[n]));
    for (uint32_t n = end; n < f->block_count; n++)
        widen_terminator(w, f->blocks[order[n]].last);
    return ST_OK;
}

static bool has_wide(const struct ir_func *f)
{
    for (ir_value v = 0; v < f->inst_count; v++)
        if (f->insts[v].type == IR_I128)
            return true;
    for (uint32_t n = 0; n < f->signature_count; n++)
        for (uint32_t k = 0; k < f->signatures[n].result_count; k++)
            if (f->signatures[n].results[k] == IR_I128)
                return true;
    return false;
}

enum status opt_wide(struct ir_func *f, struct diag *dg)
{
    if (!has_wide(f))
        return ST_OK;
    struct wide w = {.f = f,
                     .dg = dg,
                     .halves = arena_new(f->arena, struct halves, f->inst_count),
                     .old_signatures = arena_new(f->arena, struct ir_signature,
                         f->signature_count)};
    for (uint32_t n = 0; n < f->signature_count; n++)
        w.old_signatures[n] = f->signatures[n];
    for (ir_block b = 0; b < f->block_count; b++)
        widen_params(&w, b);
    TRY(widen_reachable(&w));
    for (uint32_t n = 0; n < f->signature_count; n++) {
        struct ir_signature *s = &f->signatures[n];
        s->params = widen_types(&w, s->params, &s->param_count);
        s->results = widen_types(&w, s->results, &s->result_count);
    }
    return ST_OK;
}
