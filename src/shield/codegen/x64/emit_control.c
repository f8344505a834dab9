/* emit_control: jumps, branches and switches. SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/x64/emit.h"

/* The block that follows in memory. */
static uint32_t next_block(const struct emit *e)
{
    uint32_t b = e->block + 1;

    while (b < e->m->block_count && e->forward[b] != b)
        b++;
    return b;
}

static uint32_t successor(const struct emit *e, uint32_t n)
{
    const struct mir_block *b = &e->m->blocks[e->block];

    return e->forward[e->m->edges[b->edge_first + n].to];
}

static void jmp_to(struct emit *e, uint32_t block)
{
    enum { POPS_MAX = 2 }; /* a longer way out is not written twice */

    if (block == next_block(e))
        return;
    if (e->only_returns[block] && __builtin_popcount(e->saved) <= POPS_MAX) {
        emit_epilogue(e);
        x64_bytes(&e->as, "\xc3", 1);
    } else {
        x64_asm_jmp(&e->as, e->labels[block]);
    }
}

void emit_jmp(struct emit *e, uint32_t inst)
{
    (void)inst;
    jmp_to(e, successor(e, 0));
}

void emit_jcc(struct emit *e, uint32_t inst)
{
    uint32_t taken = successor(e, 0), other = successor(e, 1), next = next_block(e);
    uint32_t cc = e->m->insts[inst].cc;

    if (taken == other) {
        jmp_to(e, taken);
        return;
    }
    if (cc == X64_CC_FEQ) { /* as FNE with the targets swapped */
        uint32_t t = taken;
        taken = other;
        other = t;
        cc = X64_CC_FNE;
    }
    if (cc == X64_CC_FNE) {
        x64_asm_jcc(&e->as, X64_CC_NE, e->labels[taken]);
        cc = X64_CC_P;
    } else if (taken == next) {
        taken = other;
        other = next;
        cc ^= 1;
    }
    x64_asm_jcc(&e->as, cc, e->labels[taken]);
    jmp_to(e, other);
}

/* Cases one by one, from disp on; the last is for everything else. */
void emit_switch_few(struct emit *e, uint32_t inst)
{
    const struct mir_inst *i = &e->m->insts[inst];
    const uint32_t *cases = e->lowered->cases + i->aux;
    uint32_t count = (uint32_t)i->imm - 1;
    struct gpr32 index = GPR32(emit_places(e, inst)[0]);
    uint32_t other = e->forward[cases[count]];

    for (uint32_t k = 0; k < count; k++) {
        uint32_t to = e->forward[cases[k]];
        if (to == other)
            continue;
        int32_t value = (int32_t)(k + (uint32_t)i->disp);
        if (value == 0)
            x64_rr32(&e->as, X64_TEST_RM, index, index);
        else
            x64_ri32(&e->as, X64_CMP_RI, index, value);
        x64_asm_jcc(&e->as, X64_CC_E, e->labels[to]);
    }
    jmp_to(e, other);
}

/* A jump through a table of deltas. The index is clamped to the last entry by cmov, which also
 * holds for a processor that guesses. */
void emit_switch(struct emit *e, uint32_t inst)
{
    const struct mir_inst *i = &e->m->insts[inst];
    const uint32_t *cases = e->lowered->cases + i->aux;
    uint32_t count = (uint32_t)i->imm;
    uint8_t index = emit_reg(emit_places(e, inst)[0]);
    struct codegen_jump_table table = {.pool_offset = e->pool_size, .count = count};

    table.targets = arena_new(e->m->arena, uint32_t, count);
    for (uint32_t k = 0; k < count; k++)
        table.targets[k] = e->labels[e->forward[cases[k]]];
    ARENA_PUSH(e->m->arena, e->tables, e->table_count, e->table_capacity, table);
    e->pool_size += count * 4;
    x64_load_imm(&e->as, X64_SCRATCH, count - 1, false);
    x64_rr32(&e->as, X64_CMP_RM, GPR32(index), GPR32(X64_SCRATCH));
    /* above or equal comes to the same as above, which would take one step more */
    x64_cmov(&e->as, X64_CC_AE, 4, index, X64_SCRATCH);
    uint32_t at = x64_encode(
        &e->as, X64_LEA, 8,
        &(struct x64_args){.reg = X64_SCRATCH, .is_mem = true, .mem = x64_at(X64_RIP, 0)});
    emit_pool_ref(e, at, table.pool_offset);
    struct x64_mem entry = {X64_SCRATCH, index, 2, 0};
    x64_rm(&e->as, X64_MOVSXD_RM, 8, index, entry);
    x64_rr64(&e->as, X64_ADD_RM, GPR64(index), GPR64(X64_SCRATCH));
    x64_bytes(&e->as, "\x3e", 1); /* notrack: the targets are no function entries */
    x64_jmp_reg(&e->as, GPR64(index));
}
