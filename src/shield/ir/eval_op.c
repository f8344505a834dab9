/* eval_op: one operation on known operands, straight from the meanings in ops.def.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/ir/eval.h"
#include "shield/ir/eval_vector.h"

#define HAND (known = false, (ir_bits)0)

bool ir_eval_op(enum ir_op op, const struct ir_operands *x, ir_bits *out, uint8_t *trap)
{
    const ir_bits a = x->a, b = x->b, c = x->c, constant = x->constant;
    const uint32_t w = x->w, wa = x->wa, number = x->number, cc = x->number;
    const uint8_t aux = x->aux;
    uint8_t raised = IR_TRAP_NONE, *e = &raised;
    bool known = true;
    ir_bits result = 0;

    switch (op) { /* tidy: flat */
#define IROP(name, text, format, type, flags, kind, meaning, smt)                                  \
    case IR_OP_##name:                                                                             \
        result = (ir_bits)(meaning);                                                               \
        break;
#include "shield/ir/ops.def"
#undef IROP
    case IR_OP_COUNT:
        known = false;
    }
    *out = result & mask(w);
    *trap = raised;
    return known;
}

static ir_bits constant_of(const struct ir_func *f, uint32_t number)
{
    ir_bits bits = 0;

    memcpy(&bits, f->constants16[number], 16); /* the first byte is the lowest lane */
    return bits;
}

bool ir_eval_inst(const struct ir_func *f, ir_value v, ir_bits a, ir_bits b, ir_bits c,
                  ir_bits *out, uint8_t *trap)
{
    const struct ir_inst *i = ir_at(f, v);
    const enum ir_format format = (enum ir_format)ir_op_info[i->op].format;
    struct ir_operands x = {.a = a, .b = b, .c = c, .aux = i->aux};

    *trap = IR_TRAP_NONE;
    if (format == IR_FORMAT_CONST || format == IR_FORMAT_VCONST) {
        *out = format == IR_FORMAT_CONST ? ir_const_bits(i) : constant_of(f, i->a);
        return true;
    }
    x.w = ir_type_bits((enum ir_type)i->type);
    if (format == IR_FORMAT_UNARY || format == IR_FORMAT_BINARY || format == IR_FORMAT_TERNARY) {
        ir_value operand = i->a;
        while (f->insts[operand].op == IR_OP_ALIAS)
            operand = f->insts[operand].a;
        x.wa = ir_type_bits((enum ir_type)f->insts[operand].type);
    }
    if (i->op == IR_OP_ICMP || i->op == IR_OP_FCMP)
        x.w = x.wa; /* compares at the width of its operands; 0 and 1 fit any */
    if (format == IR_FORMAT_LANE)
        x.number = i->b;
    else if (format == IR_FORMAT_LANE2 || format == IR_FORMAT_VCMP || format == IR_FORMAT_VFCMP)
        x.number = i->c;
    else if (format == IR_FORMAT_SHUFFLE)
        x.constant = constant_of(f, i->c);
    return ir_eval_op((enum ir_op)i->op, &x, out, trap);
}
