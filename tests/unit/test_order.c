/*
 * The order of blocks: edges that need a block of their own get one, loops stay together, what is
 * cold lies behind. A block is written by its number in the IR, the block of an edge as >TARGET.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/codegen/order.h"
#include "shield/ir/check.h"
#include "shield/ir/text.h"
#include "tap.h"

#include <string.h>

#define HEAD "function 0 signature 0 signature 0 (i32) -> ()\nblock 0 (v0:i32)\n"
static const struct row {
    const char *name, *text, *layout;
    bool in_a_hurry;
} rows[] = {
    {"one block", HEAD " return ()\n", "0", false},
    {"a choice: both ways, then where they meet",
     HEAD " branch v0 block 1 () block 2 ()\nblock 1 ()\n jump block 3 ()\n"
          "block 2 ()\n jump block 3 ()\nblock 3 ()\n return ()\n",
     "0 1 2 3", false},
    {"a critical edge",
     HEAD " branch v0 block 1 () block 2 ()\nblock 1 ()\n jump block 2 ()\n"
          "block 2 ()\n return ()\n",
     "0 1 >2 2", false},
    {"an edge that carries a value",
     HEAD " branch v0 block 1 (v0) block 2 ()\nblock 1 (v1:i32)\n return ()\n"
          "block 2 ()\n return ()\n",
     "0 >1 1 2", false},
    {"a loop, and the way out of its middle behind it",
     HEAD " jump block 1 ()\nblock 1 loop ()\n branch v0 block 4 () block 2 ()\n"
          "block 2 ()\n branch v0 block 1 () block 3 ()\nblock 3 ()\n return ()\n"
          "block 4 ()\n return ()\n",
     "0 1 2 >1 4 3", false},
    {"cold blocks, and those that trap, are last",
     HEAD " branch v0 block 1 () block 2 ()\nblock 1 cold ()\n jump block 4 ()\n"
          "block 2 ()\n branch v0 block 3 () block 4 ()\nblock 3 ()\n trap.0\n"
          "block 4 ()\n return ()\n",
     "0 2 >4 4 1 3", false},
    {"equal edges of a switch are one",
     HEAD " switch v0 block 1 () block 2 () block 1 () block 2 ()\nblock 1 ()\n return ()\n"
          "block 2 ()\n return ()\n",
     "0 >1 1 >2 2", false},
    {"what nothing leads to is left out",
     HEAD " return ()\nblock 1 ()\n return ()\n", "0", false},
    {"in a hurry: a critical edge that carries nothing",
     HEAD " branch v0 block 1 () block 2 ()\nblock 1 ()\n jump block 2 ()\n"
          "block 2 ()\n return ()\n",
     "0 1 2", true},
    {"in a hurry: an edge that carries a value is last",
     HEAD " branch v0 block 1 (v0) block 2 ()\nblock 1 (v1:i32)\n return ()\n"
          "block 2 ()\n return ()\n",
     "0 1 2 >1", true},
    {"in a hurry: what is cold is behind, loops are not looked for",
     HEAD " jump block 1 ()\nblock 1 loop ()\n branch v0 block 4 () block 2 ()\n"
          "block 2 ()\n branch v0 block 1 () block 3 ()\nblock 3 ()\n return ()\n"
          "block 4 cold ()\n return ()\n",
     "0 1 2 3 4", true},
};

struct job {
    struct arena arena;
    const struct row *row;
    char layout[256];
    const char *wrong;
};

/* What must hold of every order. */
static const char *judge(const struct order *o, bool splits_all)
{
    if (o->count == 0 || o->layout[0] != 0)
        return "the entry is not first";
    for (uint32_t b = 0; b < o->count; b++) {
        const struct order_block *x = &o->blocks[b];
        for (uint32_t k = 0; k < x->succ_count; k++)
            if (splits_all && x->succ_count > 1 &&
                o->blocks[o->succs[x->succ_first + k]].pred_count > 1)
                return "a critical edge is left";
        if (x->header && x->loop != b)
            return "a header is not in its own loop";
        if (x->loop != ORDER_NONE && x->loop_depth == 0)
            return "a block of a loop has no depth";
    }
    return NULL;
}

static enum status run(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    struct ir_func f;
    struct order o;
    size_t used = 0;

    TRY(ir_parse(str_of(j->row->text), &j->arena, &f, dg));
    TRY(ir_check(&f, dg));
    order_compute(&f, j->row->in_a_hurry, &o);
    j->wrong = judge(&o, !j->row->in_a_hurry);
    for (uint32_t i = 0; i < o.count && used < sizeof(j->layout); i++) {
        const struct order_block *b = &o.blocks[o.layout[i]];
        const bool edge = b->block == IR_NONE;
        used += (size_t)snprintf(j->layout + used, sizeof(j->layout) - used, "%s%s%u",
                                 i > 0 ? " " : "", edge ? ">" : "",
                                 edge ? ir_edge_block(&f, b->edge) : b->block);
    }
    return ST_OK;
}

int main(void)
{
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        struct job j = {.row = &rows[i]};
        struct diag dg = {0};
        arena_init(&j.arena, 16 << 20);
        const enum status st = arena_guard(&j.arena, run, &j, &dg);
        tap_ok(st == ST_OK && j.wrong == NULL && strcmp(j.layout, rows[i].layout) == 0,
               "%s: %s%s%s", rows[i].name, j.layout, dg.text, j.wrong != NULL ? j.wrong : "");
        arena_free(&j.arena);
    }
    return tap_done();
}
