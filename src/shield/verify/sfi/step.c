/* step: moves and arithmetic. What an instruction writes without a rule of its own here becomes a
 * number of which only the width is known.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/verify/sfi/step.h"

#include <stdarg.h>
#include <stdio.h>

enum status sfi_refuse(struct sfi_walk *walk, const char *fmt, ...)
{
    char text[DIAG_TEXT_MAX / 2], bytes[3 * SFI_INSN_BYTES_MAX + 1] = "";
    uint32_t size = MIN(walk->end - walk->at, (uint32_t)SFI_INSN_BYTES_MAX);
    va_list ap;

    if (walk->ins != NULL)
        size = walk->ins->length;
    for (uint32_t i = 0; i < size; i++)
        snprintf(bytes + 3 * i, sizeof(bytes) - 3 * i, " %02x", walk->image->bytes[walk->at + i]);
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return diag_fail(walk->dg, ST_INVALID, walk->at,
                     "machine code of function #%u, +0x%x,%s (%s): %s", walk->function,
                     walk->at - walk->start, bytes,
                     walk->ins != NULL ? sfi_insn_text(walk->ins) : "unknown", text);
}

void sfi_enter(struct sfi_walk *walk)
{
    static const uint8_t saved[] = {SFI_RBX, SFI_RBP, SFI_R12, SFI_R13};
    struct sfi_value regs[16];

    for (uint32_t r = 0; r < 16; r++)
        regs[r] = sfi_any();
    for (uint32_t i = 0; i < LENGTH_OF(saved); i++)
        regs[saved[i]] = sfi_pointer(SFI_SAVED, saved[i]);
    regs[SFI_R15] = sfi_pointer(SFI_CONTEXT, 0);
    if (walk->policy->is_base_pinned)
        regs[SFI_R14] = sfi_pointer(SFI_MEMORY_BASE, 0);
    sfi_state_begin(walk->state, regs);
}

/* ---- writing ----------------------------------------------------------------------------------
 */

enum status sfi_expect_writable(struct sfi_walk *walk, uint32_t reg, const struct sfi_value *v)
{
    char text[SFI_VALUE_TEXT_MAX];

    if (reg == SFI_RSP)
        return sfi_refuse(walk, "rsp may be changed only by push, pop, and adding or subtracting a "
                                "constant multiple of 8");
    if (reg == SFI_R15 && v->kind != SFI_CONTEXT && v->kind != SFI_FUNC_CONTEXT)
        return sfi_refuse(walk, "r15 may hold only a context, not %s", sfi_value_text(v, text));
    if (reg == SFI_R14 && walk->policy->is_base_pinned && !sfi_is(v, SFI_MEMORY_BASE, 0) &&
        v->kind != SFI_FUNC_BASE)
        return sfi_refuse(walk, "r14 may hold only the base of a memory 0, not %s",
                          sfi_value_text(v, text));
    return ST_OK;
}

/* A result of that many bytes; narrow ones leave the rest of the register as it was. */
static enum status write_result(struct sfi_walk *walk, uint32_t reg, uint32_t bytes,
                                const struct sfi_value *v)
{
    struct sfi_value whole = bytes >= 4 ? *v : sfi_merge_low(&walk->state->regs[reg], bytes);
    return sfi_write_reg(walk, reg, &whole);
}

/* ---- operands ----------------------------------------------------------------------------------
 */

/* The operands of a two-operand instruction: left is also the target. */
struct pair {
    struct sfi_value left, right;
    uint8_t left_reg, right_reg; /* SFI_NO_REG: memory or immediate */
    struct sfi_place place;      /* of the memory operand */
    bool is_left_memory, is_immediate;
    uint32_t width;
};

static struct sfi_value reg_value(const struct sfi_walk *walk, uint32_t reg, uint32_t bytes)
{
    return reg == SFI_RSP ? sfi_unknown(bytes) : sfi_truncate(&walk->state->regs[reg], bytes);
}

