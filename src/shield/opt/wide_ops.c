/* wide_ops: each operation on 128 bits in terms of 64. SPDX-License-Identifier: Apache-2.0 */
#include "shield/opt/wide_int.h"

#include <inttypes.h>

static const struct ir_inst *at(const struct wide *w)
{
    return &w->f->insts[w->at];
}

static ir_value unary(struct wide *w, enum ir_op op, ir_value a)
{
    return wide_emit(w, op, IR_I64, 0, a, 0, 0);
}

static ir_value binary(struct wide *w, enum ir_op op, ir_value a, ir_value b)
{
    return wide_emit(w, op, IR_I64, 0, a, b, 0);
}

static ir_value constant(struct wide *w, uint64_t bits)
{
    return wide_emit(w, IR_OP_ICONST, IR_I64, 0, 0, (uint32_t)bits, (uint32_t)(bits >> 32));
}

static ir_value compare(struct wide *w, enum ir_cc cc, ir_value a, ir_value b)
{
    return wide_emit(w, IR_OP_ICMP, IR_I32, (uint8_t)cc, a, b, 0);
}

static ir_value choose(struct wide *w, ir_value yes, ir_value no, ir_value condition)
{
    return wide_emit(w, IR_OP_SELECT, IR_I64, 0, yes, no, condition);
}

static enum status becomes(struct wide *w, ir_value low, ir_value high)
{
    w->halves[w->at] = (struct halves){low, high};
    ir_remove(w->f, w->at);
    return ST_OK;
}

static enum status refuse(struct wide *w)
{
    return diag_fail(w->dg, ST_UNSUPPORTED, w->f->sources[w->at],
                     "IR of function %" PRIu32 ": %s of 128 bits has no form in 64-bit operations; "
                     "call a function for it",
                     w->f->number, ir_op_info[at(w)->op].text);
}

ir_value wide_any_bit(struct wide *w, ir_value v)
{
    const struct halves a = wide_halves(w, v);

    return binary(w, IR_OP_IOR, a.low, a.high);
}

/* ---- arithmetic ------------------------------------------------------------------------------ */

static enum status with_carry(struct wide *w, enum ir_op op, struct halves a, struct halves b)
{
    const uint32_t items[4] = {a.low, a.high, b.low, b.high};
    const ir_list l = ir_list_new(w->f, items, 4);
    const ir_value pair = wide_emit(w, op, IR_VOID, 0, l, 0, 0);
    const ir_value low = wide_emit(w, IR_OP_RESULT, IR_I64, 0, pair, 0, 0);

    return becomes(w, low, wide_emit(w, IR_OP_RESULT, IR_I64, 0, pair, 1, 0));
}

static enum status product(struct wide *w, struct halves a, struct halves b)
{
    const ir_value low = binary(w, IR_OP_IMUL, a.low, b.low);
    const ir_value carried = binary(w, IR_OP_UMULHI, a.low, b.low);
    const ir_value cross = binary(w, IR_OP_IADD, binary(w, IR_OP_IMUL, a.low, b.high),
                                  binary(w, IR_OP_IMUL, a.high, b.low));

    return becomes(w, low, binary(w, IR_OP_IADD, carried, cross));
}

/* ---- shifts ---------------------------------------------------------------------------------- */

/* The count as I64; only its low seven bits matter. */
static ir_value count_of(struct wide *w)
{
    const ir_value b = ir_resolve(w->f, at(w)->b);
    const enum ir_type type = (enum ir_type)w->f->insts[b].type;

    if (type == IR_I128)
        return wide_halves(w, b).low;
    return ir_type_bits(type) == 64 ? b : unary(w, IR_OP_UEXTEND, b);
}

/* What leaves `from` when it is shifted by count (less than 64) towards its neighbour. */
static ir_value spilled(struct wide *w, enum ir_op away, ir_value from, ir_value count)
{
    const ir_value one = constant(w, 1);

    return binary(w, away, binary(w, away, from, one), unary(w, IR_OP_INOT, count));
}

static enum status shift(struct wide *w, struct halves a)
{
    const ir_value count = count_of(w), far = binary(w, IR_OP_IAND, count, constant(w, 64));
    const enum ir_op op = (enum ir_op)at(w)->op;

