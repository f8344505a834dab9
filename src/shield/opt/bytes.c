/*
 * bytes: values put together from bytes. WebAssembly has no swap of bytes and compilers for it
 * write one as shifts and masks; programs read big-endian numbers byte by byte.
 *
 *     ior (ior (ishl x 24) (iand (ishl x 8) 0xff0000))
 *         (ior (iand (ushr x 8) 0xff00) (ushr x 24))            =>   bswap x
 *     ior (ishl (load a {bytes 1}) 8) (load a {offset 1 bytes 1})
 *                                    =>   ushr (bswap (load a {bytes 2})) 16
 *
 * For each choice of bits it is asked which byte of which value every byte of it is. Loads become
 * one, in the place of the first, when nothing between them and the choice could be noticed: then
 * it traps where one of them would have, and for the same reason.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/opt/bytes_int.h"
#include "shield/opt/opt.h"

static uint32_t width_of(const struct ir_func *f, ir_value v)
{
    return ir_type_bits((enum ir_type)ir_at(f, v)->type) / 8;
}

static bool const_of(const struct ir_func *f, ir_value v, uint64_t *bits)
{
    const struct ir_inst *i = ir_at(f, v);

    *bits = ir_const_bits(i);
    return i->op == IR_OP_ICONST;
}

static void is_itself(const struct bytes_tree *t, ir_value v, struct byte out[BYTES_MAX])
{
    for (uint32_t i = 0, n = width_of(t->f, v); i < BYTES_MAX; i++)
        out[i] = (struct byte){i < n ? v : IR_NONE, (uint8_t)i};
}

static void find(struct bytes_tree *t, ir_value v, uint32_t wanted, struct byte out[BYTES_MAX]);

/* Bytes that one side has and the other leaves zero. False: some byte is made of both. */
static bool find_choice(struct bytes_tree *t, const struct ir_inst *i, uint32_t wanted,
                        struct byte out[BYTES_MAX])
{
    struct byte other[BYTES_MAX];

    find(t, i->a, wanted, out);
    find(t, i->b, wanted, other);
    for (uint32_t k = 0; k < BYTES_MAX; k++) {
        if (out[k].value == IR_NONE)
            out[k] = other[k];
        else if (other[k].value != IR_NONE)
            return false;
    }
    return true;
}

static bool find_masked(struct bytes_tree *t, const struct ir_inst *i, uint32_t wanted,
                        struct byte out[BYTES_MAX])
{
    uint64_t mask;

    if (!const_of(t->f, ir_resolve(t->f, i->b), &mask))
        return false;
    for (uint32_t k = 0; k < BYTES_MAX; k++) {
        const uint8_t part = (uint8_t)(mask >> 8 * k);
        if (part != 0 && part != 0xff)
            return false;
        if (part == 0)
            wanted &= ~(1u << k);
    }
    find(t, i->a, wanted, out);
    return true;
}

/* Shifts and rotations by whole bytes; to the left by `by`, counted modulo the width. */
static bool find_moved(struct bytes_tree *t, const struct ir_inst *i, uint32_t wanted,
                       struct byte out[BYTES_MAX])
{
    const uint32_t width = ir_type_bits((enum ir_type)i->type) / 8;
    const bool right = i->op == IR_OP_USHR || i->op == IR_OP_ROTR;
    const bool turns = i->op == IR_OP_ROTL || i->op == IR_OP_ROTR;
    struct byte from[BYTES_MAX];
    uint64_t bits;

    if (!const_of(t->f, ir_resolve(t->f, i->b), &bits) || bits % 8 != 0)
        return false;
    const uint32_t by = (uint32_t)(bits / 8) % width;
    uint32_t wanted_there = 0, place[BYTES_MAX];
    for (uint32_t k = 0; k < width; k++) {
        const uint32_t sum = right ? k + by : k + width - by; /* modulo width */
        const bool inside = right ? sum < width : k >= by;
        place[k] = inside || turns ? sum % width : BYTES_MAX;
        if (place[k] < BYTES_MAX && (wanted >> k & 1) != 0)
            wanted_there |= 1u << place[k];
    }
    find(t, i->a, wanted_there, from);
    for (uint32_t k = 0; k < BYTES_MAX; k++)
        out[k] = k < width && place[k] < BYTES_MAX ? from[place[k]] : (struct byte){IR_NONE, 0};
    return true;
}