static struct sfi_value immediate_value(const struct sfi_walk *walk, uint32_t bytes)
{
    struct sfi_value v = sfi_constant((uint64_t)walk->ins->imm);
    if (bytes >= 8)
        return v;
    return sfi_constant((uint64_t)walk->ins->imm & ((UINT64_C(1) << (bytes * 8)) - 1));
}

/* reg is on the left when it is written, else rm is. */
static enum status read_pair(struct sfi_walk *walk, struct pair *out)
{
    const struct sfi_insn *ins = walk->ins;
    bool is_reg_target = (ins->reg_use & SFI_WRITE) != 0 || ins->op == SFI_OP_CMP_REG;
    struct sfi_value reg = immediate_value(walk, ins->width), rm = sfi_any();
    uint8_t rm_reg = SFI_NO_REG;

    out->width = ins->width;
    if (ins->reg_use != SFI_KIND_NONE)
        reg = reg_value(walk, ins->reg, ins->width);
    if (ins->has_memory) {
        TRY(sfi_access(walk, &out->place));
        rm = out->place.loaded;
    } else {
        rm_reg = ins->rm;
        rm = reg_value(walk, rm_reg, ins->width);
    }
    out->left = is_reg_target ? reg : rm;
    out->right = is_reg_target ? rm : reg;
    out->left_reg = is_reg_target ? ins->reg : rm_reg;
    out->right_reg = is_reg_target ? rm_reg : ins->reg;
    out->is_left_memory = !is_reg_target && ins->has_memory;
    out->is_immediate = ins->reg_use == SFI_KIND_NONE;
    return ST_OK;
}

static enum status write_left(struct sfi_walk *walk, const struct pair *p,
                              const struct sfi_value *v)
{
    if (!p->is_left_memory)
        return write_result(walk, p->left_reg, p->width, v);
    if (p->place.is_frame)
        sfi_frame_write(walk->state, p->place.position, p->width, v);
    return ST_OK;
}

/* ---- arithmetic ---------------------------------------------------------------------------------
 */

/* The least number of all ones that is not below v. */
static uint64_t ones_above(uint64_t v)
{
    return v == 0 ? 0 : UINT64_MAX >> __builtin_clzll(v);
}

static struct sfi_value added(const struct pair *p, struct sfi_flags *flags)
{
    const struct sfi_value *a = &p->left, *b = &p->right;
    if (p->width == 8 && a->kind == SFI_POOL && b->kind == SFI_DELTA && a->low == b->low)
        return (struct sfi_value){.kind = SFI_TARGET, .low = b->low, .high = b->high};
    if (p->width == 8 && b->kind == SFI_POOL && a->kind == SFI_DELTA && a->low == b->low)
        return (struct sfi_value){.kind = SFI_TARGET, .low = a->low, .high = a->high};
    if (a->kind != SFI_NUMBER || b->kind != SFI_NUMBER)
        return sfi_unknown(p->width);
    struct sfi_value sum = sfi_sum(a, b);
    if (p->width == 8 && sum.high == UINT64_MAX && sum.low == 0) {
        /* It may wrap; without carry it is at least what each of the two is at least. */
        *flags = (struct sfi_flags){.kind = SFI_FLAGS_SUM,
                                    .left_reg = p->left_reg,
                                    .right_reg = SFI_NO_REG,
                                    .false_condition = SFI_NO_CONDITION};
        flags->right = sfi_range((uint32_t)MIN((uint64_t)a->low + b->low, UINT32_MAX), 0);
        uint64_t less = 0 - b->high; /* a negative immediate is a subtraction */
        if (p->is_immediate && less <= a->low)
            return sfi_range((uint32_t)(a->low - less), a->high - less);
    }
    return p->width == 8 || sum.high <= UINT32_MAX ? sum : sfi_unknown(p->width);
}

