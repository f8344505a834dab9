/* check_types: types of operands and results. SPDX-License-Identifier: Apache-2.0 */
#include "shield/ir/check_int.h"

#include <inttypes.h>

static enum ir_type type_of(struct ir_checker *c, ir_value v)
{
    return (enum ir_type)c->f->insts[ir_resolve(c->f, v)].type;
}

static bool is_int(enum ir_type t)
{
    return ir_type_is_int(t) || t == IR_I128;
}

static bool is_float(enum ir_type t)
{
    return t == IR_F32 || t == IR_F64;
}

static enum status want(struct ir_checker *c, ir_value v, enum ir_type type)
{
    const enum ir_type found = type_of(c, v);

    if (found != type)
        return ir_check_fail(c, "v%" PRIu32 " is %s, expected %s", v, ir_type_text(found),
                             ir_type_text(type));
    return ST_OK;
}

static enum status want_int(struct ir_checker *c, ir_value v)
{
    const enum ir_type found = type_of(c, v);

    if (!is_int(found))
        return ir_check_fail(c, "v%" PRIu32 " is %s, expected an integer", v, ir_type_text(found));
    return ST_OK;
}

static enum status want_float(struct ir_checker *c, ir_value v)
{
    const enum ir_type found = type_of(c, v);

    if (!is_float(found))
        return ir_check_fail(c, "v%" PRIu32 " is %s, expected f32 or f64", v, ir_type_text(found));
    return ST_OK;
}

static enum status want_result(struct ir_checker *c, enum ir_type type)
{
    const enum ir_type found = (enum ir_type)ir_at(c->f, c->at)->type;

    if (found != type)
        return ir_check_fail(c, "its result is %s, expected %s", ir_type_text(found),
                             ir_type_text(type));
    return ST_OK;
}

static enum status check_result(struct ir_checker *c)
{
    const struct ir_inst *i = ir_at(c->f, c->at);

    switch ((enum ir_result)ir_op_info[i->op].result) {
    case IR_RESULT_SAME:
        return want_result(c, type_of(c, i->a));
    case IR_RESULT_I32:
        return want_result(c, IR_I32);
    case IR_RESULT_I64:
        return want_result(c, IR_I64);
    case IR_RESULT_V128:
        return want_result(c, IR_V128);
    case IR_RESULT_LIST:
        return want_result(c, IR_VOID);
    case IR_RESULT_TYPE:
        return i->type != IR_VOID ? ST_OK : ir_check_fail(c, "its type is missing");
    case IR_RESULT_VOID:
        return ST_OK; /* stores carry the type of what they store */
    }
    return ST_OK;
}

/* ---- groups of operations -------------------------------------------------------------------- */

static enum status check_int_binary(struct ir_checker *c, const struct ir_inst *i)
{
    TRY(want_int(c, i->a));
    return want(c, i->b, type_of(c, i->a));
}

static enum status check_shift(struct ir_checker *c, const struct ir_inst *i)
{
    TRY(want_int(c, i->a));
    return want_int(c, i->b);
}

static enum status check_float_binary(struct ir_checker *c, const struct ir_inst *i)
{
    TRY(want_float(c, i->a));
    return want(c, i->b, type_of(c, i->a));
}

static enum status check_extension(struct ir_checker *c, const struct ir_inst *i)
{
    const uint32_t from = ir_type_bits(type_of(c, i->a)), to = ir_type_bits((enum ir_type)i->type);
    const bool wider = i->op != IR_OP_IREDUCE;

    TRY(want_int(c, i->a));
    if (!is_int((enum ir_type)i->type) || (wider ? to <= from : to >= from))
        return ir_check_fail(c, "from %" PRIu32 " to %" PRIu32 " bits", from, to);
    return ST_OK;
}

static enum status check_conversion(struct ir_checker *c, const struct ir_inst *i)
{
    const bool from_int = i->op == IR_OP_FCVT_FROM_SINT || i->op == IR_OP_FCVT_FROM_UINT;
    const enum ir_type result = (enum ir_type)i->type;

