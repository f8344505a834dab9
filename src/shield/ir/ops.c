/* ops: the tables of operations and types. SPDX-License-Identifier: Apache-2.0 */
#include "shield/ir/ir.h"

enum { /* words of ops.def */
    PURE = IR_PURE,
    TRAP = IR_TRAPS,
    LOAD = IR_LOADS,
    STORE = IR_STORES,
    EFFECT = IR_EFFECT,
    TERM = IR_TERM,
    COMM = IR_COMM,
    CALL = IR_CALLS,
};

const struct ir_op_info ir_op_info[IR_OP_COUNT] = {
#define IROP(name, text, format, result, flags, aux, meaning, smt)                                 \
    [IR_OP_##name] = {text, IR_FORMAT_##format, flags, IR_RESULT_##result, IR_AUX_##aux},
#include "shield/ir/ops.def"
#undef IROP
};

enum type_class { NONE, INT, VEC, PAIR };
static const struct {
    const char *text;
    uint32_t bits;
    enum type_class class;
} types[IR_TYPE_COUNT] = {
#define IRTYPE(name, text, bits, class) [IR_##name] = {text, bits, class},
#include "shield/ir/types.def"
#undef IRTYPE
};

uint32_t ir_type_bits(enum ir_type t)
{
    return types[t].bits;
}

const char *ir_type_text(enum ir_type t)
{
    return types[t].text;
}

bool ir_type_is_int(enum ir_type t)
{
    return types[t].class == INT;
}