    if (op == IR_OP_ISHL) {
        const ir_value low = binary(w, IR_OP_ISHL, a.low, count);
        const ir_value high = binary(w, IR_OP_IOR, binary(w, IR_OP_ISHL, a.high, count),
                                     spilled(w, IR_OP_USHR, a.low, count));
        const ir_value high_out = choose(w, low, high, far);
        return becomes(w, choose(w, constant(w, 0), low, far), high_out);
    }
    const ir_value high = binary(w, op, a.high, count);
    const ir_value low = binary(w, IR_OP_IOR, binary(w, IR_OP_USHR, a.low, count),
                                spilled(w, IR_OP_ISHL, a.high, count));
    const ir_value fill =
        op == IR_OP_SSHR ? binary(w, IR_OP_SSHR, a.high, constant(w, 63)) : constant(w, 0);
    const ir_value low_out = choose(w, high, low, far);
    return becomes(w, low_out, choose(w, fill, high, far));
}

static enum status rotate(struct wide *w, struct halves a)
{
    ir_value count = count_of(w);

    if (at(w)->op == IR_OP_ROTR)
        count = unary(w, IR_OP_INEG, count);
    const ir_value far = binary(w, IR_OP_IAND, count, constant(w, 64));
    const ir_value low = choose(w, a.high, a.low, far), high = choose(w, a.low, a.high, far);
    const ir_value low_out = binary(w, IR_OP_IOR, binary(w, IR_OP_ISHL, low, count),
                                    spilled(w, IR_OP_USHR, high, count));
    const ir_value high_out = binary(w, IR_OP_IOR, binary(w, IR_OP_ISHL, high, count),
                                     spilled(w, IR_OP_USHR, low, count));
    return becomes(w, low_out, high_out);
}

/* ---- bits ------------------------------------------------------------------------------------ */

static enum status count_bits(struct wide *w, struct halves a)
{
    const enum ir_op op = (enum ir_op)at(w)->op;
    const ir_value low = unary(w, op, a.low), high = unary(w, op, a.high);
    const ir_value sum = binary(w, IR_OP_IADD, low, high);

    if (op == IR_OP_POPCNT)
        return becomes(w, sum, constant(w, 0));
    const ir_value first = op == IR_OP_CLZ ? a.high : a.low;
    const ir_value near = op == IR_OP_CLZ ? high : low; /* 64 when that half is zero */
    return becomes(w, choose(w, near, sum, first), constant(w, 0));
}

static enum status extend(struct wide *w)
{
    const struct ir_inst i = *at(w);
    const bool is_64 = ir_type_bits((enum ir_type)w->f->insts[ir_resolve(w->f, i.a)].type) == 64;
    const ir_value low = is_64 ? i.a : unary(w, (enum ir_op)i.op, i.a);

    if (i.op == IR_OP_UEXTEND)
        return becomes(w, low, constant(w, 0));
    return becomes(w, low, binary(w, IR_OP_SSHR, low, constant(w, 63)));
}

static enum status load(struct wide *w)
{
    const struct ir_inst i = *at(w);
    struct ir_access x = w->f->accesses[i.c];
    const bool is_signed = (x.flags & IR_ACCESS_SIGNED) != 0;
    const bool whole = x.bytes == 16;

    x.bytes = whole ? 8 : x.bytes;
    const ir_value low = wide_emit(w, IR_OP_LOAD, IR_I64, 0, i.a, 0, ir_access(w->f, x));
    if (!whole && is_signed)
        return becomes(w, low, binary(w, IR_OP_SSHR, low, constant(w, 63)));
    if (!whole)
        return becomes(w, low, constant(w, 0));
    x.offset += 8;
    return becomes(w, low, wide_emit(w, IR_OP_LOAD, IR_I64, 0, i.a, 0, ir_access(w->f, x)));
}

static enum status from_vector(struct wide *w)
{
    const ir_value a = at(w)->a;
    const ir_value low = wide_emit(w, IR_OP_EXTRACT_LANE_U, IR_I64, IR_I64X2, a, 0, 0);

    return becomes(w, low, wide_emit(w, IR_OP_EXTRACT_LANE_U, IR_I64, IR_I64X2, a, 1, 0));
}

static enum status each_half(struct wide *w, struct halves a, struct halves b)
{
    const enum ir_op op = (enum ir_op)at(w)->op;
    const bool two = ir_op_info[op].format == IR_FORMAT_BINARY;
    const ir_value low = two ? binary(w, op, a.low, b.low) : unary(w, op, a.low);