    if (from_int ? !is_float(result) : !is_int(result))
        return ir_check_fail(c, "it cannot give %s", ir_type_text(result));
    return from_int ? want_int(c, i->a) : want_float(c, i->a);
}

static enum status check_select(struct ir_checker *c, const struct ir_inst *i)
{
    TRY(want(c, i->b, type_of(c, i->a)));
    return want_int(c, i->c);
}

static enum status check_lane_number(struct ir_checker *c, uint32_t number)
{
    static const uint8_t lanes[IR_SHAPE_COUNT] = {
#define IRSHAPE(name, text, lane_count, bits) [IR_##name] = lane_count,
#include "shield/ir/shapes.def"
#undef IRSHAPE
    };
    const uint8_t shape = ir_at(c->f, c->at)->aux;

    if (shape >= IR_SHAPE_COUNT || number >= lanes[shape])
        return ir_check_fail(c, "no lane %" PRIu32, number);
    return ST_OK;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static enum status check_access(struct ir_checker *c, uint32_t access, enum ir_type type)
{
    const struct ir_func *f = c->f;

    if (access >= f->access_count)
        return ir_check_fail(c, "no access %" PRIu32, access);
    const uint32_t bits = f->accesses[access].bytes * 8u;
    if (bits == 0 || (bits & (bits - 1)) != 0 || bits > ir_type_bits(type) ||
        (!is_int(type) && bits != ir_type_bits(type)))
        return ir_check_fail(c, "%" PRIu32 " bits of memory for %s", bits, ir_type_text(type));
    return ST_OK;
}

static enum status check_memory(struct ir_checker *c, const struct ir_inst *i)
{
    struct ir_func *f = c->f;

    TRY(want(c, i->a, IR_I64));
    switch ((enum ir_format)ir_op_info[i->op].format) {
    case IR_FORMAT_LOAD:
        return check_access(c, i->c, (enum ir_type)i->type);
    case IR_FORMAT_STORE:
        return check_access(c, i->c, type_of(c, i->b));
    case IR_FORMAT_RMW:
        TRY(want(c, i->b, (enum ir_type)i->type));
        return check_access(c, i->c, (enum ir_type)i->type);
    default: /* compare and exchange */
        if (ir_list_count(f, i->b) != 2)
            return ir_check_fail(c, "expected two values, what is there and what shall be");
        TRY(want(c, ir_list_items(f, i->b)[0], (enum ir_type)i->type));
        TRY(want(c, ir_list_items(f, i->b)[1], (enum ir_type)i->type));
        return check_access(c, i->c, (enum ir_type)i->type);
    }
}

/* ---- calls ----------------------------------------------------------------------------------- */

static enum status check_arguments(struct ir_checker *c, ir_list args, uint32_t signature)
{
    struct ir_func *f = c->f;

    if (signature >= f->signature_count)
        return ir_check_fail(c, "no signature %" PRIu32, signature);
    const struct ir_signature *s = &f->signatures[signature];
    if (ir_list_count(f, args) != s->param_count)
        return ir_check_fail(c, "%" PRIu32 " arguments, expected %" PRIu32, ir_list_count(f, args),
                             s->param_count);
    for (uint32_t n = 0; n < s->param_count; n++)
        TRY(want(c, ir_list_items(f, args)[n], (enum ir_type)s->params[n]));
    return ST_OK;
}

/* IR_NONE: not a call, or one that names nothing. */
static uint32_t signature_of(const struct ir_func *f, const struct ir_inst *i)
{
    switch ((enum ir_format)ir_op_info[i->op].format) {
    case IR_FORMAT_CALL:
        return i->a < f->callee_count ? f->callees[i->a].signature : IR_NONE;
    case IR_FORMAT_CALL_TABLE:
        return i->c < f->table_site_count ? f->table_sites[i->c].signature : IR_NONE;
    case IR_FORMAT_CALL_VALUE:
        return i->c;
    default:
        return IR_NONE;
    }
}

static enum status check_call(struct ir_checker *c, const struct ir_inst *i)
{
    struct ir_func *f = c->f;
    const enum ir_format format = (enum ir_format)ir_op_info[i->op].format;
    const uint32_t signature = signature_of(f, i);

