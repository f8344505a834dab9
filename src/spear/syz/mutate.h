/* mutate: where programs come from. Every decision is drawn from the generator passed in, so
 * a seed gives the same program again. All programs made are neutralised, have their sizes assigned
 * and satisfy syz_prog_check(). Call inside arena_guard() of the arena given.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_SYZ_MUTATE_H
#define SPEAR_SYZ_MUTATE_H

#include "spear/syz/prog.h"

/* ---- which call next ------------------------------------------------------------------------- */
struct syz_choice; /* immutable, so any number of threads may use one */

/* corpus: programs that have proven useful (may be empty); which call follows which is learnt from
 * them. enabled[id] tells whether a call may be generated. Lives in the arena. */
struct syz_choice *syz_choice_build(struct arena *a, const struct syz_target *t,
                                    const bool *enabled, const struct syz_prog *const *corpus,
                                    size_t corpus_count);
/* before: an earlier call of the program, or NULL. */
const struct syz_call *syz_choose_call(const struct syz_choice *c, struct rng *r,
                                       const struct syz_call *before);
bool syz_choice_is_enabled(const struct syz_choice *c, const struct syz_call *call);

/* ---- programs -------------------------------------------------------------------------------- */
struct syz_random {
    struct rng *rng;
    const struct syz_choice *choice;
    /* For splicing and for borrowing the calls that make a resource; NULL or returns NULL: none. */
    const struct syz_prog *(*corpus)(void *ctx, struct rng *r);
    void *corpus_ctx;
    const bool *no_mutate; /* calls to leave alone, by id; or NULL */
    bool is_blind;         /* level 1 of input generation: numbers only, no knowledge of types */
};

struct syz_prog *syz_generate(struct arena *a, const struct syz_random *how, uint32_t calls);
/* Changes p. */
void syz_mutate(struct syz_prog *p, const struct syz_random *how, uint32_t calls_max);
/* A variant that runs calls beside each other; the same program when nothing can be. Changes p. */
void syz_collide(struct syz_prog *p, struct rng *r);

/* ---- smaller --------------------------------------------------------------------------------- */
enum syz_minimise_mode {
    SYZ_MINIMISE_CORPUS,
    SYZ_MINIMISE_CRASH,
    SYZ_MINIMISE_CALLS, /* drop calls only */
};
/* Does the candidate still do what is wanted? step: where the call of interest stands now, or
 * UINT32_MAX. False also ends the work when the caller has had enough (see give_up). */
typedef bool syz_keep_fn(void *ctx, const struct syz_prog *candidate, uint32_t step);
/* Returns a program of arena a; *step follows the call of interest (UINT32_MAX: none). The same
 * text is never asked about twice. *give_up is looked at between questions. */
struct syz_prog *syz_minimise(struct arena *a, const struct syz_prog *p, uint32_t *step,
                              enum syz_minimise_mode mode, syz_keep_fn *keep, void *ctx,
                              const bool *give_up);

/* ---- comparison hints ------------------------------------------------------------------------ */
struct syz_comparison {
    uint64_t pc, left, right;
    uint8_t bytes;      /* 1 2 4 8 */
    bool is_const;      /* left was a constant of the kernel's own code */
};
/* Calls each for every mutant of the step in which a compared value was replaced by what it was
 * compared with; stops when each returns false. A mutant is gone when each returns. */
void syz_hints(struct arena *a, const struct syz_prog *p, uint32_t step,
               const struct syz_comparison *comparisons, size_t count,
               bool (*each)(void *ctx, struct syz_prog *mutant), void *ctx);

/* Squashes a pointee to raw bytes (ANY); false when no pointer of p can be. Changes p. */
bool syz_squash_random(struct syz_prog *p, struct rng *r);
bool syz_step_has_any(const struct syz_step *step);

#endif /* SPEAR_SYZ_MUTATE_H */
