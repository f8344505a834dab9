/*
 * build: making and changing functions. A list holds its count and then its items; the pool keeps
 * room for as many as the next power of two, so that appending is cheap and needs no capacity.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/ir/ir.h"

#include <assert.h>
#include <string.h>

void ir_func_init(struct ir_func *f, struct arena *a, uint32_t number)
{
    static const uint32_t empty_list = 0;

    *f = (struct ir_func){.arena = a, .number = number};
    ARENA_PUSH(a, f->pool, f->pool_count, f->pool_capacity, empty_list);
}

ir_block ir_block_new(struct ir_func *f)
{
    const struct ir_block_data empty = {.first = IR_NONE, .last = IR_NONE};

    ARENA_PUSH(f->arena, f->blocks, f->block_count, f->block_capacity, empty);
    return f->block_count - 1;
}

void ir_func_reserve(struct ir_func *f, uint32_t insts)
{
    const uint32_t old = f->inst_capacity, wanted = MAX(insts, old);

    f->insts = arena_grow_raw(f->arena, f->insts, old, wanted, sizeof(*f->insts));
    f->links = arena_grow_raw(f->arena, f->links, old, wanted, sizeof(*f->links));
    f->sources = arena_grow_raw(f->arena, f->sources, old, wanted, sizeof(*f->sources));
    f->inst_capacity = wanted;
}

static void grow_insts(struct ir_func *f)
{
    ir_func_reserve(f, f->inst_capacity == 0 ? 64 : f->inst_capacity * 2);
}

ir_value ir_inst_new(struct ir_func *f, struct ir_inst i)
{
    if (f->inst_count == f->inst_capacity)
        grow_insts(f);
    const ir_value v = f->inst_count++;
    f->insts[v] = i;
    f->links[v] = (struct ir_link){.next = IR_NONE, .prev = IR_NONE, .block = IR_NONE};
    f->sources[v] = f->source;
    return v;
}

ir_value ir_param_new(struct ir_func *f, ir_block b, enum ir_type type)
{
    const uint32_t position = ir_list_count(f, f->blocks[b].params);
    const struct ir_inst i = {.op = IR_OP_PARAM, .type = (uint8_t)type, .a = b, .b = position};
    const ir_value v = ir_inst_new(f, i);
    const ir_list params = ir_list_push(f, f->blocks[b].params, v);

    f->blocks[b].params = params;
    return v;
}

void ir_append(struct ir_func *f, ir_block b, ir_value v)
{
    struct ir_block_data *block = &f->blocks[b];

    f->links[v] = (struct ir_link){.next = IR_NONE, .prev = block->last, .block = b};
    if (block->last == IR_NONE)
        block->first = v;
    else
        f->links[block->last].next = v;
    block->last = v;
}

ir_value ir_emit(struct ir_func *f, ir_block b, struct ir_inst i)
{
    if (f->inst_count == f->inst_capacity)
        grow_insts(f);
    const ir_value v = f->inst_count++;
    f->insts[v] = i;
    f->sources[v] = f->source;
    ir_append(f, b, v);
    return v;
}

void ir_insert_before(struct ir_func *f, ir_value where, ir_value v)
{
    struct ir_link *at = &f->links[where];

    f->links[v] = (struct ir_link){.next = where, .prev = at->prev, .block = at->block};
    if (at->prev == IR_NONE)
        f->blocks[at->block].first = v;
    else
        f->links[at->prev].next = v;
    at->prev = v;
}

void ir_insert_after(struct ir_func *f, ir_value where, ir_value v)
{
    const struct ir_link at = f->links[where];

    if (at.next == IR_NONE)
        ir_append(f, at.block, v);
    else
        ir_insert_before(f, at.next, v);
}

void ir_remove(struct ir_func *f, ir_value v)
{
    const struct ir_link at = f->links[v];

    assert(at.block != IR_NONE && "only what is in a block can leave it");
    if (at.prev == IR_NONE)
        f->blocks[at.block].first = at.next;
    else
        f->links[at.prev].next = at.next;
    if (at.next == IR_NONE)
        f->blocks[at.block].last = at.prev;
    else
        f->links[at.next].prev = at.prev;
    f->links[v] = (struct ir_link){.next = IR_NONE, .prev = IR_NONE, .block = IR_NONE};
}

void ir_replace(struct ir_func *f, ir_value v, ir_value by)
{
    by = ir_resolve(f, by);
    assert(by != v && "a value is not an alias of itself");
    if (f->links[v].block != IR_NONE)
        ir_remove(f, v);
    f->insts[v] = (struct ir_inst){.op = IR_OP_ALIAS, .type = f->insts[by].type, .a = by};
}

ir_value ir_resolve(struct ir_func *f, ir_value v)
{
    ir_value end = v;

    while (f->insts[end].op == IR_OP_ALIAS)
        end = f->insts[end].a;
    while (f->insts[v].op == IR_OP_ALIAS) { /* the next walk is one step */
        const ir_value next = f->insts[v].a;
        f->insts[v].a = end;
        v = next;
    }
    return end;
}

/* ---- pool ------------------------------------------------------------------------------------ */

/* Index of `words` new words. */
static uint32_t pool_take(struct ir_func *f, uint32_t words)
{
    const uint32_t at = f->pool_count;

    if (f->pool_capacity - at < words) {
        uint32_t wanted = MAX(f->pool_capacity * 2, at + words);
        f->pool = arena_grow_raw(f->arena, f->pool, f->pool_capacity, wanted, sizeof(*f->pool));
        f->pool_capacity = wanted;
    }
    f->pool_count = at + words;
    return at;
}

