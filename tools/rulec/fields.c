/*
 * fields: what ops.def means for patterns: which arguments an operation has in a rule, in which
 * field of the instruction each lies, and how the types of its operands and its result hang
 * together. SPDX-License-Identifier: Apache-2.0
 */
#include "rulec.h"

#include <assert.h>
#include <string.h>

enum {
    M_I128 = 1u << IR_I128,
    M_INT = 1u << IR_I8 | 1u << IR_I16 | 1u << IR_I32 | 1u << IR_I64 | 1u << IR_REF,
    M_FLOAT = 1u << IR_F32 | 1u << IR_F64,
    M_V128 = 1u << IR_V128,
    M_ANY = M_INT | M_I128 | M_FLOAT | M_V128,
    M_I32 = 1u << IR_I32,
    M_I64 = 1u << IR_I64,
};

static const struct {
    uint32_t kind;
    const char *text;
    uint32_t number;
} literals[] = {
    {KIND_CC, "eq", IR_EQ},       {KIND_CC, "ne", IR_NE},         {KIND_CC, "slt", IR_SLT},
    {KIND_CC, "sge", IR_SGE},     {KIND_CC, "sgt", IR_SGT},       {KIND_CC, "sle", IR_SLE},
    {KIND_CC, "ult", IR_ULT},     {KIND_CC, "uge", IR_UGE},       {KIND_CC, "ugt", IR_UGT},
    {KIND_CC, "ule", IR_ULE},     {KIND_FCC, "eq", IR_FEQ},       {KIND_FCC, "ne", IR_FNE},
    {KIND_FCC, "lt", IR_FLT},     {KIND_FCC, "le", IR_FLE},       {KIND_FCC, "gt", IR_FGT},
    {KIND_FCC, "ge", IR_FGE},     {KIND_RMW, "add", IR_RMW_ADD},  {KIND_RMW, "sub", IR_RMW_SUB},
    {KIND_RMW, "and", IR_RMW_AND}, {KIND_RMW, "or", IR_RMW_OR},   {KIND_RMW, "xor", IR_RMW_XOR},
    {KIND_RMW, "xchg", IR_RMW_XCHG}, {KIND_BOOL, "true", 1},      {KIND_BOOL, "false", 0},
#define IRSHAPE(name, text, lanes, bits) {KIND_SHAPE, text, IR_##name},
#include "shield/ir/shapes.def"
#undef IRSHAPE
#define IRTYPE(name, text, bits, class) {KIND_TYPE, text, IR_##name},
#include "shield/ir/types.def"
#undef IRTYPE
};

bool literal_find(uint32_t kind, struct str name, uint64_t *number)
{
    for (size_t i = 0; i < LENGTH_OF(literals); i++)
        if (literals[i].kind == kind && str_equal(str_of(literals[i].text), name)) {
            *number = literals[i].number;
            return true;
        }
    return false;
}

bool type_find_text(struct str name, enum ir_type *type)
{
    uint64_t number;

    if (!literal_find(KIND_TYPE, name, &number))
        return false;
    *type = (enum ir_type)number;
    return true;
}

void type_mask_text(uint32_t mask, struct buf *out)
{
    const char *between = "";

    for (uint32_t t = 0; t < IR_TYPE_COUNT; t++)
        if (mask >> t & 1) {
            buf_printf(out, "%s%s", between, ir_type_text((enum ir_type)t));
            between = " ";
        }
}

bool op_find(struct str name, enum ir_op *op)
{
    for (uint32_t o = 0; o < IR_OP_COUNT; o++)
        if (str_equal(str_of(ir_op_info[o].text), name)) {
            *op = (enum ir_op)o;
            return true;
        }
    return false;
}