    return becomes(w, low, two ? binary(w, op, a.high, b.high) : unary(w, op, a.high));
}

static enum status choice(struct wide *w, struct halves a, struct halves b)
{
    const struct ir_inst i = *at(w);
    const ir_value c = wide_is(w, i.c) ? wide_any_bit(w, i.c) : i.c;

    return becomes(w, wide_emit(w, (enum ir_op)i.op, IR_I64, 0, a.low, b.low, c),
                   wide_emit(w, (enum ir_op)i.op, IR_I64, 0, a.high, b.high, c));
}

enum status wide_value(struct wide *w)
{
    const struct ir_inst i = *at(w);
    struct halves a = {IR_NONE, IR_NONE}, b = a;

    if (i.op == IR_OP_ICONST)
        return becomes(w, constant(w, ir_const_bits(&i)), constant(w, 0));
    if (i.op == IR_OP_CONCAT)
        return becomes(w, i.a, i.b);
    if (i.op == IR_OP_LOAD)
        return load(w);
    if (i.op == IR_OP_UEXTEND || i.op == IR_OP_SEXTEND)
        return extend(w);
    if (i.op == IR_OP_BITCAST)
        return from_vector(w);
    if (ir_op_info[i.op].result != IR_RESULT_SAME)
        return refuse(w);
    a = wide_halves(w, i.a);
    if (ir_op_info[i.op].format != IR_FORMAT_UNARY && !(i.op >= IR_OP_ISHL && i.op <= IR_OP_ROTR))
        b = wide_halves(w, i.b);
    switch ((enum ir_op)i.op) { /* tidy: flat */
    case IR_OP_IADD:
        return with_carry(w, IR_OP_ADD128, a, b);
    case IR_OP_ISUB:
        return with_carry(w, IR_OP_SUB128, a, b);
    case IR_OP_INEG:
        return with_carry(w, IR_OP_SUB128, (struct halves){constant(w, 0), constant(w, 0)}, a);
    case IR_OP_IMUL:
        return product(w, a, b);
    case IR_OP_IAND:
    case IR_OP_IOR:
    case IR_OP_IXOR:
    case IR_OP_INOT:
        return each_half(w, a, b);
    case IR_OP_ISHL:
    case IR_OP_USHR:
    case IR_OP_SSHR:
        return shift(w, a);
    case IR_OP_ROTL:
    case IR_OP_ROTR:
        return rotate(w, a);
    case IR_OP_CLZ:
    case IR_OP_CTZ:
    case IR_OP_POPCNT:
        return count_bits(w, a);
    case IR_OP_BSWAP:
        return becomes(w, unary(w, IR_OP_BSWAP, a.high), unary(w, IR_OP_BSWAP, a.low));
    case IR_OP_SELECT:
    case IR_OP_SELECT_GUARD:
        return choice(w, a, b);
    default:
        return refuse(w);
    }
}

/* ---- uses ------------------------------------------------------------------------------------ */

static enum status replace(struct wide *w, ir_value by)
{
    ir_replace(w->f, w->at, by);
    return ST_OK;
}

static enum status order(struct wide *w)
{
    const struct ir_inst i = *at(w);
    const struct halves a = wide_halves(w, i.a), b = wide_halves(w, i.b);
    const enum ir_cc cc = (enum ir_cc)i.aux;
    static const uint8_t without_sign[] = {[IR_EQ] = IR_EQ,   [IR_NE] = IR_NE,   [IR_SLT] = IR_ULT,
                                           [IR_SGE] = IR_UGE, [IR_SGT] = IR_UGT, [IR_SLE] = IR_ULE,
                                           [IR_ULT] = IR_ULT, [IR_UGE] = IR_UGE, [IR_UGT] = IR_UGT,
                                           [IR_ULE] = IR_ULE};

    if (cc == IR_EQ || cc == IR_NE) {
        const ir_value differ = binary(w, IR_OP_IOR, binary(w, IR_OP_IXOR, a.low, b.low),
                                       binary(w, IR_OP_IXOR, a.high, b.high));
        return replace(w, compare(w, cc, differ, constant(w, 0)));
    }
    const ir_value same = compare(w, IR_EQ, a.high, b.high);
    const ir_value low = compare(w, (enum ir_cc)without_sign[cc], a.low, b.low);
    const ir_value high = compare(w, cc, a.high, b.high);
    return replace(w, wide_emit(w, IR_OP_SELECT, IR_I32, 0, low, high, same));
}