static struct sfi_value subtracted(const struct pair *p)
{
    const struct sfi_value *a = &p->left, *b = &p->right;
    if (a->kind != SFI_NUMBER || b->kind != SFI_NUMBER || a->low < b->high)
        return sfi_unknown(p->width);
    return sfi_range((uint32_t)(a->low - b->high), a->high - b->low);
}

static struct sfi_value combined(const struct pair *p, uint8_t op)
{
    uint64_t a = p->left.kind == SFI_NUMBER ? p->left.high : UINT64_MAX;
    uint64_t b = p->right.kind == SFI_NUMBER ? p->right.high : UINT64_MAX;
    struct sfi_value v = sfi_range(0, op == SFI_OP_AND ? MIN(a, b) : ones_above(a | b));
    return sfi_truncate(&v, p->width);
}

static struct sfi_value shifted(const struct sfi_walk *walk, const struct sfi_value *v)
{
    uint32_t width = walk->ins->width;
    uint32_t count = (uint32_t)walk->ins->imm & (width == 8 ? 63 : 31);
    struct sfi_value out;

    if (width < 4 || v->kind != SFI_NUMBER)
        return sfi_unknown(width);
    if (walk->ins->op == SFI_OP_SHR)
        return sfi_range(count < 32 ? v->low >> count : 0, v->high >> count);
    out = sfi_scaled(v, count);
    return width == 8 || sfi_is_u32(&out) ? out : sfi_unknown(width);
}

/* rsp += bytes, a constant. */
static enum status move_stack(struct sfi_walk *walk, int64_t bytes)
{
    struct sfi_state *st = walk->state;
    if (walk->ins->width != 8 || bytes % 8 != 0 || bytes > (int64_t)st->depth ||
        -bytes > (int64_t)SFI_FRAME_BYTES_MAX - st->depth)
        return sfi_refuse(walk,
                          "rsp may move by a multiple of 8, up to the return address and down "
                          "to %u bytes below it; this moves it by %jd from %u",
                          SFI_FRAME_BYTES_MAX, (intmax_t)bytes, st->depth);
    if (bytes >= 0) {
        st->depth -= (uint32_t)bytes;
        st->is_frame_changed = true; /* what is left is lost */
    } else {
        sfi_state_grow(st, (uint32_t)-bytes);
    }
    st->touched = MIN(st->touched, st->depth);
    if (st->depth - st->touched > walk->policy->frame_probe_bytes)
        return sfi_refuse(walk, "rsp may be at most %u bytes below what has been touched, not %u",
                          walk->policy->frame_probe_bytes, st->depth - st->touched);
    st->flags.kind = SFI_FLAGS_UNKNOWN;
    st->flags.false_condition = SFI_NO_CONDITION;
    return ST_OK;
}

static enum status arithmetic(struct sfi_walk *walk)
{
    const struct sfi_insn *ins = walk->ins;
    struct sfi_flags flags = sfi_no_flags();
    struct sfi_value v;
    struct pair p;

    if (!ins->has_memory && ins->rm == SFI_RSP && ins->reg_use == SFI_KIND_NONE &&
        (ins->op == SFI_OP_ADD || ins->op == SFI_OP_SUB))
        return move_stack(walk, ins->op == SFI_OP_ADD ? ins->imm : -ins->imm);
    TRY(read_pair(walk, &p));
    switch (ins->op) {
    case SFI_OP_ADD: v = added(&p, &flags); break;
    case SFI_OP_SUB: v = subtracted(&p); break;
    case SFI_OP_XOR:
        v = p.left_reg == p.right_reg && p.left_reg != SFI_NO_REG ? sfi_constant(0)
                                                                  : combined(&p, ins->op);
        break;
    default: v = combined(&p, ins->op); break;
    }
    TRY(write_left(walk, &p, &v));
    walk->state->flags = flags;
    return ST_OK;
}

