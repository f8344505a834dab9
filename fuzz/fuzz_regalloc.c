/* fuzz_regalloc: the input chooses the shape of a random function and its seed; both allocators
 * must give what verify/ra accepts, and what runs like the function itself. The rest of the input
 * alters the allocation byte by byte: whatever verify/ra still accepts must run like the function
 * too. Blind to: what both allocators and select agree on wrongly (constraints of the code).
 * SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include "../tests/unit/mir_random.h"
#include "../tests/unit/mir_run.h"
#include "shield/codegen/regalloc.h"
#include "shield/verify/ra/ra.h"

enum { HEADER = 16, RUNS = 2, STEPS = 300 };

struct input {
    struct arena arena;
    const uint8_t *data;
    size_t size;
};

static bool runs_alike(const struct mir_func *f, const struct mir_allocation *a)
{
    struct mirrun *run = arena_new(f->arena, struct mirrun, 1);

    for (uint64_t seed = 0; seed < RUNS; seed++)
        if (!mir_run(run, f, a, seed, STEPS))
            return false;
    return true;
}

/* Each three bytes change one place or one edit. */
static void alter(const struct input *in, const struct mir_func *f, struct mir_allocation *a)
{
    const uint32_t operands = f->operand_first[f->inst_count];

    for (size_t at = HEADER; at + 3 <= in->size && at < HEADER + 30; at += 3) {
        const uint32_t where = in->data[at] | (uint32_t)(in->data[at + 1] & 0x3f) << 8;
        const uint8_t what = in->data[at + 2];
        const mir_place place = what < MIR_PREG_COUNT ? what : MIR_SLOT + what - MIR_PREG_COUNT;
        if ((in->data[at + 1] & 0xc0) == 0) {
            a->places[where % operands] = place;
        } else if (a->edit_count > 0) {
            struct mir_edit *edit = &a->edits[where % a->edit_count];
            if ((in->data[at + 1] & 0xc0) == 0x40)
                edit->from = place;
            else if ((in->data[at + 1] & 0xc0) == 0x80)
                edit->to = place;
            else
                edit->vreg = what % f->vreg_count;
        }
    }
}

static enum status try_input(void *ctx, struct diag *dg)
{
    struct input *in = ctx;
    struct rng rng;
    uint64_t seed = 0;

    memcpy(&seed, in->data + 8, sizeof(seed));
    rng_seed(&rng, seed);
    const struct mir_random_options options = {.blocks = 1 + in->data[0] % 40u,
                                               .insts = in->data[1] % 24u,
                                               .pressure = in->data[2] % 100u,
                                               .calls = in->data[3] % 60u,
                                               .is_vector_heavy = (in->data[4] & 1) != 0,
                                               .is_shuffled = (in->data[4] & 2) != 0};
    struct mir_func *f = mir_random(&in->arena, &rng, options);
    for (int mode = REGALLOC_FAST; mode <= REGALLOC_GOOD; mode++) {
        struct mir_allocation a;
        TRY(regalloc(f, (enum regalloc_mode)mode, &a, NULL, dg));
        FUZZ_CHECK(ra_check(f, &a, dg) == ST_OK, "verify/ra accepts what regalloc makes");
        FUZZ_CHECK(runs_alike(f, &a), "the allocation runs like the function");
        alter(in, f, &a);
        if (ra_check(f, &a, dg) == ST_OK)
            FUZZ_CHECK(runs_alike(f, &a), "what verify/ra accepts runs like the function");
    }
    return ST_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {.data = data, .size = size};
    struct diag dg = {0};

    if (size < HEADER)
        return 0;
    arena_init(&in.arena, FUZZ_ARENA_BYTES);
    enum status st = arena_guard(&in.arena, try_input, &in, &dg);
    arena_free(&in.arena);
    FUZZ_CHECK(st == ST_OK, "a function of this size is allocated");
    return 0;
}
