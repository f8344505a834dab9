/*
 * random_ir: well-formed functions of the IR from a seed, for tests that compare the judges: eval,
 * optimised eval, native code. Every function ends: loops count down from a small number.
 *
 *   (memory: i64, i64, i32, f64, f32) -> (i64)
 *
 * memory is the address of RANDOM_MEMORY_BYTES, which the function reads and writes. The result
 * mixes many of its values. Floating point results pass through FCANON before they are seen, since
 * which NaN an operation gives is not fixed. SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_UNIT_RANDOM_IR_H
#define TESTS_UNIT_RANDOM_IR_H

#include "base/rng.h"
#include "shield/ir/ir.h"

enum { RANDOM_MEMORY_BYTES = 1024, RANDOM_VALUES_MAX = 4096, RANDOM_PARAMS = 5 };

struct random_ir {
    struct ir_func *f;
    struct rng rng;
    ir_block block;
    ir_value memory;
    ir_value values[RANDOM_VALUES_MAX]; /* visible here, of all types */
    uint32_t count;
    uint32_t budget; /* instructions still to make */
    ir_value index;   /* of guest memory, made in index_block */
    ir_block index_block;
    bool vectors, wide, traps; /* what may occur: V128, I128, trapping operations */
};

static uint32_t random_below(struct random_ir *r, uint32_t limit)
{
    return (uint32_t)rng_below(&r->rng, limit);
}

static enum ir_type random_type_of(const struct random_ir *r, ir_value v)
{
    return (enum ir_type)r->f->insts[v].type;
}

static ir_value random_keep(struct random_ir *r, ir_value v)
{
    if (r->count < RANDOM_VALUES_MAX)
        r->values[r->count++] = v;
    return v;
}

static ir_value random_emit(struct random_ir *r, struct ir_inst i)
{
    r->budget -= r->budget > 0;
    return ir_emit(r->f, r->block, i);
}

/* ---- operands -------------------------------------------------------------------------------- */

static uint64_t random_edge_bits(struct random_ir *r, uint32_t width)
{
    static const uint64_t edges[] = {0, 1, 2, 3, 7, 8, 10, 31, 32, 63, 64, 127, 128, 255, 256,
        65535};
    uint64_t bits = edges[random_below(r, LENGTH_OF(edges))];

    switch (random_below(r, 6)) {
    case 0:
        bits = ~bits;
        break;
    case 1:
        bits = UINT64_C(1) << random_below(r, 64);
        break;
    case 2:
        bits = rng_next(&r->rng);
        break;
    case 3:
        bits = (UINT64_C(1) << (width - 1)) - random_below(r, 2);
        break;
    default:
        break;
    }
    return width >= 64 ? bits : bits & ((UINT64_C(1) << width) - 1);
}

static uint64_t random_float_bits(struct random_ir *r, uint32_t width)
{
    static const uint64_t edges32[] = {0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000,
                                       0xff800000, 0x7fc00000, 0x00000001, 0x4f000000, 0xcf000000,
                                       0x5f000000, 0x4b800000, 0x3effffff, 0x40490fdb};
    static const uint64_t edges64[] = {
        0, UINT64_C(0x8000000000000000), UINT64_C(0x3ff0000000000000),
        UINT64_C(0xbff0000000000000), UINT64_C(0x7ff0000000000000), UINT64_C(0xfff0000000000000),
        UINT64_C(0x7ff8000000000000), 1, UINT64_C(0x41e0000000000000),
        UINT64_C(0xc1e0000000200000), UINT64_C(0x43e0000000000000), UINT64_C(0x41f0000000000000),
        UINT64_C(0x3fdfffffffffffff), UINT64_C(0x400921fb54442d18)};

    return width == 32 ? edges32[random_below(r, LENGTH_OF(edges32))]
                       : edges64[random_below(r, LENGTH_OF(edges64))];
}

static ir_value random_constant(struct random_ir *r, enum ir_type type)
{
    const uint32_t width = ir_type_bits(type);
    struct ir_inst i = ir_iconst(type, 0);

    if (type == IR_V128) {
        uint8_t bytes[16];
        for (unsigned n = 0; n < 16; n++)
            bytes[n] = (uint8_t)random_edge_bits(r, 8);
        return random_emit(r, (struct ir_inst){.op = IR_OP_VCONST, .type = IR_V128,
                                               .a = ir_constant16(r->f, bytes)});
    }
    if (type == IR_I128) {
        const ir_value low = random_emit(r, ir_iconst(IR_I64, random_edge_bits(r, 64)));
        const ir_value high = random_emit(r, ir_iconst(IR_I64, random_edge_bits(r, 64)));
        return random_emit(
            r, (struct ir_inst){.op = IR_OP_CONCAT, .type = IR_I128, .a = low, .b = high});
    }
    const bool is_float = type == IR_F32 || type == IR_F64;
    const uint64_t bits = is_float ? random_float_bits(r, width) : random_edge_bits(r, width);
    i = ir_iconst(type, bits);
    i.op = is_float ? IR_OP_FCONST : IR_OP_ICONST;
    return random_emit(r, i);
}