static enum status compare(struct sfi_walk *walk)
{
    struct pair p;
    TRY(read_pair(walk, &p));
    bool is_self = p.left_reg == p.right_reg && p.left_reg != SFI_NO_REG;
    struct sfi_flags *f = &walk->state->flags;
    *f = sfi_no_flags();
    if (walk->ins->op == SFI_OP_TEST) {
        if (!is_self)
            return ST_OK;
        /* r & r has the zero flag and the carry of r - 0 */
        p.right = sfi_constant(0);
        p.right_reg = SFI_NO_REG;
    } else if (is_self) {
        return ST_OK;
    }
    f->kind = SFI_FLAGS_COMPARE;
    f->width = (uint8_t)p.width;
    f->left_reg = p.left_reg != SFI_RSP ? p.left_reg : (uint8_t)SFI_NO_REG;
    f->right_reg = p.right_reg != SFI_RSP ? p.right_reg : (uint8_t)SFI_NO_REG;
    f->left = p.left;
    f->right = p.right;
    return ST_OK;
}

/* ---- moves -------------------------------------------------------------------------------------
 */

/* The operand rm, of that many bytes: what memory holds, or a register. */
static enum status read_rm(struct sfi_walk *walk, uint32_t bytes, struct sfi_value *out)
{
    struct sfi_place place;

    if (!walk->ins->has_memory) {
        *out = reg_value(walk, walk->ins->rm, bytes);
        return ST_OK;
    }
    TRY(sfi_access(walk, &place));
    *out = place.loaded;
    return ST_OK;
}

static enum status move(struct sfi_walk *walk)
{
    const struct sfi_insn *ins = walk->ins;
    struct sfi_value v;
    struct sfi_place place;

    if ((ins->rm_use & SFI_WRITE) == 0) {
        TRY(read_rm(walk, ins->width, &v));
        return write_result(walk, ins->reg, ins->width, &v);
    }
    v = ins->reg_use != SFI_KIND_NONE ? reg_value(walk, ins->reg, ins->width)
                                      : immediate_value(walk, ins->width);
    if (!ins->has_memory)
        return write_result(walk, ins->rm, ins->width, &v);
    TRY(sfi_access(walk, &place));
    if (place.is_frame)
        sfi_frame_write(walk->state, place.position, ins->width, &v);
    return ST_OK;
}

/* movzx, movsx, movsxd: from rm, narrower than reg. */
static enum status extend(struct sfi_walk *walk)
{
    const struct sfi_insn *ins = walk->ins;
    uint32_t bytes = sfi_operand_bytes(ins, ins->rm_use);
    struct sfi_value v;

    TRY(read_rm(walk, bytes, &v));
    bool is_positive = v.kind == SFI_NUMBER && v.high < UINT64_C(1) << (bytes * 8 - 1);
    if (v.kind != SFI_DELTA && ins->op != SFI_OP_MOVZX && !is_positive)
        v = sfi_unknown(ins->width);
    return write_result(walk, ins->reg, ins->width, &v);
}

static uint32_t inverse(uint32_t condition)
{
    return condition ^ 1;
}

static enum status conditional_move(struct sfi_walk *walk)
{
    const struct sfi_insn *ins = walk->ins;
    struct sfi_state *st = walk->state;
    struct sfi_value source, old, v;
    struct sfi_place place;

    if (ins->has_memory) {
        TRY(sfi_access(walk, &place));
        source = place.loaded;
    } else {
        source = sfi_refined(st, ins->rm, ins->width, ins->condition);
    }
    old = sfi_refined(st, ins->reg, ins->width, inverse(ins->condition));
    if (st->flags.false_condition == ins->condition)
        v = old;
    else if (st->flags.false_condition == inverse(ins->condition))
        v = source;
    else
        v = sfi_join(&old, &source);
    return write_result(walk, ins->reg, ins->width, &v);
}

static enum status exchange(struct sfi_walk *walk)
{
    const struct sfi_insn *ins = walk->ins;
    struct sfi_value reg = reg_value(walk, ins->reg, ins->width), rm;
    struct sfi_place place;