    if (signature == IR_NONE)
        return ir_check_fail(c, "it names no callee or table site");
    if (format == IR_FORMAT_CALL_TABLE)
        TRY(want(c, i->a, (enum ir_type)f->table_sites[i->c].index_type));
    if (format == IR_FORMAT_CALL_VALUE)
        TRY(want(c, i->a, IR_I64));
    TRY(check_arguments(c, i->b, signature));
    if (!(ir_op_info[i->op].flags & IR_TERM))
        return ST_OK;
    const struct ir_signature *own = &f->signatures[f->signature], *s = &f->signatures[signature];
    bool same = own->result_count == s->result_count;
    for (uint32_t n = 0; same && n < own->result_count; n++)
        same = own->results[n] == s->results[n];
    return same ? ST_OK : ir_check_fail(c, "a tail call with other results than the function's");
}

static enum status check_result_of(struct ir_checker *c, const struct ir_inst *i)
{
    const struct ir_func *f = c->f;
    const struct ir_inst *from = ir_at(f, ir_resolve(c->f, i->a));

    if (from->op == IR_OP_ADD128 || from->op == IR_OP_SUB128)
        return i->b < 2 && i->type == IR_I64 ? ST_OK
                                             : ir_check_fail(c, "expected half 0 or 1, i64");
    const uint32_t signature = signature_of(f, from);
    if (signature >= f->signature_count || (ir_op_info[from->op].flags & IR_TERM))
        return ir_check_fail(c, "v%" PRIu32 " has no results", i->a);
    if (i->b >= f->signatures[signature].result_count)
        return ir_check_fail(c, "v%" PRIu32 " has no result %" PRIu32, i->a, i->b);
    return want_result(c, (enum ir_type)f->signatures[signature].results[i->b]);
}

static enum status check_return(struct ir_checker *c, const struct ir_inst *i)
{
    const struct ir_func *f = c->f;
    const struct ir_signature *s = &f->signatures[f->signature];

    if (ir_list_count(f, i->a) != s->result_count)
        return ir_check_fail(c, "%" PRIu32 " values, expected %" PRIu32, ir_list_count(f, i->a),
                             s->result_count);
    for (uint32_t n = 0; n < s->result_count; n++)
        TRY(want(c, ir_list_items(f, i->a)[n], (enum ir_type)s->results[n]));
    return ST_OK;
}

static enum status check_add128(struct ir_checker *c, const struct ir_inst *i)
{
    if (ir_list_count(c->f, i->a) != 4)
        return ir_check_fail(c, "expected four values");
    for (uint32_t n = 0; n < 4; n++)
        TRY(want(c, ir_list_items(c->f, i->a)[n], IR_I64));
    return ST_OK;
}

/* ---- all ------------------------------------------------------------------------------------- */

static enum status check_vector(struct ir_checker *c, const struct ir_inst *i)
{
    switch ((enum ir_op)i->op) {
    case IR_OP_SPLAT:
    case IR_OP_SCALAR_TO_VECTOR:
        return type_of(c, i->a) != IR_V128 ? ST_OK
                                           : ir_check_fail(c, "a vector, expected a scalar");
    case IR_OP_EXTRACT_LANE_U:
    case IR_OP_EXTRACT_LANE_S:
        TRY(check_lane_number(c, i->b));
        return want(c, i->a, IR_V128);
    case IR_OP_REPLACE_LANE:
        TRY(check_lane_number(c, i->c));
        return want(c, i->a, IR_V128);
    case IR_OP_VSHL:
    case IR_OP_VSHR_S:
    case IR_OP_VSHR_U:
        TRY(want_int(c, i->b));
        return want(c, i->a, IR_V128);
    default:
        break;
    }
    const enum ir_format format = (enum ir_format)ir_op_info[i->op].format;
    TRY(want(c, i->a, IR_V128));
    if (format != IR_FORMAT_UNARY)
        TRY(want(c, i->b, IR_V128));
    if (format == IR_FORMAT_TERNARY)
        TRY(want(c, i->c, IR_V128));
    return ST_OK;
}

static enum status check_scalar(struct ir_checker *c, const struct ir_inst *i)
{
    const enum ir_op op = (enum ir_op)i->op;

