/*
 * fold: operations on constants, computed as ops.def says. A floating point result that is a NaN is
 * left alone: which NaN it is, is the processor's choice.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/opt/rewrite.h"

#include "shield/ir/eval.h"

static bool constant(const struct opt_rewrite *c, ir_value v, ir_bits *out, uint32_t *bits)
{
    const struct ir_inst *i = opt_def(c, v);

    if (i->op != IR_OP_ICONST && i->op != IR_OP_FCONST)
        return false;
    *out = ir_const_bits(i);
    *bits = ir_type_bits((enum ir_type)i->type);
    return true;
}

static bool is_nan(enum ir_type type, uint64_t bits)
{
    if (type == IR_F32)
        return (bits & 0x7fffffff) > 0x7f800000;
    return type == IR_F64 && (bits & INT64_MAX) > UINT64_C(0x7ff0000000000000);
}

bool fold_constants(struct opt_rewrite *c, const struct ir_inst *i, struct ir_inst *out)
{
    struct ir_operands x = {.aux = i->aux, .w = ir_type_bits((enum ir_type)i->type)};
    uint32_t ignored;
    ir_bits result;
    uint8_t trap;

    const enum ir_format format = (enum ir_format)ir_op_info[i->op].format;
    if (format != IR_FORMAT_UNARY && format != IR_FORMAT_BINARY && format != IR_FORMAT_TERNARY)
        return false;
    if ((format == IR_FORMAT_TERNARY && !constant(c, i->c, &x.c, &ignored)) ||
        (format != IR_FORMAT_UNARY && !constant(c, i->b, &x.b, &ignored)) ||
        !constant(c, i->a, &x.a, &x.wa))
        return false;
    enum ir_type type = (enum ir_type)i->type;
    if (!ir_type_is_int(type) && type != IR_F32 && type != IR_F64)
        return false;
    if (i->op == IR_OP_ICMP || i->op == IR_OP_FCMP)
        x.w = x.wa;
    if (!ir_eval_op((enum ir_op)i->op, &x, &result, &trap) || trap != IR_TRAP_NONE ||
        is_nan(type, (uint64_t)result))
        return false;
    *out = ir_iconst(type, (uint64_t)result);
    if (!ir_type_is_int(type))
        out->op = IR_OP_FCONST;
    return true;
}