    if (ins->has_memory) {
        TRY(sfi_access(walk, &place));
        rm = place.loaded;
        if (place.is_frame)
            sfi_frame_write(walk->state, place.position, ins->width, &reg);
    } else {
        rm = reg_value(walk, ins->rm, ins->width);
        TRY(write_result(walk, ins->rm, ins->width, &reg));
    }
    return write_result(walk, ins->reg, ins->width, &rm);
}

static enum status load_address(struct sfi_walk *walk)
{
    struct sfi_value v = sfi_address(walk);
    v = sfi_truncate(&v, walk->ins->width);
    return write_result(walk, walk->ins->reg, walk->ins->width, &v);
}

static enum status shift(struct sfi_walk *walk)
{
    const struct sfi_insn *ins = walk->ins;
    struct pair p = {.width = ins->width, .left_reg = ins->rm, .is_left_memory = ins->has_memory};
    struct sfi_value v;

    if (ins->has_memory) {
        TRY(sfi_access(walk, &p.place));
        v = sfi_unknown(ins->width);
    } else {
        v = reg_value(walk, ins->rm, ins->width);
        v = shifted(walk, &v);
    }
    walk->state->flags.kind = SFI_FLAGS_UNKNOWN;
    return write_left(walk, &p, &v);
}

static enum status push(struct sfi_walk *walk)
{
    struct sfi_value v = reg_value(walk, walk->ins->rm, 8);
    struct sfi_state *st = walk->state;

    TRY(move_stack(walk, -8));
    st->touched = st->depth;
    sfi_frame_write(st, st->depth, 8, &v);
    return ST_OK;
}

static enum status pop(struct sfi_walk *walk)
{
    struct sfi_state *st = walk->state;
    if (st->depth < 8)
        return sfi_refuse(walk, "the return address must not be popped");
    struct sfi_value v = sfi_slot(st, st->depth / 8 - 1);
    TRY(move_stack(walk, 8));
    return sfi_write_reg(walk, walk->ins->rm, &v);
}

/* ---- everything else
 * ----------------------------------------------------------------------------- */

/* Only computes: each general register that it writes holds some number of its width. */
static enum status compute(struct sfi_walk *walk)
{
    const struct sfi_insn *ins = walk->ins;
    struct sfi_state *st = walk->state;
    struct sfi_effects fx;

    if (ins->has_memory && ins->mem.width != 0) {
        struct sfi_place place;
        struct sfi_value v = sfi_unknown(ins->mem.width);
        TRY(sfi_access(walk, &place));
        if (place.is_frame && (ins->rm_use & SFI_WRITE) != 0)
            sfi_frame_write(st, place.position, ins->mem.width, &v);
    }
    if (!ins->writes_gpr)
        return ST_OK;
    sfi_insn_effects(ins, &fx);
    for (uint32_t rest = fx.gpr_writes; rest != 0; rest &= rest - 1) {
        uint32_t reg = (uint32_t)__builtin_ctz(rest);
        uint32_t bytes = ins->width > 1 ? ins->width : 2; /* implied: ax, by a product of bytes */
        if (reg == ins->rm && (ins->rm_use & SFI_WRITE) != 0)
            bytes = sfi_operand_bytes(ins, ins->rm_use);
        if (reg == ins->reg && (ins->reg_use & SFI_WRITE) != 0)
            bytes = sfi_operand_bytes(ins, ins->reg_use);
        struct sfi_value v = sfi_unknown(bytes);
        /* bsf, bsr, cmpxchg may write nothing at all: what was there and what may come */
        if (ins->op == SFI_OP_SCAN || ins->op == SFI_OP_CMPXCHG) {
            struct sfi_value old = reg_value(walk, reg, 8);
            v = sfi_join(&old, &v);
        }
        TRY(write_result(walk, reg, bytes, &v));
    }
    return ST_OK;
}

