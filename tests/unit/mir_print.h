/* mir_print: code with an allocation as text, for looking at failures.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_MIR_PRINT_H
#define TESTS_UNIT_MIR_PRINT_H

#include "shield/codegen/mir.h"

#include <stdio.h>

static inline void mirprint_place(mir_place p)
{
    if (p < 16)
        printf("r%u", p);
    else if (p < MIR_PREG_COUNT)
        printf("x%u", p - 16);
    else if (p == MIR_NONE)
        printf("none");
    else
        printf("s%u", p - MIR_SLOT);
}

static inline void mirprint_edits(const struct mir_allocation *a, uint32_t point)
{
    for (uint32_t k = 0; k < a->edit_count; k++) {
        const struct mir_edit *e = &a->edits[k];
        if (e->point != point)
            continue;
        printf("            v%u: ", e->vreg);
        mirprint_place(e->to);
        printf(" <- ");
        if (e->kind == MIR_EDIT_REMAT)
            printf("remat\n");
        else {
            mirprint_place(e->from);
            printf("\n");
        }
    }
}

static inline void mir_print(const struct mir_func *f, const struct mir_allocation *a)
{
    for (uint32_t b = 0; b < f->block_count; b++) {
        const struct mir_block *block = &f->blocks[b];
        printf("block %u depth %u%s loop %d params", b, block->loop_depth,
               block->cold ? " cold" : "", (int)block->loop_header);
        for (uint32_t k = 0; k < block->param_count; k++)
            printf(" v%u", f->args[block->param_first + k]);
        printf("\n");
        for (uint32_t i = block->inst_first; i < block->inst_end; i++) {
            if (a != NULL)
                mirprint_edits(a, i * 2);
            printf("    %4u flags %2x op %u", i, f->insts[i].flags, f->insts[i].op);
            for (uint32_t k = f->operand_first[i]; k < f->operand_first[i + 1]; k++) {
                const struct mir_operand *o = &f->operands[k];
                printf("  %s%s v%u", o->kind == MIR_USE ? "use" : "def",
                       (o->kind == MIR_USE) != (o->position == MIR_EARLY) ? "!" : "", o->vreg);
                printf(":%s", (const char *const[]){"any", "reg", "fix", "reuse"}[o->constraint]);
                if (o->constraint >= MIR_FIXED)
                    printf("%u", o->arg);
                if (a != NULL) {
                    printf("=");
                    mirprint_place(a->places[k]);
                }
            }
            if (f->clobbers[i] != 0)
                printf("  clobbers %x", f->clobbers[i]);
            printf("\n");
            if (a != NULL)
                mirprint_edits(a, i * 2 + 1);
        }
        for (uint32_t e = block->edge_first; e < block->edge_first + block->edge_count; e++) {
            printf("    -> block %u (", f->edges[e].to);
            for (uint32_t k = 0; k < f->blocks[f->edges[e].to].param_count; k++)
                printf(" v%u", f->args[f->edges[e].arg_first + k]);
            printf(" )\n");
        }
    }
}

#endif /* TESTS_UNIT_MIR_PRINT_H */
