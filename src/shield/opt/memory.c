/*
 * memory: what loads give, from the stores and loads in front of them.
 *
 * Each region of memory has a current version: a number that changes with everything that may
 * write to it. Two loads of one address in one version give one value. A version that a known store
 * made remembers the store and the version before it: a load that meets another address walks
 * behind such stores (at most MEMORY_STEPS_MAX), and a load of the same address gets the value
 * stored.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/opt/rewrite.h"

#include <assert.h>
#include <string.h>

static uint32_t fresh(struct opt_rewrite *c, struct memory_version v)
{
    ARENA_PUSH(c->f->arena, c->versions, c->version_count, c->version_capacity, v);
    return c->version_count - 1;
}

static uint32_t unknown(struct opt_rewrite *c)
{
    return fresh(c, (struct memory_version){.store = IR_NONE});
}

static const struct ir_access *access_of(const struct opt_rewrite *c, const struct ir_inst *i)
{
    return &c->f->accesses[i->c];
}

/* ---- what changes where ---------------------------------------------------------------------- */

static bool call_changes(const struct opt_rewrite *c, const struct ir_inst *i)
{
    return i->op != IR_OP_CALL || (c->f->callees[i->a].flags & IR_CALLEE_NO_EFFECT) == 0;
}

/* Bits of state indices that the instruction may change. */
static uint64_t changes(const struct opt_rewrite *c, const struct ir_inst *i)
{
    uint8_t flags = ir_op_info[i->op].flags;

    if (i->op == IR_OP_STORE) {
        uint8_t region = access_of(c, i)->region;
        return region == IR_REGION_ANY ? UINT64_MAX : 1 | UINT64_C(1) << c->region_index[region];
    }
    if ((flags & IR_CALLS) != 0)
        return call_changes(c, i) ? UINT64_MAX : 0;
    return (flags & (IR_STORES | IR_EFFECT)) != 0 ? UINT64_MAX : 0;
}

static void number_regions(struct opt_rewrite *c)
{
    const struct ir_func *f = c->f;

    c->region_count = 1;
    for (uint32_t a = 0; a < f->access_count; a++) {
        uint8_t region = f->accesses[a].region;
        assert(region <= IR_REGION_MAX);
        if (region != IR_REGION_ANY && c->region_index[region] == 0)
            c->region_index[region] = (uint8_t)c->region_count++;
    }
    assert(c->region_count <= 64 && "a set of regions is 64 bits");
}

static void find_loop_changes(struct opt_rewrite *c)
{
    const struct ir_func *f = c->f;
    const struct ir_cfg *g = &c->cfg;

    c->loop_changes = arena_new(f->arena, uint64_t, f->block_count);
    for (uint32_t i = 0; i < g->order_count; i++) {
        ir_block b = g->order[i], h = g->loop_header[b];
        for (ir_value v = f->blocks[b].first; h != IR_NONE && v != IR_NONE; v = f->links[v].next)
            c->loop_changes[h] |= changes(c, &f->insts[v]);
    }
    for (uint32_t i = g->order_count; i-- > 0;) { /* inner loops before those around them */
        ir_block h = g->order[i];
        if (g->loop_header[h] == h && g->loop_parent[h] != IR_NONE)
            c->loop_changes[g->loop_parent[h]] |= c->loop_changes[h];
    }
}

void memory_init(struct opt_rewrite *c)
{
    number_regions(c);
    c->states = arena_new(c->f->arena, uint32_t, (size_t)c->f->block_count * c->region_count);
    c->now = arena_new(c->f->arena, uint32_t, c->region_count);
    unknown(c); /* version 0 never changes */
    find_loop_changes(c);
}