/* ---- operands by format ---------------------------------------------------------------------- */
#define VALUE_AT(f)      {.field = FIELD_##f, .kind = KIND_VALUE}
#define FIELD_AT(f, k)   {.field = FIELD_##f, .kind = KIND_##k}
static const struct {
    uint32_t count;
    struct operand operands[3];
} formats[] = {
    [IR_FORMAT_ALIAS] = {1, {VALUE_AT(A)}},
    [IR_FORMAT_PARAM] = {2, {FIELD_AT(A, NUMBER), FIELD_AT(B, NUMBER)}},
    [IR_FORMAT_RESULT] = {2, {VALUE_AT(A), FIELD_AT(B, NUMBER)}},
    [IR_FORMAT_CONST] = {1, {FIELD_AT(BITS, BITS)}},
    [IR_FORMAT_VCONST] = {1, {FIELD_AT(A, BYTES16)}},
    [IR_FORMAT_NULLARY] = {0, {FIELD_AT(A, NOTHING)}},
    [IR_FORMAT_NUMBER] = {1, {FIELD_AT(A, NUMBER)}},
    [IR_FORMAT_UNARY] = {1, {VALUE_AT(A)}},
    [IR_FORMAT_BINARY] = {2, {VALUE_AT(A), VALUE_AT(B)}},
    [IR_FORMAT_TERNARY] = {3, {VALUE_AT(A), VALUE_AT(B), VALUE_AT(C)}},
    [IR_FORMAT_LIST] = {1, {FIELD_AT(A, LIST)}},
    [IR_FORMAT_LANE] = {2, {VALUE_AT(A), FIELD_AT(B, NUMBER)}},
    [IR_FORMAT_LANE2] = {3, {VALUE_AT(A), VALUE_AT(B), FIELD_AT(C, NUMBER)}},
    [IR_FORMAT_SHUFFLE] = {3, {VALUE_AT(A), VALUE_AT(B), FIELD_AT(C, BYTES16)}},
    [IR_FORMAT_VCMP] = {3, {FIELD_AT(C, CC), VALUE_AT(A), VALUE_AT(B)}},
    [IR_FORMAT_VFCMP] = {3, {FIELD_AT(C, FCC), VALUE_AT(A), VALUE_AT(B)}},
    [IR_FORMAT_LOAD] = {2, {VALUE_AT(A), FIELD_AT(C, ACCESS)}},
    [IR_FORMAT_STORE] = {3, {VALUE_AT(A), VALUE_AT(B), FIELD_AT(C, ACCESS)}},
    [IR_FORMAT_RMW] = {3, {VALUE_AT(A), VALUE_AT(B), FIELD_AT(C, ACCESS)}},
    [IR_FORMAT_CMPXCHG] = {3, {VALUE_AT(A), FIELD_AT(B, LIST), FIELD_AT(C, ACCESS)}},
    [IR_FORMAT_CHECKED] = {3, {VALUE_AT(A), VALUE_AT(B), FIELD_AT(C, NUMBER)}},
    [IR_FORMAT_CALL] = {2, {FIELD_AT(A, CALLEE), FIELD_AT(B, LIST)}},
    [IR_FORMAT_CALL_TABLE] = {3, {VALUE_AT(A), FIELD_AT(B, LIST), FIELD_AT(C, SITE)}},
    [IR_FORMAT_CALL_VALUE] = {3, {VALUE_AT(A), FIELD_AT(B, LIST), FIELD_AT(C, SIGNATURE)}},
    [IR_FORMAT_JUMP] = {1, {FIELD_AT(A, EDGE)}},
    [IR_FORMAT_BRANCH] = {3, {VALUE_AT(A), FIELD_AT(B, EDGE), FIELD_AT(C, EDGE)}},
    [IR_FORMAT_SWITCH] = {2, {VALUE_AT(A), FIELD_AT(B, LIST)}},
    [IR_FORMAT_RETURN] = {1, {FIELD_AT(A, LIST)}},
};

static const uint32_t aux_kinds[] = {
    [IR_AUX_CC] = KIND_CC,       [IR_AUX_FCC] = KIND_FCC, [IR_AUX_SHAPE] = KIND_SHAPE,
    [IR_AUX_TRAPCODE] = KIND_TRAPCODE, [IR_AUX_RMW] = KIND_RMW,
};

