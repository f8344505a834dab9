/*
 * table: values by what computes them. Open addressing; an entry whose value no longer stands in a
 * dominating block is dead for good (the walk never comes back into a subtree) and is overwritten.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/opt/rewrite.h"

#include <string.h>

#define TABLE_SLOTS_MIN 64

static uint32_t mix(uint32_t h, uint32_t word)
{
    h = (h ^ word) * UINT32_C(0x9e3779b1);
    return h ^ h >> 15;
}

static uint32_t hash_of(const struct opt_rewrite *c, const struct ir_inst *i)
{
    uint32_t h = mix(0, (uint32_t)i->op | (uint32_t)i->type << 16 | (uint32_t)i->aux << 24);

    if (i->op == IR_OP_VCONST) { /* equal bytes may have several numbers */
        uint32_t words[4];
        memcpy(words, c->f->constants16[i->a], sizeof(words));
        return mix(mix(mix(mix(h, words[0]), words[1]), words[2]), words[3]);
    }
    return mix(mix(mix(h, i->a), i->b), i->c);
}

/* Loads hold the version of memory in b, which they do not use otherwise, during the walk. */
static bool same(const struct opt_rewrite *c, const struct ir_inst *x, const struct ir_inst *y)
{
    if (x->op != y->op || x->type != y->type || x->aux != y->aux)
        return false;
    if (x->op == IR_OP_VCONST)
        return memcmp(c->f->constants16[x->a], c->f->constants16[y->a], 16) == 0;
    return x->a == y->a && x->b == y->b && x->c == y->c;
}

static void clear(struct opt_rewrite *c, uint32_t slots)
{
    c->slots = arena_new(c->f->arena, struct number_slot, slots);
    for (uint32_t i = 0; i < slots; i++)
        c->slots[i].value = IR_NONE;
    c->slot_mask = slots - 1;
    c->slot_used = 0;
}

void table_init(struct opt_rewrite *c)
{
    uint32_t slots = TABLE_SLOTS_MIN;

    while (slots < c->f->inst_count)
        slots *= 2;
    clear(c, slots);
}

static bool usable(const struct opt_rewrite *c, ir_value v)
{
    ir_block b = c->f->links[v].block;
    return b != IR_NONE && ir_cfg_dominates(&c->cfg, b, c->block);
}

ir_value table_find(struct opt_rewrite *c, const struct ir_inst *i)
{
    uint32_t hash = hash_of(c, i);

    for (uint32_t at = hash & c->slot_mask;; at = (at + 1) & c->slot_mask) {
        const struct number_slot *s = &c->slots[at];
        c->stats->steps++;
        if (s->value == IR_NONE)
            return IR_NONE;
        if (s->hash == hash && same(c, &c->f->insts[s->value], i) && usable(c, s->value))
            return s->value;
    }
}

static void enter(struct opt_rewrite *c, uint32_t hash, ir_value v)
{
    uint32_t at = hash & c->slot_mask;

    while (c->slots[at].value != IR_NONE &&
           !(c->slots[at].hash == hash && !usable(c, c->slots[at].value)))
        at = (at + 1) & c->slot_mask;
    c->slot_used += c->slots[at].value == IR_NONE;
    c->slots[at] = (struct number_slot){hash, v};
}

static void grow(struct opt_rewrite *c)
{
    struct number_slot *old = c->slots;
    uint32_t count = c->slot_mask + 1;

    clear(c, count * 2);
    for (uint32_t i = 0; i < count; i++)
        if (old[i].value != IR_NONE && usable(c, old[i].value))
            enter(c, old[i].hash, old[i].value);
}

void table_add(struct opt_rewrite *c, const struct ir_inst *i, ir_value v)
{
    if (c->slot_used * 4 > c->slot_mask * 3)
        grow(c);
    enter(c, hash_of(c, i), v);
}
