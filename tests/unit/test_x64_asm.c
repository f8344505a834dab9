/*
 * The assembler's branches: random programs of filler, labels and branches. Every branch must lead
 * to its label, have its short form exactly when that reaches, and everything else must be where it
 * was between them. SPDX-License-Identifier: Apache-2.0
 */
#include "base/rng.h"
#include "shield/codegen/x64/asm.h"
#include "tap.h"

enum { PROGRAMS = 400, LABELS_MAX = 60, STEPS = 200, FILLER = 0xcc };

struct branch {
    struct x64_position at;
    x64_label to;
    uint32_t kind;
};

struct job {
    struct arena arena;
    uint64_t seed;
    uint32_t long_filler; /* bytes between branches, at most */
    const char *wrong;
    uint32_t shorts, longs;
};

static void filler(struct x64_asm *as, uint32_t bytes)
{
    while (bytes-- > 0) {
        x64_asm_room(as);
        x64_asm_u8(as, FILLER);
    }
}

static int64_t displacement(const uint8_t *code, uint32_t at, uint32_t size)
{
    int32_t wide;

    if (size == 2)
        return (int8_t)code[at + 1];
    memcpy(&wide, code + at + size - 4, 4);
    return wide;
}

/* The branch at its final place, or what is wrong with it. */
static const char *judge(struct job *j, const struct x64_asm *as, const uint8_t *code,
                         const struct branch *b)
{
    const uint32_t at = x64_asm_final(as, b->at), size = as->items[b->at.items].size;
    const bool is_short = size == 2, is_jmp = b->kind == X64_ITEM_JMP;
    const uint32_t opcode = is_short ? (is_jmp ? 0xebu : 0x70u | b->kind)
                                     : (is_jmp ? 0xe9u : 0x0fu);
    const int64_t d = displacement(code, at, size);

    if (code[at] != opcode || (!is_short && !is_jmp && code[at + 1] != (0x80u | b->kind)))
        return "another opcode";
    if ((int64_t)at + size + d != x64_label_final(as, b->to))
        return "a branch to another place";
    *(is_short ? &j->shorts : &j->longs) += 1;
    /* made short, a long one would not reach: the distance changes by what it loses itself */
    const int64_t if_short = d + (d < 0 ? (int64_t)size - 2 : 0);
    if (!is_short && if_short == (int8_t)if_short)
        return "a long branch where the short one reaches";
    return NULL;
}

static enum status run(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    struct x64_asm as;
    struct branch branches[STEPS];
    uint32_t count = 0, bound = 0, size = 0, fill = 0;
    struct rng rng;

    (void)dg;
    rng_seed(&rng, j->seed);
    x64_asm_init(&as, &j->arena, 64);
    for (uint32_t i = 0; i < LABELS_MAX; i++)
        (void)x64_label_new(&as);
    for (uint32_t i = 0; i < STEPS; i++) {
        const uint32_t bytes = (uint32_t)rng_below(&rng, j->long_filler + 1);
        filler(&as, bytes);
        fill += bytes;
        if (bound < LABELS_MAX && rng_chance(&rng, 1, 3))
            x64_label_bind(&as, bound++);
        struct branch *b = &branches[count++];
        b->at = x64_asm_here(&as);
        b->to = (x64_label)rng_below(&rng, LABELS_MAX);
        b->kind = (uint32_t)rng_below(&rng, 17);
        if (b->kind == X64_ITEM_JMP)
            x64_asm_jmp(&as, b->to);
        else
            x64_asm_jcc(&as, b->kind, b->to);
    }
    while (bound < LABELS_MAX)
        x64_label_bind(&as, bound++);
    const uint8_t *code = x64_asm_finish(&as, &size);
    uint32_t branch_bytes = 0;
    for (uint32_t i = 0; i < count && j->wrong == NULL; i++) {
        j->wrong = judge(j, &as, code, &branches[i]);
        branch_bytes += as.items[branches[i].at.items].size;
    }
    if (j->wrong == NULL && size != fill + branch_bytes)
        j->wrong = "bytes got lost or were added";
    return ST_OK;
}

int main(void)
{
    static const uint32_t lengths[] = {0, 3, 20, 400};

    for (size_t n = 0; n < LENGTH_OF(lengths); n++) {
        uint32_t failed = 0, shorts = 0, longs = 0;
        for (uint64_t seed = 1; seed <= PROGRAMS; seed++) {
            struct job j = {.seed = seed, .long_filler = lengths[n]};
            struct diag dg = {0};
            arena_init(&j.arena, 16 << 20);
            const enum status st = arena_guard(&j.arena, run, &j, &dg);
            if ((st != ST_OK || j.wrong != NULL) && failed++ < 3)
                tap_ok(false, "seed %u: %s", (unsigned)seed, st == ST_OK ? j.wrong : dg.text);
            shorts += j.shorts;
            longs += j.longs;
            arena_free(&j.arena);
        }
        tap_ok(failed == 0, "up to %u bytes between branches: %u short, %u long", lengths[n],
               shorts, longs);
    }
    return tap_done();
}
