/* print: mir, and what became of it, as text for people: `mujun explore` and tests.
 *
 *   12  add4 v3:rax v7:rax= [v1:rcx+v2:rdx*4+16]
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/codegen/x64/print.h"

static const char *const names[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                      "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
static const char *const conditions[] = {"o",  "no", "b", "ae", "e", "ne", "be", "a",   "s",
                                         "ns", "p",  "np", "l", "ge", "le", "g", "feq", "fne"};

static void place(struct buf *out, mir_place p)
{
    if (p >= MIR_SLOT)
        buf_printf(out, ":slot%u", p - MIR_SLOT);
    else if (p >= X64_XMM0)
        buf_printf(out, ":xmm%u", p - X64_XMM0);
    else
        buf_printf(out, ":%s", names[p & 15]);
}

static void memory(struct buf *out, const struct mir_inst *i)
{
    static const char *const bases[] = {"", "v", "r14", "r15", "slot", "pool", "none", ""};
    enum x64_base base = x64_base_of(i);

    if (base == X64_BASE_REGISTER)
        return;
    buf_printf(out, " [%s%s", bases[base], (i->scale & X64_MEM_INDEX) != 0 ? "+i" : "");
    if ((i->scale & X64_MEM_SCALE) != 0)
        buf_printf(out, "*%u", 1u << (i->scale & X64_MEM_SCALE));
    if (base == X64_BASE_SLOT || base == X64_BASE_POOL)
        buf_printf(out, " %u", i->aux);
    buf_printf(out, "%+d]", i->disp);
}

static void edits(struct buf *out, const struct mir_func *m, const struct mir_allocation *a,
                  uint32_t *edit, uint32_t point)
{
    (void)m;
    for (; a != NULL && *edit < a->edit_count && a->edits[*edit].point <= point; ++*edit) {
        const struct mir_edit *e = &a->edits[*edit];
        buf_printf(out, "      %s v%u", e->kind == MIR_EDIT_MOVE ? "move" : "remat", e->vreg);
        if (e->kind == MIR_EDIT_MOVE)
            place(out, e->from);
        buf_text(out, " ->");
        place(out, e->to);
        buf_text(out, "\n");
    }
}

static void inst(struct buf *out, const struct mir_func *m, const struct mir_allocation *a,
                 uint32_t n)
{
    static const char *const constraints[] = {"?", "", "!", "="};
    const struct mir_inst *i = &m->insts[n];

    buf_printf(out, "%4u  %s%u", n, x64_rows[i->op].text, i->size);
    if (i->op == X64_JCC || i->op == X64_SETCC || i->op == X64_CMOV || i->op == X64_TRAP_CC ||
        i->op == X64_CMOV_XMM)
        buf_printf(out, ".%s", conditions[i->cc]);
    for (uint32_t k = m->operand_first[n]; k < m->operand_first[n + 1]; k++) {
        const struct mir_operand *o = &m->operands[k];
        buf_printf(out, " %s%sv%u%s", o->kind == MIR_DEF ? ">" : "",
                   (o->kind == MIR_DEF) == (o->position == MIR_LATE) ? "" : "~", o->vreg,
                   constraints[o->constraint]);
        if (a != NULL)
            place(out, a->places[k]);
        else if (o->constraint == MIR_FIXED)
            place(out, o->arg);
    }
    memory(out, i);
    if (i->imm != 0)
        buf_printf(out, " imm %jd", (intmax_t)i->imm);
    if (i->trap != 0)
        buf_printf(out, " trap %u", i->trap - 1u);
    buf_text(out, "\n");
}

void x64_print(const struct x64_lowered *lowered, const struct mir_allocation *a, struct buf *out)
{
    const struct mir_func *m = &lowered->mir;
    uint32_t edit = 0;

    for (uint32_t b = 0; b < m->block_count; b++) {
        const struct mir_block *x = &m->blocks[b];
        buf_printf(out, "block %u%s depth %u (", b, x->cold ? " cold" : "", x->loop_depth);
        for (uint32_t k = 0; k < x->param_count; k++)
            buf_printf(out, "%sv%u", k > 0 ? ", " : "", m->args[x->param_first + k]);
        buf_text(out, ")\n");
        for (uint32_t i = x->inst_first; i < x->inst_end; i++) {
            edits(out, m, a, &edit, i * 2);
            inst(out, m, a, i);
            edits(out, m, a, &edit, i * 2 + 1);
        }
        for (uint32_t k = 0; k < x->edge_count; k++) {
            const struct mir_edge *e = &m->edges[x->edge_first + k];
            buf_printf(out, "      to %u (", e->to);
            for (uint32_t n = 0; n < m->blocks[e->to].param_count && x->edge_count == 1; n++)
                buf_printf(out, "%sv%u", n > 0 ? ", " : "", m->args[e->arg_first + n]);
            buf_text(out, ")\n");
        }
    }
}