static ir_value random_operand(struct random_ir *r, enum ir_type type)
{
    if (!rng_chance(&r->rng, 1, 5)) {
        /* Mostly a young value, so that chains become long. */
        for (unsigned tries = 0; tries < 24 && r->count > 0; tries++) {
            const uint32_t reach = MIN(r->count, tries < 12 ? 12u : r->count);
            const ir_value v = r->values[r->count - 1 - random_below(r, reach)];
            if (random_type_of(r, v) == type)
                return v;
        }
    }
    return random_constant(r, type);
}

static enum ir_type random_int_type(struct random_ir *r)
{
    static const uint8_t types[] = {IR_I32, IR_I32, IR_I32, IR_I64, IR_I64, IR_I64, IR_I8, IR_I16};

    if (r->wide && rng_chance(&r->rng, 1, 8))
        return IR_I128;
    return (enum ir_type)types[random_below(r, LENGTH_OF(types))];
}

static enum ir_type random_small_int_type(struct random_ir *r) /* with an instruction for it all */
{
    return rng_chance(&r->rng, 1, 2) ? IR_I32 : IR_I64;
}

static enum ir_type random_float_type(struct random_ir *r)
{
    return rng_chance(&r->rng, 1, 2) ? IR_F32 : IR_F64;
}

/* ---- operations ------------------------------------------------------------------------------ */

static void random_int_op(struct random_ir *r)
{
    static const uint16_t ops[] = {IR_OP_IADD, IR_OP_ISUB, IR_OP_IMUL, IR_OP_IAND,
                                   IR_OP_IOR,  IR_OP_IXOR, IR_OP_INEG, IR_OP_INOT};
    const enum ir_type type = random_int_type(r);
    struct ir_inst i = {.op = ops[random_below(r, LENGTH_OF(ops))], .type = (uint8_t)type};

    i.a = random_operand(r, type);
    if (ir_op_info[i.op].format == IR_FORMAT_BINARY)
        i.b = random_operand(r, type);
    random_keep(r, random_emit(r, i));
}

static void random_bit_op(struct random_ir *r)
{
    static const uint16_t ops[] = {IR_OP_CLZ,    IR_OP_CTZ,    IR_OP_POPCNT, IR_OP_BSWAP,
                                   IR_OP_UMULHI, IR_OP_SMULHI, IR_OP_ROTL,   IR_OP_ROTR};
    const enum ir_type type = random_small_int_type(r);
    struct ir_inst i = {.op = ops[random_below(r, LENGTH_OF(ops))], .type = (uint8_t)type};

    i.a = random_operand(r, type);
    if (ir_op_info[i.op].format == IR_FORMAT_BINARY)
        i.b = random_operand(r, type);
    random_keep(r, random_emit(r, i));
}

static void random_shift(struct random_ir *r)
{
    const enum ir_type type = random_int_type(r);
    struct ir_inst i = {.op = (uint16_t)(IR_OP_ISHL + random_below(r, 3)), .type = (uint8_t)type};

    i.a = random_operand(r, type);
    i.b = random_operand(r, rng_chance(&r->rng, 1, 2) && type != IR_I128 ? type : IR_I32);
    random_keep(r, random_emit(r, i));
}

static void random_compare(struct random_ir *r)
{
    const enum ir_type type = random_int_type(r);
    const ir_value a = random_operand(r, type), b = random_operand(r, type);

    random_keep(r, random_emit(r, (struct ir_inst){.op = IR_OP_ICMP, .type = IR_I32,
                                                   .aux = (uint8_t)random_below(r, 10), .a = a,
                                                   .b = b}));
}

static void random_extension(struct random_ir *r)
{
    static const uint8_t narrow[] = {IR_I8, IR_I16, IR_I32};
    const enum ir_type from = (enum ir_type)narrow[random_below(r, 3)];
    const enum ir_type to = from == IR_I32 || rng_chance(&r->rng, 1, 2) ? IR_I64 : IR_I32;
    const bool up = rng_chance(&r->rng, 2, 3);
    struct ir_inst i = {.op = up ? (rng_chance(&r->rng, 1, 2) ? IR_OP_UEXTEND : IR_OP_SEXTEND)
                                 : IR_OP_IREDUCE,
                        .type = (uint8_t)(up ? to : from)};

    i.a = random_operand(r, up ? from : to);
    random_keep(r, random_emit(r, i));
}

static void random_wide(struct random_ir *r)
{
    const struct ir_inst low = {.op = rng_chance(&r->rng, 1, 2) ? IR_OP_LOW_HALF : IR_OP_HIGH_HALF,
                                .type = IR_I64, .a = random_operand(r, IR_I128)};
    const struct ir_inst whole = {.op = IR_OP_CONCAT, .type = IR_I128,
                                  .a = random_operand(r, IR_I64), .b = random_operand(r, IR_I64)};

    random_keep(r, random_emit(r, low));
    random_keep(r, random_emit(r, whole));
}

