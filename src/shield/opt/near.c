/*
 * near: an access close above an address that has been accessed before needs no sum of its own.
 *
 *     load (guest_address base (iadd x 8)) {offset 0}          = y, did not trap
 *     load (guest_address base (iadd x 12)) {offset 0}   =>    load (guest_address base y) {offset
 * 4}
 *
 * The sum of index and constant wraps at 32 bits, that of address and offset does not, so in
 * general a constant cannot become an offset. But y lay inside the memory, and no memory with
 * 32-bit indices reaches into the last IR_GUEST_TOP_BYTES of its 4 GiB (ir.h): so nothing less than
 * that, added to y, wraps. What dominates the access has been done without a trap when it is done.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/opt/rewrite.h"

#include <assert.h>

/* Accesses looked at for one value; the newest come first. */
#define NEAR_STEPS_MAX 4

void near_init(struct opt_rewrite *c)
{
    c->near_count = c->f->inst_count;
    c->near_head = arena_new(c->f->arena, uint32_t, c->near_count);
}

/* index = root + constant, modulo 2**32. */
static ir_value split(const struct opt_rewrite *c, ir_value index, uint32_t *constant)
{
    const struct ir_inst *i = opt_def(c, index);

    *constant = 0;
    if (i->op != IR_OP_IADD || opt_def(c, i->b)->op != IR_OP_ICONST)
        return index;
    *constant = (uint32_t)ir_const_bits(opt_def(c, i->b));
    return i->a;
}

static bool find(struct opt_rewrite *c, ir_value base, ir_value root, uint32_t constant,
                 struct near_place *out)
{
    for (uint32_t at = c->near_head[root], steps = 0; at != 0 && steps < NEAR_STEPS_MAX; steps++) {
        const struct near_place *n = &c->nears[at - 1];
        if (!ir_cfg_dominates(&c->cfg, n->block, c->block)) {
            c->near_head[root] = at = n->next; /* the walk never comes back below it */
            steps--;
            continue;
        }
        if (n->base == base && constant - n->constant < IR_GUEST_TOP_BYTES) {
            *out = *n;
            return true;
        }
        at = n->next;
    }
    return false;
}

static void remember(struct opt_rewrite *c, ir_value base, ir_value index, ir_value root,
                     uint32_t constant)
{
    struct near_place n = {.base = base,
                           .index = index,
                           .constant = constant,
                           .block = c->block,
                           .next = c->near_head[root]};

    ARENA_PUSH(c->f->arena, c->nears, c->near_used, c->near_capacity, n);
    c->near_head[root] = c->near_used;
}

void near_access(struct opt_rewrite *c, ir_value access)
{
    struct ir_inst *i = ir_at(c->f, access);
    const struct ir_inst address = *opt_def(c, i->a);
    struct near_place near;
    uint32_t constant;

    if (address.op != IR_OP_GUEST_ADDRESS || opt_def(c, address.b)->type != IR_I32)
        return;
    ir_value root = split(c, address.b, &constant);
    if (root >= c->near_count)
        return;
    struct ir_access a = c->f->accesses[i->c];
    if (!find(c, address.a, root, constant, &near)) {
        if ((a.flags & IR_ACCESS_NOTRAP) == 0) /* those say nothing of the end of memory */
            remember(c, address.a, address.b, root, constant);
        return;
    }
    uint32_t apart = constant - near.constant;
    if (apart == 0 || near.index == address.b ||
        a.offset > INT32_MAX - (int32_t)IR_GUEST_TOP_BYTES - a.bytes)
        return;
    a.offset += (int32_t)apart;
    uint32_t moved = ir_access(c->f, a);
    ir_value v = opt_make(
        c, (struct ir_inst){
               .op = IR_OP_GUEST_ADDRESS, .type = IR_I64, .a = address.a, .b = near.index});
    i = ir_at(c->f, access); /* making one may have moved it */
    i->a = v;
    i->c = moved;
    c->stats->near++;
}
