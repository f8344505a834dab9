/* check: structure of blocks, chains, lists and edges; see check.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/ir/check.h"
#include "shield/ir/check_int.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum status ir_check_fail(struct ir_checker *c, const char *fmt, ...)
{
    const struct ir_inst *i = ir_at(c->f, c->at);
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return diag_fail(c->dg, ST_INVALID, c->f->sources[c->at],
                     "IR of function %" PRIu32 ", block %" PRIu32 ", v%" PRIu32 " (%s): %s",
                     c->f->number, c->f->links[c->at].block, c->at,
                     i->op < IR_OP_COUNT ? ir_op_info[i->op].text : "no such operation", text);
}

static enum status check_value(struct ir_checker *c, ir_value v)
{
    const struct ir_func *f = c->f;

    if (v >= f->inst_count)
        return ir_check_fail(c, "operand v%" PRIu32 " does not exist", v);
    if (f->insts[v].op == IR_OP_PARAM || f->insts[v].op == IR_OP_ALIAS)
        return ST_OK;
    if (f->links[v].block == IR_NONE)
        return ir_check_fail(c, "operand v%" PRIu32 " is in no block", v);
    return ST_OK;
}

struct operand_check {
    struct ir_checker *c;
    enum status st;
};

static void check_operand(void *ctx, uint32_t *operand)
{
    struct operand_check *o = ctx;

    if (o->st == ST_OK)
        o->st = check_value(o->c, *operand);
}

static enum status check_list(struct ir_checker *c, ir_list l)
{
    const struct ir_func *f = c->f;

    if (l >= f->pool_count || f->pool[l] > f->pool_count - l - 1)
        return ir_check_fail(c, "its list is outside the pool");
    return ST_OK;
}

static enum status check_edge(struct ir_checker *c, ir_edge e)
{
    struct ir_func *f = c->f;

    if (e + 1 >= f->pool_count || f->pool[e + 1] > f->pool_count - e - 2)
        return ir_check_fail(c, "its edge is outside the pool");
    const ir_block target = ir_edge_block(f, e);
    if (target >= f->block_count || target == 0)
        return ir_check_fail(c, "its edge goes to block %" PRIu32, target);
    const ir_list params = f->blocks[target].params;
    if (ir_edge_count(f, e) != ir_list_count(f, params))
        return ir_check_fail(c,
                             "block %" PRIu32 " has %" PRIu32 " parameters, its edge brings %"
                             PRIu32,
                             target, ir_list_count(f, params), ir_edge_count(f, e));
    for (uint32_t i = 0; i < ir_edge_count(f, e); i++) {
        const ir_value argument = ir_edge_args(f, e)[i], param = ir_list_items(f, params)[i];
        TRY(check_value(c, argument));
        const ir_value value = ir_resolve(f, argument);
        if (f->insts[value].type != f->insts[param].type)
            return ir_check_fail(c,
                                 "v%" PRIu32 " is %s, parameter %" PRIu32 " of block %" PRIu32
                                 " is %s",
                                 argument, ir_type_text((enum ir_type)f->insts[value].type), i,
                                 target, ir_type_text((enum ir_type)f->insts[param].type));
    }
    return ST_OK;
}

static enum status check_switch(struct ir_checker *c, ir_list edges)
{
    TRY(check_list(c, edges));
    if (ir_list_count(c->f, edges) == 0)
        return ir_check_fail(c, "no edge for other values");
    for (uint32_t n = 0; n < ir_list_count(c->f, edges); n++)
        TRY(check_edge(c, ir_list_items(c->f, edges)[n]));
    return ST_OK;
}

/* Everything that ir_each_operand() relies on. */
static enum status check_shape(struct ir_checker *c)
{
    struct ir_func *f = c->f;
    const struct ir_inst *i = ir_at(f, c->at);

    switch ((enum ir_format)ir_op_info[i->op].format) {
    case IR_FORMAT_LIST:
    case IR_FORMAT_RETURN:
        return check_list(c, i->a);
    case IR_FORMAT_CMPXCHG:
    case IR_FORMAT_CALL_TABLE:
    case IR_FORMAT_CALL_VALUE:
    case IR_FORMAT_CALL:
        return check_list(c, i->b);
    case IR_FORMAT_JUMP:
        return check_edge(c, i->a);
    case IR_FORMAT_BRANCH:
        TRY(check_edge(c, i->b));
        return check_edge(c, i->c);
    case IR_FORMAT_SWITCH:
        return check_switch(c, i->b);
    case IR_FORMAT_SHUFFLE:
        return i->c < f->constant16_count ? ST_OK : ir_check_fail(c, "no such constant");
    case IR_FORMAT_VCONST:
        return i->a < f->constant16_count ? ST_OK : ir_check_fail(c, "no such constant");
    default:
        return ST_OK;
    }
}