static bool find_loaded(const struct bytes_tree *t, ir_value v, struct byte out[BYTES_MAX])
{
    const struct ir_access *access = &t->f->accesses[ir_at(t->f, v)->c];

    is_itself(t, v, out);
    if ((access->flags & IR_ACCESS_SIGNED) != 0)
        return true;
    for (uint32_t k = access->bytes; k < BYTES_MAX; k++)
        out[k].value = IR_NONE;
    return true;
}

static bool find_parts(struct bytes_tree *t, ir_value v, uint32_t wanted,
                       struct byte out[BYTES_MAX])
{
    const struct ir_inst *i = ir_at(t->f, v);
    uint64_t bits;

    if (i->type != IR_I32 && i->type != IR_I64 && i->type != IR_I8 && i->type != IR_I16)
        return false;
    switch ((enum ir_op)i->op) {
    case IR_OP_IOR: return find_choice(t, i, wanted, out);
    case IR_OP_IAND: return find_masked(t, i, wanted, out);
    case IR_OP_ISHL:
    case IR_OP_USHR:
    case IR_OP_ROTL:
    case IR_OP_ROTR: return find_moved(t, i, wanted, out);
    case IR_OP_UEXTEND:
    case IR_OP_IREDUCE: find(t, i->a, wanted & ((1u << width_of(t->f, v)) - 1), out); return true;
    case IR_OP_LOAD: return find_loaded(t, v, out);
    case IR_OP_ICONST:
        for (uint32_t k = 0; k < BYTES_MAX; k++)
            out[k].value = IR_NONE;
        return const_of(t->f, v, &bits) && bits == 0;
    default: return false;
    }
}

/* Where the wanted bytes of v come from; the others, and those beyond its width, are zero. */
static void find(struct bytes_tree *t, ir_value v, uint32_t wanted, struct byte out[BYTES_MAX])
{
    const uint32_t nodes = t->node_count;
    const bool shared = t->shared;

    v = ir_resolve(t->f, v);
    if (t->looked++ >= BYTES_LOOKED_MAX || v >= t->uses->count) {
        is_itself(t, v, out);
    } else {
        if (v != t->root) {
            t->nodes[t->node_count++] = v;
            t->shared |= t->uses->of[v] != 1;
        }
        if (!find_parts(t, v, wanted, out)) { /* it is a value and nothing else */
            t->node_count = nodes;
            t->shared = shared;
            is_itself(t, v, out);
        }
    }
    for (uint32_t k = 0; k < BYTES_MAX; k++) {
        if ((wanted >> k & 1) == 0)
            out[k].value = IR_NONE;
    }
}

/* ---- what the bytes are together ---- */

/* n low bytes and zeros above; 0: neither 2, 4 nor 8. */
static uint32_t low_bytes(const struct byte bytes[BYTES_MAX])
{
    uint32_t n = 0;

    while (n < BYTES_MAX && bytes[n].value != IR_NONE)
        n++;
    for (uint32_t k = n; k < BYTES_MAX; k++) {
        if (bytes[k].value != IR_NONE)
            return 0;
    }
    return n == 2 || n == 4 || n == 8 ? n : 0;
}