void memory_enter(struct opt_rewrite *c, ir_block b)
{
    const struct ir_pred *preds = ir_cfg_preds(&c->cfg, b);
    bool first = true, loop = false;

    c->observers++; /* nothing is said of stores in other blocks */
    for (uint32_t r = 0; b == 0 && r < c->region_count; r++)
        c->now[r] = unknown(c);
    for (uint32_t i = 0, n = ir_cfg_pred_count(&c->cfg, b); i < n; i++) {
        c->stats->steps++;
        const uint32_t *state = c->states + (size_t)preds[i].from * c->region_count;
        if (ir_cfg_back_edge(&c->cfg, preds[i].from, b)) {
            loop = true;
            continue;
        }
        if (c->done[preds[i].from] && !c->live[preds[i].from])
            continue; /* control never comes from there */
        for (uint32_t r = 0; r < c->region_count; r++) {
            if (!c->done[preds[i].from]) /* into the middle of a loop */
                c->now[r] = unknown(c);
            else if (first && b != 0)
                c->now[r] = state[r];
            else if (c->now[r] != state[r])
                c->now[r] = unknown(c);
        }
        first = false;
    }
    for (uint32_t r = 0; loop && r < c->region_count; r++)
        if ((c->loop_changes[b] >> r & 1) != 0)
            c->now[r] = unknown(c);
}

void memory_leave(struct opt_rewrite *c, ir_block b)
{
    memcpy(c->states + (size_t)b * c->region_count, c->now, c->region_count * sizeof(*c->now));
}

/* ---- do two accesses touch? ------------------------------------------------------------------ */
struct place {           /* root + offset, where root is a value, or none: a constant address */
    ir_value root, base; /* base: of guest memory, IR_NONE for plain addresses */
    int64_t offset;
    bool wraps; /* at 32 bits, before the offset of the access is added */
};

static struct place place_of(const struct opt_rewrite *c, const struct ir_inst *i)
{
    struct place p = {.root = i->a, .base = IR_NONE, .offset = access_of(c, i)->offset};
    const struct ir_inst *address = opt_def(c, p.root);

    if (address->op == IR_OP_GUEST_ADDRESS) {
        p.base = address->a;
        p.root = address->b;
        address = opt_def(c, p.root);
        p.wraps = address->type == IR_I32;
    }
    if (address->op == IR_OP_IADD && opt_def(c, address->b)->op == IR_OP_ICONST) {
        uint64_t bits = ir_const_bits(opt_def(c, address->b));
        p.offset += p.wraps ? (int32_t)(uint32_t)bits : (int64_t)bits;
        p.root = address->a;
    } else if (address->op == IR_OP_ICONST) {
        uint64_t bits = ir_const_bits(address);
        p.offset += (int64_t)bits;
        p.root = IR_NONE;
        p.wraps = false;
    }
    return p;
}

enum overlap { OVERLAP_NONE, OVERLAP_SAME, OVERLAP_MAYBE };

static enum overlap overlap(const struct opt_rewrite *c, const struct ir_inst *x,
                            const struct ir_inst *y)
{
    int64_t x_bytes = access_of(c, x)->bytes, y_bytes = access_of(c, y)->bytes;

    if (x->a == y->a && access_of(c, x)->offset == access_of(c, y)->offset)
        return x_bytes == y_bytes ? OVERLAP_SAME : OVERLAP_MAYBE;
    struct place p = place_of(c, x), q = place_of(c, y);
    if (p.root != q.root || p.base != q.base || p.wraps != q.wraps)
        return OVERLAP_MAYBE;
    int64_t apart = (int64_t)((uint64_t)p.offset - (uint64_t)q.offset);
    if (apart > -x_bytes && apart < y_bytes)
        return OVERLAP_MAYBE;
    if (p.wraps) /* the two may also be 4 GiB closer or further apart */
        for (int64_t turn = -2; turn <= 2; turn++) {
            int64_t moved = apart + turn * (INT64_C(1) << 32);
            if (moved > -x_bytes && moved < y_bytes)
                return OVERLAP_MAYBE;
        }
    return OVERLAP_NONE;
}

/* ---- loads and stores ------------------------------------------------------------------------ */