/* Positions in other functions are entries of `inlined`; those name earlier ones or none. */
static bool position_exists(const struct ir_func *f, uint32_t source, uint32_t count)
{
    return (source & IR_SOURCE_INLINED) == 0 ||
           ((source & ~IR_SOURCE_INLINED) < count && count <= f->inlined_count);
}

static enum status check_inlined(const struct ir_func *f, struct diag *dg)
{
    for (uint32_t i = 0; i < f->inlined_count; i++) {
        if ((f->inlined[i].source & IR_SOURCE_INLINED) != 0 ||
            !position_exists(f, f->inlined[i].parent, i))
            return diag_fail(dg, ST_INVALID, DIAG_NO_OFFSET,
                             "IR of function %" PRIu32 ": inlined %" PRIu32
                             " has a source or a parent that is no position before it",
                             f->number, i);
    }
    return ST_OK;
}

static enum status check_inst(struct ir_checker *c, ir_block b, ir_value previous)
{
    struct ir_func *f = c->f;
    const struct ir_inst *i = ir_at(f, c->at);

    if (i->op >= IR_OP_COUNT || i->op == IR_OP_ALIAS || i->op == IR_OP_PARAM)
        return ir_check_fail(c, "this cannot stand in a block");
    if (f->links[c->at].block != b || f->links[c->at].prev != previous)
        return ir_check_fail(c, "its links do not agree with the chain of block %" PRIu32, b);
    if (!position_exists(f, f->sources[c->at], f->inlined_count))
        return ir_check_fail(c, "its position names an inlined one that does not exist");
    TRY(check_shape(c));
    struct operand_check o = {.c = c, .st = ST_OK};
    ir_each_operand(f, c->at, check_operand, &o);
    TRY(o.st);
    const bool is_term = (ir_op_info[i->op].flags & IR_TERM) != 0;
    if (is_term != (f->links[c->at].next == IR_NONE))
        return ir_check_fail(c, is_term ? "a terminator in the middle of its block"
                                        : "the block ends here, without a terminator");
    return ir_check_types(c);
}

static enum status check_params(struct ir_checker *c, ir_block b)
{
    const struct ir_func *f = c->f;
    const ir_list params = f->blocks[b].params;

    for (uint32_t n = 0; n < ir_list_count(f, params); n++) {
        c->at = ir_list_items(f, params)[n];
        const struct ir_inst *i = ir_at(f, c->at);
        if (i->op != IR_OP_PARAM || i->a != b || i->b != n || i->type == IR_VOID)
            return ir_check_fail(c, "is not parameter %" PRIu32 " of block %" PRIu32, n, b);
    }
    return ST_OK;
}

static enum status check_entry(struct ir_checker *c)
{
    const struct ir_func *f = c->f;
    const ir_list params = f->blocks[0].params;

    if (f->signature >= f->signature_count)
        return diag_fail(c->dg, ST_INVALID, DIAG_NO_OFFSET,
                         "IR of function %" PRIu32 ": it has no signature", f->number);
    const struct ir_signature *s = &f->signatures[f->signature];
    bool same = ir_list_count(f, params) == s->param_count;
    for (uint32_t n = 0; same && n < s->param_count; n++)
        same = f->insts[ir_list_items(f, params)[n]].type == s->params[n];
    if (!same)
        return diag_fail(c->dg, ST_INVALID, DIAG_NO_OFFSET,
                         "IR of function %" PRIu32
                         ": the parameters of block 0 are not those of its signature",
                         f->number);
    return ST_OK;
}

enum status ir_check(struct ir_func *f, struct diag *dg)
{
    struct ir_checker c = {.f = f, .dg = dg};

    if (f->block_count == 0)
        return diag_fail(dg, ST_INVALID, DIAG_NO_OFFSET,
                         "IR of function %" PRIu32 ": it has no block", f->number);
    for (ir_block b = 0; b < f->block_count; b++)
        TRY(check_params(&c, b));
    TRY(check_entry(&c));
    TRY(check_inlined(f, dg));
    for (ir_block b = 0; b < f->block_count; b++) {
        ir_value previous = IR_NONE;
        for (c.at = f->blocks[b].first; c.at != IR_NONE; c.at = f->links[c.at].next) {
            TRY(check_inst(&c, b, previous));
            previous = c.at;
        }
        if (f->blocks[b].last != previous)
            return diag_fail(dg, ST_INVALID, DIAG_NO_OFFSET,
                             "IR of function %" PRIu32 ": the chain of block %" PRIu32
                             " does not end where the block says",
                             f->number, b);
    }
    return ir_check_dominance(&c);
}