ir_value bytes_turned(struct ir_func *f, ir_value root, ir_value v, uint32_t n)
{
    const uint8_t have = ir_at(f, v)->type, want = ir_at(f, root)->type;
    const uint32_t rest = width_of(f, v) - n;

    v = bytes_before(f, root, (struct ir_inst){.op = IR_OP_BSWAP, .type = have, .a = v});
    if (rest > 0) {
        const ir_value by = bytes_before(f, root, ir_iconst(IR_I32, rest * 8));
        const struct ir_inst shift = {.op = IR_OP_USHR, .type = have, .a = v, .b = by};
        v = bytes_before(f, root, shift);
    }
    if (have == want)
        return v;
    const enum ir_op op = want == IR_I64 ? IR_OP_UEXTEND : IR_OP_IREDUCE;
    return bytes_before(f, root, (struct ir_inst){.op = (uint16_t)op, .type = want, .a = v});
}

static bool is_swap(const struct bytes_tree *t, const struct byte bytes[BYTES_MAX], uint32_t n)
{
    const uint8_t type = ir_at(t->f, bytes[0].value)->type;

    for (uint32_t k = 0; k < n; k++) {
        if (bytes[k].value != bytes[0].value || bytes[k].index != n - 1 - k)
            return false;
    }
    return type == IR_I32 || type == IR_I64;
}

static bool rewrite(struct bytes_tree *t)
{
    struct ir_func *f = t->f;
    struct byte bytes[BYTES_MAX];
    ir_value made;

    find(t, t->root, (1u << BYTES_MAX) - 1, bytes);
    const uint32_t n = low_bytes(bytes);
    if (n == 0 || t->node_count == 0)
        return false;
    f->source = f->sources[t->root];
    if (is_swap(t, bytes, n)) {
        made = bytes_turned(f, t->root, bytes[0].value, n);
        t->node_count = 0; /* what nobody needs goes later */
    } else if ((made = bytes_load(t, bytes, n)) == IR_NONE) {
        return false;
    }
    ir_replace(f, t->root, made);
    for (uint32_t k = 0; k < t->node_count; k++)
        ir_remove(f, t->nodes[k]);
    return true;
}

/* ---- the walk ---- */

struct counting {
    struct ir_func *f;
    uint8_t *of;
};

static void count_use(void *ctx, uint32_t *operand)
{
    const struct counting *c = ctx;
    const ir_value v = *operand = ir_resolve(c->f, *operand);

    c->of[v] = (uint8_t)MIN(c->of[v] + 1, 2);
}

static struct bytes_uses count_uses(struct ir_func *f)
{
    struct counting c = {f, arena_new(f->arena, uint8_t, f->inst_count)};

    for (ir_block b = 0; b < f->block_count; b++) {
        for (ir_value v = f->blocks[b].first; v != IR_NONE; v = f->links[v].next)
            ir_each_operand(f, v, count_use, &c);
    }
    return (struct bytes_uses){c.of, f->inst_count};
}

/* A choice of bits, or one that is cut to its low bytes. */
static bool may_be_bytes(struct ir_func *f, ir_value v)
{
    const struct ir_inst *i = ir_at(f, v);

    if (i->type != IR_I32 && i->type != IR_I64)
        return false;
    if (i->op == IR_OP_UEXTEND)
        i = ir_at(f, ir_resolve(f, i->a));
    if (i->op == IR_OP_IAND || i->op == IR_OP_IREDUCE)
        i = ir_at(f, ir_resolve(f, i->a));
    return i->op == IR_OP_IOR;
}

void opt_bytes(struct ir_func *f, struct opt_stats *stats)
{
    const uint32_t source = f->source;
    ir_value *roots = NULL;
    uint32_t count = 0, capacity = 0;

    for (ir_block b = 0; b < f->block_count; b++) {
        for (ir_value v = f->blocks[b].first; v != IR_NONE; v = f->links[v].next) {
            if (may_be_bytes(f, v))
                ARENA_PUSH(f->arena, roots, count, capacity, v);
        }
    }
    if (count == 0)
        return;
    const struct bytes_uses uses = count_uses(f);
    while (count > 0) { /* the last first: what it looks through it takes with it */
        struct bytes_tree t = {.f = f, .uses = &uses, .root = roots[--count]};
        if (f->links[t.root].block != IR_NONE && rewrite(&t))
            stats->bytes++;
        stats->steps += t.looked;
    }
    f->source = source;
}
