/*
 * bytes_load: loads that lie side by side, whose bytes make one number, become one load in the
 * place of the first. Nothing between them and the number may be noticed: then the one load traps
 * where one of them would have, and for the same reason.
 *
 * The indices of 32-bit memories wrap, the sums of addresses and offsets do not. Where the indices
 * differ by constants the lowest byte's must be the least of them: what is added to an index that
 * lies inside the memory does not wrap (IR_GUEST_TOP_BYTES), and where that index lies outside both
 * ways trap. SPDX-License-Identifier: Apache-2.0
 */
#include "shield/opt/bytes_int.h"

/* The address of a load: base and root + constant, the sum modulo 2**32; or root and nothing. */
struct place {
    ir_value base; /* of guest memory; IR_NONE */
    ir_value root;
    uint32_t constant;
};

struct row {
    ir_value first;  /* of the loads, in the block's order */
    ir_value lowest; /* the one of the lowest byte */
    bool is_turned;  /* that is the highest byte of the number */
};

static const struct ir_access *access_of(const struct ir_func *f, ir_value load)
{
    return &f->accesses[ir_at(f, load)->c];
}

static struct place place_of(struct ir_func *f, ir_value load)
{
    struct place p = {.base = IR_NONE, .root = ir_resolve(f, ir_at(f, load)->a)};
    const struct ir_inst *address = ir_at(f, p.root);

    if (address->op != IR_OP_GUEST_ADDRESS || ir_at(f, ir_resolve(f, address->b))->type != IR_I32)
        return p;
    p.base = ir_resolve(f, address->a);
    p.root = ir_resolve(f, address->b);
    const struct ir_inst *sum = ir_at(f, p.root);
    if (sum->op != IR_OP_IADD)
        return p;
    const struct ir_inst *constant = ir_at(f, ir_resolve(f, sum->b));
    if (constant->op == IR_OP_ICONST) {
        p.constant = (uint32_t)ir_const_bits(constant);
        p.root = ir_resolve(f, sum->a);
    }
    return p;
}

/* Records of the runtime are read in the widths that they have. */
static bool is_plain_memory(const struct ir_access *access)
{
    return access->region == IR_REGION_ANY || access->region >= IR_REGION_MEMORY;
}

/* A byte of memory that v, a load, could load as well; not one that only tells of its sign. */
static bool same_memory(struct ir_func *f, ir_value v, struct byte b)
{
    if (ir_op_of(f, b.value) != IR_OP_LOAD || f->links[v].block != f->links[b.value].block)
        return false;
    const struct ir_access *x = access_of(f, v), *y = access_of(f, b.value);
    const struct place p = place_of(f, v), q = place_of(f, b.value);
    return p.base == q.base && p.root == q.root && x->region == y->region &&
           ((x->flags ^ y->flags) & ~IR_ACCESS_SIGNED) == 0 && x->trap == y->trap &&
           b.index < y->bytes;
}

/* How far the byte lies above the address of load `from`, if no index wraps. */
static int64_t distance(struct ir_func *f, ir_value from, struct byte b)
{
    const uint32_t apart = place_of(f, b.value).constant - place_of(f, from).constant;

    return (int64_t)(int32_t)apart + access_of(f, b.value)->offset + b.index;
}

/* Could anyone notice that what v does is done later than a load that traps like `access`? */
static bool is_noticed(const struct ir_func *f, ir_value v, const struct ir_access *access)
{
    if (ir_op_of(f, v) == IR_OP_LOAD)
        return (access_of(f, v)->flags & IR_ACCESS_NOTRAP) == 0 &&
               access_of(f, v)->trap != access->trap;
    return (ir_op_info[ir_op_of(f, v)].flags & IR_PURE) == 0;
}

/* The first of the loads, walking back from the root; IR_NONE: too far, or something between. */
static ir_value first_load(const struct bytes_tree *t, const struct byte bytes[BYTES_MAX],
                           uint32_t n)
{
    const struct ir_func *f = t->f;
    const struct ir_access *access = access_of(f, bytes[0].value);
    uint32_t left = 0;
    ir_value v = t->root;

    for (uint32_t k = 0; k < n; k++)
        left += k == 0 || bytes[k].value != bytes[k - 1].value;
    for (uint32_t steps = 0; steps < BYTES_BETWEEN_MAX; steps++) {
        v = f->links[v].prev;
        if (v == IR_NONE || is_noticed(f, v, access))
            return IR_NONE;
        for (uint32_t k = 0; k < n; k++) {
            if (bytes[k].value == v) {
                left--;
                break;
            }
        }
        if (left == 0)
            return v;
    }
    return IR_NONE;
}