    if (op >= IR_OP_ISHL && op <= IR_OP_ROTR)
        return check_shift(c, i);
    if ((op >= IR_OP_IADD && op <= IR_OP_IXOR) || op == IR_OP_ICMP || op == IR_OP_UADD_TRAP)
        return check_int_binary(c, i);
    if ((op >= IR_OP_INEG && op <= IR_OP_BSWAP))
        return want_int(c, i->a);
    if (op >= IR_OP_UEXTEND && op <= IR_OP_IREDUCE)
        return check_extension(c, i);
    if ((op >= IR_OP_FADD && op <= IR_OP_FCOPYSIGN) || op == IR_OP_FCMP)
        return check_float_binary(c, i);
    if (op >= IR_OP_FABS && op <= IR_OP_FCANON)
        return want_float(c, i->a);
    if (op >= IR_OP_FCVT_FROM_SINT && op <= IR_OP_FCVT_TO_UINT_SAT)
        return check_conversion(c, i);
    return ST_OK;
}

/* What is neither arithmetic on scalars nor on vectors. */
static enum status check_other(struct ir_checker *c, const struct ir_inst *i)
{
    switch ((enum ir_op)i->op) { /* tidy: flat */
    case IR_OP_RESULT:
        return check_result_of(c, i);
    case IR_OP_CONCAT:
        TRY(want(c, i->a, IR_I64));
        TRY(want(c, i->b, IR_I64));
        return want_result(c, IR_I128);
    case IR_OP_LOW_HALF:
    case IR_OP_HIGH_HALF:
        return want(c, i->a, IR_I128);
    case IR_OP_ADD128:
    case IR_OP_SUB128:
        return check_add128(c, i);
    case IR_OP_SELECT:
    case IR_OP_SELECT_GUARD:
        return check_select(c, i);
    case IR_OP_FPROMOTE:
        TRY(want(c, i->a, IR_F32));
        return want_result(c, IR_F64);
    case IR_OP_FDEMOTE:
        TRY(want(c, i->a, IR_F64));
        return want_result(c, IR_F32);
    case IR_OP_BITCAST:
        return ir_type_bits(type_of(c, i->a)) == ir_type_bits((enum ir_type)i->type)
                   ? ST_OK
                   : ir_check_fail(c, "types of different size");
    case IR_OP_GUEST_ADDRESS:
        TRY(want(c, i->a, IR_I64));
        return type_of(c, i->b) == IR_I32 ? ST_OK : want(c, i->b, IR_I64);
    case IR_OP_CHECKED_END:
        TRY(want(c, i->a, IR_I64));
        TRY(want(c, i->b, IR_I64));
        return want_result(c, IR_I64);
    case IR_OP_SLOT_ADDRESS:
        return i->a < c->f->slot_count ? ST_OK : ir_check_fail(c, "no such slot");
    case IR_OP_SYMBOL_ADDRESS:
        return i->a < c->f->callee_count ? ST_OK : ir_check_fail(c, "no such symbol");
    case IR_OP_BRANCH:
    case IR_OP_TRAP_IF:
    case IR_OP_TRAP_UNLESS:
        return want_int(c, i->a);
    case IR_OP_SWITCH:
        return want(c, i->a, IR_I32);
    case IR_OP_RETURN:
        return check_return(c, i);
    default:
        return ST_OK;
    }
}

static bool is_memory(enum ir_op op)
{
    return op >= IR_OP_LOAD && op <= IR_OP_ATOMIC_CMPXCHG;
}

enum status ir_check_types(struct ir_checker *c)
{
    const struct ir_inst *i = ir_at(c->f, c->at);
    const enum ir_op op = (enum ir_op)i->op;

    TRY(check_result(c));
    if (is_memory(op))
        return check_memory(c, i);
    if (ir_op_info[op].flags & IR_CALLS)
        return check_call(c, i);
    if (op >= IR_OP_SPLAT)
        return check_vector(c, i);
    TRY(check_scalar(c, i));
    return check_other(c, i);
}