static void random_carry(struct random_ir *r)
{
    uint32_t items[4];

    for (unsigned n = 0; n < 4; n++)
        items[n] = random_operand(r, IR_I64);
    const struct ir_inst i = {.op = rng_chance(&r->rng, 1, 2) ? IR_OP_ADD128 : IR_OP_SUB128,
                              .a = ir_list_new(r->f, items, 4)};
    const ir_value pair = random_emit(r, i);
    for (uint32_t n = 0; n < 2; n++)
        random_keep(r, random_emit(r, (struct ir_inst){.op = IR_OP_RESULT, .type = IR_I64,
                                                       .a = pair, .b = n}));
}

static void random_select(struct random_ir *r)
{
    static const uint8_t types[] = {IR_I32, IR_I64, IR_F32, IR_F64, IR_I8, IR_V128};
    const enum ir_type type = (enum ir_type)types[random_below(r, r->vectors ? 6 : 5)];
    const ir_value a = random_operand(r, type), b = random_operand(r, type);
    const ir_value c = random_operand(r, random_small_int_type(r));

    random_keep(r, random_emit(r, (struct ir_inst){.op = IR_OP_SELECT, .type = (uint8_t)type,
                                                   .a = a, .b = b, .c = c}));
}

/* Keeps a NaN only in its canonical form. */
static ir_value random_canonical(struct random_ir *r, ir_value v, enum ir_type type)
{
    return random_emit(
        r, (struct ir_inst){.op = IR_OP_FCANON, .type = (uint8_t)type, .a = v});
}

static void random_float_op(struct random_ir *r)
{
    const enum ir_type type = random_float_type(r);
    struct ir_inst i = {.op = (uint16_t)(IR_OP_FADD + random_below(r, IR_OP_FNEAREST - IR_OP_FADD
        + 1)),
                        .type = (uint8_t)type};

    i.a = random_operand(r, type);
    if (ir_op_info[i.op].format == IR_FORMAT_BINARY)
        i.b = random_operand(r, type);
    random_keep(r, random_canonical(r, random_emit(r, i), type));
}

static void random_float_compare(struct random_ir *r)
{
    const enum ir_type type = random_float_type(r);
    const ir_value a = random_operand(r, type), b = random_operand(r, type);

    random_keep(r, random_emit(r, (struct ir_inst){.op = IR_OP_FCMP, .type = IR_I32,
                                                   .aux = (uint8_t)random_below(r, 6), .a = a,
                                                   .b = b}));
}

static void random_conversion(struct random_ir *r)
{
    const enum ir_type number = random_small_int_type(r), real = random_float_type(r);
    struct ir_inst i = {0};

    switch (random_below(r, 5)) {
    case 0:
        i = (struct ir_inst){.op = rng_chance(&r->rng, 1, 2) ? IR_OP_FCVT_FROM_SINT
                                                             : IR_OP_FCVT_FROM_UINT,
                             .type = (uint8_t)real, .a = random_operand(r, number)};
        break;
    case 1:
        i = (struct ir_inst){.op = rng_chance(&r->rng, 1, 2) ? IR_OP_FCVT_TO_SINT_SAT
                                                             : IR_OP_FCVT_TO_UINT_SAT,
                             .type = (uint8_t)number, .a = random_operand(r, real)};
        break;
    case 2:
        if (!r->traps)
            return;
        i = (struct ir_inst){.op = rng_chance(&r->rng, 1, 2) ? IR_OP_FCVT_TO_SINT
                                                             : IR_OP_FCVT_TO_UINT,
                             .type = (uint8_t)number, .a = random_operand(r, real)};
        break;
    case 3:
        i = (struct ir_inst){.op = IR_OP_BITCAST, .type = (uint8_t)(real == IR_F32 ? IR_I32 :
            IR_I64),
                             .a = random_operand(r, real)};
        break;
    default:
        i = real == IR_F32 ? (struct ir_inst){.op = IR_OP_FDEMOTE, .type = IR_F32,
                                              .a = random_operand(r, IR_F64)}
                           : (struct ir_inst){.op = IR_OP_FPROMOTE, .type = IR_F64,
                                              .a = random_operand(r, IR_F32)};
    }
    const ir_value v = random_emit(r, i);
    const bool is_real = i.type == IR_F32 || i.type == IR_F64;
    random_keep(r, is_real ? random_canonical(r, v, (enum ir_type)i.type) : v);
}