static uint32_t room_for(uint32_t count) /* the next power of two */
{
    return count <= 2 ? count : UINT32_C(1) << (32 - __builtin_clz(count - 1));
}

ir_list ir_list_new(struct ir_func *f, const uint32_t *items, uint32_t count)
{
    if (count == 0)
        return 0;
    const uint32_t at = pool_take(f, 1 + room_for(count));
    f->pool[at] = count;
    memcpy(f->pool + at + 1, items, count * sizeof(*items));
    return at;
}

ir_list ir_list_push(struct ir_func *f, ir_list l, uint32_t item)
{
    const uint32_t count = ir_list_count(f, l);

    if (count == room_for(count)) { /* full */
        const uint32_t at = pool_take(f, 1 + room_for(count + 1));
        memcpy(f->pool + at + 1, f->pool + l + 1, count * sizeof(*f->pool));
        l = at;
    }
    f->pool[l + 1 + count] = item;
    f->pool[l] = count + 1;
    return l;
}

ir_edge ir_edge_new(struct ir_func *f, ir_block target, const ir_value *args, uint32_t count)
{
    const uint32_t at = pool_take(f, 2 + count);

    f->pool[at] = target;
    f->pool[at + 1] = count;
    if (count > 0)
        memcpy(f->pool + at + 2, args, count * sizeof(*args));
    return at;
}

/* ---- interned things ------------------------------------------------------------------------- */

static bool same_access(struct ir_access x, struct ir_access y)
{
    return x.offset == y.offset && x.bytes == y.bytes && x.region == y.region &&
           x.flags == y.flags && x.trap == y.trap;
}

static uint32_t hash_access(struct ir_access x)
{
    uint32_t h = (uint32_t)x.offset * UINT32_C(0x9e3779b1);

    h ^= (uint32_t)x.bytes | (uint32_t)x.region << 8 | (uint32_t)x.flags << 16 |
         (uint32_t)x.trap << 24;
    h *= UINT32_C(0x85ebca6b);
    return h ^ h >> 15;
}

/* Slots hold the number of an access plus one. */
static void enter_access(struct ir_func *f, uint32_t number)
{
    uint32_t slot = hash_access(f->accesses[number]) & (f->access_table_size - 1);

    while (f->access_table[slot] != 0)
        slot = (slot + 1) & (f->access_table_size - 1);
    f->access_table[slot] = number + 1;
}

static void grow_access_table(struct ir_func *f)
{
    f->access_table_size = f->access_table_size == 0 ? 32 : f->access_table_size * 2;
    f->access_table = arena_new(f->arena, uint32_t, f->access_table_size);
    for (uint32_t i = 0; i < f->access_count; i++)
        enter_access(f, i);
}

uint32_t ir_access(struct ir_func *f, struct ir_access access)
{
    if (f->access_count * 2 >= f->access_table_size)
        grow_access_table(f);
    const uint32_t mask = f->access_table_size - 1;
    uint32_t slot = hash_access(access) & mask;
    for (uint32_t n; (n = f->access_table[slot]) != 0; slot = (slot + 1) & mask)
        if (same_access(f->accesses[n - 1], access))
            return n - 1;
    ARENA_PUSH(f->arena, f->accesses, f->access_count, f->access_capacity, access);
    f->access_table[slot] = f->access_count;
    return f->access_count - 1;
}

uint32_t ir_constant16(struct ir_func *f, const uint8_t bytes[16])
{
    if (f->constant16_count == f->constant16_capacity) {
        const uint32_t wanted = f->constant16_capacity == 0 ? 8 : f->constant16_capacity * 2;
        f->constants16 =
            arena_grow_raw(f->arena, f->constants16, f->constant16_capacity, wanted, 16);
        f->constant16_capacity = wanted;
    }
    memcpy(f->constants16[f->constant16_count], bytes, 16);
    return f->constant16_count++;
}

static bool same_types(const uint8_t *x, uint32_t x_count, const uint8_t *y, uint32_t y_count)
{
    return x_count == y_count && (x_count == 0 || memcmp(x, y, x_count) == 0);
}

static const uint8_t *copy_types(struct ir_func *f, const uint8_t *types, uint32_t count)
{
    uint8_t *copy = arena_new_raw(f->arena, uint8_t, count);

    if (count > 0)
        memcpy(copy, types, count);
    return copy;
}

uint32_t ir_signature(struct ir_func *f, const uint8_t *params, uint32_t param_count,
                      const uint8_t *results, uint32_t result_count)
{
    for (uint32_t i = 0; i < f->signature_count; i++) {
        const struct ir_signature *s = &f->signatures[i];
        if (same_types(s->params, s->param_count, params, param_count) &&
            same_types(s->results, s->result_count, results, result_count))
            return i;
    }
    const struct ir_signature made = {.params = copy_types(f, params, param_count),
                                      .results = copy_types(f, results, result_count),
                                      .param_count = param_count,
                                      .result_count = result_count};
    ARENA_PUSH(f->arena, f->signatures, f->signature_count, f->signature_capacity, made);
    return f->signature_count - 1;
}

uint32_t ir_callee(struct ir_func *f, struct ir_callee callee)
{
    /* Newest first: a function mostly calls what it has just called. */
    for (uint32_t i = f->callee_count, steps = 0; i > 0 && steps < 64; i--, steps++) {
        const struct ir_callee *c = &f->callees[i - 1];
        if (c->kind == callee.kind && c->number == callee.number && c->flags == callee.flags &&
            c->signature == callee.signature)
            return i - 1;
    }
    ARENA_PUSH(f->arena, f->callees, f->callee_count, f->callee_capacity, callee);
    return f->callee_count - 1;
}