/* The instruction and what it does to registers and frame. */
static enum status perform(struct sfi_walk *walk, bool *falls)
{
    switch (walk->ins->op) {
    case SFI_OP_MOVZX:
    case SFI_OP_MOVSX:
    case SFI_OP_MOVSXD: return extend(walk);
    case SFI_OP_LEA: return load_address(walk);
    case SFI_OP_ADD:
    case SFI_OP_SUB:
    case SFI_OP_AND:
    case SFI_OP_OR:
    case SFI_OP_XOR: return arithmetic(walk);
    case SFI_OP_CMP:
    case SFI_OP_CMP_REG:
    case SFI_OP_TEST: return compare(walk);
    case SFI_OP_SHL:
    case SFI_OP_SHR: return shift(walk);
    case SFI_OP_CMOV: return conditional_move(walk);
    case SFI_OP_XCHG: return exchange(walk);
    case SFI_OP_PUSH: return push(walk);
    case SFI_OP_POP: return pop(walk);
    case SFI_OP_JCC:
    case SFI_OP_JMP:
    case SFI_OP_JMP_INDIRECT:
    case SFI_OP_CALL:
    case SFI_OP_CALL_INDIRECT:
    case SFI_OP_RET:
    case SFI_OP_UD2: return sfi_control(walk, falls);
    case SFI_OP_NOP: return ST_OK;
    default: return compute(walk);
    }
}

/* ---- the most frequent instructions, without ado
 * ------------------------------------------------- */

static uint64_t low_half_max(const struct sfi_value *v)
{
    return sfi_is_u32(v) ? v->high : UINT32_MAX;
}

/* 32-bit arithmetic on registers: the upper bound of the result. */
static uint64_t result_max(uint8_t op, uint64_t left, uint64_t right)
{
    switch (op) {
    case SFI_OP_ADD: return left + right <= UINT32_MAX ? left + right : UINT32_MAX;
    case SFI_OP_AND: return MIN(left, right);
    case SFI_OP_OR:
    case SFI_OP_XOR: return ones_above(left | right);
    default: return UINT32_MAX;
    }
}

/* 32-bit arithmetic on registers. False: not done, the rules above are to be asked. What is done
 * here says no more than they would. */
static bool step_plain(struct sfi_walk *walk)
{
    const struct sfi_insn *ins = walk->ins;
    struct sfi_state *st = walk->state;
    bool is_reg_target = (ins->reg_use & SFI_WRITE) != 0, is_immediate = ins->reg == SFI_NO_REG;
    uint32_t to = is_reg_target ? ins->reg : ins->rm, from = is_reg_target ? ins->rm : ins->reg;

    if (ins->has_memory || ins->width != 4 || (1u << to & SFI_GUARDED) != 0 || from == SFI_RSP ||
        (ins->op == SFI_OP_XOR && to == from))
        return false;
    uint64_t right = is_immediate ? (uint32_t)ins->imm : low_half_max(&st->regs[from]);
    struct sfi_value v = sfi_range(0, result_max(ins->op, low_half_max(&st->regs[to]), right));
    sfi_set_reg(st, to, &v);
    st->flags.kind = SFI_FLAGS_UNKNOWN;
    st->flags.false_condition = SFI_NO_CONDITION;
    return true;
}

/* Whether its rule says what the flags mean after it. */
static bool sets_flags(uint8_t op)
{
    return op == SFI_OP_CMP || op == SFI_OP_CMP_REG || op == SFI_OP_TEST || op == SFI_OP_ADD;
}

enum status sfi_step(struct sfi_walk *walk, bool *falls)
{
    struct sfi_flags *flags = &walk->state->flags;

    const uint8_t op = walk->ins->op;

    *falls = true;
    if (op == SFI_OP_MOV) /* half of all code */
        return move(walk);
    if (op >= SFI_OP_ADD && op <= SFI_OP_XOR && step_plain(walk))
        return ST_OK;
    TRY(perform(walk, falls));
    if ((walk->ins->flags & SFI_FLAGS_WRITE) != 0 && !sets_flags(op)) {
        flags->kind = SFI_FLAGS_UNKNOWN;
        flags->false_condition = SFI_NO_CONDITION;
    }
    return ST_OK;
}
