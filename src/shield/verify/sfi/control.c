/* control: jumps, calls and returns: where control may go, and what must hold there.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/verify/sfi/step.h"

enum { ENTRY_ALIGN = 16, ENTRY_SKEW = 8 }; /* at a call, rsp is a multiple of 16 */

/* ---- what every transfer to another function needs ------------------------------------------- */

static enum status expect_reg(struct sfi_walk *walk, uint32_t reg, enum sfi_kind kind,
                              uint32_t number, const char *what)
{
    static const char *const names[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                          "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
    char text[SFI_VALUE_TEXT_MAX];
    const struct sfi_value *v = &walk->state->regs[reg];

    if (sfi_is(v, kind, number))
        return ST_OK;
    return sfi_refuse(walk, "%s must hold %s, it holds %s", names[reg], what,
                      sfi_value_text(v, text));
}

/* r15 and r14 as this module has them. */
static enum status expect_pinned(struct sfi_walk *walk)
{
    TRY(expect_reg(walk, SFI_R15, SFI_CONTEXT, 0, "the context"));
    if (walk->policy->is_base_pinned)
        TRY(expect_reg(walk, SFI_R14, SFI_MEMORY_BASE, 0, "the base of memory 0"));
    return ST_OK;
}

/* The frame is gone and the caller's registers are back: before ret and tail jumps. */
static enum status expect_unwound(struct sfi_walk *walk)
{
    static const uint8_t saved[] = {SFI_RBX, SFI_RBP, SFI_R12, SFI_R13};

    if (walk->state->depth != 0)
        return sfi_refuse(walk, "rsp must be back at the return address, it is %u bytes below",
                          walk->state->depth);
    for (uint32_t i = 0; i < LENGTH_OF(saved); i++)
        TRY(expect_reg(walk, saved[i], SFI_SAVED, saved[i], "what it held at entry"));
    return expect_pinned(walk);
}

static enum status expect_aligned(struct sfi_walk *walk)
{
    if (walk->state->depth % ENTRY_ALIGN != ENTRY_SKEW)
        return sfi_refuse(walk, "rsp must be a multiple of 16 at a call; the frame has %u bytes",
                          walk->state->depth);
    return ST_OK;
}

/* Whether a call may make this value wrong: the runtime moves memories and tables. */
static bool is_volatile(const struct sfi_walk *walk, const struct sfi_value *v)
{
    const struct sfi_policy *policy = walk->policy;
    uint32_t memory = v->kind == SFI_ADDRESS ? v->tag : v->low;
    if (v->kind == SFI_MEMORY_BASE || v->kind == SFI_ADDRESS)
        return memory >= policy->memory_count || policy->memories[memory].moves;
    return v->kind == SFI_TABLE_ELEMENTS;
}

/* What is left of the state when a call comes back. */
static void after_call(struct sfi_walk *walk)
{
    static const uint8_t lost[] = {SFI_RAX, SFI_RCX, SFI_RDX, SFI_RSI, SFI_RDI,
                                   SFI_R8,  SFI_R9,  SFI_R10, SFI_R11};
    static const uint8_t kept[] = {SFI_RBX, SFI_RBP, SFI_R12, SFI_R13, SFI_R14, SFI_R15};
    struct sfi_state *st = walk->state;
    struct sfi_value any = sfi_any();

    for (uint32_t i = 0; i < LENGTH_OF(lost); i++)
        st->regs[lost[i]] = any;
    for (uint32_t i = 0; i < LENGTH_OF(kept); i++)
        if (is_volatile(walk, &st->regs[kept[i]]))
            st->regs[kept[i]] = any;
    for (uint32_t i = 0; st->has_volatile && i < st->used_count; i++)
        if (is_volatile(walk, &st->slots[st->used[i]]))
            sfi_set_slot(st, st->used[i], &any);
    st->has_volatile = false;
    st->flags = sfi_no_flags();
    if (!walk->policy->is_base_pinned)
        st->regs[SFI_R14] = any;
}

/* ---- calls ------------------------------------------------------------------------------------
 */

static bool is_entry(const struct sfi_image *image, int64_t offset)
{
    uint32_t first = 0, end = image->function_count;
    while (first < end) {
        uint32_t middle = first + (end - first) / 2;
        if (image->functions[middle].offset < offset)
            first = middle + 1;
        else
            end = middle;
    }
    return first < image->function_count && image->functions[first].offset == offset;
}

static int64_t direct_target(const struct sfi_walk *walk)
{
    return (int64_t)walk->at + walk->ins->length + walk->ins->imm;
}

static enum status expect_entry(struct sfi_walk *walk)
{
    int64_t target = direct_target(walk);
    if (!is_entry(walk->image, target))
        return sfi_refuse(walk, "offset %#jx is neither inside this function nor the entry of one",
                          (intmax_t)target);
    return ST_OK;
}

static enum status call_direct(struct sfi_walk *walk)
{
    TRY(expect_entry(walk));
    TRY(expect_pinned(walk));
    TRY(expect_aligned(walk));
    after_call(walk);
    return ST_OK;
}

/* Through a function record with that identity: rax has the record; if its context is not known to
 * be the one in r15, r10 has the context of the caller, and r15 and r14 are those of the callee. */
static enum status expect_record(struct sfi_walk *walk, uint32_t identity, bool *is_same)
{
    const struct sfi_value *record = &walk->state->regs[SFI_RAX];
    char text[SFI_VALUE_TEXT_MAX];
    uint8_t need = SFI_IS_THERE | SFI_IS_SIGNED;

    TRY(expect_reg(walk, SFI_RAX, SFI_FUNC, identity, "the record of the function called"));
    if ((record->flags & need) != need)
        return sfi_refuse(walk,
                          "rax must hold a function record compared with null and type, it "
                          "holds %s",
                          sfi_value_text(record, text));
    *is_same = (record->flags & SFI_IS_SAME) != 0 && walk->state->regs[SFI_R15].kind == SFI_CONTEXT;
    if (*is_same)
        return expect_pinned(walk);
    TRY(expect_reg(walk, SFI_R10, SFI_CONTEXT, 0, "the context of the caller"));
    TRY(expect_reg(walk, SFI_R15, SFI_FUNC_CONTEXT, identity,
                   "the context of the function called"));
    return expect_reg(walk, SFI_R14, SFI_FUNC_BASE, identity,
                      "the memory base in the context of the function called");
}

/* The code pointer of an indirect call or jump. */
static enum status read_code(struct sfi_walk *walk, struct sfi_value *out)
{
    struct sfi_place place;
    if (!walk->ins->has_memory) {
        *out = walk->ins->rm == SFI_RSP ? sfi_any() : walk->state->regs[walk->ins->rm];
        return ST_OK;
    }
    TRY(sfi_access(walk, &place));
    *out = place.loaded;
    return ST_OK;
}

static enum status call_indirect(struct sfi_walk *walk)
{
    struct sfi_state *st = walk->state;
    struct sfi_value code;
    char text[SFI_VALUE_TEXT_MAX];

    TRY(read_code(walk, &code));
    TRY(expect_aligned(walk));
    if (code.kind == SFI_BUILTIN) {
        TRY(expect_pinned(walk));
        after_call(walk);
        if (code.low != 0) {
            sfi_forget_identity(st, walk->at);
            st->regs[SFI_RAX] = sfi_pointer(SFI_FUNC, walk->at);
            st->regs[SFI_RAX].flags = SFI_IS_THERE | SFI_IS_SIGNED;
        }
        return ST_OK;
    }
    if (code.kind == SFI_FUNC_CODE) {
        bool is_same;
        TRY(expect_record(walk, code.low, &is_same));
        after_call(walk);
        if (!is_same) /* the callee leaves its own context behind */
            st->regs[SFI_R15] = st->regs[SFI_R14] = sfi_any();
        return ST_OK;
    }
    return sfi_refuse(walk,
                      "a call needs the code of a function record or of a builtin, this is %s",
                      sfi_value_text(&code, text));
}

/* ---- jumps ------------------------------------------------------------------------------------
 */

static int32_t read_i32(const uint8_t *p)
{
    uint32_t v = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    return (int32_t)v;
}

static enum status branch_to(struct sfi_walk *walk, int64_t target)
{
    if (target < walk->start || target >= walk->end)
        return sfi_refuse(walk, "a branch to %#jx leaves the function [0x%x, 0x%x)",
                          (intmax_t)target, walk->start, walk->end);
    return sfi_arrive(walk, (uint32_t)target);
}

/* Then nothing needs to be known there. */
static bool leads_to_trap(const struct sfi_walk *walk, int64_t target)
{
    if (target < walk->start || target >= walk->end)
        return false;
    uint32_t number = walk->code->number_at[target - walk->start];
    return number != 0 && walk->code->insns[number - 1].op == SFI_OP_UD2;
}

/* Each entry of the table is a branch. */
static enum status jump_table(struct sfi_walk *walk, const struct sfi_value *target)
{
    for (uint64_t i = 0; i <= target->high; i++) {
        const uint8_t *entry = walk->image->bytes + target->low + 4 * i;
        TRY(branch_to(walk, (int64_t)target->low + read_i32(entry)));
    }
    return ST_OK;
}

static enum status jump_indirect(struct sfi_walk *walk)
{
    struct sfi_value code;
    char text[SFI_VALUE_TEXT_MAX];

    TRY(read_code(walk, &code));
    if (code.kind == SFI_TARGET)
        return jump_table(walk, &code);
    if (code.kind == SFI_FUNC_CODE) {
        bool is_same;
        TRY(expect_record(walk, code.low, &is_same));
        /* The caller expects its own context back, so the callee must have the same. */
        return expect_unwound(walk);
    }
    return sfi_refuse(walk,
                      "a jump needs a checked entry of a jump table, or the code of a function "
                      "record; this is %s",
                      sfi_value_text(&code, text));
}

static enum status jump_direct(struct sfi_walk *walk)
{
    int64_t target = direct_target(walk);
    if (target >= walk->start && target < walk->end)
        return branch_to(walk, target);
    TRY(expect_entry(walk));
    return expect_unwound(walk);
}

/* Registers as they are if the branch is taken, for the judgement of its target; then as they are
 * if it is not. */
static enum status jump_conditional(struct sfi_walk *walk)
{
    struct sfi_state *st = walk->state;
    uint32_t condition = walk->ins->condition;
    int64_t target = direct_target(walk);
    bool says_something = sfi_says_something(&st->flags, condition);

    if (!says_something || leads_to_trap(walk, target)) {
        TRY(branch_to(walk, target));
    } else {
        struct sfi_value before[16];
        memcpy(before, st->regs, sizeof(before));
        sfi_refine(st, condition);
        TRY(branch_to(walk, target));
        memcpy(st->regs, before, sizeof(before));
    }
    if (says_something)
        sfi_refine(st, condition ^ 1);
    st->flags.false_condition = (uint8_t)condition;
    return ST_OK;
}

enum status sfi_control(struct sfi_walk *walk, bool *falls)
{
    *falls = walk->ins->op == SFI_OP_JCC || walk->ins->op == SFI_OP_CALL ||
             walk->ins->op == SFI_OP_CALL_INDIRECT;
    switch (walk->ins->op) {
    case SFI_OP_JCC: return jump_conditional(walk);
    case SFI_OP_JMP: return jump_direct(walk);
    case SFI_OP_JMP_INDIRECT: return jump_indirect(walk);
    case SFI_OP_CALL: return call_direct(walk);
    case SFI_OP_CALL_INDIRECT: return call_indirect(walk);
    case SFI_OP_RET: return expect_unwound(walk);
    default: return ST_OK; /* ud2 */
    }
}