/* Which types the first operand may have. Rules that say nothing of types are tried on these. */
static uint32_t first_mask(enum ir_op op)
{
    switch (op) { /* tidy: flat */
    case IR_OP_SELECT: case IR_OP_SELECT_GUARD: case IR_OP_BITCAST: case IR_OP_SPLAT:
    case IR_OP_SCALAR_TO_VECTOR: case IR_OP_ALIAS: case IR_OP_RESULT: return M_ANY;
    case IR_OP_FCVT_FROM_SINT: case IR_OP_FCVT_FROM_UINT: return M_INT;
    case IR_OP_FCVT_TO_SINT: case IR_OP_FCVT_TO_UINT: case IR_OP_FCVT_TO_SINT_SAT:
    case IR_OP_FCVT_TO_UINT_SAT: return M_FLOAT;
    case IR_OP_FPROMOTE: return 1u << IR_F32;
    case IR_OP_FDEMOTE: return 1u << IR_F64;
    case IR_OP_LOW_HALF: case IR_OP_HIGH_HALF: return M_I128;
    case IR_OP_FCMP: return M_FLOAT;
    case IR_OP_LOAD: case IR_OP_STORE: case IR_OP_CONCAT: case IR_OP_GUEST_ADDRESS: return M_I64;
    default: break;
    }
    if (ir_op_info[op].result == IR_RESULT_V128 || ir_op_info[op].aux == IR_AUX_SHAPE ||
        op == IR_OP_VANY_TRUE)
        return M_V128;
    return ir_op_info[op].text[0] == 'f' ? M_FLOAT : M_INT;
}

static uint32_t result_mask(enum ir_op op)
{
    switch ((enum ir_result)ir_op_info[op].result) {
    case IR_RESULT_SAME: return first_mask(op);
    case IR_RESULT_I32: return M_I32;
    case IR_RESULT_I64: return M_I64;
    case IR_RESULT_V128: return M_V128;
    case IR_RESULT_VOID: case IR_RESULT_LIST: return 0;
    case IR_RESULT_TYPE: break;
    }
    switch (op) { /* tidy: flat */
    case IR_OP_ICONST: case IR_OP_UEXTEND: case IR_OP_SEXTEND: case IR_OP_IREDUCE:
    case IR_OP_FCVT_TO_SINT: case IR_OP_FCVT_TO_UINT: case IR_OP_FCVT_TO_SINT_SAT:
    case IR_OP_FCVT_TO_UINT_SAT: return M_INT;
    case IR_OP_FCONST: case IR_OP_FCVT_FROM_SINT: case IR_OP_FCVT_FROM_UINT: return M_FLOAT;
    case IR_OP_FPROMOTE: return 1u << IR_F64;
    case IR_OP_FDEMOTE: return 1u << IR_F32;
    case IR_OP_CONCAT: return M_I128;
    default: return M_ANY;
    }
}

/* Operands whose type is neither the result's nor the first operand's. */
static bool own_type(enum ir_op op, enum field field)
{
    switch (op) { /* tidy: flat */
    case IR_OP_ISHL: case IR_OP_USHR: case IR_OP_SSHR: case IR_OP_ROTL: case IR_OP_ROTR:
    case IR_OP_VSHL: case IR_OP_VSHR_S: case IR_OP_VSHR_U: case IR_OP_GUEST_ADDRESS:
    case IR_OP_REPLACE_LANE: case IR_OP_STORE: case IR_OP_ATOMIC_STORE: case IR_OP_ATOMIC_RMW:
    case IR_OP_CHECKED_END: return field == FIELD_B;
    case IR_OP_SELECT: case IR_OP_SELECT_GUARD: return field == FIELD_C;
    default: return false;
    }
}

struct op_shape op_shape(enum ir_op op)
{
    const struct ir_op_info *info = &ir_op_info[op];
    struct op_shape s = {.result_mask = result_mask(op)};

    assert(info->format < LENGTH_OF(formats));
    if (info->aux != IR_AUX_NONE)
        s.operands[s.operand_count++] =
            (struct operand){.field = FIELD_AUX, .kind = aux_kinds[info->aux]};
    for (uint32_t i = 0; i < formats[info->format].count; i++) {
        struct operand o = formats[info->format].operands[i];
        bool own = own_type(op, o.field);
        o.type_mask = own ? M_ANY : first_mask(op);
        o.same_as_result = o.kind == KIND_VALUE && !own && info->result == IR_RESULT_SAME;
        o.same_as_first = o.kind == KIND_VALUE && !own && o.field != FIELD_A;
        if (own && op != IR_OP_REPLACE_LANE && op != IR_OP_STORE && op != IR_OP_ATOMIC_STORE)
            o.type_mask = M_INT;
        s.operands[s.operand_count++] = o;
    }
    if (op == IR_OP_STORE || op == IR_OP_ATOMIC_STORE) { /* the type field is that of the value */
        s.result_mask = M_ANY;
        s.operands[1].same_as_result = true;
    }
    return s;
}