/* The stored value as the load gives it, or IR_NONE. */
static ir_value forwarded(struct opt_rewrite *c, const struct ir_inst *load,
                          const struct ir_inst *store)
{
    const struct ir_access *access = access_of(c, load);
    enum ir_type have = (enum ir_type)opt_def(c, store->b)->type, want = (enum ir_type)load->type;
    uint32_t bits = access->bytes * 8u;

    if (have == want && ir_type_bits(want) == bits)
        return store->b;
    if (have == IR_REF || want == IR_REF || have == IR_I128 || want == IR_I128)
        return IR_NONE;
    if (ir_type_bits(have) == bits && ir_type_bits(want) == bits)
        return opt_make(
            c, (struct ir_inst){.op = IR_OP_BITCAST, .type = (uint8_t)want, .a = store->b});
    if (!ir_type_is_int(have) || !ir_type_is_int(want) || bits > 32)
        return IR_NONE;
    const enum ir_type narrow = bits == 8 ? IR_I8 : bits == 16 ? IR_I16 : IR_I32;
    ir_value v = store->b;
    if (have != narrow)
        v = opt_make(c, (struct ir_inst){.op = IR_OP_IREDUCE, .type = (uint8_t)narrow, .a = v});
    if (want == narrow)
        return v;
    const enum ir_op extend =
        (access->flags & IR_ACCESS_SIGNED) != 0 ? IR_OP_SEXTEND : IR_OP_UEXTEND;
    return opt_make(c, (struct ir_inst){.op = (uint16_t)extend, .type = (uint8_t)want, .a = v});
}

ir_value memory_load(struct opt_rewrite *c, ir_value load)
{
    struct ir_inst i = *opt_def(c, load);
    const struct ir_access *access = access_of(c, &i);
    uint32_t now =
        (access->flags & IR_ACCESS_READONLY) != 0 ? 0 : c->now[c->region_index[access->region]];

    i.b = now;
    for (uint32_t steps = 0; steps < MEMORY_STEPS_MAX; steps++) {
        ir_value known = table_find(c, &i);
        if (known != IR_NONE)
            return known;
        const struct memory_version *version = &c->versions[i.b];
        if (version->store == IR_NONE)
            break;
        const struct ir_inst store = *opt_def(c, version->store);
        enum overlap meets = overlap(c, &i, &store);
        if (meets == OVERLAP_SAME) {
            known = forwarded(c, &i, &store);
            if (known != IR_NONE)
                return known;
        }
        if (meets != OVERLAP_NONE)
            break;
        i.b = version->before;
    }
    i.b = now;
    c->f->insts[load].b = now;
    table_add(c, &i, load);
    c->observers++;
    return IR_NONE;
}

void memory_store(struct opt_rewrite *c, ir_value store)
{
    const struct ir_inst i = *opt_def(c, store);
    const struct ir_access *access = access_of(c, &i);

    if (access->region == IR_REGION_ANY) {
        for (uint32_t r = 0; r < c->region_count; r++)
            c->now[r] = unknown(c);
        c->observers++;
        return;
    }
    uint32_t *now = &c->now[c->region_index[access->region]];
    struct memory_version *last = &c->versions[*now];
    if (last->store != IR_NONE && last->observed == c->observers) {
        const struct ir_inst before = *opt_def(c, last->store);
        if (overlap(c, &i, &before) == OVERLAP_SAME && i.c == before.c &&
            c->f->links[last->store].block == c->block) {
            ir_remove(c->f, last->store); /* nobody has seen it */
            last->store = store;
            c->stats->stores++;
            return;
        }
    }
    if ((access->flags & IR_ACCESS_NOTRAP) == 0)
        c->observers++; /* where it traps, others are seen */
    *now = fresh(c, (struct memory_version){store, *now, c->observers});
    c->now[0] = unknown(c);
}

void memory_other(struct opt_rewrite *c, const struct ir_inst *i)
{
    uint64_t changed = changes(c, i);

    if ((ir_op_info[i->op].flags & IR_PURE) == 0)
        c->observers++;
    for (uint32_t r = 0; changed != 0 && r < c->region_count; r++)
        c->now[r] = unknown(c);
}
