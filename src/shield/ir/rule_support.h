/* rule_support: what the C that tools/rulec makes needs. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_IR_RULE_SUPPORT_H
#define SHIELD_IR_RULE_SUPPORT_H

#include "shield/ir/ir.h"

/* The low bits that the type has. */
static inline uint64_t rule_cut(enum ir_type type, uint64_t bits)
{
    uint32_t width = ir_type_bits(type);
    return width >= 64 ? bits : bits & ((UINT64_C(1) << width) - 1);
}

static inline struct ir_inst rule_fconst(enum ir_type type, uint64_t bits)
{
    struct ir_inst i = ir_iconst(type, bits);
    i.op = IR_OP_FCONST;
    return i;
}

#endif /* SHIELD_IR_RULE_SUPPORT_H */
