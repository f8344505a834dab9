/*
 * check: the judgement of one function. A walk over its instructions in the order of their bytes. A
 * branch joins the present state into the point that it goes to; where a point stands, the present
 * state is joined into it too, and what it says then is what is known.
 *
 * A branch back to a point that has to say less after it sends the walk back to that point. So at
 * the end every point has been walked from with what it says, and every branch to it has been
 * joined: what it says holds whenever control is there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/verify/sfi/point.h"

#include <assert.h>

/* The point is to be walked from, before anything that lies behind it. */
static void mark(struct sfi_walk *walk, struct sfi_point *p)
{
    p->is_dirty = true;
    if (p->number <= walk->number)
        walk->again = MIN(walk->again, p->number);
}

/* The point from which that instruction was walked to: the next one before it, since a walk stops
 * at each. There is one, at the entry. */
static struct sfi_point *block_of(struct sfi_worker *w, uint32_t number)
{
    for (;; number--) {
        struct sfi_point *p = sfi_point_at(w, number);
        if (p != NULL && p->is_reached)
            return p;
        assert(number != 0 && "the entry is reached");
    }
}

enum status sfi_arrive(struct sfi_walk *walk, uint32_t target)
{
    struct sfi_worker *w = walk->worker;
    uint32_t number = w->code.number_at[target - walk->start];
    bool changed;

    if (number-- == 0)
        return sfi_refuse(walk,
                          "a branch goes to 0x%x, where no instruction of the verifier's table "
                          "begins",
                          target);
    if (w->code.insns[number].op == SFI_OP_UD2)
        return ST_OK; /* it needs nothing to be known, and nothing follows it */
    struct sfi_point *p = sfi_point_at(w, number);
    if (p == NULL) {
        if (number <= walk->passed) /* cuts a block that may have been walked as one */
            mark(walk, block_of(w, number));
        p = sfi_point_new(w, number, target);
    }
    TRY(sfi_point_join(walk, p, &changed));
    if (changed)
        mark(walk, p);
    return ST_OK;
}

static enum status refuse_end(struct sfi_walk *walk)
{
    walk->ins = NULL;
    return sfi_refuse(walk, walk->at < walk->end
                                ? "expected an instruction of the verifier's table to begin here"
                                : "control must not run past the end of the function");
}

/* From an instruction that has been performed to the next one that is to be. That is the one behind
 * it, as long as no point stands there. At a point, and where control does not fall through, it is
 * the first dirty point: behind this place, or where the walk has been sent back to. */
static enum status go_on(struct sfi_walk *walk, bool falls, bool *is_over)
{
    struct sfi_worker *w = walk->worker;
    const struct sfi_code *code = walk->code;
    uint32_t next = walk->number + 1;
    struct sfi_point *p = next < code->count ? sfi_point_at(w, next) : NULL;
    bool changed;

    walk->passed = MAX(walk->passed, walk->number);
    walk->at += walk->ins->length;
    if (falls && next == code->count)
        return refuse_end(walk);
    if (falls && p == NULL) {
        walk->number = next;
        return ST_OK;
    }
    if (falls) {
        TRY(sfi_point_join(walk, p, &changed));
        p->is_dirty |= changed;
    }
    for (next = MIN(next, walk->again); next < code->count; next++) {
        p = sfi_point_at(w, next);
        if (p != NULL && p->is_dirty)
            break;
    }
    *is_over = next == code->count;
    if (*is_over)
        return ST_OK;
    p->is_dirty = false;
    walk->number = next;
    walk->at = p->offset;
    walk->again = SFI_NOT_AGAIN;
    sfi_point_load(w, p);
    return ST_OK;
}

/* Points only ever say less, so this ends; that it ends soon is seen to by a limit. */
static enum status walk_through(struct sfi_walk *walk)
{
    const uint64_t steps_max = (uint64_t)walk->code->count * SFI_WALKS_MAX;
    bool is_over = false, falls;

    for (; !is_over; walk->steps++) {
        walk->ins = &walk->code->insns[walk->number];
        if (walk->steps == steps_max)
            return sfi_refuse(walk, "what its loops keep is not found in %u walks (SFI_WALKS_MAX)",
                              (unsigned)SFI_WALKS_MAX);
        TRY(sfi_step(walk, &falls));
        TRY(go_on(walk, falls, &is_over));
    }
    return ST_OK;
}

enum status sfi_judge(struct sfi_worker *w, uint32_t function, struct diag *dg)
{
    assert(function < w->image->function_count && "numbered like the image's functions");
    const struct sfi_function *f = &w->image->functions[function];
    struct sfi_walk walk = {
        .policy = w->policy,
        .image = w->image,
        .function = function,
        .start = f->offset,
        .end = f->offset + f->size,
        .code = &w->code,
        .state = &w->state,
        .worker = w,
        .at = f->offset,
        .again = SFI_NOT_AGAIN,
        .dg = dg,
    };
    struct sfi_point *entry;
    bool changed;

    sfi_code_read(w, function);
    if (w->code.count == 0)
        return sfi_refuse(&walk, "expected an instruction of the verifier's table to begin here");
    w->slot_count = 0;
    entry = sfi_point_at(w, 0);
    if (entry == NULL)
        entry = sfi_point_new(w, 0, walk.at);
    sfi_enter(&walk);
    TRY(sfi_point_join(&walk, entry, &changed));
    sfi_point_load(w, entry);
    return walk_through(&walk);
}