static void random_division(struct random_ir *r)
{
    const enum ir_type type = random_small_int_type(r);
    ir_value by = random_operand(r, type);

    if (!r->traps || rng_chance(&r->rng, 15, 16)) { /* never zero, never -1 */
        const ir_value most = random_emit(r, ir_iconst(type, 0x7ffffffe));
        const ir_value least = random_emit(r, ir_iconst(type, 1));
        by = random_emit(r, (struct ir_inst){.op = IR_OP_IAND, .type = (uint8_t)type, .a = by,
                                             .b = most});
        by = random_emit(r, (struct ir_inst){.op = IR_OP_IADD, .type = (uint8_t)type, .a = by,
                                             .b = least});
    } else if (rng_chance(&r->rng, 1, 2)) {
        by = random_constant(r, type);
    }
    const struct ir_inst i = {.op = (uint16_t)(IR_OP_SDIV + random_below(r, 4)),
                              .type = (uint8_t)type, .a = random_operand(r, type), .b = by};
    random_keep(r, random_emit(r, i));
}

static void random_trap(struct random_ir *r)
{
    if (!r->traps || !rng_chance(&r->rng, 1, 4))
        return;
    const bool unless = rng_chance(&r->rng, 1, 2);
    const ir_value c = random_operand(r, IR_I32), k = random_constant(r, IR_I32);
    const ir_value same = random_emit(r, (struct ir_inst){.op = IR_OP_ICMP, .type = IR_I32,
                                                          .aux = (uint8_t)(unless ? IR_NE :
                                                              IR_EQ), .a = c, .b = k});
    random_emit(r, (struct ir_inst){.op = unless ? IR_OP_TRAP_UNLESS : IR_OP_TRAP_IF, .aux =
        (uint8_t)(4 + random_below(r, 4)),
                                    .a = same});
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* An index below 256, now and then the one before. */
static ir_value random_index(struct random_ir *r)
{
    if (r->index != 0 && r->index_block == r->block && rng_chance(&r->rng, 1, 2))
        return r->index;
    const ir_value index = random_operand(r, IR_I32);
    const ir_value most = random_emit(r, ir_iconst(IR_I32, 0xff));

    r->index =
        random_emit(r, (struct ir_inst){.op = IR_OP_IAND, .type = IR_I32, .a = index, .b = most});
    r->index_block = r->block;
    return r->index;
}

/* Lower half of the memory: region MEMORY, by computed addresses, half of them as a guest's; upper
 * half: GLOBAL, fixed ones. */
static ir_value random_address(struct random_ir *r, bool computed)
{
    if (!computed)
        return r->memory;
    ir_value index = random_index(r);
    if (rng_chance(&r->rng, 1, 2)) {
        const ir_value more = random_emit(r, ir_iconst(IR_I32, random_below(r, 9) * 4));
        index = random_emit(
            r, (struct ir_inst){.op = IR_OP_IADD, .type = IR_I32, .a = index, .b = more});
    }
    if (rng_chance(&r->rng, 1, 2))
        return random_emit(
            r, (struct ir_inst){
                   .op = IR_OP_GUEST_ADDRESS, .type = IR_I64, .a = r->memory, .b = index});
    const ir_value wide =
        random_emit(r, (struct ir_inst){.op = IR_OP_UEXTEND, .type = IR_I64, .a = index});
    return random_emit(
        r, (struct ir_inst){.op = IR_OP_IADD, .type = IR_I64, .a = r->memory, .b = wide});
}

static void random_memory_op(struct random_ir *r)
{
    static const uint8_t types[] = {IR_I32, IR_I64, IR_I8, IR_I16, IR_F32, IR_F64, IR_V128};
    const enum ir_type type = (enum ir_type)types[random_below(r, r->vectors ? 7 : 6)];
    const uint32_t full = ir_type_bits(type) / 8;
    const bool computed = rng_chance(&r->rng, 1, 2);
    const bool is_int = ir_type_is_int(type);
    uint32_t bytes = full;

    if (is_int && rng_chance(&r->rng, 1, 3))
        bytes = 1u << random_below(r, 4);
    bytes = MIN(bytes, full);
    const struct ir_access x = {
        .offset = (int32_t)(computed ? random_below(r, 200) : 512 + random_below(r, 24) * 4),
        .bytes = (uint8_t)bytes,
        .region = computed ? IR_REGION_MEMORY : IR_REGION_GLOBAL,
        .flags = (uint8_t)(is_int && rng_chance(&r->rng, 1, 2) ? IR_ACCESS_SIGNED : 0),
        .trap = 4};
    const ir_value address = random_address(r, computed);
    if (rng_chance(&r->rng, 1, 2)) {
        const ir_value v = random_emit(r, (struct ir_inst){.op = IR_OP_LOAD, .type = (uint8_t)type,
                                                           .a = address, .c = ir_access(r->f, x)});
        const bool real = type == IR_F32 || type == IR_F64;
        random_keep(r, real ? random_canonical(r, v, type) : v);
        return;
    }
    const ir_value v = random_operand(r, type);
    random_emit(r, (struct ir_inst){.op = IR_OP_STORE, .type = (uint8_t)type, .a = address, .b = v,
                                    .c = ir_access(r->f, x)});
}

/* ---- numbers put together from bytes --------------------------------------------------------- */

/* Byte `place` of a number that is in `from`: moved to `to`, or wrongly so now and then. */
static ir_value random_moved_byte(struct random_ir *r, ir_value from, uint32_t place, uint32_t to,
                                  enum ir_type type)
{
    const uint32_t right = 8 * place, left = 8 * to;
    const uint32_t by = right > left ? right - left : left - right;
    const enum ir_op op = right > left ? IR_OP_USHR : IR_OP_ISHL;
    const ir_value distance = random_emit(r, ir_iconst(IR_I32, by));
    const ir_value moved =
        random_emit(r, (struct ir_inst){
                           .op = (uint16_t)op, .type = (uint8_t)type, .a = from, .b = distance});
    const bool needs_mask = to != 0 && to + 1 != ir_type_bits(type) / 8;
    if (!needs_mask && rng_chance(&r->rng, 7, 8))
        return moved;
    const ir_value mask = random_emit(r, ir_iconst(type, UINT64_C(0xff) << left));
    return random_emit(
        r, (struct ir_inst){.op = IR_OP_IAND, .type = (uint8_t)type, .a = moved, .b = mask});
}

static ir_value random_byte_load(struct random_ir *r, uint32_t offset, ir_value index,
                                 enum ir_type type)
{
    const bool added = rng_chance(&r->rng, 1, 4); /* to the index */
    const struct ir_access x = {.offset = added ? 40 : (int32_t)(40 + offset), .bytes = 1,
                                .region = IR_REGION_MEMORY, .trap = 4};

    if (added) {
        const ir_value more = random_emit(r, ir_iconst(IR_I32, offset));
        index = random_emit(
            r, (struct ir_inst){.op = IR_OP_IADD, .type = IR_I32, .a = index, .b = more});
    }
    const ir_value address = random_emit(
        r,
        (struct ir_inst){.op = IR_OP_GUEST_ADDRESS, .type = IR_I64, .a = r->memory, .b = index});
    return random_emit(r, (struct ir_inst){.op = IR_OP_LOAD, .type = (uint8_t)type, .a = address,
                                           .c = ir_access(r->f, x)});
}

/* The n bytes of a value or of memory, turned around or not; now and then not quite. */
static void random_bytes(struct random_ir *r)
{
    const enum ir_type type = rng_chance(&r->rng, 1, 2) ? IR_I32 : IR_I64;
    const uint32_t width = ir_type_bits(type) / 8, shape = random_below(r, 3);
    const uint32_t n = shape == 0 ? width : shape == 1 ? width / 2 : 2;
    const bool loads = rng_chance(&r->rng, 1, 2), turned = rng_chance(&r->rng, 2, 3);
    const uint32_t odd = rng_chance(&r->rng, 1, 8) ? random_below(r, n) : n;
    const ir_value whole = random_operand(r, type), index = random_index(r);
    ir_value sum = IR_NONE;

    for (uint32_t k = 0; k < n; k++) {
        const uint32_t to = (k + 3) % n; /* not in order */
        const uint32_t place = (turned ? n - 1 - to : to) ^ (to == odd);
        const ir_value from = loads ? random_byte_load(r, place, index, type) : whole;
        const ir_value part = random_moved_byte(r, from, loads ? 0 : place, to, type);
        sum = sum == IR_NONE
                  ? part
                  : random_emit(r, (struct ir_inst){.op = IR_OP_IOR, .type = (uint8_t)type,
                                                    .a = sum, .b = part});
        if (rng_chance(&r->rng, 1, 40))
            random_memory_op(r);
    }
    random_keep(r, sum);
}

/* ---- vectors --------------------------------------------------------------------------------- */

static bool random_shape_fits(enum ir_op op, enum ir_shape shape)
{
    const bool real = shape == IR_F32X4 || shape == IR_F64X2;

    switch (op) { /* tidy: flat */
    case IR_OP_VFADD: case IR_OP_VFSUB: case IR_OP_VFMUL: case IR_OP_VFDIV: case IR_OP_VFMIN:
    case IR_OP_VFMAX: case IR_OP_VFPMIN: case IR_OP_VFPMAX: case IR_OP_VFABS: case IR_OP_VFNEG:
    case IR_OP_VFSQRT: case IR_OP_VFCEIL: case IR_OP_VFFLOOR: case IR_OP_VFTRUNC:
    case IR_OP_VFNEAREST: case IR_OP_VFCANON: case IR_OP_VFMADD: case IR_OP_VFNMADD:
    case IR_OP_VFCMP: case IR_OP_VCVT_FROM_SINT: case IR_OP_VCVT_FROM_UINT:
        return real;
    case IR_OP_VADD_SAT_S: case IR_OP_VADD_SAT_U: case IR_OP_VSUB_SAT_S: case IR_OP_VSUB_SAT_U:
    case IR_OP_VAVG_U:
        return shape == IR_I8X16 || shape == IR_I16X8;
    case IR_OP_VMIN_S: case IR_OP_VMIN_U: case IR_OP_VMAX_S: case IR_OP_VMAX_U:
        return !real && shape != IR_I64X2;
    case IR_OP_VPOPCNT:
        return shape == IR_I8X16;
    case IR_OP_VMUL:
        return !real && shape != IR_I8X16;
    case IR_OP_VNARROW_S: case IR_OP_VNARROW_U:
        return shape == IR_I8X16 || shape == IR_I16X8;
    case IR_OP_VEXTADD_S: case IR_OP_VEXTADD_U:
        return shape == IR_I16X8 || shape == IR_I32X4;
    case IR_OP_VEXTEND_LOW_S: case IR_OP_VEXTEND_LOW_U: case IR_OP_VEXTEND_HIGH_S:
    case IR_OP_VEXTEND_HIGH_U: case IR_OP_VEXTMUL_LOW_S: case IR_OP_VEXTMUL_LOW_U:
    case IR_OP_VEXTMUL_HIGH_S: case IR_OP_VEXTMUL_HIGH_U:
        return !real && shape != IR_I8X16;
    case IR_OP_VCVT_TO_SINT_SAT: case IR_OP_VCVT_TO_UINT_SAT:
        return shape == IR_I32X4;
    default:
        return !real;
    }
}

static uint32_t random_condition(struct random_ir *r, enum ir_op op, uint8_t shape)
{
    if (op == IR_OP_VFCMP)
        return random_below(r, 6);
    return random_below(r, shape == IR_I64X2 ? 6 : 10); /* no unsigned order of i64x2 */
}

static ir_value random_canonical_vector(struct random_ir *r, ir_value v, enum ir_shape shape)
{
    return random_emit(r, (struct ir_inst){.op = IR_OP_VFCANON, .type = IR_V128,
                                           .aux = (uint8_t)shape, .a = v});
}

static void random_lane_op(struct random_ir *r)
{
    static const uint8_t lane_types[IR_SHAPE_COUNT] = {IR_I32, IR_I32, IR_I32,
                                                       IR_I64, IR_F32, IR_F64};
    static const uint8_t lanes[IR_SHAPE_COUNT] = {16, 8, 4, 2, 4, 2};
    const uint8_t shape = (uint8_t)random_below(r, IR_SHAPE_COUNT);
    const uint8_t type = lane_types[shape];
    const ir_value v = random_operand(r, IR_V128), x = random_operand(r, (enum ir_type)type);
    const uint32_t lane = random_below(r, lanes[shape]);
    ir_value out;

    switch (random_below(r, 4)) {
    case 0:
        out = random_emit(r, (struct ir_inst){.op = IR_OP_SPLAT, .type = IR_V128, .aux = shape,
                                              .a = x});
        break;
    case 1:
        out = random_emit(r, (struct ir_inst){.op = IR_OP_REPLACE_LANE, .type = IR_V128,
                                              .aux = shape, .a = v, .b = x, .c = lane});
        break;
    case 2:
        out = random_emit(r, (struct ir_inst){.op = IR_OP_SCALAR_TO_VECTOR, .type = IR_V128,
                                              .a = x});
        break;
    default:
        out = random_emit(
            r, (struct ir_inst){.op = shape < IR_I32X4 && rng_chance(&r->rng, 1, 2)
                                          ? IR_OP_EXTRACT_LANE_S
                                          : IR_OP_EXTRACT_LANE_U,
                                .type = type, .aux = shape, .a = v, .b = lane});
        if (type == IR_F32 || type == IR_F64)
            out = random_canonical(r, out, (enum ir_type)type);
    }
    random_keep(r, out);
}

static void random_vector_op(struct random_ir *r)
{
    struct ir_inst i = {.op = (uint16_t)(IR_OP_SHUFFLE + random_below(r, IR_OP_COUNT -
        IR_OP_SHUFFLE)),
                        .type = IR_V128};
    const struct ir_op_info *info = &ir_op_info[i.op];
    const bool shift = i.op == IR_OP_VSHL || i.op == IR_OP_VSHR_S || i.op == IR_OP_VSHR_U;

    if (info->result == IR_RESULT_I32)
        i.type = IR_I32;
    if (info->aux == IR_AUX_SHAPE) {
        do
            i.aux = (uint8_t)random_below(r, IR_SHAPE_COUNT);
        while (!random_shape_fits((enum ir_op)i.op, (enum ir_shape)i.aux));
    }
    i.a = random_operand(r, IR_V128);
    if (info->format != IR_FORMAT_UNARY)
        i.b = random_operand(r, shift ? IR_I32 : IR_V128);
    if (info->format == IR_FORMAT_TERNARY) {
        i.c = random_operand(r, IR_V128);
    } else if (info->format == IR_FORMAT_SHUFFLE) {
        uint8_t bytes[16];
        for (unsigned n = 0; n < 16; n++)
            bytes[n] = (uint8_t)random_below(r, 32);
        i.c = ir_constant16(r->f, bytes);
    } else if (info->format == IR_FORMAT_VCMP || info->format == IR_FORMAT_VFCMP) {
        i.c = random_condition(r, (enum ir_op)i.op, i.aux);
    }
    ir_value v = random_emit(r, i);
    if (i.op >= IR_OP_VFADD && (i.aux == IR_F32X4 || i.aux == IR_F64X2))
        v = random_canonical_vector(r, v, (enum ir_shape)i.aux);
    else if (i.op == IR_OP_VFDEMOTE_ZERO || i.op == IR_OP_VFPROMOTE_LOW)
        v = random_canonical_vector(r, v, i.op == IR_OP_VFDEMOTE_ZERO ? IR_F32X4 : IR_F64X2);
    random_keep(r, v);
}

/* ---- control --------------------------------------------------------------------------------- */

static void random_statement(struct random_ir *r)
{
    switch (random_below(r, r->vectors ? 20 : 15)) { /* tidy: flat */
    case 0:
    case 1:
    case 2:
        random_int_op(r);
        break;
    case 3:
        random_bit_op(r);
        break;
    case 4:
        random_shift(r);
        break;
    case 5:
        random_compare(r);
        break;
    case 6:
        random_extension(r);
        break;
    case 7:
        random_select(r);
        break;
    case 8:
        random_memory_op(r);
        break;
    case 9:
        if (rng_chance(&r->rng, 1, 3))
            random_bytes(r);
        else
            random_memory_op(r);
        break;
    case 10:
        random_float_op(r);
        break;
    case 11:
        random_float_compare(r);
        break;
    case 12:
        random_conversion(r);
        break;
    case 13:
        random_division(r);
        break;
    case 14:
        random_trap(r);
        if (r->wide)
            random_wide(r);
        random_carry(r);
        break;
    case 15:
        random_lane_op(r);
        break;
    default:
        random_vector_op(r);
    }
}

static void random_region(struct random_ir *r, unsigned depth);

static void random_jump(struct random_ir *r, ir_block to, const ir_value *args, uint32_t count)
{
    const ir_edge e = ir_edge_new(r->f, to, args, count);

    random_emit(r, (struct ir_inst){.op = IR_OP_JUMP, .a = e});
}

/* Two or more ways that meet again with a value of each of two types. */
static void random_branch(struct random_ir *r, unsigned depth)
{
    static const uint8_t types[] = {IR_I32, IR_I64, IR_F64};
    const uint8_t one = types[random_below(r, 3)], two = types[random_below(r, 3)];
    const uint32_t ways = rng_chance(&r->rng, 1, 4) ? 3 + random_below(r, 5) : 2;
    const ir_block meeting = ir_block_new(r->f);
    const ir_value choice = random_operand(r, IR_I32);
    const ir_block from_block = r->block;
    const uint32_t seen = r->count;
    ir_list edges = 0;

    const ir_value first = ir_param_new(r->f, meeting, (enum ir_type)one);
    const ir_value second = ir_param_new(r->f, meeting, (enum ir_type)two);
    for (uint32_t n = 0; n < ways; n++) {
        r->block = ir_block_new(r->f);
        edges = ir_list_push(r->f, edges, ir_edge_new(r->f, r->block, NULL, 0));
        if (!rng_chance(&r->rng, 1, 4))
            random_region(r, depth + 1);
        const ir_value args[2] = {random_operand(r, (enum ir_type)one),
                                  random_operand(r, (enum ir_type)two)};
        random_jump(r, meeting, args, 2);
        r->count = seen;
    }
    r->block = from_block;
    const uint32_t *items = ir_list_items(r->f, edges);
    if (ways == 2)
        random_emit(r, (struct ir_inst){.op = IR_OP_BRANCH, .a = choice, .b = items[0],
                                        .c = items[1]});
    else
        random_emit(r, (struct ir_inst){.op = IR_OP_SWITCH, .a = choice, .b = edges});
    r->block = meeting;
    random_keep(r, first);
    random_keep(r, second);
}

/* A loop of at most 5 rounds that carries a number, a value and the counter. */
static void random_loop(struct random_ir *r, unsigned depth)
{
    const uint8_t type = rng_chance(&r->rng, 1, 2) ? IR_I64 : IR_I32;
    const ir_block header = ir_block_new(r->f), after = ir_block_new(r->f);
    const ir_value rounds = random_emit(r, ir_iconst(IR_I32, 1 + random_below(r, 5)));
    const ir_value start[2] = {rounds, random_operand(r, (enum ir_type)type)};
    const uint32_t seen = r->count;

    r->f->blocks[header].loop_header = 1;
    const ir_value counter = ir_param_new(r->f, header, IR_I32);
    const ir_value carried = ir_param_new(r->f, header, (enum ir_type)type);
    const ir_value out = ir_param_new(r->f, after, (enum ir_type)type);
    random_jump(r, header, start, 2);
    r->block = header;
    random_keep(r, carried);
    random_keep(r, counter);
    random_region(r, depth + 1);
    const ir_value one = random_emit(r, ir_iconst(IR_I32, 1));
    const ir_value less = random_emit(r, (struct ir_inst){.op = IR_OP_ISUB, .type = IR_I32,
                                                          .a = counter, .b = one});
    const ir_value again[2] = {less, random_operand(r, (enum ir_type)type)};
    const ir_value result = random_operand(r, (enum ir_type)type);
    const ir_edge back = ir_edge_new(r->f, header, again, 2);
    const ir_edge leave = ir_edge_new(r->f, after, &result, 1);
    random_emit(r, (struct ir_inst){.op = IR_OP_BRANCH, .a = less, .b = back, .c = leave});
    r->block = after;
    r->count = seen;
    random_keep(r, out);
}

static void random_region(struct random_ir *r, unsigned depth)
{
    const uint32_t statements = 1 + random_below(r, 8);

    for (uint32_t n = 0; n < statements && r->budget > 0; n++) {
        if (depth < 4 && rng_chance(&r->rng, 1, 8))
            random_branch(r, depth);
        else if (depth < 3 && rng_chance(&r->rng, 1, 10))
            random_loop(r, depth);
        else
            random_statement(r);
    }
}

/* ---- the function ---------------------------------------------------------------------------- */

/* v as an I64 that depends on all of its bits, IR_NONE for types that have no short way. */
static ir_value random_as_i64(struct random_ir *r, ir_value v)
{
    const enum ir_type type = random_type_of(r, v);

    switch (type) {
    case IR_I8:
    case IR_I16:
    case IR_I32:
        return random_emit(r, (struct ir_inst){.op = IR_OP_UEXTEND, .type = IR_I64, .a = v});
    case IR_I64:
        return v;
    case IR_F64:
        return random_emit(r, (struct ir_inst){.op = IR_OP_BITCAST, .type = IR_I64, .a = v});
    case IR_F32:
        v = random_emit(r, (struct ir_inst){.op = IR_OP_BITCAST, .type = IR_I32, .a = v});
        return random_as_i64(r, v);
    case IR_V128:
        return random_emit(r, (struct ir_inst){.op = IR_OP_EXTRACT_LANE_U, .type = IR_I64,
                                               .aux = IR_I64X2, .a = v, .b = random_below(r, 2)});
    case IR_I128:
        return random_emit(r, (struct ir_inst){.op = IR_OP_HIGH_HALF, .type = IR_I64, .a = v});
    default:
        return IR_NONE;
    }
}

static void random_return(struct random_ir *r)
{
    ir_value sum = random_emit(r, ir_iconst(IR_I64, 0));
    const ir_value turn = random_emit(r, ir_iconst(IR_I32, 7));
    const uint32_t first = r->count > 24 ? r->count - 24 : 0;

    for (uint32_t n = first; n < r->count; n++) {
        const ir_value x = random_as_i64(r, r->values[n]);
        if (x == IR_NONE || x == r->memory)
            continue;
        sum = random_emit(r, (struct ir_inst){.op = IR_OP_ROTL, .type = IR_I64, .a = sum,
                                              .b = turn});
        sum = random_emit(r, (struct ir_inst){.op = IR_OP_IXOR, .type = IR_I64, .a = sum, .b = x});
    }
    random_emit(r, (struct ir_inst){.op = IR_OP_RETURN, .a = ir_list_new(r->f, &sum, 1)});
}

/* Fills *f. r's flags are set by the caller; size: about how many instructions. Run inside
 * arena_guard() of a. */
static void random_function(struct random_ir *r, struct ir_func *f, struct arena *a, uint64_t seed,
                            uint32_t size)
{
    static const uint8_t params[RANDOM_PARAMS] = {IR_I64, IR_I64, IR_I32, IR_F64, IR_F32};
    static const uint8_t results[1] = {IR_I64};

    ir_func_init(f, a, 0);
    r->f = f;
    r->count = 0;
    r->budget = size;
    rng_seed(&r->rng, seed);
    f->signature = ir_signature(f, params, RANDOM_PARAMS, results, 1);
    r->block = ir_block_new(f);
    r->memory = ir_param_new(f, r->block, IR_I64);
    for (unsigned n = 1; n < RANDOM_PARAMS; n++)
        random_keep(r, ir_param_new(f, r->block, (enum ir_type)params[n]));
    while (r->budget > 0)
        random_region(r, 0);
    random_return(r);
}

#endif /* TESTS_UNIT_RANDOM_IR_H */