/* Do all bytes that the loads of the tree touch count? Else leaving one out could miss a trap. */
static bool are_whole(const struct bytes_tree *t, const struct byte bytes[BYTES_MAX], uint32_t n)
{
    for (uint32_t i = 0; i < t->node_count; i++) {
        uint32_t count = 0;
        if (ir_op_of(t->f, t->nodes[i]) != IR_OP_LOAD)
            continue;
        for (uint32_t k = 0; k < n; k++)
            count += bytes[k].value == t->nodes[i];
        if (count != access_of(t->f, t->nodes[i])->bytes)
            return false;
    }
    return true;
}

static bool find_row(const struct bytes_tree *t, const struct byte bytes[BYTES_MAX], uint32_t n,
                     struct row *out)
{
    struct ir_func *f = t->f;
    const ir_value one = bytes[0].value;

    if (t->shared || ir_op_of(f, one) != IR_OP_LOAD ||
        f->links[one].block != f->links[t->root].block || !is_plain_memory(access_of(f, one)))
        return false;
    for (uint32_t k = 1; k < n; k++) {
        if (!same_memory(f, one, bytes[k]))
            return false;
    }
    const int64_t low = distance(f, one, bytes[0]);
    out->is_turned = low > distance(f, one, bytes[1]);
    out->lowest = out->is_turned ? bytes[n - 1].value : one;
    const uint32_t least = place_of(f, out->lowest).constant;
    for (uint32_t k = 0; k < n; k++) {
        if (distance(f, one, bytes[k]) != (out->is_turned ? low - k : low + k) ||
            place_of(f, bytes[k].value).constant - least >= IR_GUEST_TOP_BYTES)
            return false;
    }
    if (!are_whole(t, bytes, n))
        return false;
    out->first = first_load(t, bytes, n);
    return out->first != IR_NONE;
}

/* The address of the lowest load, made in front of the first one. */
static ir_value address_of(struct ir_func *f, const struct row *row)
{
    const struct place first = place_of(f, row->first), lowest = place_of(f, row->lowest);
    ir_value index = lowest.root;

    if (first.constant == lowest.constant)
        return ir_resolve(f, ir_at(f, row->first)->a);
    if (lowest.constant != 0) {
        const ir_value by = bytes_before(f, row->first, ir_iconst(IR_I32, lowest.constant));
        index = bytes_before(
            f, row->first,
            (struct ir_inst){.op = IR_OP_IADD, .type = IR_I32, .a = index, .b = by});
    }
    return bytes_before(f, row->first,
                        (struct ir_inst){.op = IR_OP_GUEST_ADDRESS,
                                         .type = IR_I64,
                                         .a = lowest.base,
                                         .b = index});
}

ir_value bytes_load(const struct bytes_tree *t, const struct byte bytes[BYTES_MAX], uint32_t n)
{
    struct ir_func *f = t->f;
    struct row row;

    if (!find_row(t, bytes, n, &row))
        return IR_NONE;
    struct ir_access access = *access_of(f, row.lowest);
    const struct byte lowest = row.is_turned ? bytes[n - 1] : bytes[0];
    access.offset += lowest.index;
    access.bytes = (uint8_t)n;
    access.flags &= (uint8_t) ~(IR_ACCESS_SIGNED | IR_ACCESS_ALIGNED);
    const bool wide = n == 8 || (!row.is_turned && ir_at(f, t->root)->type == IR_I64);
    f->source = f->sources[row.first];
    const ir_value address = address_of(f, &row);
    const ir_value v = bytes_before(f, row.first,
                                    (struct ir_inst){.op = IR_OP_LOAD,
                                                     .type = wide ? IR_I64 : IR_I32,
                                                     .a = address,
                                                     .c = ir_access(f, access)});
    f->source = f->sources[t->root];
    return row.is_turned ? bytes_turned(f, t->root, v, n) : v;
}