static enum status to_vector(struct wide *w)
{
    const struct halves a = wide_halves(w, at(w)->a);
    const ir_value low = wide_emit(w, IR_OP_SCALAR_TO_VECTOR, IR_V128, 0, a.low, 0, 0);

    return replace(w, wide_emit(w, IR_OP_REPLACE_LANE, IR_V128, IR_I64X2, low, a.high, 1));
}

enum status wide_use(struct wide *w)
{
    const struct ir_inst i = *at(w);
    ir_value v;

    switch ((enum ir_op)i.op) { /* tidy: flat */
    case IR_OP_ICMP:
        return order(w);
    case IR_OP_LOW_HALF:
        return replace(w, wide_halves(w, i.a).low);
    case IR_OP_HIGH_HALF:
        return replace(w, wide_halves(w, i.a).high);
    case IR_OP_IREDUCE:
        v = wide_halves(w, i.a).low;
        if (i.type != IR_I64)
            v = wide_emit(w, IR_OP_IREDUCE, (enum ir_type)i.type, 0, v, 0, 0);
        return replace(w, v);
    case IR_OP_BITCAST:
        return to_vector(w);
    case IR_OP_SELECT:
    case IR_OP_SELECT_GUARD:
        v = wide_any_bit(w, i.c);
        w->f->insts[w->at].c = v;
        return ST_OK;
    case IR_OP_TRAP_IF:
    case IR_OP_TRAP_UNLESS:
        v = wide_any_bit(w, i.a);
        w->f->insts[w->at].a = v;
        return ST_OK;
    case IR_OP_ISHL:
    case IR_OP_USHR:
    case IR_OP_SSHR:
    case IR_OP_ROTL:
    case IR_OP_ROTR:
    case IR_OP_VSHL:
    case IR_OP_VSHR_S:
    case IR_OP_VSHR_U:
        v = wide_halves(w, i.b).low; /* a narrower value by a wide count */
        w->f->insts[w->at].b = v;
        return ST_OK;
    default:
        return refuse(w);
    }
}

static enum status store(struct wide *w)
{
    const struct ir_inst i = *at(w);
    const struct halves v = wide_halves(w, i.b);
    struct ir_access x = w->f->accesses[i.c];

    if (i.op != IR_OP_STORE)
        return refuse(w);
    if (x.bytes == 16) {
        x.bytes = 8;
        x.offset += 8;
        wide_emit(w, IR_OP_STORE, IR_I64, 0, i.a, v.high, ir_access(w->f, x));
        x.offset -= 8;
    }
    wide_emit(w, IR_OP_STORE, IR_I64, 0, i.a, v.low, ir_access(w->f, x));
    ir_remove(w->f, w->at);
    return ST_OK;
}

static const struct ir_signature *signature_of(const struct wide *w, ir_value call)
{
    const struct ir_inst *i = &w->f->insts[ir_resolve(w->f, call)];

    switch ((enum ir_format)ir_op_info[i->op].format) {
    case IR_FORMAT_CALL:
        return &w->old_signatures[w->f->callees[i->a].signature];
    case IR_FORMAT_CALL_TABLE:
        return &w->old_signatures[w->f->table_sites[i->c].signature];
    case IR_FORMAT_CALL_VALUE:
        return &w->old_signatures[i->c];
    default:
        return NULL; /* the halves of a sum */
    }
}

static enum status result(struct wide *w)
{
    const struct ir_inst i = *at(w);
    const struct ir_signature *s = signature_of(w, i.a);

    if (s == NULL)
        return ST_OK;
    const uint32_t position = wide_position(s, i.b);
    w->f->insts[w->at].b = position;
    if (i.type != IR_I128)
        return ST_OK;
    const ir_value low = wide_emit(w, IR_OP_RESULT, IR_I64, 0, i.a, position, 0);
    return becomes(w, low, wide_emit(w, IR_OP_RESULT, IR_I64, 0, i.a, position + 1, 0));
}

enum status wide_other(struct wide *w)
{
    return at(w)->op == IR_OP_RESULT ? result(w) : store(w);
}
